"""The proofs behind ``make check`` and the files of ``make render``: no cluster, no cloud, no credentials."""
