# SPDX-License-Identifier: MIT
#
# The guests and the launcher: included by the Makefile.
#
# make run OPTIONS="mmu=update trace=20" APPEND="console=ttyS0 pti=off" \
#	RUN_FLAGS="--cpu penryn --memory 256"

GUESTS := $(B)/guests
LINUX := $(GUESTS)/vmlinuz $(GUESTS)/initrd.cpio
I386 := $(GUESTS)/i386
LINUX_I386 := $(I386)/vmlinuz-686 $(I386)/vmlinuz-686-pae $(I386)/initrd.cpio

# Umbra's options and the guest kernel's. On an emulated processor the kernel's
# self-tests of its ciphers take longer than all the rest of its boot. A kernel
# that panics resets the machine (panic=-1), which ends the run.
OPTIONS ?=
APPEND ?= console=ttyS0,115200 cryptomgr.notests panic=-1
RUN_FLAGS ?=

.PHONY: guests scenarios test-nested hardware-table bench bench-peers \
	bench-nested FORCE

guests: $(LINUX) $(LINUX_I386)

$(GUESTS)/vmlinuz: | $(B)/.deps
	@mkdir -p $(@D)
	tools/get-file linux-image-cloud-amd64 'boot/vmlinuz-*' $@

# Its images of 64 and of 32 bits.
MEMTEST := $(GUESTS)/memtest $(GUESTS)/memtest32
$(MEMTEST) &: | $(B)/.deps
	@mkdir -p $(GUESTS)
	tools/get-file memtest86+ 'boot/memtest86+x64.bin' $(GUESTS)/memtest \
		'boot/memtest86+ia32.bin' $(GUESTS)/memtest32

XEN := $(GUESTS)/xen
$(XEN): | $(B)/.deps-run
	@mkdir -p $(@D)
	tools/get-file xen-hypervisor-4.17-amd64 'boot/xen-*-amd64.gz' $@.gz
	gunzip -f $@.gz

# Debian's full kernel, and its real-time one.
FULL_KERNELS := $(GUESTS)/vmlinuz-full $(GUESTS)/vmlinuz-rt
$(GUESTS)/vmlinuz-full: FLAVOUR := amd64
$(GUESTS)/vmlinuz-rt: FLAVOUR := rt-amd64
$(FULL_KERNELS): | $(B)/.deps-run
	@mkdir -p $(@D)
	tools/get-file linux-image-$(FLAVOUR) 'boot/vmlinuz-*' $@

# The kernel of Debian's installer, and its initial RAM file system.
INSTALLER := $(GUESTS)/installer $(GUESTS)/installer.cpio.gz
INSTALLER_DIR := usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64
$(INSTALLER) &: | $(B)/.deps-run
	@mkdir -p $(GUESTS)
	tools/get-file debian-installer-12-netboot-amd64 \
		'$(INSTALLER_DIR)/linux' $(GUESTS)/installer \
		'$(INSTALLER_DIR)/initrd.gz' $(GUESTS)/installer.cpio.gz

# 32-bit kernels (2-level paging, and PAE) and their initramfs, of Debian's i386,
# for which apt gets a configuration and a state of its own.
$(I386)/apt/apt.conf: tools/apt-i386 | $(B)/.deps-run
	tools/apt-i386 $(@D)

$(I386)/vmlinuz-%: $(I386)/apt/apt.conf
	APT_CONFIG="$(CURDIR)/$<" tools/get-file linux-image-$* \
		'boot/vmlinuz-*' $@

$(I386)/busybox: $(I386)/apt/apt.conf
	APT_CONFIG="$(CURDIR)/$<" tools/get-file busybox-static bin/busybox $@

