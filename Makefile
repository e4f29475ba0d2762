# Everything starts here. Needed: Python 3.11 or newer with venv, and make.
#
#   make run     set up, then a fax call from one simulated machine to another, with its report
#   make test    set up, then every test
#   make check   style, types, import rules
#   make soak    every test with its full counts (hours)
#   make setup   only the set-up

SHELL := /bin/sh
.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
.PHONY: setup run test check soak peers lock clean

PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMPS := $(VENV)/stamps
# Test processes side by side. Tests that keep real time run afterwards, one at a time.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PYTEST_ARGS ?=

PEERS := libspandsp2 kamailio sip-tester tshark chromium poppler-utils libtiff-tools jbigkit-bin
KERNELS := $(wildcard $(foreach room,dsp modems t4 media,firmware_sim/$(room)/*.py))

# A virtual environment knows where it lives: one that was copied here or whose Python is gone is made anew,
# and so is one in which an installation was cut short.
ifneq ($(wildcard $(STAMPS)/home),)
ifneq ($(shell cat $(STAMPS)/home 2>/dev/null; test -x $(PY) || echo gone),$(CURDIR))
$(shell rm -rf $(STAMPS))
endif
endif
ifneq ($(wildcard $(STAMPS)/unfinished),)
$(shell rm -f $(STAMPS)/venv $(STAMPS)/packages)
endif

setup: $(STAMPS)/warm

run: setup
	@$(BIN)/rig run

test: setup peers
	@$(PY) -m pytest -n $(JOBS) -m "not soak and not live" $(PYTEST_ARGS)
	@$(PY) -m pytest -m "live and not soak" $(PYTEST_ARGS)

soak: setup peers
	@RIG_SOAK=1 $(PY) -m pytest -m "" --timeout 0 $(PYTEST_ARGS)

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(PY) -m pytest tests/style

$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with venv found. On Debian: apt install python3 python3-venv." \
		"Elsewhere name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "[1/4] Making a virtual environment in $(VENV)"
	@if [ -e $(STAMPS)/unfinished ] || ! $(PY) -c "" 2>/dev/null; then rm -rf $(VENV); fi
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && printf '%s\n' "$(CURDIR)" >$(STAMPS)/home && rm -f $(STAMPS)/unfinished && touch $@

$(STAMPS)/packages: requirements.lock | $(STAMPS)/venv
	@echo "[2/4] Installing the locked packages, each checked by its hash (a minute or three)"
	@touch $(STAMPS)/unfinished
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input --no-compile --no-deps --require-hashes -r requirements.lock || { \
		echo "The packages could not be installed. The lines above say why; 'make setup' tries again." >&2; exit 1; }
	@rm -f $(STAMPS)/unfinished && touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/packages
	@echo "[3/4] Installing this project in place"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/warm: $(STAMPS)/project $(KERNELS)
	@if [ -e rig/warm.py ]; then \
		echo "[4/4] Compiling the signal-processing kernels (once)"; $(PY) -m rig.warm; fi
	@touch $@

# Programs that the peer tests talk to. A test whose program is missing is skipped and says so.
peers:
	@missing=""; for p in $(PEERS); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q "ok installed" || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then as=""; elif sudo -n true 2>/dev/null; then as="sudo -n"; \
	else echo "Not installed:$$missing. Tests that need them will be skipped (root could run: apt install$$missing)."; exit 0; fi; \
	command -v apt-get >/dev/null || { echo "No apt-get here; tests that need$$missing will be skipped."; exit 0; }; \
	echo "Installing the programs that the peer tests talk to:$$missing"; \
	log=$(STAMPS)/apt.log; options="-qq -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o DPkg::Lock::Timeout=60"; \
	{ $$as apt-get $$options update && $$as env DEBIAN_FRONTEND=noninteractive \
		apt-get $$options install -y --no-install-recommends $$missing; } >$$log 2>&1 \
	|| echo "Could not install them all (see $$log); tests that need them will be skipped."; \
	case "$$missing" in *kamailio*) if [ -d /run/systemd/system ]; then \
		$$as systemctl disable --now kamailio >/dev/null 2>&1 || true; fi ;; esac

lock:
	@$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --output-file requirements.lock

clean:
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
