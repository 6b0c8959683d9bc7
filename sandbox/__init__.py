"""A whole real Kubernetes cluster, with everything it runs, on one machine. Only the tests and the Makefile use it."""
