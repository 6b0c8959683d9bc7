"""The typed meaning of what people edit: stack files, catalogues, routing, rules. Pure data, no Pulumi."""
