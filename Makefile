# SPDX-License-Identifier: MIT
# Everything from a fresh checkout on a fresh Debian machine: make run, make test.
PYTHON ?= python3
BIN := .venv/bin
LOCAL := reports/local
export LOCAL

# `make PACKAGES= run` installs no packages of the system's.
PACKAGES ?= yes

# Where `make run` measures: auto, host or lab, as `kbench run --target`.
TARGET ?= auto

# What a goal needs beside what builds the wheel, in groups of kbench/programs.toml.
NEEDS_run := $(if $(LAB),lab kvm extension compiler,$(shell test "$(TARGET)" != lab -a -w /dev/kvm || echo lab))
NEEDS_check := check
NEEDS_test := lab zstd kvm extension compiler confinement tree explain browser
NEEDS_test-fleet := lab
NEEDS_test-kvm := lab zstd kvm extension compiler confinement explain
NEEDS_test-kernels := lab zstd kvm extension tree explain
NEEDS_test-bochs := bochs bochs-build
NEEDS_test-explain := lab kvm extension compiler
NEEDS_test-variants := $(NEEDS_test-kvm)
NEEDS_faults := lab kvm extension compiler confinement
NEEDS_rehearse := lab rehearsal
NEEDS_rehearse-short := $(NEEDS_rehearse)
NEEDS_debug-kernel := lab tree
NEEDS_lab-gate := lab
NEEDS_lab-baseline := lab
NEEDS_reports := lab zstd kvm extension compiler
NEEDS_reports-kernels := lab zstd explain
NEEDS_reports-measure := lab zstd kvm extension compiler
# What `make run` has measured: expanded when its last commands run.
QUICK_SUITES = $$(ls -r $(LOCAL)/quick.json $(LOCAL)/mwait.json 2>/dev/null)
SOURCES := $(shell find kbench ext guests meson.build pyproject.toml -type f -not -path '*/__pycache__/*')

.DEFAULT_GOAL := help
.PHONY: help run target rehearse rehearse-short test test-kvm test-variants test-kernels test-bochs test-explain test-fleet faults fuzz soak debug-kernel venv packages check lint man dist perf lab-gate lab-baseline reports reports-measure reports-render clean

help: ## show these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run: target .venv/installed ## what exits, wake-ups and idling cost here: tables, three sentences, suites in reports/local/
	@mkdir -p $(LOCAL)
	@rm -f $(LOCAL)/quick.json $(LOCAL)/mwait.json $(LOCAL)/mwait.failed
	$(BIN)/kbench run quick --quiet --fast --target $(TARGET) -o $(LOCAL)/quick.json
	@# MWAIT idling takes the extension, and so the lab: measured where what that needs is installed.
	@# Where it fails, the rest is shown all the same, and the last line ends make with an error.
	@if .ci/packages --check lab kvm extension compiler; then \
	  $(BIN)/kbench run mwait --quiet --target lab --kvm all -o $(LOCAL)/mwait.json || touch $(LOCAL)/mwait.failed; \
	else echo "skipped the MWAIT policies: what the lab needs for them is not installed"; fi
	@$(BIN)/kbench report $(QUICK_SUITES) --force -o $(LOCAL)/report.html
	@echo; COLUMNS=80 $(BIN)/kbench answers $(QUICK_SUITES)
	@echo; echo "suites and page: $(LOCAL)/quick.json $$(ls $(LOCAL)/mwait.json 2>/dev/null) $(LOCAL)/report.html"
	@.ci/packages --check lab kvm extension compiler || echo "MWAIT policies in the lab: make run LAB=1"
	@echo "next: $(BIN)/kbench show $(LOCAL)/quick.json; $(BIN)/kbench list; $(BIN)/kbench doctor"
	@! test -e $(LOCAL)/mwait.failed || { echo "the MWAIT policies could not be measured in the lab: see above" >&2; exit 1; }

