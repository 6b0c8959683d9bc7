"""A comment of tests/golden/review as GitHub shows it, for docs/pictures.

GitHub's own page cannot be had offline: here is its Markdown (tables, alerts, folded parts) in its light colours.
"""

import re
from pathlib import Path

from markdown_it import MarkdownIt

from pictures.browser import Browser

ROOT = Path(__file__).parents[1]
COMMENT = ROOT / "tests/golden/review/the-bucket-is-renamed.md"
PICTURE = ROOT / "docs/pictures/pr-comment.png"
WIDTH, HEIGHT = 900, 540

_ALERT = re.compile(r"<blockquote>\s*<p>\[!(CAUTION)\]\s*")
_STYLE = f"""
* {{ box-sizing: border-box }}
body {{ font: 14px/1.5 Inter, 'DejaVu Sans', sans-serif; color: #1f2328; margin: 0; padding: 16px; width: {WIDTH}px }}
.comment {{ border: 1px solid #d1d9e0; border-radius: 6px; overflow-wrap: break-word }}
.head {{ background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; padding: 8px 16px; color: #59636e }}
.head b {{ color: #1f2328 }}
.bot {{ border: 1px solid #d1d9e0; border-radius: 12px; font-size: 12px; padding: 0 6px; margin: 0 4px }}
.body {{ padding: 16px }}
h2 {{ font-size: 20px; line-height: 1.25; border-bottom: 1px solid #d1d9e0b3; padding-bottom: 6px; margin: 0 0 14px }}
h3 {{ font-size: 17px; line-height: 1.25; margin: 20px 0 12px }}
table {{ border-collapse: collapse; margin-bottom: 14px }}
td, th {{ border: 1px solid #d1d9e0; padding: 5px 12px }}
code {{ background: #818b981f; border-radius: 6px; font: 12px/1.5 'DejaVu Sans Mono', monospace; padding: 2px 5px }}
.alert {{ border-left: 4px solid #cf222e; padding: 4px 16px; margin: 0 0 14px }}
.alert p {{ margin: 6px 0 }}
.alert .title {{ color: #d1242f; font-weight: 500 }}
.alert .title span {{ display: inline-block; width: 16px; height: 16px; border: 1.5px solid; border-radius: 5px; font: 700 11px/13px Inter;
  text-align: center; margin-right: 8px }}
details {{ margin-bottom: 10px }}
details ul {{ margin: 6px 0 0; padding-left: 28px }}
"""


def comment_page(markdown: str) -> str:
    """The page of one comment."""
    body = MarkdownIt("commonmark").enable("table").render(markdown)
    body = _ALERT.sub("<blockquote class='alert'><p class='title'><span>!</span>Caution</p><p>", body)
    head = "<div class='head'><b>github-actions</b><span class='bot'>bot</span>commented</div>"
    return f"<!doctype html><meta charset='utf-8'><style>{_STYLE}</style><div class='comment'>{head}<div class='body'>{body}</div></div>"


def photograph_comment(browser: Browser) -> None:
    """The picture of the comment for a bucket that would be made anew."""
    browser.of_text(comment_page(COMMENT.read_text()), PICTURE, WIDTH, HEIGHT)
