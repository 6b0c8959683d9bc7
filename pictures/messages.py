"""The messages of tests/golden/messages as people see them, for docs/pictures.

The mail is its own page. Slack's client cannot be had offline: the page puts each part of an attachment where Slack puts it, with the
colours and the emphasis that the message asks for; it is a stand-in for the client, not for the message. Signs stand for emoji.
"""

import html
import json
import re
from pathlib import Path
from typing import Any

from pictures.browser import Browser

ROOT = Path(__file__).parents[1]
MESSAGES = ROOT / "tests/golden/messages"
PICTURES = ROOT / "docs/pictures"
SHOWN = ("firing-5", "resolved-1")

_EMOJI = {
    ":rotating_light:": "<span style='color: #e01e5a'>\u25cf</span>",
    ":white_check_mark:": "<span style='color: #2eb67d'>\u2714</span>",
}
_STYLE = """
body { font: 15px/1.46 Lato, 'DejaVu Sans', sans-serif; color: #1d1c1d; margin: 16px 20px; width: 760px }
.channel { color: #616061; font-size: 13px; border-bottom: 1px solid #ddd; padding-bottom: 6px; margin: 18px 0 12px }
.who { font-weight: 900 }
.app { background: #e8e8e8; color: #616061; font-size: 10px; padding: 1px 3px; margin-left: 4px }
.attachment { border-left: 4px solid; border-radius: 2px; padding: 2px 0 6px 12px; margin-top: 6px }
.title { color: #1264a3; font-weight: 700 }
code { color: #c01343; border: 1px solid #ddd; border-radius: 3px; padding: 1px 3px; font-size: 12px }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 6px; margin-top: 8px }
.fields b { display: block }
.button { display: inline-block; border: 1px solid #bbb; border-radius: 4px; padding: 4px 12px; margin: 10px 8px 0 0; font-weight: 700 }
.footer { color: #616061; font-size: 12px; margin-top: 6px }
"""


def slack_page(messages: list[dict[str, Any]]) -> str:
    """A page with the messages one below the other."""
    return f"<!doctype html><meta charset='utf-8'><style>{_STYLE}</style>" + "".join(map(_slack_message, messages))


def _slack_message(message: dict[str, Any]) -> str:
    attachments = "".join(_attachment(attachment) for attachment in message["attachments"])
    who = "<span class='who'>Alertmanager</span><span class='app'>APP</span>"
    return f"<div class='channel'>{html.escape(message['channel'])}</div>{who}{attachments}"


def _attachment(attachment: dict[str, Any]) -> str:
    fields = "".join(f"<div><b>{html.escape(field['title'])}</b>{html.escape(field['value'])}</div>" for field in attachment["fields"])
    buttons = "".join(f"<span class='button'>{html.escape(action['text'])}</span>" for action in attachment.get("actions", []))
    return (
        f"<div class='attachment' style='border-color: {html.escape(attachment['color'])}'>"
        f"<div class='title'>{html.escape(attachment['title'])}</div>{marked(attachment['text'])}"
        f"<div class='fields'>{fields}</div>{buttons}<div class='footer'>{html.escape(attachment['footer'])}</div></div>"
    )


def marked(text: str) -> str:
    """Slack's own emphasis as HTML: ``*bold*``, code between backticks, emoji by name, lines."""
    safe = html.escape(text)
    safe = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", safe)
    safe = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", safe)
    for name, emoji in _EMOJI.items():
        safe = safe.replace(name, emoji)
    return safe.replace("\n", "<br>")


def photograph_messages(browser: Browser) -> None:
    """The pictures of Slack's and of the mail's form."""
    page = slack_page([json.loads((MESSAGES / f"slack-{shown}.json").read_text()) for shown in SHOWN])
    browser.of_text(page, PICTURES / "slack.png", 820, 850)
    browser.of_address((MESSAGES / "mail-firing-5.html").as_uri(), PICTURES / "mail.png", 800, 650)
