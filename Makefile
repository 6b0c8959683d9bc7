# The commands of the project, the same for people and for CI.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: mutate durations nightly packages programs help up down destroy rollback status preview drift drill render routes check cost new-env secrets digests schema test quick lint types requirements golden bench pictures pr-comment
.NOTPARALLEL:

ENV ?= dev
OUT ?= out/$(ENV)
LIKE ?= staging
# The virtual environment lives outside the tree and is named after what it is made of: a changed pin makes a new one.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/observability
PINS := requirements-dev.txt policy/requirements.txt
# Compiled Python goes there too: the tree stays clean, and no run compiles again what the last one did.
export PYTHONPYCACHEPREFIX := $(CACHE)/pycache
export PYTHONDONTWRITEBYTECODE :=
VENV := $(CACHE)/venv-$(shell cat $(PINS) | sha256sum | cut -c1-12)
PY := $(VENV)/bin/python
# One whose interpreter is gone, as after an upgrade of the system's Python, is made anew.
$(shell [ -x $(PY) ] || rm -f $(VENV)/.done)
# The programs that check their own documents: built or found when a command first needs them.
WITH_CHECKERS = PATH="$$($(PY) -m sandbox.toolchain --path promtool amtool alertmanager-delivery loki lokitool promtail jaeger otelcol-contrib):$$PATH"

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

up: $(VENV)/.done ## bring the platform up: a cluster on this machine (or KUBECONTEXT=name), the program for ENV (dev), its addresses
	@$(PY) -m sandbox up --env $(ENV)

down: $(VENV)/.done ## take the sandbox cluster away, with everything on it
	@$(PY) -m sandbox down

destroy: $(VENV)/.done ## delete the platform of ENV, on the sandbox or KUBECONTEXT=name, but not data that ENV protects; DATA=delete: that too
	@$(PY) -m sandbox destroy --env $(ENV) $(if $(DATA),--data $(DATA))

rollback: $(VENV)/.done ## deploy what the commit or tag TO says of ENV, by its own code, once it was shown and confirmed
	@$(PY) -m sandbox rollback --env $(ENV) --to "$(TO)"

status: $(VENV)/.done ## what runs, what does not, where it answers, what is a stand-in
	@$(PY) -m sandbox status

preview: $(VENV)/.done ## what `make up` would change in the cluster
	@$(PY) -m sandbox preview --env $(ENV)

drift: $(VENV)/.done ## what differs from what was deployed; exit code 1, or 3 when only objects were added that nobody deployed; JSON=1: for programs
	@$(PY) -m sandbox drift --env $(ENV) $(if $(JSON),--json)

drill: $(VENV)/.done ## one marked alert to every receiver of ENV through its live Alertmanager; KUBECONTEXT=name for a cluster of yours
	@$(PY) -m sandbox drill --env $(ENV)

render: $(VENV)/.done ## write every document and manifest of ENV to OUT, secrets masked; needs no cluster and no cloud
	@$(PY) -m checks render --env $(ENV) --out $(OUT)

routes: $(VENV)/.done ## who is told of what in ENV, when, and what silences it; BASE=main: what a change changes; JSON=file: all of it
	@$(WITH_CHECKERS) $(PY) -m checks routes --env $(ENV) $(if $(BASE),--base $(BASE)) $(if $(JSON),--json $(JSON))

pr-comment: $(VENV)/.done ## what the checkout changes in every environment against BASE (main), as the comment of a pull request
	@$(WITH_CHECKERS) $(PY) -m review --base $(or $(BASE),main)

check: $(VENV)/.done ## prove ENV offline: no cluster, no cloud, no credentials; exit code 1 with findings
	@$(WITH_CHECKERS) $(PY) -m checks check --env $(ENV)

cost: $(VENV)/.done ## what ENV costs a month, by component, at the prices of configs/prices.yaml
	@$(PY) -m checks cost --env $(ENV)

new-env: $(VENV)/.done ## write the stack file of a new environment NAME, as a copy of LIKE (staging) without its secrets
	@$(PY) -m stacks new --env "$(NAME)" --like $(LIKE)

secrets: $(VENV)/.done ## which secrets ENV needs, which it has, and how to set them; exit code 1 when one is missing
	@$(PY) -m stacks secrets --env $(ENV)

digests: $(VENV)/.done ## write the digest of each image behind its tag in configs/versions.yaml, as the registries tell it
	@$(PY) -m guard

schema: $(VENV)/.done ## write configs/schemas, by which editors complete and check what people edit
	@$(PY) -m stacks schema

bench: $(VENV)/.done ## measure what there is to measure, or only BENCH (names of files in bench/); the sandbox too when it is up
	@$(PY) -m bench $(BENCH)

# Four workers on two processors: tests on clusters mostly wait, and the others run meanwhile.
SESSION = $(PY) -m pytest -n 4 --costs out/test-costs.txt
PHASE = $(PY) -m tests.session.phase

test: lint types ## all that CI runs: style, types, and every test that is quick enough for each change
	@$(SESSION) -m 'not nightly' --budgets tests/session/budgets.yaml

quick: lint types ## style, types, and the tests that need neither built programs nor a cluster
	@$(PY) -m pytest -n 2 -m 'not binaries and not cluster and not nightly'

durations: $(VENV)/.done ## run the tests of `make test` and record what each took, by which later runs are balanced
	@$(SESSION) -m 'not nightly' --record-durations

nightly: $(VENV)/.done ## what is slow by nature, or only PARTS="environments mutation", with a summary in out/nightly; LIST=1: which parts there are
	@$(PY) -m tests.nightly $(if $(LIST),--list) $(PARTS)

lint: $(VENV)/.done ## style (ruff)
	@$(PHASE) lint -- $(SHELL) -c '$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .'

types: $(VENV)/.done ## types (pyright, strict)
	@$(PHASE) types -- $(VENV)/bin/pyright --pythonpath $(PY)

mutate: $(VENV)/.done ## break every rule in every way (FILE=configs/rules/slo.yaml: only those of one file) and count what its tests notice
	@$(PY) -m tests.rules.mutate $(if $(FILE),--file $(FILE),--out docs/mutation.md)

golden: schema ## rewrite the reviewed documents in tests/golden and docs/dashboards.md after an intended change
	@$(PY) -m dashboards > docs/dashboards.md
	@for env in dev staging prod; do $(PY) -m checks render --env $$env --out tests/golden/$$env; done

pictures: $(VENV)/.done ## the pictures in docs: dashboards from the sandbox that is up (GRAFANA_URL=address: screenshots), messages; needs chromium on the PATH
	@$(PY) -m pictures $(NAMES)

packages: $(VENV)/.done ## the Python packages as .venv, where the official Pulumi CLI looks for them
	@if [ -L .venv ] || [ ! -e .venv ]; then ln -sfn $(VENV) .venv; fi

programs: $(VENV)/.done ## build or find every program of the sandbox and of the checks, as other commands do with what they need
	@$(PY) -m sandbox.toolchain

requirements: $(VENV)/.done ## pin requirements*.in anew
	@$(VENV)/bin/python -m pip --quiet install pip-tools
	@for file in requirements requirements-dev; do $(VENV)/bin/pip-compile --quiet --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-emit-options --strip-extras --allow-unsafe $$file.in --output-file $$file.txt; done

# Its name says what is in it, so it is made once: a newer file date (another checkout of the same pins) must not take it away from who uses it.
$(VENV)/.done:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: python3 is %d.%d, and 3.11 or newer is needed" % sys.version_info[:2])'
	@python3 -m sandbox.python_packages $(VENV) $(PINS)
