# make demo, make test: each makes the environment it needs first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN ?= runs/demo

DATA ?= ../shared/data
SPIKINGJELLY := .venvs/spikingjelly

.PHONY: demo test lint docs reproduce-isbi bench-conversion clean
.DEFAULT_GOAL := demo

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt torch
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev,docs]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/spikeseg demo --out $(RUN) --overwrite

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest -n 2

docs: $(VENV)/.installed
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

# About 25 minutes on two cores; keeps the figures that README.md quotes.
reproduce-isbi: $(VENV)/.installed
	$(BIN)/spikeseg run configs/isbi-unet.yaml --data.root $(DATA)/isbi2012 --out runs/isbi --overwrite
	cp runs/isbi/metrics.json results/isbi-unet.json

$(SPIKINGJELLY)/.installed: pyproject.toml constraints.txt environments/spikingjelly.txt
	$(PYTHON) -m venv $(SPIKINGJELLY)
	$(SPIKINGJELLY)/bin/pip install --quiet -c constraints.txt torch
	$(SPIKINGJELLY)/bin/pip install --quiet --no-deps -r environments/spikingjelly.txt
	$(SPIKINGJELLY)/bin/pip install --quiet -c constraints.txt -e . pytest
	touch $@

# SpikingJelly's recipes on the run in $(RUN), that of `make demo` unless it is given.
bench-conversion: $(SPIKINGJELLY)/.installed
	$(SPIKINGJELLY)/bin/python -m pytest benchmarks/conversion
	$(SPIKINGJELLY)/bin/python -m benchmarks.conversion.measure_rivals $(RUN) --out $(RUN)-rivals.json

clean:
	rm -rf $(VENV) .venvs docs/_build runs
