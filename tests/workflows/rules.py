"""What must be so of every workflow, as functions that tell what is not: the tests hold the workflows to them, and broken ones too."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from model.documents import each, mapping, parse
from model.environment import load
from model.stack import environments

ROOT = Path(__file__).resolve().parents[2]
PULL_REQUEST, DRIFT, DEPLOY, STACK, NIGHTLY = (
    f"workflows/{name}.yaml" for name in ("pull-request", "drift", "deploy", "deploy-stack", "nightly")
)

Files = Mapping[str, str]
"""Workflows and actions by their path below .github."""

GRANTS = {
    (PULL_REQUEST, "comment"): {"contents: read", "pull-requests: write"},
    (DRIFT, "issue"): {"contents: read", "issues: write"},
    (NIGHTLY, "issue"): {"contents: read", "issues: write"},
    **{
        (file, job): {"contents: read", "id-token: write"}
        for file, job in (
            (PULL_REQUEST, "preview"),
            (DRIFT, "examine"),
            (DEPLOY, "staging"),
            (DEPLOY, "prod"),
            (STACK, "plan"),
            (STACK, "apply"),
        )
    },
}
"""What a job may do; any other only reads the repository."""

RESULTS = "out/nightly"
"""Where ``make nightly`` writes."""

OURS = "github.event.pull_request.head.repo.full_name == github.repository"
"""True of a branch of this repository, not of a fork's."""

