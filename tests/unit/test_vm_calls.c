/* SPDX-License-Identifier: MIT */
/* A virtual machine's functions that the MMU and the devices call. */
#include "vm_create_world.h"

static void frames_of_the_guest(void **state)
{
	config.memory = 8 * MIB;
	assert_true(create_vm());
	assert_int_equal(vm_gfn_to_hfn(&vm, 0x300), 0x300);
	assert_int_equal(vm_gfn_to_hfn(&vm, 0), vm.memory.p2m[0]);
	assert_int_not_equal(vm_gfn_to_hfn(&vm, 0), 0);
	assert_true(vm_gfn_to_hfn(&vm, 0xa8) == HFN_NONE); /* no RAM */
	assert_true(vm_gfn_to_hfn(&vm, 2048) == HFN_NONE);
	/* The local APIC lies over RAM. */
	assert_true(devices_write_msr(&vm.devices, IA32_APIC_BASE,
				      0x300000 | BIT(8) | BIT(11), 0));
	assert_true(vm_gfn_to_hfn(&vm, 0x300) == HFN_NONE);
	/* A frame moves, with its content. */
	strcpy(phys_to_virt(0x301000), "content");
	vm_move_frame(&vm, 0x301, 0x800);
	assert_int_equal(vm_gfn_to_hfn(&vm, 0x301), 0x800);
	assert_string_equal(vm_map(&vm, 0x800), "content");
}

static void flushes_are_merged(void **state)
{
	const struct tlb_flush *flush = &vm.vcpu.flush;

	vm_flush_address(&vm, 0x7000);
	assert_int_equal(flush->scope, TLB_ADDRESS);
	assert_int_equal(flush->gva, 0x7000);
	vm_flush(&vm);
	assert_int_equal(flush->scope, TLB_SHADOW);
	vm_flush_address(&vm, 0x7000);
	assert_int_equal(flush->scope, TLB_SHADOW);
}

/* Events of the MMU have the time of the exit; before the first, the present. */
static void events_are_traced(void **state)
{
	const struct trace_record *record;

	config.memory = 8 * MIB;
	fake.tsc = 1234;
	assert_true(create_vm());
	vm_event(&vm, MMU_EVENT_WRITE, 0x55, 2);
	record = trace_at(&vm.trace, trace_count(&vm.trace) - 1);
	assert_int_equal(record->tsc, 1234);
	assert_int_equal(record->kind, TRACE_MMU + MMU_EVENT_WRITE);
	assert_int_equal(record->subject, 0x55);
	assert_int_equal(record->detail, 2);
}

static void console_byte(void **state)
{
	vm.monitor.top.shown[0][0] = 'x';
	vm_console(&vm, 'a');
	vm_console(&vm, 'b');
	assert_string_equal(console, "ab");
	assert_int_equal(vm.monitor.top.shown[0][0], '\0');
}

/* The guest's TSC is 500 ahead of the machine's. */
static void time_of_the_guest(void **state)
{
	vm.vcpu.tsc_offset = 500;
	fake.tsc = 3000;
	assert_int_equal(vm_tsc_to_ns(&vm, 3500), 0);
	assert_int_equal(vm_tsc_to_ns(&vm, 100), 0);
	assert_int_equal(vm_tsc_to_ns(&vm, 3500 + 300), 1100);
	assert_true(vm_tsc_to_ns(&vm, ~0ULL) == (~0ULL - 500) / 3);
	/* It may be lower, too; then the end is the machine's. */
	vm.vcpu.tsc_offset = -500ULL;
	assert_int_equal(vm_tsc_to_ns(&vm, 2500 + 300), 1100);
	assert_true(vm_tsc_to_ns(&vm, ~0ULL) == ~0ULL / 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frames_of_the_guest, set_up),
		cmocka_unit_test_setup(flushes_are_merged, set_up),
		cmocka_unit_test_setup(events_are_traced, set_up),
		cmocka_unit_test_setup(console_byte, set_up),
		cmocka_unit_test_setup(time_of_the_guest, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
