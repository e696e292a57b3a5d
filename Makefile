# The two commands are `make demo` and `make test`; everything else is plain Snakemake from .venv.
# CORES=4 limits the cores of a run, PYTEST='-k trials' hands arguments to pytest.
CORES ?= all
PYTEST ?=
SNAKEMAKE := .venv/bin/snakemake
export CXX

.DEFAULT_GOAL := help
.PHONY: help demo test report env env-test lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: env ## build the environment, run the embedded default to figures and results/report.zip
	@$(MAKE) --no-print-directory report

test: env-test ## the same environment with the test tools, then pytest
	@.venv/bin/python -m pytest $(PYTEST)

report: ## figures and results/report.zip from the environment that stands
	@.venv/bin/python workflow/unlock.py
	@echo "report: running the workflow (cores: $(CORES))"
	@$(SNAKEMAKE) --cores $(CORES) --quiet host rules reason
	@if [ ! -f results/report.zip ] || [ -n "$$(find results config workflow Snakefile \
	    -type f -newer results/report.zip -print 2>/dev/null | head -n 1)" ]; then \
	    $(SNAKEMAKE) --report results/report.zip --quiet all; fi
	@echo "report: results/report.zip"

env: ## .venv from envs/core.lock.txt
	@sh envs/sync.sh core

env-test: ## .venv from envs/test.lock.txt, which holds all of core
	@sh envs/sync.sh test

COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
	--no-header --no-annotate pyproject.toml
lock: env ## resolve both locks anew; UPGRADE=--upgrade takes the newest versions
	@$(COMPILE) $(UPGRADE) --output-file envs/core.lock.txt >/dev/null
	@$(COMPILE) $(UPGRADE) --group test --constraint envs/core.lock.txt \
	    --output-file envs/test.lock.txt >/dev/null
	@echo "lock: envs/core.lock.txt envs/test.lock.txt (envs/core.yaml is kept equal by hand)"
