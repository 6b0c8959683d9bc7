"""How a secret is recognised, whatever was done to the text that it is in."""

import base64
from urllib.parse import quote

import pytest

from tests.e2e.leaking import canary, forms


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_a_secret_is_recognised_within_longer_texts(before: str, after: str) -> None:
    secret = canary("key")
    text = f"{before}{secret}{after}"
    for written in (text, quote(text), base64.b64encode(text.encode()).decode(), base64.urlsafe_b64encode(text.encode()).decode()):
        assert any(form in written for form in forms(secret).values())
        assert not any(form in written for form in forms(canary("another")).values())
