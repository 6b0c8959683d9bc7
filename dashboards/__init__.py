"""Dashboards as code: one file a dashboard, made from the catalogues, so that a new service is on them at once.

``library`` lists them all; ``style`` says how panels look, ``rows`` has what several share, ``board`` puts them together.
"""
