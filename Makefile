# Both main targets install what they need, build the lab inside namespaces of
# their own and leave nothing behind but the cache of images and packages.

PYTHON ?= /usr/bin/python3

.PHONY: help demo test test-all canary unit lint bench bench-failover down

help:
	@echo 'make demo         the article on two machines, from bare to a moved service (KEEP=1 leaves it up)'
	@echo 'make test         lint and every test (ARGS="-k storage" for some of them)'
	@echo 'make test-all     the same, and what is repeated on more versions, in more rounds'
	@echo 'make canary       the formula on Debian testing: what comes, not what is supported'
	@echo 'make unit         the tests that need no lab'
	@echo 'make lint         ruff, salt-lint and yamllint'
	@echo 'make bench        what the engine costs, one JSON line per figure, and the table in docs/performance.md'
	@echo 'make bench-failover  how long clients stand still, both profiles and the floor (MOVES=10 each), and its table'
	@echo 'make down         take down a lab that KEEP=1 left up'

demo:
	$(PYTHON) -m tests.lab demo $(if $(KEEP),--keep)

test: lint
	$(PYTHON) -m tests.lab test $(ARGS)

test-all: lint
	$(PYTHON) -m tests.lab test --all $(ARGS)

canary:
	$(PYTHON) -m tests.lab test --canary tests/functional tests/integration $(ARGS)

unit:
	$(PYTHON) -m tests.lab test tests/unit $(ARGS)

lint:
	$(PYTHON) -m tests.lab lint

bench:
	$(PYTHON) -m tests.lab run $(PYTHON) -m tests.bench docs/performance.md

bench-failover:
	$(PYTHON) -m tests.lab run $(PYTHON) -m tests.bench.failover $(if $(MOVES),--moves $(MOVES)) docs/performance.md

down:
	$(PYTHON) -m tests.lab down
