# `make demo` and `make test` are all that a clean clone needs; each sets up what is missing.
PYTHON ?= python3
RUN ?= runs/default
CONFIG ?=
SET ?=
SEED ?=
MOTION ?=
PRESET ?=
BACKDROPS ?=
PANORAMAS ?=
# On Linux the registry's torch is a CUDA build of several GB; for the CPU build:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OPTIONS = --run $(RUN) $(if $(PRESET),--preset $(PRESET)) $(if $(CONFIG),--config $(CONFIG)) $(foreach s,$(SET),--set $(s)) $(if $(SEED),--seed $(SEED))
OWN = $(if $(MOTION),--motion $(MOTION)) $(if $(BACKDROPS),--backdrops $(BACKDROPS)) \
	$(if $(PANORAMAS),--panoramas $(PANORAMAS))

.PHONY: help setup demo test test-extra lint format scenes render fit-opensim dataset train bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(INSTALLED): constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[all,dev]"
	@touch $@

setup: $(INSTALLED)  ## create .venv and prepare the body model (once)
	@$(BIN)/spineforge setup

demo: RUN = runs/demo
demo: setup  ## the whole chain on a small set; writes runs/demo/report.html
	$(BIN)/spineforge demo $(OPTIONS) $(OWN)

scenes: setup  ## sample what to shoot
	$(BIN)/spineforge scenes $(OPTIONS) $(OWN)

render: scenes  ## draw it and collect the truth
	$(BIN)/spineforge render $(OPTIONS)

fit-opensim: render  ## fit the musculoskeletal model
	$(BIN)/spineforge fit-opensim $(OPTIONS)

dataset: fit-opensim  ## write the COCO labels
	$(BIN)/spineforge dataset $(OPTIONS)

train: dataset  ## train teacher and student
	$(BIN)/spineforge train $(OPTIONS)

test: setup  ## lint, types and tests (pip alone)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal -m "not extra"

test-extra: setup  ## tests that need more than pip: a browser, other people's clients
	bash tests/extra/install.sh
	$(BIN)/pytest -m extra

format: $(INSTALLED)  ## format and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## seconds a stage, the fit beside OpenSim, drawing, people a second, faults, fuzz (long)
	$(BIN)/python benchmarks/stages.py
	$(BIN)/python -m benchmarks.fit
	$(BIN)/python benchmarks/raster.py
	$(BIN)/python benchmarks/render.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python -m benchmarks.fuzz --cases 20000

clean:  ## remove runs (the environment and the body cache stay; `make distclean` removes them too)
	rm -rf runs

distclean: clean
	rm -rf $(VENV) .cache
