"""Taking pictures: which pages a browser is shown, of what, and what is said when it cannot be."""

import json
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pictures import __main__ as program
from pictures import browser, comment, live
from pictures.browser import Browser, BrowserError, small
from pictures.messages import marked
from pictures.page import page_height
from tests.pictures.sources import Answers, boards

STUB = """#!{python}
import json, sys, urllib.request
from PIL import Image
address = sys.argv[-1]
[picture] = [flag.partition("=")[2] for flag in sys.argv if flag.startswith("--screenshot=")]
[size] = [flag.partition("=")[2] for flag in sys.argv if flag.startswith("--window-size=")]
text = urllib.request.urlopen(address).read().decode()
with open({log!r}, "a") as log:
    log.write(json.dumps([address, size, text]) + "\\n")
Image.new("RGB", tuple(int(side) for side in size.split(","))).save(picture, format="PNG")
"""


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the pictures go, and what a stub of a browser was shown: a line of JSON each in ``log``."""
    log, stub = tmp_path / "log", tmp_path / "chromium"
    stub.write_text(STUB.format(python=program.sys.executable, log=str(log)))
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(program, "DASHBOARDS", tmp_path)
    monkeypatch.setattr(browser, "found", lambda: Browser(program=str(stub)))
    monkeypatch.delenv("GRAFANA_URL", raising=False)
    return tmp_path


def pages(directory: Path) -> list[tuple[str, str, str]]:
    """Address, size and text of every page that the browser was shown."""
    return [(address, size, text) for address, size, text in map(json.loads, (directory / "log").read_text().splitlines())]


@contextmanager
def a_grafana() -> Generator[str]:
    """Answers any address of a dashboard with its own path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"Grafana at {self.path}".encode())

        def log_message(self, format: str, *args: object) -> None:
            _ = format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def test_a_grafana_that_can_be_reached_is_photographed(taken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_grafana() as url:
        monkeypatch.setenv("GRAFANA_URL", f"{url}/")
        assert program.main(["overview", "x0tta6bl4-overview"]) == 0
    [board] = [json.loads(board.json) for board in boards() if board.uid == "x0tta6bl4-overview"]
    first, second = pages(taken)
    assert first[2] == "Grafana at /d/overview?kiosk"
    assert second == (f"{url}/d/x0tta6bl4-overview?kiosk", f"1600,{page_height(board)}", "Grafana at /d/x0tta6bl4-overview?kiosk")
    with Image.open(taken / "x0tta6bl4-overview.png") as picture:
        assert picture.size == (1600, page_height(board))


def test_without_one_the_dashboards_are_drawn_from_the_sandbox(taken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers()
    monkeypatch.setattr(live, "sandbox", answers.source)
    assert program.main(["service"]) == 0
    [(address, size, text)] = pages(taken)
    assert address.startswith("file://")
    assert size.startswith("1600,")
    assert "Service details" in text
    assert "No data" in text
    assert any('service=~"api-gateway"' in parameters["query"] for _, _, parameters in answers.asked), "one service is looked at"
    assert (taken / "service.png").is_file()


def test_without_a_sandbox_its_pictures_stay_and_are_named(
    taken: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> None:
        raise live.NoSandboxError("the sandbox 'main' does not run: start it with `make up`")

    monkeypatch.setattr(live, "sandbox", none)
    assert program.main(["slo", "nodes"]) == 1
    assert "left as they are: slo, nodes: the sandbox 'main' does not run: start it with `make up`" in capsys.readouterr().err
    assert not (taken / "slo.png").exists()


def test_without_a_browser_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program.main([]) == 1
    assert "there is no chromium on the PATH" in capsys.readouterr().err


@pytest.mark.parametrize(("script", "said"), [("exit 3", "made no picture of"), ("echo >&2 no display; exit 1", "no display")])
def test_a_browser_that_fails_is_an_error(tmp_path: Path, script: str, said: str) -> None:
    stub = tmp_path / "chromium"
    stub.write_text(f"#!/bin/sh\n{script}\n")
    stub.chmod(0o700)
    with pytest.raises(BrowserError, match=said):
        Browser(program=str(stub)).of_text("<p>", tmp_path / "picture.png", 10, 10)
    with pytest.raises(BrowserError, match="made no picture"):
        Browser(program=str(tmp_path / "absent")).of_text("<p>", tmp_path / "picture.png", 10, 10)


def test_a_picture_keeps_its_size_and_colours_in_fewer_bytes() -> None:
    large, picture = BytesIO(), Image.new("RGB", (400, 300), "#181b1f")
    picture.paste(Image.linear_gradient("L").convert("RGB"), (100, 20))
    picture.paste("#73bf69", (10, 10, 60, 40))
    picture.save(large, format="PNG", compress_level=1)
    with Image.open(BytesIO(small(large.getvalue()))) as found:
        assert found.size == picture.size
        assert found.mode == "P"
        shown = found.convert("RGB")
        assert [shown.getpixel(place) for place in ((0, 0), (20, 20))] == [(24, 27, 31), (115, 191, 105)], "much of it: exact"
        for place in ((150, 100), (150, 200)):
            assert shown.getpixel(place) == pytest.approx(picture.getpixel(place), abs=8)
    assert len(small(large.getvalue())) < len(large.getvalue())
    with pytest.raises(BrowserError, match="something else than a picture"):
        small(b"GIF89a")


def test_every_dashboard_has_its_picture_and_every_picture_its_dashboard() -> None:
    there = {path.stem for path in (program.ROOT / "docs/dashboards").glob("*.png")}
    assert there == {board.uid for board in boards()}


def test_slacks_emphasis_is_html() -> None:
    assert marked("*<b>* `x` :rotating_light:\n").startswith("<b>&lt;b&gt;</b> <code>x</code> <span")


def test_a_comment_is_shown_as_github_shows_it(taken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comment, "PICTURE", taken / "pr-comment.png")
    assert program.main(["pr-comment"]) == 0
    [(_, size, text)] = pages(taken)
    assert size == f"{comment.WIDTH},{comment.HEIGHT}"
    assert "<table>" in text
    assert text.count("<blockquote class='alert'>") == 2, "the bucket that is replaced, and that the guard refuses it"
    assert "<details open>" in text
    assert "[!CAUTION]" not in text
    assert (taken / "pr-comment.png").is_file()


def test_a_comment_without_an_alarm_has_nothing_red() -> None:
    assert "<blockquote" not in comment.comment_page("## What this changes\n\nNothing.\n")
    assert "<blockquote class='alert'>" not in comment.comment_page("> quoted\n")
