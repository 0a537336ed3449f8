.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PRET := $(VENV)/.installe
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
DEMO_PORT ?= 8000
UV_COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

N ?= 200000
GRAINE ?= 1
FOIS ?= 100
PANNES ?=

.PHONY: help setup demo test check format openapi grafana dessin bench bench-court bench-surcharge bench-croissance fuzz pannes bascules lock clean

help: ## Say what each target does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(PRET) ## Make the virtual environment with the locked versions

$(PRET): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make setup PYTHON=python3.12"; exit 1; }
	@umask 022; $(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: on Debian, apt-get install python3-venv"; exit 1; }
	umask 022; $(PIP) install --no-deps --require-hashes -r requirements.lock
	umask 022; $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: $(PRET) ## Show the example: service on 127.0.0.1:8000 (DEMO_PORT), traces sent, bilan printed (DEMO_EXIT=1: then stop)
	$(BIN)/traces-postes demo --port $(DEMO_PORT)

test: $(PRET) ## Run the whole test suite on a real PostgreSQL
	$(BIN)/pytest

check: $(PRET) ## Lint, types and import boundaries
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(PRET) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: $(PRET) ## Write the API's description to openapi/, as the code has it
	$(BIN)/python -m openapi

grafana: $(PRET) ## Write Grafana's dashboards to deploy/grafana/dashboards, as the code has them
	$(BIN)/python -m deploy.grafana

dessin: $(PRET) ## Draw the life of a présérie anew in docs/cycle.md, as the code has it
	$(BIN)/python -m app.etapes.dessin docs/cycle.md

bench-croissance: $(PRET) ## Measure what grows with the number of traces: 10 thousand, 1 and 10 million (half an hour)
	$(BIN)/python -m bench.croissance

bench: $(PRET) ## Measure the write path against a textbook endpoint and the bare database
	$(BIN)/python -m bench

bench-court: $(PRET) ## The same with fewer contenders and shorter turns
	$(BIN)/python -m bench --tours 2 --duree 3 --echauffement 1 --concurrents manuel,unitaires,unitaires-2,tableaux,tableaux-2,instruction,copie

bench-surcharge: $(PRET) ## Send three times what the service can take, for a minute
	$(BIN)/python -m bench.surcharge

fuzz: $(PRET) ## Throw hostile requests at a real server: make fuzz N=200000 GRAINE=1
	$(BIN)/python -m tests.fuzz $(N) $(GRAINE)

pannes: $(PRET) ## Break everything under a service while clients send: make pannes FOIS=100 PANNES='ouvrier disque'
	$(BIN)/python -m tests.pannes $(FOIS) $(PANNES)

bascules: FOIS := $(if $(filter command line environment,$(origin FOIS)),$(FOIS),10)
bascules: $(PRET) ## Lose the primary of a PostgreSQL cluster under load, FOIS=10 times (needs etcd)
	$(BIN)/python -m tests.patroni $(FOIS)

lock: ## Renew requirements.lock, then requirements-run.lock (the service alone), as pyproject.toml admits (needs uv)
	$(UV_COMPILE) --upgrade --group dev --extra telemetrie pyproject.toml -o requirements.lock
	$(UV_COMPILE) --constraints requirements.lock --extra telemetrie pyproject.toml -o requirements-run.lock

clean: ## Remove the virtual environment and the demo's data
	rm -rf $(VENV) .data
