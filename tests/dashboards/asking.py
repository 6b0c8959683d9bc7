"""How queries of dashboards are asked, and what is wrong with an answer."""

import math
from collections.abc import Sequence
from typing import Any

GREATEST = 150
"""More series than this, and nobody can read the panel."""

Series = dict[str, Any]
"""A series of Prometheus or Loki, or a stream of lines."""


def fault(series: Sequence[Series]) -> str:
    """What is wrong with the answer to a query; "" when nothing is."""
    if not series:
        return "no data"
    if any("stream" in one for one in series):
        return ""  # lines
    if len(series) > GREATEST:
        return f"{len(series)} series"
    values = [float(value) for one in series for _, value in one.get("values") or ([one["value"]] if "value" in one else [])]
    return "NaN only" if values and all(math.isnan(value) for value in values) else ""
