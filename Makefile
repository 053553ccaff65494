# Every command of this repository. Each does its own set-up, once: `make run` on a fresh machine serves the page.
.DELETE_ON_ERROR:
.PHONY: help install run test proof check lint types js bench shots golden clean

PYTHON_FILES := app tests
BIN := .venv/bin
# The environment's node goes first: the system needs none.
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
# Every package at the version that was tested. torch comes through pip alone: other installers would
# look elsewhere and may bring a build with gigabytes of GPU libraries.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt

# `make run PORT=9000 HOST=0.0.0.0`, or the same names in the environment.
HOST ?= 127.0.0.1
PORT ?= 8000
export HOST PORT

help:
	@echo 'make run      serve the page on http://$(HOST):$(PORT)'
	@echo 'make test     every test, browser tests included'
	@echo 'make proof    CONFIGURATIONS=20000 generated runs beside plain PyTorch, ONNX Runtime and Keras'
	@echo 'make check    formatting, types, import rules and every test'
	@echo 'make lint     the checks that run no test      make types, make js: parts of it'
	@echo 'make bench    the figures, each as a ratio     make shots: the pictures in docs/'
	@echo 'make golden   the golden scenes anew, which are the gallery'
	@echo 'make install  the set-up alone                 make clean: remove what the checks left'

# --- set-up: a stamp for each step, so that it runs once -------------------------------------------

.venv/bin/python:
	@sh .ci/python

# torch first and pinned, so that no other package can ask for a newer one.
.venv/.run-stamp: pyproject.toml constraints.txt | .venv/bin/python
	@echo 'Installing what Unrolled runs on (once; torch is large) …'
	@$(PIP) torch
	@$(PIP) --editable .
	@touch $@

.venv/.dev-stamp: .venv/.run-stamp
	@echo 'Installing what the checks need (once) …'
	@$(PIP) --editable '.[dev]'
	@touch $@

.venv/.chromium-stamp: .venv/.dev-stamp
	@sh .ci/chromium
	@touch $@

.venv/.js-stamp: tests/js/package.json tests/js/package-lock.json .venv/.dev-stamp
	@echo 'Installing the JavaScript checkers (once) …'
	@cd tests/js && $(NODE) npm ci --silent
	@touch $@

install: .venv/.run-stamp .venv/.dev-stamp .venv/.chromium-stamp .venv/.js-stamp

# --- what people run -------------------------------------------------------------------------------

run: .venv/.run-stamp
	@exec $(BIN)/python -m app serve

test: install
	$(NODE) node --test --test-reporter=dot 'tests/js/*.test.js'
	@# one thread a process: small tensors would only wait for a second one
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

# Many more generated runs than the tests have time for: `make proof CONFIGURATIONS=100000`.
CONFIGURATIONS ?= 20000
proof: .venv/.dev-stamp
	UNROLLED_TEST_CONFIGURATIONS=$(CONFIGURATIONS) $(BIN)/python -m pytest --timeout 0 \
		tests/test_core_values.py tests/test_referee_onnx.py tests/test_referee_keras.py

bench: install
	@$(BIN)/python -m tests.bench.bench

shots: install
	@$(BIN)/python -m tests.shots

# The runs of the gallery, then their drawings; tests compare both with what they would be now.
golden: .venv/.js-stamp
	@$(NODE) $(BIN)/python -m tests.golden

# --- the checks ------------------------------------------------------------------------------------

check: lint
	@$(MAKE) --no-print-directory test

lint: types js
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/ruff format --check $(PYTHON_FILES)

types: .venv/.dev-stamp
	$(BIN)/mypy

js: .venv/.js-stamp
	$(NODE) tests/js/node_modules/.bin/tsc --project tests/js/tsconfig.json
	$(NODE) tests/js/node_modules/.bin/eslint --config tests/js/eslint.config.js --max-warnings 0 static/js tests/js tests/bench

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results tests/js/node_modules .venv/.js-stamp
	find app tests -name __pycache__ -type d -prune -exec rm -rf {} +
