# The two commands are `make demo` and `make test`; everything else is plain Snakemake from .venv.
# CORES=4 limits the cores of a run, PYTEST='-k trials' hands arguments to pytest; PYTEST='-n 0'
# runs the tests in one process, in the same order.
CORES ?= all
PYTEST ?=
SNAKEMAKE := .venv/bin/snakemake
export CXX
SHELL := bash
# Snakemake keeps a cache in the home directory; where that cannot be written, it lies here.
CACHE := $${XDG_CACHE_HOME:-$$HOME/.cache}
ifneq ($(shell mkdir -p "$(CACHE)" 2>/dev/null && test -w "$(CACHE)" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

.DEFAULT_GOAL := help
.PHONY: help demo test quick report site env env-test env-site lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: env ## build the environment, run the embedded default to figures and results/report.zip
	@$(MAKE) --no-print-directory report

# Three workers on two cores: tests of Slurm, of servers and of killed runs wait most of the time.
test: env-test ## the same environment with the test tools, then pytest on three workers
	@.venv/bin/python -m pytest --numprocesses 3 $(PYTEST)

# What takes seconds is marked `slow`; pytest names what takes five and is not.
QUICK := not compiles and not pipeline and not process and not slow
quick: env-test ## unit tests that compile nothing and start no process: a minute or two
	@.venv/bin/python -m pytest --numprocesses 2 tests/unit -m '$(QUICK)' \
	    --durations 5 --durations-min 5 $(PYTEST)

# One line a finished job; from the first error on, all that Snakemake says.
# mawk, which Debian and Ubuntu have, reads a pipe by 4 KB, several jobs at once, unless told otherwise.
AWK := awk$(if $(shell awk -W version </dev/null 2>&1 | grep '^mawk'), -W interactive)
STEPS := /^Finished jobid/ { rule = $$NF; sub(/\)/, "", rule) } \
	/^[0-9]+ of [0-9]+ steps/ { print "report:", $$0, "(" rule ")"; fflush() } \
	/[Ee]rror|Exception/ { failed = 1 } failed || /^spikedrift:/
# A report that is dated in the future, since the clock was put back, looks newer than all of it.
report: ## figures and results/report.zip from the environment that stands
	@.venv/bin/python workflow/unlock.py --quiet
	@set -o pipefail; $(SNAKEMAKE) --cores $(CORES) 2>&1 | (trap '' INT; exec $(AWK) '$(STEPS)')
	@if [ ! -f results/report.zip ] || [ -n "$$(find results/report.zip -newermt now)" ] || \
	    [ -n "$$(find results config workflow Snakefile -type f \
	    -newer results/report.zip ! -path 'results/logs/*' -print -quit)" ]; then \
	    $(SNAKEMAKE) --report-stylesheet workflow/report/report.css \
	    --report results/report.zip >results/logs/report.log 2>&1 || \
	    { cat results/logs/report.log; exit 1; }; fi
	@echo "report: results/report.zip; what was found: results/findings.html"

# -W: a warning is an error, and so is a link within the project that leads nowhere.
site: env-site ## the documentation as pages of HTML: site/index.html, of docs/ and the like
	@.env-stamps/site/bin/sphinx-build --quiet -W --keep-going -c docs/site -d .env-stamps/pages . site
	@echo "site: site/index.html"

env: ## .venv from envs/core.lock.txt
	@sh envs/sync.sh core

env-test: ## .venv from envs/test.lock.txt, which holds all of core
	@sh envs/sync.sh test

env-site: ## .env-stamps/site from envs/site.lock.txt, which holds nothing of core
	@sh envs/site.sh

COMPILE := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate
CORE := --python-version 3.12 pyproject.toml
lock: env ## resolve all locks anew; UPGRADE=--upgrade takes the newest versions
	@$(COMPILE) $(UPGRADE) $(CORE) --output-file envs/core.lock.txt >/dev/null
	@$(COMPILE) $(UPGRADE) $(CORE) --group test --constraint envs/core.lock.txt \
	    --output-file envs/test.lock.txt >/dev/null
	@$(COMPILE) $(UPGRADE) --python-version 3.12 --group pyproject.toml:site \
	    --constraint envs/core.lock.txt --output-file envs/site.lock.txt >/dev/null
	@$(COMPILE) $(UPGRADE) --python-version 3.11 envs/allensdk.in \
	    --output-file envs/allensdk.lock.txt >/dev/null
	@$(COMPILE) $(UPGRADE) --python-version 3.12 envs/bayesflow.in \
	    --output-file envs/bayesflow.lock.txt >/dev/null
	@echo "lock: envs/{core,test,site,allensdk,bayesflow}.lock.txt (envs/*.yaml are kept equal by hand)"
