# Everything here works on a fresh machine with Python 3.11, git and make. ARGS goes to the command that a target runs.

VENV := .venv
READY := $(VENV)/.ready
ARGS ?=
WORKERS ?= 2
VERSION ?= local
DATA ?=
CODE := services shared deploy bench tests
# No addresses of package indexes in the repository; uv.lock could not do without.
COMPILE := UV_PYTHON_DOWNLOADS=never $(VENV)/bin/uv pip compile --quiet --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header

.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint bench env image prove-compose sbom audit lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with all that the other targets need

$(READY): deploy/local/setup pyproject.toml requirements/bootstrap.txt requirements/dev.txt
	@deploy/local/setup
	@touch $@

demo: $(READY) ## Load the sample data through all services and serve it: ARGS="--once --json FILE"
	@$(VENV)/bin/crimemaps demo $(ARGS)

up: $(READY) ## The same without sample data, against the real API: ARGS="--source URL"
	@$(VENV)/bin/crimemaps up $(ARGS)

test: $(READY) ## Run the whole test suite, WORKERS at a time: ARGS="tests/unit -k gate"
	@deploy/local/browser
	@deploy/local/promtool
	TMPDIR=$$(deploy/local/test_folder) $(VENV)/bin/pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: $(READY) ## Check style, types and import contracts
	$(VENV)/bin/ruff check $(CODE)
	$(VENV)/bin/ruff format --check $(CODE)
	$(VENV)/bin/mypy --strict $(CODE)
	$(VENV)/bin/lint-imports

bench: $(READY) ## Measure against the straightforward ways: DATA=folder with the published months
	@$(VENV)/bin/python -m bench --data "$(DATA)" $(ARGS)

env: ## Make .env with the passwords that compose.yaml asks for
	@deploy/compose/make_env

image: ## Build both images for this machine's Docker engine: VERSION=local
	docker build --target runtime --tag crimemapsuk/runtime:$(VERSION) .
	docker build --target reporter --tag crimemapsuk/reporter:$(VERSION) .

prove-compose: $(READY) ## Prove compose.yaml, from images to killed containers; as root where no engine runs
	@deploy/prove_compose

sbom: $(READY) ## Write dist/sbom.json: what of Python is in the image, as CycloneDX
	@deploy/sbom

audit: $(READY) ## Look for known vulnerabilities of what is in the image; needs the internet
	@deploy/audit

lock: $(READY) ## Resolve the dependencies of pyproject.toml anew into requirements/
	$(COMPILE) --upgrade --extra local pyproject.toml -o requirements/local.txt
	$(COMPILE) --upgrade --extra local --extra dev pyproject.toml -o requirements/dev.txt
	$(COMPILE) --upgrade pyproject.toml -o requirements/runtime.txt
	for name in bootstrap build compose sbom; do \
		$(COMPILE) --upgrade requirements/$$name.in -o requirements/$$name.txt; done

clean: ## Remove .venv and caches; loaded data (.var) stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +
