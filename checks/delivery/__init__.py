"""Who would be told of which alert, when, and what would silence it: asked of Alertmanager's own code, compared with what people wrote."""
