# SPDX-License-Identifier: GPL-3.0-or-later

VERSION := 0.1.0

CC      := gcc
CFLAGS  ?= -O2 -g
# What the code is written for; not for the command line to change.
C_FLAGS := -std=gnu17 -D_GNU_SOURCE -DSEATRIAL_VERSION='"$(VERSION)"' -Iagent -I. \
           -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror \
           -fPIE -fstack-protector-strong -ffile-prefix-map=$(CURDIR)=.

# What clock.c takes for the earliest time that it can be.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile)

# make V=1 shows the commands.
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

PYTHON  := /usr/bin/python3
PYTEST  := $(PYTHON) -B -m pytest -p no:cacheprovider

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

# --- tasks ---------------------------------------------------------------------------------------------------------

.PHONY: all bzImage run test unit e2e drills faults coverage fuzz fuzz-corpus lint bench clean help setup

all: build/seatrial build/initramfs.cpio.xz build/flash.fd ## build the agent, its initramfs and the flash image

bzImage: build/bzImage ## link the kernel with the initramfs inside, for firmware that starts one file (a minute)

MACHINE := build/seatrial build/flash.fd build/disk/production.raw build/tests/bmc/bmc-redfish build/tests/bmc/seatrial-bmc.so

run: $(MACHINE) ## power on a server under QEMU, and see it through to its production OS
	scripts/qemu/run

test: ## set up what is missing, and pass all tests
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory fuzz-corpus
	@$(MAKE) --no-print-directory e2e

setup: ## install the Debian packages that are missing
	@scripts/setup

clean: ## remove build/ (the cache of slow outputs stays)
	rm -rf build

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-zA-Z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the agent -----------------------------------------------------------------------------------------------------

