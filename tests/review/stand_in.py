"""A stand-in for GitHub's API: comments and issues of one repository, page by page, written only with a token that may."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from review.github import AUTHOR, GitHub

REPOSITORY = "dharma/observability"
MAY_WRITE, MAY_READ = "may-write", "may-read"

Thing = dict[str, Any]


class StandIn:
    """What the repository holds, and what was asked of it."""

    def __init__(self) -> None:
        self.comments: list[Thing] = []
        self.issues: list[Thing] = []
        self.writes: list[tuple[str, str]] = []
        self.pages: list[str] = []
        self.address = ""

    def github(self, token: str = MAY_WRITE) -> GitHub:
        """A client with a token."""
        return GitHub(address=self.address, repository=REPOSITORY, token=token, run="https://github.example/runs/7")

    def add(self, things: list[Thing], body: str, author: str = AUTHOR, **more: object) -> Thing:
        """Something that somebody wrote."""
        number = 1 + len(self.comments) + len(self.issues)
        things.append({"id": number, "number": number, "body": body, "user": {"login": author}, "state": "open", **more})
        return things[-1]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Thing) -> Thing | list[Thing]:
        """What GitHub answers; KeyError where there is no such thing."""
        match method, path.split("/"):
            case "GET", ["issues", "5", "comments"]:
                return self._page(self.comments, query)
            case "GET", ["issues"]:
                return self._page([one for one in self.issues if one["state"] == query["state"][0]], query)
            case "POST", ["issues", *rest]:
                return self.add(self.comments if rest else self.issues, **body)
            case "PATCH", ["issues", "comments", number]:
                return self._edited(self.comments, number, body)
            case "PATCH", ["issues", number]:
                return self._edited(self.issues, number, body)
            case _:
                raise KeyError(path)

    def _page(self, things: list[Thing], query: dict[str, list[str]]) -> list[Thing]:
        size, number = int(query["per_page"][0]), int(query["page"][0])
        self.pages.append(f"{number} of {size}")
        return things[(number - 1) * size : number * size]

    def _edited(self, things: list[Thing], number: str, body: Thing) -> Thing:
        [found] = [one for one in things if str(one["id"]) == number]
        found.update(body)
        return found


@contextmanager
def stand_in() -> Generator[StandIn]:
    """One that answers at a port of its own."""
    state = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            asked = urlsplit(self.path)
            path = asked.path.removeprefix(f"/repos/{REPOSITORY}/")
            if self.headers["Authorization"] not in (f"Bearer {MAY_READ}", f"Bearer {MAY_WRITE}"):
                return self._send(401, {"message": "Bad credentials"})
            if self.command != "GET" and self.headers["Authorization"] != f"Bearer {MAY_WRITE}":
                return self._send(403, {"message": "Resource not accessible by integration"})
            if len(body.get("body", "")) > 65_536:
                return self._send(422, {"message": "Body is too long (maximum is 65536 characters)"})
            try:
                found = state.answer(self.command, path, parse_qs(asked.query), body)
            except KeyError:
                return self._send(404, {"message": "Not Found"})
            if self.command != "GET":
                state.writes.append((self.command, path))
            return self._send(200, found)

        do_POST = do_PATCH = do_GET  # noqa: N815 - the names that the server calls

        def _send(self, code: int, content: object) -> None:
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, format: str, *args: object) -> None:
            _ = format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
