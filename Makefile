# SPDX-License-Identifier: MIT
#
# Umbra's build. `make` gives build/umbra.elf, and the check guest for it to run;
# `make help` lists the rest. It comes here by way of GNUmakefile.
# A new .c or .asm file in one of the rooms is picked up by itself.

B := build
# V=1 shows the commands.
Q := $(if $(V),,@)
ROOMS := boot arch/x86 arch/x86/emulator arch/x86/console arch/x86/firmware \
	mmu mmu/page mmu/table mmu/fault mmu/view mmu/audit \
	vmx vmx/start vmx/loop vmx/events vmx/exits vmx/doctor vmx/gdb \
	vmx/monitor vmx/report vmx/trace \
	guest guest/devices guest/loaders guest/firmware lib

CC := gcc
HOSTCC := gcc
CLANG := clang
NASM := nasm
IASL := iasl

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wimplicit-fallthrough -Wno-unused-parameter
# -fbuiltin after -ffreestanding: a memcpy of a constant size is a few moves. But
# an snprintf would become a strcpy.
CFLAGS := -std=gnu11 -Os -g -ffreestanding -fbuiltin -fno-builtin-snprintf \
	$(WARNINGS) -Wformat=2 -Wmissing-format-attribute -I. \
	-m64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -fno-strict-aliasing -fno-common \
	-fno-delete-null-pointer-checks -ffunction-sections -fdata-sections
NASMFLAGS := -f elf64 -g -F dwarf -w+all -Werror -I./
# A boot loader copies the segments, so none needs to begin at a page of the file.
LDFLAGS := -m64 -nostdlib -static -no-pie -Wl,--gc-sections \
	-Wl,--build-id=none -Wl,-z,max-page-size=0x20 -Wl,-z,noexecstack

