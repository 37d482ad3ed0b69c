# SPDX-License-Identifier: MIT
#
# UNIT_<name>_SRCS: the sources that tests/unit/test_<name>.c is linked with, besides
# cmocka and host_log.c; and UNIT_<name>_LIBS if it needs a library.

# bus_master.c, pci.c, ports.c, cpu.c, printf.c, string.c, frames.c, symbols.c, paging.c,
# text_screen.c, and the files of vmx/ that talk to the processor are included by
# their tests.
UNIT_printf_SRCS :=
UNIT_string_SRCS :=
UNIT_bus_master_SRCS :=
UNIT_cpu_SRCS :=
UNIT_frames_SRCS :=
UNIT_symbols_SRCS :=
UNIT_cmdline_SRCS := boot/cmdline.c
UNIT_options_SRCS := boot/options.c boot/cmdline.c mmu/policy.c vmx/trace/filter.c \
	guest/loaders/builtin.c
UNIT_policy_SRCS := mmu/policy.c
UNIT_compare_SRCS := vmx/report/compare.c
UNIT_status_SRCS := vmx/report/status.c vmx/report/rung.c mmu/policy.c
UNIT_rung_SRCS := vmx/report/rung.c $(UNIT_options_SRCS)
UNIT_multiboot2_SRCS := boot/multiboot2.c boot/regions.c
UNIT_regions_SRCS := boot/regions.c
UNIT_scancode_SRCS := arch/x86/console/scancode.c
UNIT_ports_SRCS :=
UNIT_serial_SRCS := arch/x86/console/serial.c
UNIT_probe_SRCS := arch/x86/console/screen.c vmx/platform.c vmx/controls.c vmx/vmcs_fields.c vmx/vpid.c
UNIT_screen_SRCS := arch/x86/console/screen.c
UNIT_framebuffer_SRCS := arch/x86/console/framebuffer.c
UNIT_paging_SRCS := arch/x86/console/framebuffer.c

# The decoder, and the emulator.
INSN_SRCS := $(wildcard arch/x86/emulator/insn*.c)
EMULATE_SRCS := $(wildcard arch/x86/emulator/emulate*.c) \
	arch/x86/emulator/emulate_alu.asm
LINEAR_SRCS := arch/x86/emulator/linear.c arch/x86/emulator/breakpoints.c

UNIT_insn_cache_SRCS := $(INSN_SRCS)
UNIT_insn_SRCS := $(INSN_SRCS) $(LINEAR_SRCS) \
	tests/unit/insn_random.c tests/unit/insn_zydis.c
UNIT_insn_LIBS := -lZydis
UNIT_insn_text_SRCS := vmx/report/insn_text.c $(INSN_SRCS) $(LINEAR_SRCS) tests/unit/insn_random.c

UNIT_linear_SRCS := $(LINEAR_SRCS)
UNIT_string_io_SRCS := vmx/exits/string_io.c $(EMULATE_SRCS) $(INSN_SRCS) $(LINEAR_SRCS) \
	tests/unit/emulate_memory.c
UNIT_emulate_SRCS := $(EMULATE_SRCS) $(INSN_SRCS) $(LINEAR_SRCS) \
	tests/unit/emulate_host.c tests/unit/emulate_case.c \
	tests/unit/emulate_memory.c tests/unit/insn_random.c
UNIT_emulate_forms_SRCS := $(EMULATE_SRCS) $(INSN_SRCS) $(LINEAR_SRCS) \
	tests/unit/emulate_memory.c

UNIT_guest_memory_SRCS := guest/memory.c
UNIT_canary_SRCS := guest/canary.c guest/memory.c
LOADER_SRCS := guest/loaders/loader.c guest/loaders/linux.c guest/loaders/multiboot.c \
	guest/loaders/multiboot2.c guest/loaders/image.c guest/memory.c tests/unit/guest_ram.c
UNIT_linux_SRCS := $(LOADER_SRCS)
UNIT_multiboot_SRCS := $(LOADER_SRCS)
UNIT_guest_multiboot2_SRCS := $(LOADER_SRCS)
UNIT_text_screen_SRCS := guest/memory.c tests/unit/guest_ram.c
UNIT_uart_SRCS := guest/devices/uart.c
UNIT_pic_SRCS := guest/devices/pic.c
UNIT_pit_SRCS := guest/devices/pit.c
UNIT_rtc_SRCS := guest/devices/rtc.c
LAPIC_SRCS := guest/devices/lapic.c guest/devices/lapic_registers.c guest/devices/lapic_timer.c
UNIT_devices_SRCS := guest/devices/devices.c guest/devices/ports.c guest/devices/uart.c guest/devices/pic.c \
	guest/devices/pit.c guest/devices/rtc.c guest/devices/i8042.c guest/devices/pm.c guest/devices/pci.c \
	guest/devices/mmio.c guest/devices/ioapic.c $(LAPIC_SRCS)