AGENT_SOURCES := $(shell find agent -name '*.c')
TOOL_SOURCES  := $(filter-out scripts/flash/bds.c scripts/flash/mkflash.c,$(wildcard scripts/flash/*.c)) \
                 $(filter-out initramfs/main.c,$(wildcard initramfs/*.c))
# agent/lazy.c opens the others when they are needed.
BOUND_LIBS    := -lblkid -lpci -ludev -ljansson -lz -lpthread -lm
AGENT_LIBS    := $(BOUND_LIBS) -lcurl -lssl -lcrypto
HARDENING     := -D_FORTIFY_SOURCE=2
LINK_FLAGS    := -pie -Wl,-z,relro,-z,now,--as-needed

# Built small, from Debian's source packages. They are looked for in $(1), as are those that they need in their turn,
# for which a RUNPATH would not do.
LIBRARIES     := build/openssl/lib/libcrypto.so build/libcurl/lib/libcurl.so
library_paths  = -Lbuild/openssl/lib -Lbuild/libcurl/lib \
                 -Wl,--disable-new-dtags,-rpath,'$(1)/openssl/lib',-rpath,'$(1)/libcurl/lib'

build/%/agent/base/clock.o: C_FLAGS += -DSOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH)

# Another commit is another time.
build/source-date-epoch: always
	@mkdir -p $(@D)
	@echo '$(SOURCE_DATE_EPOCH)' | cmp -s - $@ || echo '$(SOURCE_DATE_EPOCH)' >$@

# One set of objects for each way in which the code is compiled: as it ships, for the unit tests under the sanitizers,
# and for the fuzzers.
VARIANTS := ship asan fuzz
$(VARIANTS:%=build/%/agent/base/clock.o): build/source-date-epoch
ship_CC    := $(CC)
ship_FLAGS := $(HARDENING)
asan_CC    := $(CC)
asan_FLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz_CC    := clang
fuzz_FLAGS := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

define variant
build/$(1)/%.o: %.c | setup $$(LIBRARIES)
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(Q)$$($(1)_CC) $$(C_FLAGS) $$(CFLAGS) $$($(1)_FLAGS) -Ibuild/openssl/include -Ibuild/libcurl/include -MMD -MP -c -o $$@ $$<

build/$(1)/libseatrial.a: $$(patsubst %.c,build/$(1)/%.o,$$(filter-out agent/main.c agent/lazy.c,$$(AGENT_SOURCES)) $$(TOOL_SOURCES))
	@rm -f $$@
	$$(call say,AR,$$@)
	$$(Q)ar rcs $$@ $$^
endef
$(foreach v,$(VARIANTS),$(eval $(call variant,$(v))))

build/ship/agent/lazy.o: build/lazy-functions.h
build/lazy-functions.h: build/ship/libseatrial.a scripts/lazy-functions
	$(Q)LC_ALL=C scripts/lazy-functions $< >$@

AGENT_OBJECTS := build/ship/agent/main.o build/ship/agent/lazy.o build/ship/libseatrial.a

build/seatrial: $(AGENT_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $^ $(call library_paths,$$ORIGIN) $(BOUND_LIBS)

# --- images --------------------------------------------------------------------------------------------------------

# What these scripts make is kept in a cache by the hash of all that goes into it. They are asked every time, and touch
# nothing when nothing has changed.
.PHONY: always
build/openssl/lib/libcrypto.so: always | setup
	@scripts/openssl

build/libcurl/lib/libcurl.so: always build/openssl/lib/libcrypto.so | setup
	@scripts/libcurl

build/kernel/bzImage: always | setup
	@scripts/kernel

build/disk/production.raw: always | setup
	@key=$$(scripts/cache key $$(find scripts/disk -type f | sort) scripts/cache -- "$$(scripts/disk/mkdisk --inputs)") && \
		scripts/cache make disk "$$key" build/disk scripts/disk/mkdisk

build/tools/mkinitramfs: build/ship/initramfs/main.o build/ship/libseatrial.a
build/tools/mkflash: build/ship/scripts/flash/mkflash.o build/ship/libseatrial.a
build/tools/%:
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $^ -llzma -ljansson -lm

# The image does without the symbols that a debugger on the workstation wants, and has all libraries in one place: to
# look for them elsewhere first is a hundred system calls each time the agent starts.
build/image/seatrial: $(AGENT_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_FLAGS) -s -o $@ $^ -Wl,--disable-new-dtags,-rpath,/lib $(BOUND_LIBS)

# make SITE=DIRECTORY puts its files into the image: certificate authorities, credentials, a plan. Another directory is
# another image.
SITE ?=
build/image/site: always
	@mkdir -p $(@D)
	@echo '$(abspath $(SITE))' | cmp -s - $@ || echo '$(abspath $(SITE))' >$@

build/initramfs.cpio.xz: build/tools/mkinitramfs build/image/seatrial $(LIBRARIES) build/image/site \
                         $(wildcard $(SITE:%=%/*)) $(shell find initramfs -not -name '*.[ch]' -type f)
	$(call say,PACK,$@)
	$(Q)build/tools/mkinitramfs -o $@ -L build/openssl/lib -L build/libcurl/lib -D agent=build/image/seatrial \
		-D curl=build/libcurl/lib/libcurl.so.4 initramfs/contents
	$(if $(SITE),$(Q)initramfs/add-site $@ $(SITE))

# A driver of the firmware is a Windows executable for a machine without a C library.
build/flash/bds.efi: scripts/flash/bds.c scripts/flash/ffs.c $(wildcard scripts/flash/*.h) | setup
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)for source in bds ffs; do clang -target x86_64-unknown-windows -std=gnu17 -Os -Wall -Wextra -Wconversion -Wshadow \
		-Wmissing-prototypes -Wstrict-prototypes -Werror -ffreestanding \
		-fno-stack-protector -fshort-wchar -mno-red-zone -mno-sse -mno-mmx -mno-implicit-float \
		-c -o build/flash/$$source.obj scripts/flash/$$source.c || exit 1; done
	$(Q)lld-link /subsystem:efi_boot_service_driver /nodefaultlib /entry:efi_main /dll /timestamp:0 /out:$@ \
		build/flash/bds.obj build/flash/ffs.obj

build/flash.fd: build/tools/mkflash build/flash/bds.efi build/kernel/bzImage build/initramfs.cpio.xz \
                $(addprefix scripts/flash/,pack cmdline drop-dxe drop-tpm)
	$(call say,PACK,$@)
	$(Q)scripts/flash/pack $@

# Not for QEMU: for firmware that starts one file.
build/bzImage: build/kernel/bzImage build/initramfs.cpio.xz
	$(Q)scripts/kernel --embed build/initramfs.cpio.xz $@

# --- the BMC beside the machine ------------------------------------------------------------------------------------

BMC_SOURCES := $(wildcard tests/bmc/redfish/*.c)

build/tests/bmc/bmc-redfish: $(BMC_SOURCES:%.c=build/ship/%.o) build/ship/libseatrial.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $^ $(call library_paths,$(CURDIR)/build) -lmicrohttpd -lgnutls -ljansson -lssl -lcrypto -lm

BMC_MODULE_SOURCES := $(wildcard tests/bmc/ipmi/*.c) $(addprefix agent/base/,fd.c json.c text.c)

build/tests/bmc/seatrial-bmc.so: $(BMC_MODULE_SOURCES) $(wildcard tests/bmc/ipmi/*.h) | setup
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(C_FLAGS) $(CFLAGS) -fPIC -shared -o $@ $(BMC_MODULE_SOURCES) -ljansson -lm

# --- tests ---------------------------------------------------------------------------------------------------------

UNIT_TESTS := $(patsubst tests/unit/test-%.c,%,$(wildcard tests/unit/test-*.c))
FUZZERS    := $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZ_TIME  ?= 60

# The tools' libraries are linked into the tests as well.
TEST_LIBS  := $(AGENT_LIBS) -llzma

define unit_test
build/$(1)/tests/unit/test-%: build/$(1)/tests/unit/test-%.o build/$(1)/libseatrial.a
	$$(call say,LINK,$$@)
	$$(Q)$$($(1)_CC) $$($(1)_FLAGS) -pie -o $$@ $$^ $$(call library_paths,$$(CURDIR)/build) \
		$$(TEST_LIBS) -lcmocka
endef
$(foreach v,ship asan,$(eval $(call unit_test,$(v))))

build/fuzz/fuzz-%: build/fuzz/tests/fuzz/fuzz-%.o build/fuzz/libseatrial.a
	$(call say,LINK,$@)
	$(Q)clang -fsanitize=fuzzer,address,undefined -pie -o $@ $^ $(call library_paths,$(CURDIR)/build) \
		$(TEST_LIBS)

# The channel's tests talk to the test BMC.
unit: UNIT_PROGRAMS = $(foreach t,$(UNIT_TESTS),build/ship/tests/unit/test-$(t) build/asan/tests/unit/test-$(t))
unit: build/tests/bmc/bmc-redfish $(foreach t,$(UNIT_TESTS),build/ship/tests/unit/test-$(t) build/asan/tests/unit/test-$(t)) ## run the unit tests, plain and under the sanitizers
	@for test in $(UNIT_PROGRAMS); do \
		$$test >$$test.log 2>&1 || { cat $$test.log; exit 1; }; \
		printf '%-45s %s\n' "$$test" "$$(grep -o 'PASSED.*' $$test.log)"; done

# Holds faults in a guest's memory.
build/tests/inject: tests/e2e/inject.c | setup
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(C_FLAGS) $(CFLAGS) -o $@ $<

E2E_INPUTS := $(MACHINE) build/tools/mkflash build/tests/inject build/ship/tests/unit/test-march-matrix

e2e: $(E2E_INPUTS) ## boot whole machines under QEMU, and see what they do
	@$(PYTEST) tests/e2e

# The end-to-end tests do some of these.
faults: $(E2E_INPUTS) ## hold random faults in guests' memory: 50 drills, 20 without, 5 in the second leg, 64 processors (20 minutes)
	@SEATRIAL_FAULT_RUNS=50 SEATRIAL_CLEAN_RUNS=20 SEATRIAL_LEG_RUNS=5 SEATRIAL_PROCESSORS=64 \
		$(PYTEST) -s tests/e2e/test_memory.py -k 'random or only_the_second_leg or processor'

coverage: $(E2E_INPUTS) ## tell how much of the memory is tested in guests of 1, 2, 4 and 8 GiB (10 minutes)
	@SEATRIAL_COVERAGE="1G 2G 4G 8G" $(PYTEST) tests/e2e/test_memory.py -k nearly_all
	@printf '%s\n' '| installed | by the first kernel | in all | MiB hidden by the firmware | first MiB and tables | second kernel |' \
		'|---|---|---|---|---|---|'
	@cat $(addprefix build/coverage/,1G 2G 4G 8G)

DRILLS ?= 10
SEED   ?= 1

drills: $(MACHINE) build/ship/tests/unit/test-channel-drills ## put BMC, link and machine through DRILLS (10) of each kind of bad luck, from SEED (1)
	@SEATRIAL_DRILLS=$(DRILLS) SEATRIAL_SEED=$(SEED) build/ship/tests/unit/test-channel-drills
	@SEATRIAL_DRILLS=$(DRILLS) SEATRIAL_SEED=$(SEED) $(PYTEST) tests/e2e/test_drills.py

fuzz-corpus: $(FUZZERS:%=build/fuzz/fuzz-%) ## run each fuzzer over its corpus
	@for f in $(FUZZERS); do echo "fuzz-$$f over tests/fuzz/corpus/$$f"; \
		build/fuzz/fuzz-$$f -runs=0 tests/fuzz/corpus/$$f 2>build/fuzz/$$f.log || { cat build/fuzz/$$f.log; exit 1; }; done

fuzz: $(FUZZERS:%=build/fuzz/fuzz-%) ## let each fuzzer search for FUZZ_TIME seconds (60)
	@for f in $(FUZZERS); do echo "fuzz-$$f"; mkdir -p build/fuzz/found/$$f; \
		build/fuzz/fuzz-$$f -max_total_time=$(FUZZ_TIME) -print_final_stats=1 \
			-artifact_prefix=build/fuzz/found/$$f- build/fuzz/found/$$f tests/fuzz/corpus/$$f || exit 1; done

# The layout that .clang-format describes, and the mistakes that .clang-tidy names. golden.h has its layout from its
# program. What clang-tidy has to say is on standard output; the other stream counts what it does not say.
C_FILES := $(filter-out agent/trial/processor/golden.h,$(shell git ls-files '*.c' '*.h'))

lint: build/lazy-functions.h | setup ## look for mistakes and untidiness that the compiler lets pass
	@echo $(C_FILES) | xargs clang-format --dry-run -Werror
	@printf '%s\n' $(filter-out scripts/flash/bds.c,$(filter %.c,$(C_FILES))) | xargs -P $(shell nproc) -I{} \
		sh -c "clang-tidy --quiet {} -- -w $(filter-out -W% -D%,$(C_FLAGS)) -D_GNU_SOURCE -DSOURCE_DATE_EPOCH=0 \
			-DSEATRIAL_VERSION='\"\"' -Ibuild/openssl/include -Ibuild/libcurl/include 2>/dev/null"
	@git grep -l '^#!/bin/sh' | xargs shellcheck --severity=warning

build/bench/sweep: tests/bench/sweep.c | setup
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(C_FLAGS) -O3 -march=native -o $@ $< -lpthread

# Times commands in a guest.
build/bench/measure: tests/bench/measure.c | setup
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(C_FLAGS) $(CFLAGS) -o $@ $<

bench: $(MACHINE) build/bench/sweep build/bench/measure build/kernel/bzImage build/initramfs.cpio.xz ## measure what speed and size there are, beside the peers
	tests/bench/memory
	tests/bench/inventory
	tests/bench/bmc
	tests/bench/kernel-compression

-include $(shell find $(VARIANTS:%=build/%) -type f -name '*.d' 2>/dev/null)
