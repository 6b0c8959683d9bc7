"""The one error of the sandbox cluster."""


class ClusterError(Exception):
    """Something a person has to know or do; its text is meant to be printed as it is, without a traceback."""
