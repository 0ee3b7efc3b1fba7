# `make demo` and `make test` are the two commands of the README; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON_BIN := .venv/bin/python
RELEASE ?= 2026-11
# How many processes run the tests, but the story: that one wants the machine for itself.
WORKERS ?= 2
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup demo demo-down test lint gates sanity unit nightly molecule lab-binaries lab-up lab-status lab-down plan upgrade rollback status

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## the environment in .venv and build/collections (about a minute, once)
	@dev/setup.sh

demo: setup ## a whole upgrade on this machine, with live players; no AWS account
	@$(PYTHON_BIN) -m lab demo

demo-down: lab-down ## end the demo; leaves no process behind

lab-binaries: setup ## build the Kubernetes programs (about 8 minutes on 2 cores, once)
	@$(PYTHON_BIN) -m lab binaries

lab-up: setup ## start the rehearsal lab: blue on release 2026-10
	@$(PYTHON_BIN) -m lab up

lab-status: setup ## what runs in the lab
	@$(PYTHON_BIN) -m lab status

lab-down: setup ## end every process of the lab
	@$(PYTHON_BIN) -m lab down

plan: setup ## what an upgrade would do (RELEASE=2026-11); changes nothing
	@ansible-playbook playbooks/upgrade.yml -e eks_bluegreen_release=$(RELEASE) --check --diff

upgrade: setup ## move the lab to another release (RELEASE=2026-11)
	@ansible-playbook playbooks/upgrade.yml -e eks_bluegreen_release=$(RELEASE)

rollback: setup ## take traffic and sessions' destination back
	@ansible-playbook playbooks/rollback.yml

status: setup ## both slots, the run, weights and sessions
	@ansible-playbook playbooks/status.yml

lint: setup ## ruff, mypy, yamllint, ansible-lint, ansible-test sanity
	@$(MAKE) --no-print-directory --jobs --output-sync=target gates sanity

gates: setup
	@dev/lint.sh

sanity: setup
	@dev/sanity.sh

unit: setup ## the tests that need neither network nor lab
	@$(PYTHON_BIN) -m pytest tests/unit

nightly: setup ## the drain in 100,000 histories, others each time (half an hour on 2 cores; DRAIN_HISTORIES=n for n)
	@DRAIN_HISTORIES=$(or $(DRAIN_HISTORIES),100000) $(PYTHON_BIN) -m pytest \
	  --numprocesses=$(WORKERS) tests/unit/plugins/module_utils/_drain/test_histories.py

molecule: setup lab-binaries ## each role by itself, on one lab (SCENARIO=drain for one, after the steps that it needs)
	@$(if $(SCENARIO),MOLECULE_GLOB='molecule/*/molecule.yml' molecule test -s $(SCENARIO),$(PYTHON_BIN) -m pytest tests/molecule)

test: setup lint lab-binaries ## all the tests
	@$(PYTHON_BIN) -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder
	@$(PYTHON_BIN) -m pytest tests/e2e
