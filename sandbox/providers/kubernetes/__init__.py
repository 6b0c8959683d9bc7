"""The stand-in for the official kubernetes provider: every plain Kubernetes kind, by server-side apply."""
