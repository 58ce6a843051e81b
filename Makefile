# Two commands: `make demo` shows the platform at work on real images, `make test` checks everything.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)
# Copies of the public sources beside this checkout, if there are any, are tried before the sources' public addresses.
ifeq ($(origin RSVLM_MIRROR),undefined)
ifneq ($(wildcard ../shared/data/.),)
export RSVLM_MIRROR := $(abspath ../shared/data)
endif
endif

RECIPES ?= remoteclip geochat rs-sd

.PHONY: help venv demo test lint unit integration recipes systems docs bench lock clean

help: ## say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

venv: ## .venv with exactly the locked packages
	@requirements/install.sh

demo: venv ## run the recipes on real images and print what came out
	@rsvlm run $(RECIPES) --profile laptop

test: lint unit integration recipes systems ## everything that must hold

lint: venv ## format, lint, types, layers
	ruff format --check .
	ruff check .
	mypy
	lint-imports

unit: venv ## fast tests
	pytest -n 2 --dist loadfile -m "not integration and not fault and not recipe" --proofs=.rsvlm/proofs/unit.json

integration: venv ## tests with real servers, and with faults
	pytest -n 2 --dist loadfile -m "(integration or fault) and not recipe" --proofs=.rsvlm/proofs/integration.json

recipes: venv ## every recipe, cut short, on real images
	pytest -m recipe --proofs=.rsvlm/proofs/recipes.json

systems: venv ## docs/systems.md claims no more than the tests above proved
	python tests/systems.py --check .rsvlm/proofs/*.json

docs: venv ## docs/systems.md from the proofs of the last `make test`
	python tests/systems.py .rsvlm/proofs/*.json

bench: venv ## our figures beside a floor or a peer
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; python $$file; done

lock: venv ## write the environment as it is now to requirements/lock.txt
	@requirements/lock.sh

clean: ## remove what can be made again, but not data, models and the registry
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
