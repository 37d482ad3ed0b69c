# SPDX-License-Identifier: MIT
#
# What each tests/unit/test_<name>.c is linked with, besides cmocka and
# host_log.c: UNIT_<name>_SRCS, and UNIT_<name>_LIBS if it needs a library.

# printf.c, string.c, memory.c, symbols.c, paging.c and text_screen.c are
# included by their tests.
UNIT_printf_SRCS :=
UNIT_string_SRCS :=
UNIT_memory_SRCS :=
UNIT_symbols_SRCS :=
UNIT_cmdline_SRCS := boot/cmdline.c
UNIT_multiboot2_SRCS := boot/multiboot2.c
UNIT_scancode_SRCS := arch/x86/scancode.c
UNIT_screen_SRCS := arch/x86/screen.c
UNIT_framebuffer_SRCS := arch/x86/framebuffer.c
UNIT_paging_SRCS := arch/x86/framebuffer.c

# The decoder, and the emulator.
INSN_SRCS := $(wildcard arch/x86/insn*.c)
EMULATE_SRCS := $(wildcard arch/x86/emulate*.c)

UNIT_insn_SRCS := $(INSN_SRCS) \
	tests/unit/insn_random.c tests/unit/insn_zydis.c
UNIT_insn_LIBS := -lZydis

UNIT_emulate_SRCS := $(EMULATE_SRCS) $(INSN_SRCS) \
	tests/unit/emulate_host.c tests/unit/emulate_case.c \
	tests/unit/emulate_memory.c tests/unit/insn_random.c
UNIT_emulate_forms_SRCS := $(EMULATE_SRCS) $(INSN_SRCS) \
	tests/unit/emulate_memory.c

UNIT_memory_guest_SRCS := guest/memory.c
UNIT_canary_SRCS := guest/canary.c guest/memory.c
LOADER_SRCS := guest/loader.c guest/linux.c guest/multiboot.c \
	guest/multiboot2.c guest/image.c guest/memory.c tests/unit/guest_ram.c
UNIT_linux_SRCS := $(LOADER_SRCS)
UNIT_multiboot_SRCS := $(LOADER_SRCS)
UNIT_guest_multiboot2_SRCS := $(LOADER_SRCS)
UNIT_text_screen_SRCS := guest/memory.c tests/unit/guest_ram.c
UNIT_uart_SRCS := guest/uart.c
UNIT_pic_SRCS := guest/pic.c
UNIT_pit_SRCS := guest/pit.c
UNIT_rtc_SRCS := guest/rtc.c
LAPIC_SRCS := guest/lapic.c guest/lapic_registers.c guest/lapic_timer.c
UNIT_devices_SRCS := guest/devices.c guest/ports.c guest/uart.c guest/pic.c \
	guest/pit.c guest/rtc.c guest/i8042.c guest/pm.c guest/pci.c \
	guest/mmio.c guest/ioapic.c $(LAPIC_SRCS)
UNIT_lapic_SRCS := $(LAPIC_SRCS)
UNIT_ioapic_SRCS := guest/ioapic.c
UNIT_i8042_SRCS := guest/i8042.c
UNIT_acpi_SRCS := guest/acpi.c guest/mptable.c guest/memory.c \
	tests/unit/guest_ram.c
UNIT_machine_acpi_SRCS := arch/x86/acpi.c $(UNIT_acpi_SRCS)
$(B)/unit/test_acpi $(B)/unit/test_machine_acpi: $(B)/guest/dsdt.asm.o
# The registers are those of this machine.
$(B)/unit/test_vector: $(B)/arch/x86/vector.asm.o
UNIT_pm_SRCS := guest/pm.c
UNIT_pci_SRCS := guest/pci.c
UNIT_cpuid_policy_SRCS := guest/cpuid.c
UNIT_msr_policy_SRCS := guest/msr.c
UNIT_vmx_SRCS := vmx/platform.c vmx/controls.c vmx/vmcs_fields.c vmx/words.c
UNIT_cr_rules_SRCS := vmx/cr_rules.c vmx/events.c guest/cpuid.c
UNIT_task_switch_SRCS := vmx/task_switch.c
UNIT_mmu_SRCS := $(wildcard mmu/*.c) tests/unit/mmu_world.c
UNIT_audit_SRCS := $(wildcard mmu/*.c) tests/unit/mmu_world.c
UNIT_spte_SRCS :=
UNIT_reference_SRCS := tests/model/reference.c
UNIT_walk_SRCS := $(wildcard mmu/*.c) tests/model/reference.c
UNIT_model_SRCS := $(wildcard mmu/*.c) $(wildcard tests/model/*.c)
UNIT_doctor_SRCS := $(filter-out vmx/doctor_test.c,$(wildcard vmx/doctor*.c)) \
	vmx/controls.c vmx/vmcs_fields.c
