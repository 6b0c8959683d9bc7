"""Registries that refuse or do not answer are recognised by what their clients write (all copied from real runs, but Maven's)."""

import pytest

from sandbox.registries import DEBIAN, GO, MAVEN, PYPI, Registry, problem

PROXY = "http://127.0.0.1:18403"
GADGET = f'main.go:2:8: example.org/gadget@v1.4.2: Get "{PROXY}/example.org/gadget/@v/v1.4.2.zip": dial tcp'
PIP_RETRY = "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<HTTPConnection object>: "


@pytest.mark.parametrize(
    ("registry", "written", "expected"),
    [
        (
            GO,
            f"go: downloading example.org/gadget v1.4.2\nmain.go:2:8: example.org/gadget@v1.4.2: reading {PROXY}/x.zip: 403 Forbidden",
            "refuses example.org/gadget@v1.4.2 (403 Forbidden)",
        ),
        (
            GO,
            f"go: example.org/big/v2@v2.0.1-rc.1: verifying module: reading {PROXY}/sum: 404 Not Found\n\tserver response:",
            "refuses example.org/big/v2@v2.0.1-rc.1 (404 Not Found)",
        ),
        (GO, "go: example.org/gadget@v1.4.2: not available", "does not have example.org/gadget@v1.4.2 (not available)"),
        (GO, f"{GADGET} 127.0.0.1:9: connect: connection refused", "does not answer (connection refused)"),
        (GO, f"{GADGET}: lookup nowhere.invalid on 10.0.0.53:53: no such host", "does not answer (no such host)"),
        (PYPI, f"ERROR: HTTP error 403 while getting {PROXY}/packages/foo-1.0-py3-none-any.whl", "refuses foo-1.0-py3-none-any.whl (403)"),
        (PYPI, "ERROR: No matching distribution found for foo==1.0", "does not have foo==1.0 (no matching distribution)"),
        (
            PYPI,
            f"{PIP_RETRY}Failed to establish a new connection: [Errno 111] Connection refused')': /simple/foo/\n"
            "ERROR: No matching distribution found for foo==1.0",
            "does not answer (failed to establish a new connection)",
        ),
        (
            DEBIAN,
            f"E: Failed to fetch {PROXY}/pool/runc_1.1.5_amd64.deb  403  Forbidden [IP: 127.0.0.1 18403]",
            "runc_1.1.5_amd64.deb",
        ),
        (DEBIAN, f"E: Failed to fetch {PROXY}/x/InRelease  Could not connect to 127.0.0.1:9", "does not answer (could not connect)"),
        (DEBIAN, "E: Unable to locate package runc", "does not have runc"),
        (
            MAVEN,
            "[ERROR] Could not transfer artifact org.x:runner:jar:2.19.1.0 from central (x): status code: 403, reason phrase: Forbidden",
            "refuses org.x:runner:jar:2.19.1.0 (403)",
        ),
        (MAVEN, "[ERROR] Could not transfer artifact org.x:y:pom:1 from central: Unknown host repo.example.org", "does not answer"),
    ],
)
def test_the_problem_is_told_in_one_line_with_what_to_do(registry: Registry, written: str, expected: str) -> None:
    told = problem(registry, written)
    assert told is not None
    assert told.startswith(registry.name)
    assert expected in told
    assert f"or set another address in {registry.setting}" in told
    assert "\n" not in told


@pytest.mark.parametrize("registry", [GO, PYPI, DEBIAN, MAVEN])
@pytest.mark.parametrize(
    "written",
    [
        "main.go:403:2: undefined: x",
        "../service/timeout.go:5:2: undefined: readTimeout",
        "main.go:7:9: cannot use timedOut (variable of type bool) as string value",
        "pkg/http/status.go:12: too many arguments in call to New: have (404, string)",
        "go: downloading example.org/gadget v1.403.0",
        "/usr/bin/ld: signal: killed",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "",
    ],
)
def test_other_failures_are_not_blamed_on_a_registry(registry: Registry, written: str) -> None:
    assert problem(registry, written) is None
