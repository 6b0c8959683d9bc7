"""The workflows keep to the rules, GitHub's own and ours, and each rule finds what breaks it."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from model.environment import load
from sandbox.toolchain import tool
from tests.workflows.rules import DEPLOY, DRIFT, NIGHTLY, PULL_REQUEST, RESULTS, ROOT, RULES, STACK, deployed, files

CHECKOUT = "uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
DEPLOYMENT, PREVIEW, PROGRAMS = (f"actions/{name}/action.yaml" for name in ("deployment", "preview", "programs"))

BREAKS = [
    (PULL_REQUEST, CHECKOUT, "uses: actions/checkout@v6", "is not pinned"),
    (PULL_REQUEST, CHECKOUT, CHECKOUT.partition(" #")[0], "is not pinned"),
    (PULL_REQUEST, CHECKOUT, CHECKOUT.replace("@de", "@ed"), "is another one elsewhere"),
    (PULL_REQUEST, "./.github/actions/programs", "./.github/actions/program", "there is no ./.github/actions/program"),
    (PULL_REQUEST, "pull_request:\n", "pull_request_target:\n", "the rights of main"),
    (DEPLOY, "on:\n", "on:\n  workflow_run:\n", "the rights of main"),
    (DRIFT, "permissions: {}\n", "", "the default is not"),
    (PULL_REQUEST, "permissions: {contents: read}\n", "permissions: {contents: write}\n", "quick has ['contents: write']"),
    (PULL_REQUEST, "    permissions: {contents: read}\n", "", "quick has []"),
    (PULL_REQUEST, "{contents: read, id-token: write}", "{contents: read, id-token: write, issues: write}", "preview has"),
    (PULL_REQUEST, "run: python3 -m review.publish", "run: make quick && python3 -m review.publish", "more than the standard library"),
    (PULL_REQUEST, " && github.event.pull_request.head.repo.full_name == github.repository\n", "\n", "preview runs for forks too"),
    (PULL_REQUEST, " && github.event.pull_request.head.repo.full_name == github.repository }}", " }}", "comment runs for forks too"),
    (DRIFT, "${{ github.token }}", "${{ secrets.TOKEN }}", "secrets.TOKEN"),
    (DEPLOYMENT, "role-to-assume: ${{ inputs.role }}", "aws-access-key-id: ${{ inputs.role }}", "aws-access-key-id"),
    (STACK, "{persist-credentials: false}", "{fetch-depth: 0}", "leaves its token behind"),
    (PULL_REQUEST, 'ENV="$ENVIRONMENT"', 'ENV="${{ matrix.environment }}"', "an expression within a script"),
    (PULL_REQUEST, "make quick\n", "make quik\n", "there is no `make quik`"),
    (DRIFT, "-m review.drift_issue", "-m review.drift", "there is no module review.drift"),
    (DRIFT, "    timeout-minutes: 5\n", "", "issue has no timeout"),
    (PROGRAMS, "'sandbox/gobuild.py'", "'sandbox/building.py'", "no file is sandbox/building.py"),
    (PULL_REQUEST, ", env: {XDG_CACHE_HOME: /var/cache}}", "}", "quick builds into None"),
    (PULL_REQUEST, "[dev, prod, staging]", "[dev, prod]", "check has ['dev', 'prod']"),
    (PULL_REQUEST, "[prod, staging]", "[dev, prod, staging]", "preview has"),
    (DRIFT, "[prod, staging]", "[prod]", "examine has ['prod']"),
    (DRIFT, "reports prod staging", "reports prod", "the issue is about"),
    (DEPLOY, "stack: prod", "stack: qa", "are deployed"),
    (PREVIEW, "--save-plan plan.json", "", "no plan is made"),
    (STACK, 'with: {name: "plan-${{ inputs.stack }}"}', "with: {name: plan-prod}", "does not reach the update"),
    (STACK, "    needs: plan\n", "", "does not wait for the plan"),
    (
        STACK,
        "environment: ${{ inputs.stack }}\n",
        "environment: ${{ inputs.stack }}-preview\n",
        "does not wait for the plan and the approval",
    ),
    (STACK, "cancel-in-progress: false", "cancel-in-progress: true", "one be cancelled"),
    (DEPLOY, "    needs: staging\n", "", "prod does not wait for staging"),
    (STACK, "--plan plan.json --policy-pack", "--policy-pack", "is not held to a plan"),
    (STACK, "--policy-pack policy --yes", "--yes", "and the promises"),
    (NIGHTLY, "path: out/nightly,", "path: out/night,", "what is kept is ['out/night']"),
    (NIGHTLY, "make nightly\n", "make quick\n", "what is kept is"),
    (NIGHTLY, "--results results", "--results nightly", "the issue is made of ['nightly']"),
    (NIGHTLY, "{pattern: nightly", "{name: nightly", "opens no issue"),
    (NIGHTLY, "    needs: run\n    if: ${{ !cancelled() }}\n", "    needs: run\n", "opens no issue"),
    (NIGHTLY, "issues: write", "pull-requests: write", "issue has"),
]


def found(texts: dict[str, str]) -> list[str]:
    return [problem for rule in RULES for problem in rule(texts)]


def test_the_workflows_keep_to_the_rules() -> None:
    assert found(files()) == []


@pytest.mark.parametrize(("file", "old", "new", "told"), BREAKS, ids=[f"{told} {number}" for number, (*_, told) in enumerate(BREAKS)])
def test_what_breaks_a_rule_is_found(file: str, old: str, new: str, told: str) -> None:
    texts = files()
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new, 1)
    assert any(told in problem for problem in found(texts)), found(texts)


MISTAKES = [
    (PULL_REQUEST, "stack: ${{ matrix.environment }}", "stak: ${{ matrix.environment }}", 'input "stak" is not defined'),
    (PULL_REQUEST, "needs: review\n", "needs: reviews\n", 'needs job "reviews" which does not exist'),
    (DRIFT, 'cron: "17 * * * *"', 'cron: "17 * * *"', "invalid CRON format"),
    (DEPLOY, "stack: prod", "stack: prod\n      really: yes", 'input "really" is not defined'),
    (STACK, "${{ vars.AWS_ROLE }}", "${{ var.AWS_ROLE }}", 'undefined variable "var"'),
]


def actionlint(texts: dict[str, str], directory: Path) -> str:
    """What actionlint says of workflows and actions, in a repository of their own."""
    (directory / ".git").mkdir()
    for file, text in texts.items():
        (directory / ".github" / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / ".github" / file).write_text(text)
    done = subprocess.run(
        [tool("actionlint"), "-no-color", "-shellcheck=", "-pyflakes="], cwd=directory, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.binaries
def test_github_would_take_them(tmp_path: Path) -> None:
    assert actionlint(files(), tmp_path) == ""


@pytest.mark.binaries
@pytest.mark.parametrize(("file", "old", "new", "told"), MISTAKES)
def test_what_github_would_not_take_is_found(file: str, old: str, new: str, told: str, tmp_path: Path) -> None:
    texts = files()
    assert old in texts[file]
    assert told in actionlint({**texts, file: texts[file].replace(old, new, 1)}, tmp_path)


def test_pulumi_is_installed_as_the_packages_pin_it() -> None:
    [command] = re.findall(r"(sed -n .*) >> \"\$GITHUB_OUTPUT\"", files()[DEPLOYMENT])
    told = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told == f"pulumi={metadata.version('pulumi')}\n"


def test_what_may_write_needs_no_package() -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import review.publish, review.drift_issue, review.nightly_issue"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)


def test_the_nightly_run_writes_where_the_workflow_looks() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.nightly", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert RESULTS in done.stdout


def test_renovate_finds_every_image_and_its_bounds() -> None:
    settings = json.loads((ROOT / ".github/renovate.json").read_text())
    [pattern] = settings["customManagers"][0]["matchStrings"]
    text = (ROOT / "configs/versions.yaml").read_text()
    images: dict[str, str] = yaml.safe_load(text)["images"]
    found = [match.groupdict() for match in re.finditer(pattern.replace("(?<", "(?P<"), text)]
    tags = [image.partition("@")[0].rpartition(":")[2] for image in images.values()]
    assert [one["currentValue"] for one in found] == tags
    bounds = {rule["matchPackageNames"][0]: rule["allowedVersions"] for rule in settings["packageRules"]}
    assert bounds == dict(re.findall(r"depName=(\S+) allowedVersions=(\S+)", text))


def test_the_contexts_are_called_after_their_environments() -> None:
    assert [load(ROOT, name).settings.cluster.context for name in deployed()] == deployed()
