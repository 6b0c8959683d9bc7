"""Screenshots of a Grafana that can be reached: ``GRAFANA_URL``, without a login or with one in the address (``https://name:word@host``).

Grafana's server cannot be had where this was written: what is proven of this file is which pages it asks for, not how they look.
"""

from collections.abc import Mapping
from pathlib import Path

from pictures.browser import Browser
from pictures.page import WIDTH

PATIENCE = ("--virtual-time-budget=30000",)
"""Lets panels load before the picture is taken: timers of the page run for 30 s of its own time, and requests are waited for."""


def address(grafana: str, uid: str) -> str:
    """The page of a dashboard without menus."""
    return f"{grafana.rstrip('/')}/d/{uid}?kiosk"


def screenshot(browser: Browser, grafana: str, uid: str, picture: Path, height: int) -> None:
    """A picture of one dashboard, ``height`` pixels high. Raises BrowserError."""
    browser.of_address(address(grafana, uid), picture, WIDTH, height, PATIENCE)


def wanted(environment: Mapping[str, str]) -> str | None:
    """The Grafana that is asked for."""
    return environment.get("GRAFANA_URL") or None
