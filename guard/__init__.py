"""Change safety: what of a deployment cannot be changed freely, what a change of it would do, and what somebody knowingly accepted.

``components/intent.py`` describes an environment in its values, ``components/change_guard.py`` holds it against what was there before.
"""
