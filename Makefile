# Every target runs from a clean checkout; `make` alone explains them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint up docs clean constraints

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
TEST_PROCESSES ?= 2

export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Many processes import the same: what one of them has compiled is kept for the others.
export PYTHONDONTWRITEBYTECODE :=

# The stamp is written last and holds the folder that the environment was made in. Without it, or
# in another folder (a virtual environment that was moved does not work), everything is made anew;
# when only the requirements changed, they are brought up to date in place.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

# pip's output as one line that grows, and its errors; its log has the rest.
define PROGRESS
found=0; all=$$(grep -c == constraints.txt); show() { [ ! -t 1 ] || printf '\r  %-60s' "$$1"; }
while IFS= read -r line; do
  case "$$line" in
    Collecting*|Processing*) found=$$((found + 1)); show "package $$found of about $$all" ;;
    Installing\ collected*) show "unpacking, which takes longest" ;;
    ERROR*|error*) printf '\n%s\n' "$$line" ;;
  esac
done
show ""; [ ! -t 1 ] || printf '\r'
endef
export PROGRESS

# Pins the packages that pyproject.toml and its extra dev ask for, with their own needs, as installed.
define CONSTRAINTS
import re, tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from packaging.requirements import Requirement

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
todo = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
pins, seen = {}, set()
while todo:
    need = Requirement(todo.pop())
    name = re.sub(r"[-_.]+", "-", need.name).lower()
    if (name, *sorted(need.extras)) in seen:
        continue
    seen.add((name, *sorted(need.extras)))
    try:
        found = distribution(name)
    except PackageNotFoundError:
        raise SystemExit(f"{name} is needed and not installed: run make setup first.")
    pins[name] = found.version
    for text in found.requires or []:
        marker = Requirement(text).marker
        if not marker or any(marker.evaluate({"extra": e}) for e in ("", *need.extras)):
            todo.append(text)
print("# Versions that were tested together, on Linux with Python 3.11.")
print("# Made by `make constraints` from an environment in which every test passes.")
for name in sorted(pins):
    print(f"{name}=={pins[name]}")
endef
export CONSTRAINTS

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## Make .venv and install Kiyome with everything that its tests need
	@echo "Ready: $(BIN)/kiyome"

$(STAMP): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "There is no $(PYTHON) here. Install Python 3.11 or 3.12, or name one: make setup PYTHON=/path/to/python." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || { \
	  echo "Kiyome needs Python 3.11 or 3.12, and $(PYTHON) is $$("$(PYTHON)" --version 2>&1). Name another: make setup PYTHON=/path/to/python." >&2; exit 1; }
	@[ "$$(cat $(STAMP) 2>/dev/null)" = "$(CURDIR)" ] || "$(PYTHON)" -m venv --clear $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment. On Debian: apt-get install python3-venv." >&2; exit 1; }
	@rm -f $(STAMP)
	@echo "Installing into $(VENV): several gigabytes with PyTorch, 3 to 10 minutes the first time."
	@$(BIN)/python -m pip install --no-color --progress-bar off -c constraints.txt \
	  -e '.[dev]' 2>&1 | tee $(VENV)/setup.log | bash -c "$$PROGRESS" || { \
	  echo "The installation did not finish; $(VENV)/setup.log says why. Run make setup again." >&2; exit 1; }
	@printf '%s\n' "$(CURDIR)" > $(STAMP)

demo: setup ## Cleanse the bundled sample dataset and show what came of it
	@$(BIN)/kiyome demo

test: setup ## Run every test, in TEST_PROCESSES processes
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

lint: setup ## Check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

up: setup ## Run the standing system on the sample: Prefect, schedule, review page
	@$(BIN)/kiyome up --demo demo

docs: setup ## Write the pages of docs/ that follow from the code
	@$(BIN)/python docs/generate.py

clean: ## Remove what make and the tools made here (never a workspace)
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

constraints: ## Pin the versions that are installed now
	@$(BIN)/python -c "$$CONSTRAINTS" > constraints.new || { rm -f constraints.new; exit 1; }
	@mv constraints.new constraints.txt
	@echo "constraints.txt: $$(grep -c == constraints.txt) packages"
