# One environment in .venv, made once and again when pyproject.toml or constraints.txt change.
# `make up` installs what running needs; `make test` adds the development tools.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
ARGS ?=
WORKERS ?= 2
shared = -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

# Keep the project's root off the module path, and let Python keep the bytecode it compiles.
export PYTHONSAFEPATH := 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup up down status console console-types test test-fast check lint types imports bench bench-scaling clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

up: .venv/.base  ## Start everything and see each model to a champion (ARGS="--detach" and others)
	@$(call bundle) || echo "The console could not be built (make console says why); everything else starts."
	$(BIN)/contender up $(ARGS)

down: .venv/.base  ## Stop everything
	@$(BIN)/contender down

status: .venv/.base  ## Show services, addresses and champions
	@$(BIN)/contender status

setup: .venv/.dev console  ## Install everything, development tools included

console:  ## Build the pages that the API serves at /
	@$(call bundle)

console-types: console/node_modules/.package-lock.json  ## Write the API's description and the console's types anew
	@$(BIN)/python -m serving.openapi > console/openapi.json.new
	mv console/openapi.json.new console/openapi.json
	npm --prefix console run --loglevel=error types

# Those that start the whole stack or drive a browser want no trainings beside them. A failed test
# (exit code 1) does not keep the next ones from being run; whatever else ends pytest does.
test: check console  ## Lint, types, import rules and every test (WORKERS=0: one at a time)
	@failed=0
	run() { $(BIN)/pytest "$$@" $(ARGS) || { failed=$$?; [ $$failed = 1 ] || exit $$failed; }; }
	run $(shared) -m 'not e2e and not browser and not alone'
	run $(shared) -m 'e2e or browser'
	run -m alone
	exit $$failed

test-fast: .venv/.dev  ## The tests that need no stack and no browser: under 3 minutes
	$(BIN)/pytest -m 'not slow and not e2e and not browser' $(ARGS)

check: lint types imports  ## Lint, types and import rules

lint: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.dev
	$(BIN)/mypy

imports: .venv/.dev
	$(BIN)/lint-imports

bench: .venv/.dev  ## Measure the server beside its peers (ARGS="--write", "--parts swaps", "--quick --home DIR")
	@PYTHONPATH=. $(BIN)/python -m benchmarks.serving $(ARGS)

bench-scaling: .venv/.dev  ## Measure how time and memory grow with rows: pandas, DuckDB, Spark (ARGS="--write")
	@PYTHONPATH=. $(BIN)/python -m benchmarks.scaling $(ARGS)

clean:  ## Remove the environment and caches; var/ and mlruns/ are yours and stay
	@if [ -x $(BIN)/contender ]; then $(BIN)/contender down; fi
	rm -rf .venv console/dist console/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A fast installer where it can be had, pip where not.
define environment
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 $@"; exit 1; }
endef

define install
	if test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt uv; then
		$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode -c constraints.txt -e "$(1)"
	else
		$(BIN)/pip install --disable-pip-version-check -c constraints.txt -e "$(1)"
	fi
endef

# The extras that contender.toml asks for: a family that brings a library has one of its name, and so have
# pools, model workers and traces. Called when Python 3.11 is known to be there.
define extras
$$($(BIN)/python cli/wanted_extras.py)
endef

# The console's bundle, where there is a Node.js that can build it. It is built again when a source has changed.
define bundle
	if node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
		$(MAKE) --no-print-directory console/dist/index.html
	else
		echo "The console is not built: that needs Node.js 20.19 or newer (https://nodejs.org). Everything else works."
	fi
endef

console/node_modules/.package-lock.json: console/package-lock.json
	@echo "Installing what the console is built with"
	npm --prefix console ci --no-audit --no-fund --loglevel=error
	touch $@

console/dist/index.html: console/node_modules/.package-lock.json console/package.json \
		$(shell find console -type f -not -path 'console/node_modules/*' -not -path 'console/dist/*')
	@echo "Building the console"
	npm --prefix console run --loglevel=error build

# From the system: $(1) is a list of program:package or /file:package, by Debian's names.
define programs
	missing=""
	for pair in $(1); do
		wanted=$${pair%%:*}
		if [ ! -e "$$wanted" ] && ! command -v "$$wanted" >/dev/null; then missing="$$missing $${pair#*:}"; fi
	done
	if [ -n "$$missing" ]; then
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; } \
				|| echo "could not install:$$missing"
		else
			echo "please install (Debian: sudo apt-get install$$missing):$$missing"
		fi
	fi
endef

.venv/.base: pyproject.toml constraints.txt contender.toml $(wildcard $(CONTENDER_HOME)/contender.toml)
	@$(call environment)
	$(call install,.$(extras))
	$(call programs,espeak-ng:espeak-ng)
	touch $@

.venv/.dev: pyproject.toml constraints.txt
	@$(call environment)
	$(call install,.[dev])
	$(call programs,espeak-ng:espeak-ng chromium:chromium java:openjdk-17-jre-headless \
		/usr/share/java/postgresql.jar:libpostgresql-jdbc-java)
	touch $@ .venv/.base