UNIT_quiet_SRCS := $(UNIT_devices_SRCS)
UNIT_lapic_SRCS := $(LAPIC_SRCS)
UNIT_lapic_timer_SRCS := $(LAPIC_SRCS)
UNIT_ioapic_SRCS := guest/devices/ioapic.c
UNIT_i8042_SRCS := guest/devices/i8042.c
UNIT_acpi_SRCS := guest/firmware/acpi.c guest/firmware/bios_data.c guest/firmware/mptable.c guest/memory.c \
	tests/unit/guest_ram.c
UNIT_smbios_SRCS := arch/x86/firmware/smbios.c
UNIT_machine_acpi_SRCS := arch/x86/firmware/acpi.c $(UNIT_acpi_SRCS)
$(B)/unit/test_acpi $(B)/unit/test_machine_acpi: $(B)/guest/firmware/dsdt.asm.o
# The registers are those of this machine.
$(B)/unit/test_vector: $(B)/arch/x86/vector.asm.o
UNIT_pm_SRCS := guest/devices/pm.c
UNIT_pci_SRCS := guest/devices/pci.c
UNIT_cpuid_policy_SRCS := guest/cpuid.c
UNIT_cpuid_random_SRCS := guest/cpuid.c
UNIT_msr_policy_SRCS := guest/msr.c
UNIT_vmx_SRCS := vmx/platform.c vmx/controls.c vmx/vmcs_fields.c \
	vmx/report/words.c arch/x86/exception.c
UNIT_vmx_root_SRCS := $(UNIT_vmx_SRCS)
UNIT_controls_random_SRCS := vmx/controls.c vmx/vmcs_fields.c
UNIT_vpid_SRCS := vmx/vpid.c
UNIT_cr_rules_SRCS := vmx/cr_rules.c guest/cpuid.c
UNIT_events_SRCS := vmx/events/events.c
UNIT_step_SRCS :=
UNIT_pacing_SRCS :=
UNIT_run_SRCS := $(UNIT_cr_rules_SRCS) vmx/vpid.c vmx/controls.c vmx/vmcs_fields.c \
	vmx/report/words.c vmx/trace/trace.c vmx/trace/filter.c arch/x86/exception.c
UNIT_run_fields_SRCS := $(UNIT_run_SRCS)
UNIT_serve_SRCS := $(UNIT_devices_SRCS) vmx/monitor/keys.c
UNIT_serve_input_SRCS := $(UNIT_serve_SRCS)
UNIT_faulting_access_SRCS := vmx/exits/faulting_access.c
UNIT_task_exit_SRCS := vmx/exits/task_exit.c
UNIT_task_switch_SRCS := arch/x86/emulator/task_switch.c $(LINEAR_SRCS)
MMU_SRCS := $(wildcard mmu/*.c mmu/*/*.c)
UNIT_mmu_SRCS := $(MMU_SRCS) tests/unit/mmu_world.c tests/model/guard.c tests/model/words.c
UNIT_mmu_random_SRCS := $(UNIT_mmu_SRCS)
UNIT_protect_SRCS := $(UNIT_mmu_SRCS)
UNIT_bypass_SRCS := $(UNIT_mmu_SRCS)
UNIT_filter_SRCS := $(UNIT_mmu_SRCS)
UNIT_vtlb_SRCS := $(UNIT_mmu_SRCS)
UNIT_update_SRCS := $(UNIT_mmu_SRCS)
UNIT_prefetch_SRCS := $(UNIT_mmu_SRCS)
UNIT_audit_SRCS := $(UNIT_mmu_SRCS)
UNIT_open_SRCS := $(UNIT_mmu_SRCS) tests/unit/mmu_tables.c
UNIT_frame_writes_SRCS := $(UNIT_open_SRCS)
UNIT_given_up_SRCS := $(UNIT_open_SRCS)
UNIT_alu_SRCS := arch/x86/emulator/emulate_alu.c \
	arch/x86/emulator/emulate_alu.asm
UNIT_place_SRCS := $(MMU_SRCS)
UNIT_place_choice_SRCS := $(MMU_SRCS)
UNIT_view_SRCS := $(UNIT_mmu_SRCS)
UNIT_monitor_SRCS := $(UNIT_mmu_SRCS) vmx/monitor/keys.c \
	lib/parse.c vmx/monitor/parse.c vmx/report/rung.c vmx/report/view_words.c \
	vmx/report/costs.c vmx/report/words.c vmx/vmcs_fields.c \
	vmx/trace/trace.c vmx/trace/filter.c arch/x86/exception.c \
	vmx/report/insn_text.c $(INSN_SRCS)
