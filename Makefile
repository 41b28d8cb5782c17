# Two commands do everything: `make demo` and `make test`. Both make their own virtual environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint docs bench smoke clean

$(BIN)/carbon: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.test: $(BIN)/carbon
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,lint]"
	touch $@

$(VENV)/.docs: $(BIN)/carbon
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	touch $@

$(VENV)/.bench: $(BIN)/carbon
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[bench]"
	touch $@

demo: $(BIN)/carbon
	$(BIN)/carbon run examples/quarterly

test: $(VENV)/.test
	$(BIN)/python -m pytest -q

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "the manual: site/index.html"

bench: $(VENV)/.bench
	$(BIN)/python -m pytest benchmarks/perf --benchmark-enable --benchmark-only --benchmark-json=$(VENV)/bench.json -q
	$(BIN)/python -m benchmarks.perf.report $(VENV)/bench.json benchmarks/perf/README.md

smoke: $(VENV)/.bench
	$(BIN)/python -m pytest benchmarks/perf -q

clean:
	rm -rf $(VENV) build dist site