# Said before anything is installed. A /dev/kvm that one may not open is no reason for the lab.
target:
	@if [ $(TARGET) != auto ] || [ -w /dev/kvm ]; then exit 0; fi; \
	if [ ! -e /dev/kvm ]; then echo "no /dev/kvm: measuring in the lab: instructions, not time"; exit 0; fi; \
	echo "you may not open /dev/kvm, of group $$(stat -c %G /dev/kvm): sudo usermod -aG $$(stat -c %G /dev/kvm) $$(id -un), then log in again." >&2; \
	echo "make run TARGET=lab measures in the lab without it: instructions, not time." >&2; exit 2

test: venv ## run the tests against the installed wheel
	$(BIN)/pytest $(PYTEST_ARGS)

test-fleet: venv ## as root, what all leave out: a fleet in network namespaces; minutes, not in CI
	$(BIN)/pytest -m test_fleet

test-kvm: venv ## what test leaves out: the KVM extension on both kernels
	$(BIN)/pytest -m test_kvm

test-kernels: venv ## what both leave out: kernels built of git trees, bisected; not in CI, and nobody has timed it
	$(BIN)/pytest -m test_kernels

test-bochs: venv ## the lab's machine vmx, on a Bochs that is built once; minutes, not in CI
	$(BIN)/pytest -m test_bochs

test-explain: venv ## the tree of every row with stamps adds up to its count: 2 to 10 CPU seconds a row; not in CI
	$(BIN)/pytest -m test_explain tests/explain

test-variants: venv ## what test-kvm has a sample of: each mechanism alone, each patch of a series, each old bug; not in CI
	$(BIN)/pytest -m test_variants

faults: venv ## faults injected into every command, 1,000 by default; FAULTS='--seed 2 --only lab'
	$(BIN)/python -P tests/faults/campaign.py $(FAULTS)

fuzz: venv ## a million damaged inputs for every reader of bytes that may be anybody's: minutes
	$(BIN)/python -P tests/faults/fuzz.py $(FUZZ)

soak: venv ## an hour of mixed commands: what they hold over time, as reports/local/soak.svg; SOAK='--minutes 15'
	$(BIN)/python -P tests/faults/soak.py $(SOAK)

rehearse: venv ## the first day on hardware: kbench on emulated hosts with SVM, as root the first time; REHEARSE='--only plain'
	$(BIN)/python -P tests/rehearse/run.py $(REHEARSE)

rehearse-short: venv ## a machine of it and four benchmarks: a minute or two
	$(BIN)/pytest -m test_rehearse tests/rehearse

debug-kernel: venv ## once, some 20 minutes: a kernel with lockdep and KASAN, for a race test of test-kvm
	$(BIN)/python -P tests/ext/kvm/debug.py

venv: .venv/development ## .venv/ with the built wheel and the development tools

check: venv lint warnings-gcc warnings-clang ## lint, types, import directions, and warnings of gcc and clang
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_imports.py

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cython-lint ext

