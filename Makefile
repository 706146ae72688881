# make table | test | au-model | preset PRESET=paper | campaign-<name>; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
export PATH := $(CURDIR)/.venv/bin:$(PATH)
CORES ?= all

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

.venv/.installed: envs/core.in envs/core.lock envs/dlib-from-bin/pyproject.toml envs/install.sh pyproject.toml
	PYTHON="$(PYTHON)" bash envs/install.sh

table: .venv/.installed  ## the whole pipeline; METHODS="a b" only these, printed
	@bash workflow/table.sh "$(CORES)" $(METHODS)

test: .venv/.installed  ## linter, types, tests
	ruff check . && ruff format --check . && mypy
	pytest -n 2

.PHONY: help table test
