"""Change safety: what of a deployment cannot be changed freely, what a change of it would do, and what somebody knowingly accepted.

Pure values and functions; ``components/intent.py`` describes an environment in them, ``components/change_guard.py`` asks the engine.
"""
