# `make demo` and `make test` are the two commands; each sets itself up.
.PHONY: demo test lint setup lock clean help

BIN := .venv/bin

help:
	@echo "make demo    set up, start the local servers, ingest, train, recommend (DEMO_FLAGS='--posters DIR')"
	@echo "make test    set up, check the style and the types, run every test"
	@echo "make lint    the style and the types alone"
	@echo "make lock    write requirements.lock anew from pyproject.toml (needs uv)"
	@echo "make clean   stop the local servers and remove the virtual environment"

setup:
	@./scripts/setup.sh

demo: setup
	@$(BIN)/mmkg demo $(DEMO_FLAGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest $(TEST_FLAGS)

lock:
	uv pip compile --quiet --universal --python-version 3.10 --extra dev --generate-hashes --no-emit-index-url \
		--no-header --output-file requirements.lock pyproject.toml

clean:
	@[ ! -x $(BIN)/mmkg ] || $(BIN)/mmkg down
	rm -rf .venv
