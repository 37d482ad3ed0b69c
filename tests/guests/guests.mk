# SPDX-License-Identifier: MIT
#
# The test guests: multiboot 1 kernels that check the machine from inside, on
# the bare machine and under Umbra alike. Included by the Makefile, after
# builtin.mk.

TEST_GUESTS := $(B)/guests/tests
TEST_GUEST_NAMES := access apic forms keys chaos insns operands tasks timers v86 boot boot2 boot64
# Their common objects; the built-in guest has some of these, too.
TEST_GUEST_RUNTIME := $(patsubst %,$(TEST_GUESTS)/%.o, \
	start.asm trap.asm mode paging reference runtime \
	shared/console shared/string)

TEST_GUEST_CFLAGS := -std=gnu11 -Os -g -ffreestanding $(WARNINGS) -I. -m32 \
	-march=i686 -mgeneral-regs-only -fno-pic -fno-pie \
	-fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common \
	-fno-delete-null-pointer-checks -fno-tree-loop-distribute-patterns

.PHONY: test-guests check-guest
test-guests: $(TEST_GUEST_NAMES:%=$(TEST_GUESTS)/%.elf) check-guest

$(TEST_GUESTS)/%.o: tests/guests/%.c tests/guests/guests.mk | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(TEST_GUEST_CFLAGS) -MMD -MP -c $< -o $@

$(TEST_GUESTS)/shared/%.o: guest/builtin/%.c tests/guests/guests.mk | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CC) $(TEST_GUEST_CFLAGS) -MMD -MP -c $< -o $@

$(TEST_GUESTS)/%.asm.o: tests/guests/%.asm tests/guests/guests.mk | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  NASM    $<"
	$(Q)$(NASM) -f elf32 -w+all -Werror -I./ -MD $(@:.o=.d) $< -o $@

LINK_TEST_GUEST = $(CC) -m32 -nostdlib -static -no-pie -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
	-T tests/guests/guests.ld $(filter %.o,$^) -o $@

$(TEST_GUESTS)/%.elf: $(TEST_GUESTS)/%.o tests/guests/guests.ld \
		$(TEST_GUEST_RUNTIME)
	@echo "  LD      $@"
	$(Q)$(LINK_TEST_GUEST)

$(TEST_GUESTS)/forms.elf: $(TEST_GUESTS)/forms_table.asm.o
$(TEST_GUESTS)/apic.elf: $(TEST_GUESTS)/apic_interrupts.o
$(TEST_GUESTS)/chaos.elf: $(TEST_GUESTS)/chaos_ops.o \
	$(TEST_GUESTS)/chaos_memory.o \
	$(TEST_GUESTS)/chaos_lethal.o $(TEST_GUESTS)/chaos64.asm.o

# The same guest for the other ways to load it: a multiboot 2 header, and ELF64.
$(TEST_GUESTS)/boot2.elf: $(TEST_GUESTS)/boot2.asm.o $(TEST_GUESTS)/boot.o \
		tests/guests/guests.ld $(TEST_GUEST_RUNTIME)
	@echo "  LD      $@"
	$(Q)$(LINK_TEST_GUEST)

$(TEST_GUESTS)/boot64.elf: $(TEST_GUESTS)/boot.elf
	$(Q)objcopy -I elf32-i386 -O elf64-x86-64 $< $@

# The check guest: 64-bit code on the runtime of the built-in guest, and a flat file
# like that guest. tools/mkimage puts it into the image where guest=check asks for it.
CHECK_GUEST := $(TEST_GUESTS)/check.bin
CHECK_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/guests/check/*.c)) \
	$(B)/tests/guests/check/access.asm.o $(B)/tests/guests/reference.o

check-guest: $(CHECK_GUEST)

$(CHECK_OBJS): guest/builtin/builtin.mk
$(CHECK_OBJS): CFLAGS += $(GUEST64_CFLAGS)

$(TEST_GUESTS)/check.elf: $(CHECK_OBJS) $(RUNTIME64_OBJS) \
		guest/builtin/builtin.ld
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(LINK_GUEST64)

$(CHECK_GUEST): $(TEST_GUESTS)/check.elf
	$(Q)objcopy -O binary $< $@

# Domain 0 of Xen, which reads nothing of the file but its notes and segments.
DOM0 := $(TEST_GUESTS)/dom0.elf
test-guests: $(DOM0)

$(DOM0): tests/guests/dom0.asm tests/guests/guests.mk | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  NASM    $<"
	$(Q)$(NASM) -f elf64 -w+all -Werror $< -o $@.o
	$(Q)$(LD) -n -z noseparate-code -z noexecstack -Ttext=0x100000 \
		-e dom0 $@.o -o $@

# Umbra behind a firmware that leaves everything on, and puts its ACPI tables above
# 4 GiB, if there is memory.
LEFT_ON := $(B)/left-on.elf
test-guests: $(LEFT_ON)

$(LEFT_ON): $(OBJS) $(B)/tests/guests/left_on.asm.o \
		$(B)/tests/guests/high_tables.asm.o linker.ld
	@echo "  LD      $@"
	$(Q)$(CC) $(LDFLAGS) -T linker.ld -Wl,-e,high_tables $(filter %.o,$^) -o $@
	$(Q)objcopy --strip-all $@

-include $(wildcard $(TEST_GUESTS)/*.d $(TEST_GUESTS)/*/*.d) $(CHECK_OBJS:.o=.d)
