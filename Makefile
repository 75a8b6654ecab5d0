# `make demo` and `make test` set themselves up: nothing but Python 3.11 or later and make is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Where an environment forbids it, hundreds of commands in the tests would each compile the kit anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test quick lint build docs clean help

help:
	@echo "make demo   a pretend class of 12, graded, with feedback (in demo/)"
	@echo "make test   ruff and types, then the whole test suite"
	@echo "make quick  ruff, then the tests that start no process and build no notebook (under a minute)"
	@echo "make build  the releases from the masters in notebooks/"
	@echo "make docs   docs/check.md from the docstrings of the checks"
	@echo "make clean  removes the virtual environment and demo/"

$(READY): pyproject.toml requirements.txt
	@echo "Setting up $(VENV) (once; a few minutes, most of it downloads) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -e ".[grading,test]"
	@touch $@

demo: $(READY)
	@$(BIN)/coursekit demo

build: $(READY)
	@$(BIN)/coursekit build

docs: $(READY)
	@$(BIN)/python docs/make_check.py

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/mypy

test: lint
	@$(BIN)/python -m pytest -n auto

quick: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/python -m pytest -n auto -m "not walls and not browser and not cluster and not slow"

clean:
	rm -rf $(VENV) demo
