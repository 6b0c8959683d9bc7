"""GitHub's REST API, as far as workflows here write to it. Only the standard library: a job that may write installs nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

AUTHOR = "github-actions[bot]"
"""Who writes what a workflow writes. What others wrote is never touched, whatever stands in it."""

LONGEST = 65_536
"""Characters of a comment or an issue that GitHub takes."""

PAGE = 100
"""Things a page of a list; GitHub gives no more."""

TIMEOUT_SECONDS = 30

Json = dict[str, object]


class GitHubError(Exception):
    """GitHub did not do what it was asked for; the text says what and why, and what helps."""


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """One repository, and who asks."""

    address: str
    """Of the API."""

    repository: str
    """owner/name."""

    token: str = field(repr=False)

    run: str
    """The page of the workflow's run."""

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None, *, needs: str) -> object:
        """What the API answers about something of the repository. Raises GitHubError; ``needs`` is the permission that it takes."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = Request(f"{self.address}/repos/{self.repository}/{path}", content, headers, method=method)  # noqa: S310 - GitHub's own address
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            raise GitHubError(f"{method} {path}: {_refusal(error, needs)}") from error
        except (URLError, TimeoutError, ValueError) as error:
            raise GitHubError(f"{method} {path}: {self.address} does not answer as GitHub does: {error}") from error

    def own(self, path: str, mark: str, *, needs: str) -> Iterator[Json]:
        """Of a list, page by page, what a workflow wrote with this first line."""
        number, found = 0, PAGE
        joint = "&" if "?" in path else "?"
        while found == PAGE:
            number += 1
            page = cast("list[Json]", self.ask("GET", f"{path}{joint}per_page={PAGE}&page={number}", needs=needs))
            found = len(page)
            for one in page:
                author = cast(Json, one.get("user") or {}).get("login")
                if author == AUTHOR and str(one.get("body") or "").partition("\n")[0].strip() == mark:
                    yield one


def from_environment(variables: Mapping[str, str]) -> GitHub:
    """The repository that a workflow runs for, as its runner tells. Raises GitHubError with the variables that are missing."""
    names = ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "GITHUB_SERVER_URL", "GITHUB_RUN_ID")
    if missing := [name for name in names if not variables.get(name)]:
        advice = "a runner sets all but GITHUB_TOKEN, for which the step needs `env: {GITHUB_TOKEN: ${{ github.token }}}`"
        raise GitHubError(f"{', '.join(missing)} not set: {advice}")
    address, repository, token, server, run = (variables[name] for name in names)
    return GitHub(address=address, repository=repository, token=token, run=f"{server}/{repository}/actions/runs/{run}")


def _refusal(error: HTTPError, needs: str) -> str:
    try:
        said = str(json.load(error).get("message"))
    except (ValueError, AttributeError):
        said = str(error.reason)
    advice = f"; the token lacks rights: the job needs `permissions: {{{needs}}}`, which a fork's pull request never gets"
    return f"{error.code} {said}{advice if error.code in (401, 403, 404) else ''}"
