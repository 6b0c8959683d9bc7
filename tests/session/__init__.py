"""How `make test` runs as one pytest session: which tests share a worker, what each phase costs, and what it may cost."""