UNIT_dump_SRCS := $(UNIT_mmu_SRCS) vmx/controls.c vmx/report/words.c vmx/report/list.c \
	vmx/vmcs_fields.c arch/x86/exception.c
UNIT_monitor_prompt_SRCS := $(UNIT_monitor_SRCS)
UNIT_monitor_line_SRCS := $(UNIT_monitor_SRCS)
UNIT_monitor_costs_SRCS := $(UNIT_monitor_SRCS)
UNIT_gpr_SRCS :=
UNIT_spte_SRCS :=
UNIT_reference_SRCS := tests/model/reference.c
UNIT_walk_SRCS := $(MMU_SRCS) tests/model/reference.c tests/model/words.c
UNIT_model_SRCS := $(MMU_SRCS) $(wildcard tests/model/*.c) vmx/vpid.c
UNIT_doctor_SRCS := $(filter-out vmx/doctor/entry_check.c, \
	$(wildcard vmx/doctor/*.c)) tests/doctor/break.c \
	vmx/controls.c vmx/vmcs_fields.c guest/cpuid.c \
	tests/unit/entry_checks.c tests/unit/entry_checks_guest.c tests/unit/good_vmcs.c
UNIT_vmcs_setup_SRCS := $(filter-out vmx/doctor/entry_check.c, $(wildcard vmx/doctor/*.c)) \
	$(MMU_SRCS) $(UNIT_cr_rules_SRCS) vmx/controls.c vmx/vmcs_fields.c vmx/vpid.c guest/msr.c
UNIT_selftest_SRCS := $(UNIT_vmcs_setup_SRCS)
UNIT_vm_create_SRCS := $(MMU_SRCS) $(UNIT_devices_SRCS) $(UNIT_cr_rules_SRCS) vmx/controls.c \
	vmx/vmcs_fields.c vmx/vpid.c vmx/trace/trace.c vmx/trace/filter.c vmx/report/rung.c \
	guest/memory.c guest/canary.c guest/msr.c
UNIT_vm_calls_SRCS := $(UNIT_vm_create_SRCS)
UNIT_vm_SRCS := $(UNIT_devices_SRCS) $(UNIT_cr_rules_SRCS) guest/memory.c guest/msr.c
UNIT_stats_SRCS := $(UNIT_mmu_SRCS) vmx/report/rung.c vmx/report/words.c arch/x86/exception.c
UNIT_operation_SRCS := $(UNIT_mmu_SRCS) vmx/trace/trace.c vmx/trace/filter.c \
	vmx/report/view_words.c vmx/report/words.c vmx/report/insn_text.c vmx/vmcs_fields.c \
	arch/x86/exception.c $(INSN_SRCS) $(LINEAR_SRCS)
UNIT_clinic_SRCS := $(UNIT_doctor_SRCS) tests/unit/vmcs_mend.c
UNIT_mends_SRCS := $(UNIT_clinic_SRCS)
UNIT_trace_SRCS := vmx/trace/trace.c vmx/trace/filter.c
UNIT_exits_SRCS := $(UNIT_mmu_SRCS) $(UNIT_devices_SRCS) $(UNIT_cr_rules_SRCS) \
	vmx/events/events.c vmx/vpid.c vmx/gdb/points.c guest/msr.c guest/memory.c \
	arch/x86/exception.c vmx/vmcs_fields.c vmx/trace/trace.c
UNIT_event_exits_SRCS := $(UNIT_exits_SRCS)
UNIT_gdb_SRCS := vmx/gdb/packet.c vmx/gdb/protocol.c vmx/gdb/points.c vmx/gdb/insn_flags.c \
	lib/parse.c
UNIT_gdb_link_SRCS := vmx/gdb/link.c vmx/gdb/packet.c lib/parse.c
UNIT_gdb_exits_SRCS := $(UNIT_exits_SRCS)
UNIT_gdb_serve_SRCS := $(UNIT_exits_SRCS) vmx/gdb/protocol.c vmx/gdb/packet.c vmx/gdb/insn_flags.c \
	lib/parse.c vmx/report/costs.c vmx/report/words.c
UNIT_emulated_exits_SRCS := $(UNIT_exits_SRCS) $(EMULATE_SRCS) $(INSN_SRCS) \
	$(LINEAR_SRCS) vmx/exits/string_io.c vmx/exits/task_exit.c arch/x86/vector.asm \
	arch/x86/emulator/task_switch.c
UNIT_fault_exits_SRCS := $(UNIT_emulated_exits_SRCS) vmx/exits/faulting_access.c
