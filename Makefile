# `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?=
CORES ?= all
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help:  ## this list
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv/.installed: $(filter-out envs/browser.in,$(wildcard envs/*.in)) envs/core.lock envs/source.lock envs/torch-cpu.lock envs/torch-cuda.lock envs/dlib-from-bin/pyproject.toml envs/dvc envs/install.sh envs/moved.sh pyproject.toml
	@PYTHON="$(PYTHON)" bash envs/install.sh

$(addsuffix /.installed,$(shell bash envs/moved.sh)): moved  # copied or moved with the checkout

table: .venv/.installed  ## raw video to results/megc2019_table.csv, printed at the end; METHODS="ststnet ..." runs these alone
	@snakemake --cores $(CORES) -- $(if $(METHODS),$(METHODS:%=results/evaluate/megc2019/%.csv),all)
	@$(if $(METHODS),,python workflow/stage.py record && microexpr verify;) code=$$?; microexpr table $(if $(METHODS),--methods $(METHODS)) && exit $$code

TESTS := pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/.installed
	ruff check .
	ruff format --check .
	mypy

test: check  ## linter, types and all tests but the slow ones
	$(TESTS) -m "not slow"

test-all: check envs/docs/.venv/.installed  ## linter, types and all tests
	$(TESTS)

study-%: .venv/.installed  ## a check that is too long for `make test`; `make studies` lists them
	python studies/$*.py

studies:  ## the checks of study-NAME, each with its question
	@for file in $$(grep -l __main__ studies/*.py | grep -v figures); do \
		printf "%-26s %s\n" "study-$$(basename $$file .py)" "$$(head -1 $$file | tr -d '"')"; done

lock: .venv/.installed  ## writes the locks of envs/ anew from their .in files; pins that still fit stay
	python envs/lock.py

check-lock: .venv/.installed  ## asks PyPI whether the locks can be installed by each supported Python
	python envs/lock.py --check

preset: .venv/.installed  ## merges a preset into params.yaml: PRESET=paper, or subjects36: more rendered subjects
	@python workflow/preset.py $(PRESET)

shipped: .venv/.installed  ## fits all weights in src/microexpr/weights again, on rendered subjects of no corpus: hours; resumes
	@snakemake --cores $(CORES) -- results/shipped/landmarks.onnx && python workflow/ship.py landmarks  # the population is read with them
	@snakemake --cores $(CORES) -- all_shipped && python workflow/ship.py

envs/pyfeat/.venv/.installed: .venv/.installed envs/pyfeat/pyfeat.lock envs/install_beside.sh
	@bash envs/install_beside.sh pyfeat

envs/docs/.venv/.installed: .venv/.installed envs/docs/docs.lock envs/install_beside.sh
	@bash envs/install_beside.sh docs

envs/facemesh/.venv/.installed: .venv/.installed envs/facemesh/facemesh.lock envs/install_beside.sh
	@bash envs/install_beside.sh facemesh

facemesh: envs/facemesh/.venv/.installed  ## MediaPipe in its own environment, for studies/face_mesh.py; Python 3.11 or 3.12

pyfeat: envs/pyfeat/.venv/.installed  ## py-feat in its own environment, for aus.backend pyfeat

test-pyfeat: envs/pyfeat/.venv/.installed  ## py-feat's detectors through the pipeline, with stand-ins for their weights
	pytest -p no:cacheprovider tests/optional/pyfeat/end_to_end.py

docs: envs/docs/.venv/.installed  ## this documentation as a site, in work/site; with the report of a run where results/ has one
	@PYTHONPATH=src NO_MKDOCS_2_WARNING=1 envs/docs/.venv/bin/python -m mkdocs --quiet build --strict
	@echo "work/site/index.html"

figures: .venv/.installed  ## writes the pictures of README and docs/: RUN=folder with a finished run's results/
	python studies/figures.py $(if $(RUN),--run $(RUN))

notebooks: envs/docs/.venv/.installed  ## runs the notebooks of docs/tutorials, and stores what they print and plot
	@PYTHONPATH="$(CURDIR)/src" envs/docs/.venv/bin/python docs/hooks/notebooks.py

test-browser: docs  ## the report, a prediction and the site in a real browser; REPORT=results/report/index.html looks at that page too
	@command -v chromium chromium-browser google-chrome >/dev/null || { echo "error: no browser is here: sudo apt install chromium" >&2; exit 1; }
	@python -c "import playwright" 2>/dev/null || { echo "error: its driver is not here: pip install playwright" >&2; exit 1; }
	pytest -p no:cacheprovider tests/optional/browser/report_page.py tests/optional/browser/prediction_page.py tests/optional/browser/site_pages.py

.PHONY: help moved table check test test-all studies docs figures notebooks test-browser lock check-lock preset shipped pyfeat facemesh test-pyfeat
