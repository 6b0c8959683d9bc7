"""The namespaces that the platform makes for itself."""

NAMESPACE = "observability"
"""Where all parts live that need no rights on their node."""

AGENTS_NAMESPACE = "observability-agents"
"""Where the parts live that do."""

PLATFORM_NAMESPACES = (NAMESPACE, AGENTS_NAMESPACE)