C_SRCS := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
ASM_SRCS := $(foreach room,$(ROOMS),$(wildcard $(room)/*.asm))
# The last is the console's font, out of a package.
OBJS := $(C_SRCS:%.c=$(B)/%.o) $(ASM_SRCS:%.asm=$(B)/%.asm.o) $(B)/font.o
# What umbra-doctor.elf has besides.
DOCTOR_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/doctor/*.c))

.DELETE_ON_ERROR:
.PHONY: all run demo doctor trace test check image unit fuzz fuzz-short lint format \
	book clean help $(RUNNERS:%=%-files)

all: $(B)/umbra.elf check-guest

# Of GNUmakefile's goals that run something: their files.
$(RUNNERS:%=%-files): ; @:

# The built-in guest is a kernel of its own; its fragment adds to OBJS the
# object that carries it.
-include guest/builtin/builtin.mk
# run, demo and image: the guests, and the launcher.
-include tools/guests.mk
# The test guests.
-include tests/guests/guests.mk

$(B)/font.c: tools/font.py | $(B)/.deps
	@mkdir -p $(@D)
	$(Q)tools/font.py >$@

$(B)/font.o: $(B)/font.c Makefile
	@echo "  CC      $<"
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

# The guest's ACPI devices: iasl checks as it compiles.
$(B)/guest/dsdt.aml: guest/firmware/dsdt.asl | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  IASL    $<"
	$(Q)$(IASL) -we -vs -p $(B)/guest/dsdt $< >$(B)/guest/dsdt.log || \
		{ cat $(B)/guest/dsdt.log; exit 1; }

$(B)/guest/firmware/dsdt.asm.o: NASMFLAGS += -I$(B)/guest/
$(B)/guest/firmware/dsdt.asm.o: $(B)/guest/dsdt.aml

# Stamps: Debian's packages that we need are there (tools/deps says which): for
# the build; to make images and run them; and for the tests.
$(B)/.deps: $(wildcard tools/deps)
	@mkdir -p $(@D)
	tools/deps build
	@touch $@

$(B)/.deps-run: $(B)/.deps
	tools/deps run
	@touch $@

$(B)/.deps-test: $(B)/.deps-run
	tools/deps test
	@touch $@

$(B)/%.o: %.c Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/%.asm.o: %.asm Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  NASM    $<"
	$(Q)$(NASM) $(NASMFLAGS) -MD $(@:.o=.d) $< -o $@

# Code on the way of an exit is to be fast: -Os would cost a page fault's exit a
# quarter of its time, and the compiler sees all of these rooms at once (-flto),
# which saves a tenth. Everything else is to be small: some of these rooms are so
# where the compiler sees their only callers, too.
FAST_ROOMS := mmu mmu/page mmu/table mmu/fault arch/x86/emulator \
	vmx vmx/loop vmx/events vmx/exits vmx/trace
FAST_CFLAGS := -O2 -fno-align-functions -fno-align-loops -fno-align-jumps \
	-flto=auto
objects_of = $(filter $(foreach room,$(1),$(patsubst %.c,$(B)/%.o,$(wildcard $(room)/*.c))),$(OBJS))
$(call objects_of,$(FAST_ROOMS)): CFLAGS += $(FAST_CFLAGS)
$(call objects_of,vmx/start vmx/report vmx/monitor guest guest/devices lib): \
	CFLAGS += -flto=auto
# Several short functions of these run for each entry of a table. To compile more
# of them into their callers saves a tenth where a table is closed.
$(call objects_of,mmu/page mmu/table mmu/fault): CFLAGS += -finline-limit=120
# A frame is moved by lib/string.c's copy of 512 words; -Os would have 1,024.
$(B)/guest/memory.o: CFLAGS += -fno-builtin-memcpy

# The functions that the compiler calls must not be compiled to call themselves,
# and must be there for the calls that it makes at the end.
$(B)/lib/string.o: CFLAGS += -fno-lto -fno-builtin -fno-tree-loop-distribute-patterns

# It stays small enough to be read, and to be loaded by anything.
IMAGE_MAX := 327680
# With the test, which takes 4.4 KiB.
$(B)/umbra-doctor.elf: IMAGE_MAX := 335872

# GRUB loads every section into memory, so what it boots has the symbols of
# functions, for the backtraces, and nothing else: that is in umbra.debug.
$(B)/umbra-doctor.debug: $(DOCTOR_OBJS)
$(B)/umbra.debug $(B)/umbra-doctor.debug: $(OBJS) linker.ld | $(B)/.deps
	@echo "  LD      $@"
	$(Q)$(CC) $(CFLAGS) $(FAST_CFLAGS) $(LDFLAGS) -T linker.ld \
		$(filter %.o,$^) -o $@

$(B)/umbra.elf $(B)/umbra-doctor.elf: $(B)/%.elf: $(B)/%.debug
	@echo "  STRIP   $@"
	$(Q)nm $< | sed -n 's/.* [tT] \([^.]*\)$$/\1/p' >$(B)/$*.functions
	$(Q)objcopy --strip-all --keep-symbols=$(B)/$*.functions $< $@
	$(Q)test $$(stat -c %s $@) -lt $(IMAGE_MAX) || \
		{ echo "$@ is larger than $(IMAGE_MAX) bytes"; exit 1; }

# --- Tests ------------------------------------------------------------------

# UNIT_<name>_SRCS and _LIBS: what tests/unit/test_<name>.c is linked with.
-include tests/unit/unit.mk
# FUZZ_<name>_SRCS and _LIBS: the same for tests/fuzz/fuzz_<name>.c.
-include tests/fuzz/fuzz.mk

UNITS := $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 20
# Of one fuzzer of make fuzz and make soak.
FUZZ_LONG_SECONDS ?= 300

HOST_CFLAGS := -std=gnu11 -g -O1 -I. -Itests/unit/words $(WARNINGS) -Wno-missing-prototypes \
	-fno-omit-frame-pointer \
	-fno-sanitize-recover=all -MMD -MP

# The model's ten million steps are most of what the unit tests take.
$(B)/host/mmu/%.o $(B)/host/tests/model/%.o: HOST_CFLAGS += -O2

# What is tested is compiled once more, for this machine, with the sanitizers.
$(B)/host/%.o: %.c Makefile | $(B)/.deps-test
	@mkdir -p $(@D)
	@echo "  HOSTCC  $<"
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -fsanitize=address,undefined -c $< -o $@

$(B)/fuzz/%.o: %.c Makefile | $(B)/.deps-test
	@mkdir -p $(@D)
	@echo "  CLANG   $<"
	$(Q)$(CLANG) $(HOST_CFLAGS) \
		-fsanitize=fuzzer-no-link,address,undefined \
		-c $< -o $@

# The objects of sources $(2), compiled for $(1); those of NASM serve all.
objects = $(patsubst %.asm,$(B)/%.asm.o,$(patsubst %.c,$(B)/$(1)/%.o,$(2)))

# host_log.c stands for the console.
define UNIT_RULES
UNIT_$(1)_OBJS := $$(call objects,host,tests/unit/test_$(1).c \
	tests/unit/host_log.c $$(UNIT_$(1)_SRCS))
$(B)/unit/test_$(1): $$(UNIT_$(1)_OBJS)
	@mkdir -p $$(@D)
	@echo "  LD      $$@"
	$(Q)$$(HOSTCC) -fsanitize=address,undefined $$^ -o $$@ -lcmocka \
		$$(UNIT_$(1)_LIBS)
-include $$(UNIT_$(1)_OBJS:.o=.d)
endef

define FUZZ_RULES
FUZZ_$(1)_OBJS := $$(call objects,fuzz,tests/fuzz/fuzz_$(1).c \
	tests/unit/host_log.c $$(FUZZ_$(1)_SRCS))
$(B)/fuzz/fuzz_$(1): $$(FUZZ_$(1)_OBJS)
	@echo "  LD      $$@"
	$(Q)$$(CLANG) -fsanitize=fuzzer,address,undefined $$^ -o $$@ \
		$$(FUZZ_$(1)_LIBS)
-include $$(FUZZ_$(1)_OBJS:.o=.d)
endef

$(foreach u,$(UNITS),$(eval $(call UNIT_RULES,$(u))))
$(foreach f,$(FUZZERS),$(eval $(call FUZZ_RULES,$(f))))

# Every test runs; one failure fails the whole.
unit-files: $(UNITS:%=$(B)/unit/test_%)
unit: unit-files
	@status=0; for t in $(UNITS:%=$(B)/unit/test_%); do \
		echo "# $$t"; ./$$t 2>&1 || status=1; \
	done; exit $$status

fuzz-files fuzz-short-files: $(FUZZERS:%=$(B)/fuzz/fuzz_%)
fuzz-short: fuzz-short-files
	@status=0; for f in $(FUZZERS:%=$(B)/fuzz/fuzz_%); do \
		echo "# $$f"; mkdir -p $$f.corpus; \
		./$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
			-artifact_prefix=$$f. -verbosity=0 -print_final_stats=1 \
			$$f.corpus 2>&1 || status=1; \
	done; exit $$status

fuzz:
	$(MAKE) fuzz-short FUZZ_SECONDS=$(FUZZ_LONG_SECONDS)

# Mutants of the shadow MMU, and soak.
-include tests/mutants/mutants.mk

# Exercises for students.
-include tools/labs/labs.mk

# tests/run-all builds what it needs through this Makefile.
test: | $(B)/.deps-test
	tests/run-all

# What one runs before each commit.
CHECK_MODEL_STEPS := 300000
CHECK_SCENARIOS := demo-haswell check-nowalk-haswell exit-status linux-nopti

check: export MODEL_STEPS := $(CHECK_MODEL_STEPS)
check: export FUZZ_SECONDS := 5
check-files: lint-files $(B)/umbra.elf $(LINUX) check-guest
check: lint check-files
	$(MAKE) unit
	$(MAKE) fuzz-short
	tests/scenarios/run.py $(CHECK_SCENARIOS)

# --- Care -------------------------------------------------------------------

FORMATTED := $(wildcard $(ROOMS:%=%/*.[ch]) guest/builtin/*.[ch] \
	tests/*/*.[ch] tests/*/*/*.[ch] docs/labs/*.c)

# Two things that cppcheck can't know: asm goto has outputs, and linker.ld
# gives the bounds of tables.
lint-files: | $(B)/.deps-test
lint:
	tools/rooms
	tools/formats
	tools/phrases
	$(if $(wildcard tools/labs/check.py),tools/labs/lab check --texts)
	tools/book
	tools/bench_chart.py --check
	tests/mutants/run.py --check
	tests/tools/test_run_arguments.py -q
	tests/tools/test_run_gone.py -q
	tests/tools/test_mkimage.py -q
	tests/tools/test_container.py -q
	tests/tools/test_no_apt.py -q
	tests/tools/test_book.py -q
	tests/tools/test_trace.py -q
	tests/tools/test_pictures.py -q
	tests/tools/test_make.py -q
	tests/tools/test_soak.py -q
	tests/tools/test_nested.py -q
	clang-format --dry-run -Werror $(FORMATTED)
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -I. \
		--enable=warning,performance,portability \
		--suppress=missingInclude --suppress=comparePointers \
		--suppress=legacyUninitvar:arch/x86/cpu.h \
		--platform=unix64 $(C_SRCS)

format: | $(B)/.deps-test
	$(Q)clang-format -i $(FORMATTED)

clean:
	rm -rf $(B)

# --- The book -----------------------------------------------------------------

$(B)/.deps-book: $(B)/.deps
	tools/deps book
	@touch $@

book: | $(B)/.deps-book
	tools/book-pages $(B)/book
	@echo "$(B)/book/html/index.html, $(B)/book/umbra.pdf"

help:
	@echo 'make             build build/umbra.elf and the check guest'
	@echo 'make run         boot a Debian kernel on Umbra, on this terminal'
	@echo 'make demo        the built-in guest on each rung: exits per fault'
	@echo 'make doctor      compare the rules of a VM entry with the processor'
	@echo 'make trace       single faults, step by step; RUNG=vtlb FAULTS=3'
	@echo 'make bench       what each rung costs: tables, JSON, a chart'
	@echo 'make bench-peers Linux on Umbra and on KVM (in Bochs), side by side'
	@echo 'make bench-nested  the operations with Umbra under KVM (in Bochs)'
	@echo 'make image       a bootable ISO'
	@echo 'make test        the tests; unit, fuzz-short, lint: some of them'
	@echo 'make test-nested one of them: under KVM in Bochs; FULL=1: more of it'
	@echo 'make mutants     do the tests notice single faults in the sources?'
	@echo 'make check       the quick part of the tests, before each commit'
	@echo 'make fuzz        each fuzzer for FUZZ_LONG_SECONDS=N'
	@echo 'make soak        tests of hours; may be interrupted; SOAK_SECONDS=N: the model'
	@echo 'make lab         the skeleton of an exercise, N=3; docs/labs/README.md'
	@echo 'make grade       points for exercise N=3; without N, for all of them'
	@echo 'make lab-pack    archives of the exercises: for students, for instructors'
	@echo 'make labs-check  is each exercise itself right? labs-sample: some'
	@echo 'make book        docs/book as HTML pages and a PDF, in build/book'
	@echo 'make format      put the sources into the style that lint checks'

-include $(OBJS:.o=.d) $(DOCTOR_OBJS:.o=.d)
