# The two commands of the README, and the developers' checks. Python >= 3.11, make and git are all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
# Source distributions are built in an environment of their own: the setup.py of seqeval wants newer tools than Debian 12's
export PIP_USE_PEP517 := 1
# Containers' images often set it; hundreds of jobs would each compile the workflow's modules anew
unexport PYTHONDONTWRITEBYTECODE
# CONFIRM=yes lets clean-cache remove what it else only tells
CONFIRM ?=
# The study: the laboratory, or another configuration, for example CONFIG=config/mini.yaml
CONFIG ?= config/config.yaml
ifeq ($(wildcard $(CONFIG)),)
$(error There is no file CONFIG=$(CONFIG); there are $(filter-out %.lock.yaml,$(wildcard config/*.yaml config/studies/*.yaml)))
endif
# An index with PyTorch's CPU builds (its URL stands on PyTorch's "Get started" page). Without it Linux users get pip's
# default build, which brings CUDA.
TORCH_INDEX ?=
# Further options of pip-audit, for example AUDIT='--vulnerability-service osv'
AUDIT ?=
# The tests that `make coverage` measures; all if it is not given
TESTS ?=

comma := ,
# Files in the order of tests/conftest.py, the longest first; xdist's own order is by number of tests
ALL_TESTS := pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not cluster"

.DEFAULT_GOAL := help
.PHONY: help run plan studies bundle submission publish watch clean-cache restore-cache test test-cluster check audit coverage mutation format docs site \
  clean-environment

help: ## This text
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

run: $(VENV)/.run ## Create the environment and run a study (CONFIG=, the laboratory if it is not given)
	$(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG)

plan: $(VENV)/.run ## Say what a study takes before it runs: jobs, FLOPs, GPU-hours, disk (CONFIG=; PLAN= further options)
	@$(BIN)/python -m workflow.scripts.plan_study --config $(CONFIG) $(PLAN)

studies: $(VENV)/.run ## Run the studies of a configuration (CONFIG=, STUDY= names one): design, estimates, verdict
	$(BIN)/snakemake $(if $(STUDY),study_$(STUDY),studies) --cores $(CORES) --configfile $(CONFIG)

bundle: $(VENV)/.run ## Collect all data and models that a study needs (CONFIG=) into a folder for an offline machine
	$(BIN)/snakemake bundle --cores $(CORES) --configfile $(CONFIG)

submission: $(VENV)/.run ## Write XTREME's submission folders of a study (CONFIG=; MODEL=, SOURCE=, SEED= name one, else all)
	$(BIN)/snakemake submission --cores $(CORES) --configfile $(CONFIG) $(if $(MODEL)$(SOURCE)$(SEED),--config \
	  'submission={$(if $(MODEL),model: $(MODEL)$(comma) )$(if $(SOURCE),source: $(SOURCE)$(comma) )$(if $(SEED),seed: $(SEED))}')

publish: $(VENV)/.run ## Prepare intermediate checkpoints for the Hub (CONFIG=; MODEL=, SOURCE=, SEED= name one, else all)
	$(BIN)/snakemake publish --cores $(CORES) --configfile $(CONFIG) $(if $(MODEL)$(SOURCE)$(SEED),--config \
	  'publish={$(if $(MODEL),model: $(MODEL)$(comma) )$(if $(SOURCE),source: $(SOURCE)$(comma) )$(if $(SEED),seed: $(SEED))}')

watch: $(VENV)/.run ## Show the running jobs, until Ctrl-C
	@$(BIN)/python -m workflow.scripts.watch_jobs

clean-cache: $(VENV)/.run ## Say what a finished study (CONFIG=) can do without, and what that costs; CONFIRM=yes removes it
	@$(BIN)/python -m workflow.scripts.clean_cache --config $(CONFIG) $(CLEAN) $(if $(filter yes,$(CONFIRM)),--remove)

restore-cache: $(VENV)/.run ## Make again what clean-cache has removed (CONFIG=), so that a study can be extended
	$(BIN)/python -m workflow.scripts.restore_cache --config $(CONFIG) --cores $(CORES)

test: $(VENV)/.dev ## Create the environment and run all tests and checks
	$(MAKE) --no-print-directory check
	$(BIN)/python -m $(ALL_TESTS)

test-cluster: $(VENV)/.cluster ## The tests of Slurm and other executors; needs slurm-wlm, munge and root for the former
	PYTHONPATH=$(VENV)/kubernetes $(BIN)/python -m pytest -m cluster

coverage: $(VENV)/.quality ## Which lines the tests do not reach; fails below 90 % (TESTS= names some tests)
	rm -rf .coverage
	mkdir .coverage
	$(BIN)/python -m coverage run -m $(ALL_TESTS) $(TESTS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

# A survivor is a change that no test notices: a gap, or a change that makes no difference (CONTRIBUTING.md)
mutation: $(VENV)/.quality ## Change operators and numbers in metrics and statistics one by one, and see whether a test fails
	$(BIN)/python -m mutmut run
	$(BIN)/python -m mutmut results

check: $(VENV)/.dev ## Format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

# --strict: a package that could not be asked about is a failure. Of one group that has a hash all must have one; kubernetes
# pins other versions than run, hence groups
audit: $(VENV)/.audit ## Ask for known vulnerabilities of all pinned packages; needs a network
	@status=0; for group in "torch run dev cluster" kubernetes audit; do \
	  $(VENV)/audit/bin/python -m pip_audit --strict --disable-pip --no-deps --progress-spinner off \
	  $$(printf -- '-r requirements/%s.txt ' $$group) $(AUDIT) || status=1; done; exit $$status

format: $(VENV)/.dev ## Put the sources into their canonical format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile workflow

docs: $(VENV)/.run ## Write config/README.md from the schema, docs/reference/ from the registries
	$(BIN)/python -m workflow.scripts.describe_config
	$(BIN)/python -m workflow.scripts.describe_registries

site: $(VENV)/.site ## Build the documentation as a site in site/; loads nothing from elsewhere
	NO_MKDOCS_2_WARNING=1 $(VENV)/site/bin/mkdocs build --strict

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, found $$($(PYTHON) --version). Name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.created requirements/torch.txt requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  $(if $(TORCH_INDEX),--no-deps --retries 0 --extra-index-url $(TORCH_INDEX)) -r requirements/torch.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/torch.txt -r requirements/run.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@touch $@

$(VENV)/.quality: $(VENV)/.dev requirements/quality.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/quality.txt
	@touch $@

# Kubernetes' packages want older versions of some that run.txt pins: they lie in a folder of their own
$(VENV)/.cluster: $(VENV)/.dev requirements/cluster.txt requirements/kubernetes.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/cluster.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/kubernetes \
	  -r requirements/kubernetes.txt
	@touch $@

# The documentation's packages want other versions of some that run.txt pins: they have an environment of their own
$(VENV)/.site: $(VENV)/.created requirements/site.txt
	$(PYTHON) -m venv $(VENV)/site
	$(VENV)/site/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/site.txt
	@touch $@

# An environment of its own, so that its packages are none of the workflow's
$(VENV)/.audit: $(VENV)/.created requirements/audit.txt
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/audit.txt
	@touch $@

clean-environment: ## Remove the environment, never results
	rm -rf $(VENV)