_PINNED = re.compile(r"^[\w-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def files() -> dict[str, str]:
    """Those of this checkout."""
    directory = ROOT / ".github"
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*.yaml")}


@cache
def deployed() -> list[str]:
    """The environments with a cluster of their own: that of the others is whatever sandbox they are tried in."""
    return [name for name in environments(ROOT) if load(ROOT, name).settings.cluster.context]


def pins(files: Files) -> Iterator[str]:
    """Every action is one commit, the same wherever it is used, and says which version that is."""
    seen: dict[str, str] = {}
    for file, text in files.items():
        for used in re.findall(r"^\s*(?:- )?uses: (.*)$", text, re.MULTILINE):
            if used.startswith("./"):
                place = ROOT / used
                if not (place.is_file() or (place / "action.yaml").is_file()):
                    yield f"{file}: there is no {used}"
            elif not _PINNED.match(used):
                yield f"{file}: {used} is not pinned"
            elif seen.setdefault(used.partition("@")[0], used) != used:
                yield f"{file}: {used} is another one elsewhere"


def events(files: Files) -> Iterator[str]:
    """No event that runs a change's code with the rights of main."""
    for file, text in files.items():
        for event in ("pull_request_target", "workflow_run", "issue_comment"):
            if re.search(rf"^\s*{event}:|\b{event}[,\]]", text, re.MULTILINE):
                yield f"{file}: {event} gives what a fork sends the rights of main"


def permissions(files: Files) -> Iterator[str]:
    """None by default, and to each job what it needs."""
    for file, content in _workflows(files):
        if content.get("permissions") != {}:
            yield f"{file}: the default is not `permissions: {{}}`"
        for name, job in _jobs(content):
            given = {f"{scope}: {access}" for scope, access in mapping(job.get("permissions")).items()}
            allowed = GRANTS.get((file, name), {"contents: read"})
            if given != allowed:
                yield f"{file}: {name} has {sorted(given)}, not {sorted(allowed)}"
            writes = given & {"pull-requests: write", "issues: write"}
            if writes and [one for one in _uses(job) if one.startswith("./")] + re.findall(r"\bmake\b|\bpip\b", _script(job)):
                yield f"{file}: {name} may write and runs more than the standard library"


def forks(files: Files) -> Iterator[str]:
    """What writes or meets the cloud runs for branches of this repository only."""
    for name, job in _jobs(parse(files[PULL_REQUEST], PULL_REQUEST).content):
        if (PULL_REQUEST, name) in GRANTS and OURS not in str(job.get("if")):
            yield f"{PULL_REQUEST}: {name} runs for forks too"


def secrets(files: Files) -> Iterator[str]:
    """The job's own token, and the cloud by OIDC: nothing is kept at GitHub that could be stolen."""
    for file, text in files.items():
        for found in re.findall(
            r"secrets\.\w+|secrets: inherit|aws-(?:access-key-id|secret-access-key)|PULUMI_ACCESS_TOKEN|PASSPHRASE", text
        ):
            yield f"{file}: {found}"
        for checkout in re.findall(r"uses: actions/checkout@.*\n(.*)", text):
            if "persist-credentials: false" not in checkout:
                yield f"{file}: a checkout leaves its token behind"


def scripts(files: Files) -> Iterator[str]:
    """Scripts get what others wrote as variables, call what there is, and no job runs for ever."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for file, text in files.items():
        content = parse(text, file).content
        for name, job in (*_jobs(content), ("runs", mapping(content.get("runs")))):
            script = _script(job)
            if "${{" in script:
                yield f"{file}: {name} has an expression within a script"
            for line in re.findall(r"\bmake (?:--silent )?((?:[a-z][a-z-]*\b ?)+)", script):
                yield from (f"{file}: there is no `make {target}`" for target in line.split() if target not in targets)
            for module in re.findall(r"python3? -m (\S+)", script):
                if find_spec(module) is None:
                    yield f"{file}: there is no module {module}"
            if "steps" in job and name != "runs" and "timeout-minutes" not in job:
                yield f"{file}: {name} has no timeout"


def caches(files: Files) -> Iterator[str]:
    """Each is keyed by files that there are, and is where the jobs that share it look."""
    for file, text in files.items():
        for pattern in re.findall(r"'([^']+)'", " ".join(re.findall(r"hashFiles\((.*?)\)", text))):
            if not any(ROOT.glob(pattern)):
                yield f"{file}: no file is {pattern}"
    for file, content in _workflows(files):
        for name, job in _jobs(content):
            if "./.github/actions/programs" in _uses(job):
                place = mapping(mapping(job.get("container")).get("env")).get("XDG_CACHE_HOME")
                if f"{place}/observability" not in files["actions/programs/action.yaml"]:
                    yield f"{file}: {name} builds into {place}, which is not kept"


def matrices(files: Files) -> Iterator[str]:
    """All environments are checked; those with a cluster are previewed, deployed and looked at."""
    every, own = environments(ROOT), deployed()
    jobs = {(file, name): job for file, content in _workflows(files) for name, job in _jobs(content)}
    for file, name, expected in ((PULL_REQUEST, "check", every), (PULL_REQUEST, "preview", own), (DRIFT, "examine", own)):
        listed = [one for _, one in each(jobs[file, name], "strategy", "matrix", "environment", "*")]
        if listed != expected:
            yield f"{file}: {name} has {listed}, not {expected}"
    told = re.findall(r"review\.drift_issue --reports reports (.*)", files[DRIFT])
    if told != [" ".join(own)]:
        yield f"{DRIFT}: the issue is about {told}, not {own}"
    to = sorted(str(mapping(job.get("with")).get("stack")) for (file, _), job in jobs.items() if file == DEPLOY)
    if to != own:
        yield f"{DEPLOY}: {to} are deployed, not {own}"


def plans(files: Files) -> Iterator[str]:
    """What was previewed is what is applied, after approval, one at a time."""
    jobs = dict(_jobs(parse(files[STACK], STACK).content))
    if "--save-plan plan.json" not in files["actions/preview/action.yaml"] or "./.github/actions/preview" not in _uses(jobs["plan"]):
        yield "no plan is made"
    artifacts = [
        str(mapping(step.get("with")).get("name")) for job in jobs.values() for step in _steps(job) if "artifact@" in str(step.get("uses"))
    ]
    if artifacts != ["plan-${{ inputs.stack }}"] * 2:
        yield "the plan does not reach the update"
    apply = jobs["apply"]
    if apply.get("needs") != "plan" or apply.get("environment") != "${{ inputs.stack }}":
        yield "the update does not wait for the plan and the approval"
    if apply.get("concurrency") != {"group": "deploy-${{ inputs.stack }}", "cancel-in-progress": False}:
        yield "two updates may run at once, or one be cancelled"
    if mapping(mapping(parse(files[DEPLOY], DEPLOY).content.get("jobs")).get("prod")).get("needs") != "staging":
        yield "prod does not wait for staging"
    for file, text in files.items():
        for update in re.findall(r"pulumi (?:up|destroy|refresh|import)\b.*", text):
            if "--plan plan.json" not in update or "--policy-pack policy" not in update:
                yield f"{file}: `{update}` is not held to a plan and the promises"


def reports(files: Files) -> Iterator[str]:
    """The issue about the nightly run is made of what that run wrote, whatever came of it."""
    jobs = dict(_jobs(parse(files[NIGHTLY], NIGHTLY).content))
    written = [mapping(step.get("with")).get("path") for step in _steps(jobs["run"]) if "upload-artifact@" in str(step.get("uses"))]
    if "make nightly" not in _script(jobs["run"]) or written != [RESULTS]:
        yield f"{NIGHTLY}: what is kept is {written}, not {RESULTS}"
    read = [mapping(step.get("with")) for step in _steps(jobs["issue"]) if "download-artifact@" in str(step.get("uses"))]
    told = re.findall(r"review\.nightly_issue --results (.*)", _script(jobs["issue"]))
    if told != [place.get("path") for place in read]:
        yield f"{NIGHTLY}: the issue is made of {told}, where nothing is put"
    if any("name" in place for place in read) or jobs["issue"].get("if") != "${{ !cancelled() }}":
        yield f"{NIGHTLY}: a run that left no results opens no issue"


RULES: tuple[Callable[[Files], Iterator[str]], ...] = (pins, events, permissions, forks, secrets, scripts, caches, matrices, plans, reports)


def _workflows(files: Files) -> Iterator[tuple[str, dict[str, object]]]:
    return ((file, parse(text, file).content) for file, text in files.items() if file.startswith("workflows/"))


def _jobs(content: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    return ((name, mapping(job)) for name, job in mapping(content.get("jobs")).items())


def _steps(job: dict[str, object]) -> Iterator[dict[str, object]]:
    return (mapping(step) for _, step in each(job, "steps", "*"))


def _script(job: dict[str, object]) -> str:
    return "\n".join(str(step["run"]) for step in _steps(job) if "run" in step)


def _uses(job: dict[str, object]) -> list[str]:
    return [str(step["uses"]) for step in _steps(job) if "uses" in step]
