# Two commands matter: `make book` builds and executes the book, `make test` checks everything.
# Both prepare what they need in .venv and work on a fresh machine with Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin
# The modules whose shape annotations are checked at every call of the tests.
CHECKED := mha_book._checks,mha_book.attention,mha_book.cache,mha_book.data.batches,mha_book.decoding,mha_book.language_model,mha_book.layers,mha_book.masks,mha_book.parts,mha_book.positions,mha_book.scaled_dot_product,mha_book.sublayers,mha_book.transformer,mha_book.variants.additive,mha_book.variants.blockwise,mha_book.variants.linear
.DEFAULT_GOAL := help
.PHONY: help book i18n notebooks nbval test serve bench bench-gpu lint types unit check-book rehearse audit pictures lock clean python setup setup-dev

help: ## Say what can be made
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
	  || grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST)

book: setup ## Build both editions into _build/html (LANGUAGES=en: English alone)
	@$(BIN)/python -m tools.build_book $(if $(LANGUAGES),--languages "$(LANGUAGES)")

i18n: setup ## Bring the catalogues of the Chinese edition up to date with the pages
	@$(BIN)/python -m tools.i18n update
	@$(BIN)/python -m tools.i18n status || true

notebooks: book ## Write notebooks/ anew from the built book, in both languages
	@$(BIN)/python -m tools.notebooks

nbval: setup-dev ## Run every English notebook and compare its outputs with those it stores
	@OMP_NUM_THREADS=1 $(BIN)/pytest --nbval --nbval-current-env --nbval-cell-timeout 900 -n 2 --dist loadfile \
	  -p tests.notebooks.nbval_text --nbval-sanitize-with tests/notebooks/sanitise.cfg -q notebooks/en

test: setup-dev lint types unit book check-book nbval rehearse ## Check everything: style, types, tests, book, notebooks

serve: setup-dev ## Open the book on localhost and rebuild it on change
	@$(BIN)/python -m tools.serve

bench: setup-dev ## Time attention, training and decoding against other implementations
	@$(BIN)/python -m experiments.bench_attention
	@$(BIN)/python -m experiments.bench_training
	@$(BIN)/python -m experiments.bench_decoding

bench-gpu: setup-dev ## Time a training step on a GPU, beside other implementations and torch.compile
	@$(BIN)/python -m experiments.bench_gpu

lint: setup-dev ## Check style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup-dev ## Check types
	@$(BIN)/mypy

unit: setup-dev ## Run the tests of the package and the tools, with coverage
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --cov -m "not book and not browser and not rehearsal" \
	  --jaxtyping-packages=$(CHECKED),beartype.beartype

check-book: setup-dev ## Check the built book: numbering, figures, links, offline in a browser
	@$(BIN)/pytest -m "book or browser"

rehearse: setup-dev ## Run some notebooks as Colab would, in an environment without the book
	@$(BIN)/pytest -m rehearsal tests/notebooks
	@$(BIN)/python -m tools.notebooks.rehearse

audit: setup-dev ## Check what is slow: every notebook as Colab would run it, with a record
	@$(BIN)/python -m tools.notebooks.rehearse --all --record

pictures: setup-dev ## Take pictures of all built pages: light, dark, phone
	@$(BIN)/python tools/look.py --all

lock: setup-dev ## Renew constraints.txt from what is installed
	@$(BIN)/python tools/bootstrap.py --lock

clean: ## Remove everything that was built, the virtual environment included
	rm -rf _build .venv conf.py .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis

python:
	@command -v $(PYTHON) >/dev/null 2>&1 || \
	  { echo "error: $(PYTHON) was not found; install Python 3.11 or newer, or set PYTHON=..." >&2; exit 1; }

setup: python
	@$(PYTHON) tools/bootstrap.py requirements.txt

setup-dev: python
	@$(PYTHON) tools/bootstrap.py requirements-dev.txt
