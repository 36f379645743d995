# One word a job. LAB_NAME and LAB_RELEASE=bookworm|trixie choose the lab.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export LAB_NAME ?= traumalink
export LAB_RELEASE ?= bookworm
lab_environment = source <(tests/lab/lab.py env)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

.PHONY: tools
tools: ## install the pinned tools into .venv
	@tests/lab/prepare

.PHONY: lock
lock: tools ## write requirements.lock anew from pyproject.toml
	.venv/bin/uv pip compile -q --group development pyproject.toml --python-version 3.11 --universal --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url -o requirements.lock

.PHONY: lab
lab: ## bring the container hosts up
	@tests/lab/prepare lab
	@$(lab_environment) && tests/lab/lab.py up

.PHONY: lab-down
lab-down: ## remove the lab: hosts, network, storage
	@tests/lab/lab.py down && rm -rf build/molecule/$(LAB_NAME)

.PHONY: demo
demo: ## the main job: deploy, fill, back up, upgrade under load, lose the database host, get everything back
	@tests/lab/prepare lab
	@$(lab_environment) && tests/lab/demo.py

.PHONY: test
test: lint unit package molecule ## everything: linters, unit tests, all Molecule scenarios on a fresh lab

# All scenarios run on two fresh labs side by side (LAB_LANES=1 for one). SCENARIO=backup runs one of them on the lab that stays.
.PHONY: molecule
molecule: ## all Molecule scenarios, or SCENARIO=… alone
	@tests/lab/prepare lab
ifdef SCENARIO
	@$(lab_environment) && tests/lab/lab.py up && molecule converge -s $(SCENARIO) && molecule idempotence -s $(SCENARIO) && molecule verify -s $(SCENARIO)
else
	@.venv/bin/python tests/lab/scenarios.py
endif

.PHONY: faults
faults: ## what goes wrong with backups, one case a row, on a lab that stays
	@$(MAKE) --no-print-directory molecule SCENARIO=faults

.PHONY: soak
soak: ## the long scenarios, every way of restoring, and random kills; SOAK_MATRIX, SOAK_ROUNDS, SOAK_SEED
	@tests/lab/prepare lab
	@if [[ -z "$${SOAK_MATRIX:-}" ]]; then .venv/bin/python tests/lab/scenarios.py operation restore_host restore_targets restore_vault upgrade breaking rollback finalize patch; fi
	@$(lab_environment) && tests/lab/lab.py up && molecule converge -s faults && \
	    { status=0; for part in restore_matrix soak; do tests/faults/$$part.py || status=1; done; exit $$status; }

.PHONY: bench
bench: ## the budgets, measured, on a lab that it brings up where there is none: tables and build/bench/*.json
	@tests/lab/prepare lab
	@$(lab_environment) && tests/lab/lab.py up && { status=0; for part in converge upgrade ledger backup; do tests/bench/$$part.py || status=1; done; exit $$status; }

.PHONY: unit
unit: tools ## unit tests
	@$(lab_environment) && pytest --numprocesses auto --dist worksteal tests/unit

.PHONY: lint lint-python lint-yaml lint-shell lint-docs lint-ansible
lint: lint-python lint-yaml lint-shell lint-docs lint-ansible ## every linter

lint-python: tools
	@$(lab_environment) && ruff check . && ruff format --check . && mypy plugins && mypy tests/lab/*.py tests/bench/*.py docs/*.py

lint-yaml: tools
	@$(lab_environment) && yamllint -s .

lint-shell: tools
	@$(lab_environment) && git grep -lE '^#!(/usr/bin/env bash|/bin/(ba)?sh)$$' | xargs shellcheck

lint-docs: tools
	@$(lab_environment) && docs/role_tables.py --check && docs/contract_schema.py --check && antsibull-changelog lint

lint-ansible: tools
	@$(lab_environment) && ansible-lint -q

.PHONY: package
package: tools ## the collection's archive into build/
	@$(lab_environment) && ansible-galaxy collection build --force --output-path build