$(I386)/initrd.cpio: $(I386)/busybox tools/mkinitrd $(wildcard tools/guest/*)
	tools/mkinitrd $@ $<

# The kernel below Umbra in tests/nested, and modules of that very kernel.
KVM := $(GUESTS)/kvm
$(KVM)/vmlinuz: | $(B)/.deps
	@mkdir -p $(@D)
	tools/get-file linux-image-cloud-amd64 'boot/vmlinuz-*' $@ \
		'lib/modules/*/kernel/virt/lib/irqbypass.ko' \
		$(KVM)/irqbypass.ko \
		'lib/modules/*/kernel/arch/x86/kvm/kvm.ko' $(KVM)/kvm.ko \
		'lib/modules/*/kernel/arch/x86/kvm/kvm-intel.ko' \
		$(KVM)/kvm-intel.ko

$(GUESTS)/initrd.cpio: tools/mkinitrd $(wildcard tools/guest/*) | $(B)/.deps-run
	@mkdir -p $(@D)
	tools/mkinitrd $@

# A second initramfs, for the scenario that puts the guest under load.
STRESS := $(GUESTS)/stress.cpio
$(STRESS): tools/mkstress tools/get-packages tools/guest/stress | $(B)/.deps-run
	@mkdir -p $(@D)
	tools/mkstress $@

# The static programs that tools/bench measures Linux with, in an initial RAM file
# system that comes after the other.
WORKLOAD := $(GUESTS)/mmbench.cpio
MMBENCH := $(GUESTS)/mmbench/bin
$(MMBENCH)/mmbench: tests/workload/mmbench.c guest/hypercall.h | $(B)/.deps-test
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) -std=gnu11 -O2 $(WARNINGS) -I. -static $< -o $@

$(MMBENCH)/mmbench-end: tests/workload/end.asm | $(B)/.deps-test
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf64 -w+all -Werror $< -o $@.o
	$(Q)$(CC) -nostdlib -static $@.o -o $@ && rm $@.o

$(WORKLOAD): $(MMBENCH)/mmbench $(MMBENCH)/mmbench-end
	$(Q)cd $(<D)/.. && find . | LC_ALL=C sort | \
		cpio --quiet -o -H newc -R 0:0 --reproducible >"$(CURDIR)/$@"

# The guest's files, in the image and for make run; of INITRD none or several, too.
KERNEL ?= $(GUESTS)/vmlinuz
INITRD ?= $(GUESTS)/initrd.cpio
GUEST_FILES = --kernel $(KERNEL) $(INITRD:%=--initrd %)
ifneq ($(words $(KERNEL)),1)
$(error KERNEL="$(KERNEL)" is to be one file, and make knows no name with a space: \
	make a link to it, ln -s)
endif
NO_FILE := $(strip $(foreach f,$(KERNEL) $(INITRD),$(if $(filter $(B)/%,$(f))$(wildcard $(f)),,$(f))))
ifneq ($(NO_FILE),)
$(error KERNEL=, INITRD=: there is no file $(NO_FILE))
endif
# The menu's memtest86+, where it is there or apt can fetch it.
IMAGE_MEMTEST := $(if $(wildcard $(GUESTS)/memtest)$(shell command -v apt-get),$(GUESTS)/memtest)

# This file changes when these variables do; then the image is made again.
$(B)/image.parameters: FORCE | $(B)/.deps-run
	$(file >$@.new,$(OPTIONS) | $(APPEND) | $(KERNEL) | $(INITRD))
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(B)/umbra.iso: $(B)/umbra.elf $(B)/umbra-doctor.elf $(KERNEL) $(INITRD) $(IMAGE_MEMTEST) \
		$(GUESTS)/tests/check.bin $(B)/image.parameters tools/mkimage tools/guests.mk
	tools/mkimage --menu --options "$(OPTIONS)" --append "$(APPEND)" \
		$(GUEST_FILES) $(if $(filter $(GUESTS)/initrd.cpio,$(INITRD)),--compare) \
		$(IMAGE_MEMTEST:%=--memtest %) --doctor $(B)/umbra-doctor.elf $@

image: $(B)/umbra.iso

run-files: $(B)/umbra.elf $(KERNEL) $(INITRD) | $(B)/.deps-run
run: run-files
	@tools/run --options "$(OPTIONS)" --append "$(APPEND)" \
		$(GUEST_FILES) $(RUN_FLAGS)

demo-files: $(B)/umbra.elf | $(B)/.deps-run
demo: demo-files
	@tools/run --options "guest=demo" $(RUN_FLAGS)

# Umbra's rules of a VM entry beside the processor's.
doctor-files: $(B)/umbra-doctor.elf | $(B)/.deps-run
doctor: doctor-files
	@tools/run --elf $(B)/umbra-doctor.elf $(RUN_FLAGS)

# Single operations on one rung, each with its exits and both walks.
RUNG ?= bypass
FAULTS ?= 3
trace-files: demo-files
trace: trace-files
	@tools/run --options "guest=demo:$(RUNG),$(FAULTS) trace=64" \
		$(RUN_FLAGS)

# Tables on standard output; those, JSON and a chart in build/bench.
bench-files: $(B)/umbra.elf $(LINUX) $(WORKLOAD) | $(B)/.deps-test
bench: bench-files
	tools/bench

# Linux's processes on Umbra, and on KVM's shadow paging and EPT, in Bochs.
bench-peers-files: bench-files $(KVM)/vmlinuz
bench-peers: bench-peers-files
	tools/bench --peers --work nowalk

# The built-in guest's operations with Umbra under KVM, in Bochs.
bench-nested-files: $(B)/umbra.elf $(KVM)/vmlinuz | $(B)/.deps-test
bench-nested: bench-nested-files
	tools/bench --nested targets

.PHONY: scenario-files
scenario-files: $(B)/umbra.elf $(B)/umbra-doctor.elf $(B)/umbra.iso $(LINUX) $(LINUX_I386) $(MEMTEST) \
		$(STRESS) $(XEN) test-guests | $(B)/.deps-test
scenarios-files: scenario-files

scenarios: scenario-files
	tests/scenarios/run.py

# All that the suites of make test boot.
test-files: scenario-files $(KVM)/vmlinuz

# FULL=1: with KVM's own shadow paging below, and Linux in it, too.
test-nested-files: $(B)/umbra.elf $(B)/umbra-doctor.elf $(LINUX) $(KVM)/vmlinuz | $(B)/.deps-test
test-nested: test-nested-files
	tests/nested/run.py $(if $(FULL),--full)

# The table in docs/hardware.md, made again.
hardware-table-files: $(B)/umbra.elf $(LINUX) | $(B)/.deps-run
hardware-table: hardware-table-files
	tests/hardware-table