# The C of ext/, what Cython and cffi make of the rest, and the guests, at -Wall -Wextra -Werror.
warnings-%: venv
	@command -v $* >/dev/null || { echo "no $* on this machine: its warnings are unknown" >&2; exit 2; }
	@export PATH="$(CURDIR)/$(BIN):$$PATH"; mkdir -p build; \
	  test -d build/warnings-$* || CC=$* meson setup --werror build/warnings-$* >build/warnings-$*.log \
	    || { cat build/warnings-$*.log; rm -rf build/warnings-$*; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" ninja --quiet -C build/warnings-$*

man: venv ## manual pages of all commands, in build/man/
	$(BIN)/python -P -m kbench.cli._man build/man

perf: venv ## kbench's own speed, as ratios of one run: a table, and reports/local/perf.json
	@mkdir -p $(LOCAL)
	$(BIN)/python -P tests/perf.py $(LOCAL)/perf.json
	$(BIN)/python tests/report/perf.py

lab-gate: venv ## hold the lab's exact counts of this checkout against reports/baselines/lab.json
	@mkdir -p $(LOCAL)
	$(BIN)/kbench run exit floor --target lab --force -o $(LOCAL)/lab.json
	$(BIN)/kbench gate reports/baselines/lab.json $(LOCAL)/lab.json --strict

lab-baseline: venv ## renew that baseline: the commit says which counts moved, and why
	$(BIN)/kbench run exit floor --target lab --force -o reports/baselines/lab.json

# The published comparison: the RFC's benchmarks, and the round trips that its answers are held against.
RFC := reports/rfc-idle
RFC_NEW := $(LOCAL)/rfc-idle
RFC_LENGTHS := $(foreach us,20 100 500 2000 10000 50000,wake.irqfd_$(us)us@hlt wake.irqfd_$(us)us@hlt-poll-200us)
RFC_HOST := rfc $(RFC_LENGTHS) busy monitor floor exit mpstate vtl inkernel.mwait@nop inkernel.pio_out@elcr inkernel.hlt_pending@xapic
# In the lab, the rows of the report's sentences and tables. A window of a vCPU that never blocks takes
# seconds there, one of PAUSE (which TCG intercepts without end) ten times that.
RFC_BLOCK := hlt hlt-exit hlt-exit-poll hlt-exit-eventfd hlt-exit-mp-state mwait-sleep mwait-monitor
RFC_SPIN := mwait-nop mwait-exit mwait-yield mwait-resched mwait-lowprio mwait-step
RFC_IDLE := hlt-user hlt-native hlt-passthrough mwait-native spin pause-exit guest-haltpoll
RFC_BRIEF := hlt hlt-exit mwait-nop mwait-exit
RFC_FEW := floor exit inkernel.mwait@nop inkernel.pio_out@elcr inkernel.hlt_pending@xapic
RFC_stock := $(RFC_FEW) mpstate.truth@* wake.irqfd@hlt idle.poisson@hlt work.batch@hlt vtl.enter@kick vtl.return@kick
RFC_all := $(RFC_FEW) mpstate vtl \
  $(patsubst %,idle.poisson@%,$(RFC_BLOCK) $(RFC_SPIN) $(RFC_IDLE)) $(patsubst %,idle.tick250@%,$(RFC_BLOCK) hlt-user) \
  $(RFC_BLOCK:%=wake.irqfd@%) wake.eventfd@hlt-user $(patsubst %,wake.irqfd_%us@hlt,20 200 2000 20000 50000) \
  $(patsubst %,wake.%,$(foreach n,mwait-monitor mwait-monitor/2 mwait-monitor/8,store@$n store_beside@$n)) \
  wake.store_2m@mwait-monitor wake.store_beside_2m@mwait-monitor wake.store_beside@mwait-nop \
  $(patsubst %,work.batch@%,$(RFC_BLOCK) $(RFC_SPIN) hlt-user) work.batch_slice*@mwait-exit \
  $(patsubst %,work.batch_cgroups@mwait-%,nop yield lowprio) $(RFC_BRIEF:%=work.competitor@%) $(RFC_BRIEF:%=work.urgent@%) \
  $(patsubst %,hunt.%@hlt,kick flag poll byte ask) hunt.kick@hlt-exit hunt.flag@mwait-nop hunt.flag@mwait-step \
  hunt.eventfd@hlt-exit-poll $(foreach n,1 2 3,hunt.kick_$nbusy@hlt/4 hunt.ask_$nbusy@hlt/4)
RFC_LABS := lab-6.1-stock lab-6.1-all lab-6.12-stock lab-6.12-all
# The RFC as posted: what of it is in no other variant.
RFC_POSTED := lab-6.1-rfc-v1 lab-6.12-rfc-v1
RFC_POSTED_BENCHMARKS := exit.pio_out floor.immediate_exit wake.irqfd@*-rfc idle.poisson@*-rfc work.batch@*-rfc
# Each mechanism built alone, on one kernel: the exit that it must not change, and what it gives.
RFC_ALONE_userspace_exits := exit.hlt_user exit.mwait_user wake.irqfd@hlt-exit idle.poisson@mwait-exit
RFC_ALONE_mwait_yield := wake.irqfd@mwait-sleep idle.poisson@mwait-yield idle.poisson@mwait-resched
RFC_ALONE_entry_intercepts := idle.poisson@hlt-native
RFC_ALONE_idle_flag := mpstate.probe_inside@flag hunt.flag@hlt
RFC_ALONE_mwait_step := idle.poisson@mwait-step
RFC_ALONE_mwait_lowprio := idle.poisson@mwait-lowprio
RFC_ALONE_mwait_monitor := wake.irqfd@mwait-monitor wake.store@mwait-monitor
RFC_ALONE_vcpu_poll := mpstate.right@poll mpstate.right@eventfd hunt.poll@hlt
RFC_ALONE_run_mp_state := mpstate.right@byte hunt.byte@hlt
RFC_MECHANISMS := $(patsubst RFC_ALONE_%,%,$(filter RFC_ALONE_%,$(.VARIABLES)))
RFC_ALONE := $(sort $(RFC_MECHANISMS:%=lab-6.12-%))
# By kernel, the whole extension last: a page's policies are those of a place's last suite.
RFC_ORDER := $(foreach kernel,6.1 6.12,$(foreach kvm,stock rfc-v1 all,lab-$(kernel)-$(kvm))) host
RFC_SUITES = $(foreach name,$(RFC_ORDER),$(wildcard $(RFC)/suites/$(name).json))
RFC_TOLD = $(RFC_SUITES) $(foreach name,$(RFC_ALONE),$(wildcard $(RFC)/suites/$(name).json))

reports: reports-measure ## measure reports/rfc-idle/ again and render it: some 15 minutes
	cp $(RFC_NEW)/*.json $(RFC)/suites/
	$(MAKE) reports-render
	rm -r $(RFC_NEW)

reports-measure: $(patsubst %,$(RFC_NEW)/%.json,$(RFC_LABS) $(RFC_POSTED) $(RFC_ALONE) host) ## its first half; goes on where it was stopped

# A suite has its name when it was measured to the end: what is there is not measured again.
$(RFC_LABS:%=$(RFC_NEW)/%.json): $(RFC_NEW)/lab-%.json: | venv
	@mkdir -p $(@D)
	$(BIN)/kbench run $(RFC_$(word 2,$(subst -, ,$*))) --target lab --kernel $(word 1,$(subst -, ,$*)) \
	  --kvm $(word 2,$(subst -, ,$*)) --force -o $(@D)/unfinished
	mv $(@D)/unfinished $@

$(RFC_POSTED:%=$(RFC_NEW)/%.json): $(RFC_NEW)/lab-%-rfc-v1.json: | venv
	@mkdir -p $(@D)
	$(BIN)/kbench run $(RFC_POSTED_BENCHMARKS) --target lab --kernel $* --kvm rfc-v1 --force -o $(@D)/unfinished
	mv $(@D)/unfinished $@

$(RFC_ALONE:%=$(RFC_NEW)/%.json): $(RFC_NEW)/lab-6.12-%.json: | venv
	@mkdir -p $(@D)
	$(BIN)/kbench run exit.pio_out $(RFC_ALONE_$*) --target lab --kernel 6.12 --kvm $* --force -o $(@D)/unfinished
	mv $(@D)/unfinished $@

$(RFC_NEW)/host.json: | venv
	@mkdir -p $(@D)
	@if [ -w /dev/kvm ]; then set -x; \
	  $(BIN)/kbench run $(RFC_HOST) --target host --fast --force -o $(@D)/unfinished && \
	  mv $(@D)/unfinished $@; \
	else echo "no /dev/kvm that one may open: the report keeps the host suite that is stored"; fi

reports-render: venv ## its second half: texts, pictures, the answers of README.md, pages under reports/local/
	@mkdir -p $(LOCAL)
	rm -rf $(RFC)/pictures
	$(BIN)/kbench report $(RFC_SUITES) --force -o $(LOCAL)/rfc-idle.html -o $(LOCAL)/rfc-idle.md --svg $(RFC)/pictures
	for text in README.md details.md mail.txt; do \
	  $(BIN)/kbench report $(RFC_TOLD) --force --template $(RFC)/$$text.j2 -o $(RFC)/$$text || exit 1; done
	@# The front page has the same answers.
	sed -n '/<!-- answers -->/,/<!-- end -->/{//!p}' $(RFC)/README.md | sed -i README.md \
	  -e '/<!-- answers -->/,/<!-- end -->/{//!d}' -e '/<!-- answers -->/r /dev/stdin'
	@echo "pages: $(LOCAL)/rfc-idle.html $(LOCAL)/rfc-idle.md"

# What became of exits from one of Debian's kernels to the next: measured with their functions.
KERNELS := reports/kernels
KERNEL_SUITES := $(foreach kernel,6.1 6.12 newest,$(KERNELS)/suites/$(kernel).json)

.PHONY: reports-kernels
reports-kernels: $(KERNEL_SUITES) | venv ## reports/kernels/: measure the suites that are not there, and render the page
	$(BIN)/kbench report $^ --force --template $(KERNELS)/README.md.j2 -o $(KERNELS)/README.md
	$(BIN)/kbench report $^ --force --svg $(LOCAL)/kernels
	cp $(LOCAL)/kernels/exits-by-kernel.svg $(KERNELS)/

$(KERNEL_SUITES): $(KERNELS)/suites/%.json: | venv
	@mkdir -p $(LOCAL)/kernels $(@D)
	$(BIN)/kbench run exit floor 'wake.*@hlt' --explain --target lab --kernel debian:$* --force -o $(LOCAL)/kernels/$*.json
	$(BIN)/kbench run inkernel --target lab --kernel debian:$* --append -o $(LOCAL)/kernels/$*.json
	mv $(LOCAL)/kernels/$*.json $@

# The Pythons that a wheel is made for: names or paths.
PYTHONS ?= python3.11 python3.12 python3.13

dist: ## dist/: the source archive of HEAD, and a manylinux wheel for each of PYTHONS, tried in clean venvs
	.ci/dist $(PYTHONS)

clean: ## remove .venv/, build products and reports/local/
	rm -rf .venv build dist $(LOCAL)

packages: ## install the Debian packages that the goals lack, and say how much that is
	@$(if $(PACKAGES),.ci/packages build,true) $(sort $(foreach goal,$(MAKECMDGOALS),$(NEEDS_$(goal))))

# The first time pip says what it fetches; later that would be a line for each package that is there.
PIP_INSTALL = $(BIN)/pip install $(if $(wildcard $@),--quiet)

# The wheel is built without isolation, from tools in the venv, in a directory that is kept.
.venv/installed: $(SOURCES) | packages
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP_INSTALL) 'meson-python>=0.16' 'meson>=1.4' ninja 'cython>=3.1' 'cffi>=1.17'
	rm -rf build/wheel
	@echo "building the wheel: about a minute, after small changes some seconds"
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pip wheel -q --no-deps --no-build-isolation -w build/wheel \
	  --config-settings=build-dir=build/meson .
	$(PIP_INSTALL) build/wheel/kbench-*.whl
	$(BIN)/pip install -q --no-deps --force-reinstall build/wheel/kbench-*.whl
	touch $@

.venv/development: .venv/installed
	$(PIP_INSTALL) "$$(echo build/wheel/kbench-*.whl)[dev,fleet]"
	touch $@
