# Everything a developer does with Tertulia. GNU make 3.81 is enough.
#
#   make run              the server on http://127.0.0.1:8000, from nothing
#   make test             all checks and tests; what CI runs
#   make lint, make fix   look at the code; put right what a machine can
#   make bench            how fast it is here: all of it, or ARGS="one-room pairs" (ARGS=--list: what there is)
#   make bench-peers      install Django Channels and Socket.IO into build/, for `make bench` to compare with
#   make prove            the promises, tried long, into docs/proof.md (ARGS="--scale 0.5" tries half of it)
#   make screenshots      pictures of the page, into docs/images
#   make lock             pin the dependencies anew (UPGRADE=1: the newest ones)
#   make clean            take away what was made, but for ./data
#
# PYTHON=/path/to/python3.13 chooses the Python; ARGS="..." is handed to the program.

.PHONY: run test lint set-up types style scripts fix bench bench-peers prove screenshots lock clean
.DEFAULT_GOAL := run

BIN = .venv/bin
SETUP = PYTHON='$(PYTHON)' sh tools/setup
NPM = PATH="$(CURDIR)/$(BIN):$$PATH" npm
TOGETHER = $(MAKE) --no-print-directory --jobs=2

run:
	@$(SETUP) run
	@exec $(BIN)/tertulia serve $(ARGS)

test: set-up
	@$(TOGETHER) types style scripts
	@sh tools/proxies
	@sh tools/browser
	@$(BIN)/python -m compileall -q src # many tests start servers, and not every machine keeps bytecode
	$(BIN)/pytest -n 4 --dist loadgroup $(ARGS)

lint: set-up
	@$(TOGETHER) types style

set-up:
	@$(SETUP) test
	@sh tools/node

types:
	$(BIN)/mypy

style:
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo
	@$(NPM) run check --silent
	@$(NPM) run lint --silent

scripts:
	@$(NPM) test --silent

fix:
	@$(SETUP) test
	@sh tools/node
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@$(NPM) run fix --silent

bench:
	@$(SETUP) test
	$(BIN)/python bench/run.py $(ARGS)

bench-peers:
	@$(SETUP) test
	@sh bench/peers/setup

prove:
	@$(SETUP) test
	$(BIN)/python tools/prove.py $(ARGS)

screenshots:
	@$(SETUP) test
	@sh tools/browser
	$(BIN)/python tools/screenshots.py $(ARGS)

lock:
	@sh tools/lock

clean:
	rm -rf .venv node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +
