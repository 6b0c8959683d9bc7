"""``make pictures``: what people see, as pictures for the documents: dashboards in docs/dashboards, messages in docs/pictures.

Grafana's server cannot be had from package registries, so its panels are drawn here: HTML for what is text, SVG for what is a curve, in
Grafana's grid, colours and units. A charting library would only take over the axes (``graph``, ``scale``); values, legends, tables, lines
of log and numbers are most of a dashboard and would still be ours, so there is none.
"""
