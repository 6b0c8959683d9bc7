"""Benches: how fast the platform does what it does, measured on this machine (``make bench``).

Each file here that has a function ``measure`` is one bench, under the file's name. It yields ``Figure``s and is told how to say what it
does meanwhile; what it needs and cannot have it says by raising ``Unavailable``. No figure is ever judged: they are to be compared with
each other in one run, and with earlier ones on the same machine.
"""
