/* SPDX-License-Identifier: MIT */
/*
 * The making of a virtual machine: the memory of the guest and of Umbra,
 * refusals and their messages, and the settings of the MMU and of the guest's
 * processor.
 */
#include "vm_create_world.h"

static bool create_again(void)
{
	set_up_machine(RAM_SIZE);
	log_text[0] = '\0';
	return create_vm();
}

/* --- Sizes ---------------------------------------------------------------- */

/* All that can be spared: a MiB more is refused, and little is left over. */
static void all_memory(void **state)
{
	u64 bytes;

	assert_true(create_vm());
	bytes = vm.memory_bytes;
	assert_int_equal(bytes % MIB, 0);
	assert_true(bytes > 80 * MIB);
	assert_true(frames_free_count() * PAGE_SIZE < UMBRA_RESERVE + MIB);
	assert_non_null(guest_memory_map(&vm.memory, bytes - 1));
	assert_null(guest_memory_map(&vm.memory, bytes));
	config.memory = bytes;
	assert_true(create_again());
	config.memory = bytes + MIB;
	assert_false(create_again());
	assert_log_has("the guest can't have");
	assert_log_has("the machine does not have that much free memory");
}

static void guest_too_small(void **state)
{
	config.memory = 2 * MIB - PAGE_SIZE;
	assert_false(create_vm());
	assert_log_has(
		"the guest can't have 2044 KiB of memory: a guest needs 2 MiB");
	config.memory = 2 * MIB;
	assert_true(create_again());
}

static void machine_too_small(void **state)
{
	set_up_machine(4 * MIB);
	assert_false(create_vm());
	assert_log_has("This machine can spare 0 MiB");
}

static void shadow_pool(void **state)
{
	config.memory = 8 * MIB;
	assert_true(create_vm());
	assert_int_equal(vm.shadow_pages, 256);
	config.memory = 72 * MIB;
	assert_true(create_again());
	assert_int_equal(vm.shadow_pages, 72 * 4);
	assert_int_equal(vm.mmu->config.shadow_pages, 72 * 4);
	/* The user asks for another size; a large one leaves the guest less. */
	config.shadow_pages = 300;
	assert_true(create_again());
	assert_int_equal(vm.mmu->config.shadow_pages, 300);
	config.memory = 0;
	config.shadow_pages = 2000;
	assert_true(create_again());
	assert_true(vm.memory_bytes < 82 * MIB);
}

/*
 * The frames of a guest are more than its RAM has: those from 3 to 4 GiB are
 * numbered, too. Umbra's own tables have an entry for each.
 */
static void guest_above_4_gib(void **state)
{
	static const u64 sizes[] = { 2 * GIB, 3 * GIB, 4 * GIB, 60 * GIB };

	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
		u64 frames = guest_memory_frames(sizes[i]);
		u64 used = mmu_memory(frames, 4 * sizes[i] / MIB) +
			   frames * sizeof(hfn_t);

		assert_true(umbra_memory(sizes[i], 0) == used + 2 * MIB);
	}
}

/* They have frame numbers of the guest, which gets other frames for them. */
static void canaries(void **state)
{
	u64 most;

	assert_true(create_vm());
	most = vm.memory_bytes;
	config.canaries = 16;
	assert_true(create_again());
	assert_in_range(vm.memory_bytes, most * 14 / 16, most * 15 / 16);
	assert_in_range(vm.canaries.count, vm.memory_bytes / PAGE_SIZE / 16 - 2,
			vm.memory_bytes / PAGE_SIZE / 16 + 1);
	assert_true(vm.memory.relocated >= vm.canaries.count);
}

static void trace(void **state)
{
	assert_true(create_vm());
	assert_int_equal(vm.trace.pages, 64);
	assert_int_equal(vm.shown_exits, 0);
	config.trace = RECORDS_MAX / 2;
	config.trace_way = TRACE_COM2;
	config.trace_kinds = BIT(TRACE_EXIT);
	assert_true(create_again());
	/* Each of the exits may have another record. */
	assert_in_range(vm.trace.pages, 512, 514);
	assert_int_equal(vm.shown_exits, RECORDS_MAX / 2);
	assert_int_equal(vm.trace_way, TRACE_COM2);
	assert_int_equal(vm.trace.kinds, BIT(TRACE_EXIT));
	/* The trace comes first. */
	config.trace = 100 * RECORDS_MAX;
	assert_false(create_again());
	assert_log_has("ask for fewer exits (trace=)");
}

/* Umbra's pool is one piece. */
static void memory_in_pieces(void **state)
{
	set_up_machine(RAM_SIZE);
	info.region_count = 1;
	for (hpa_t at = MIB; at < RAM_SIZE; at += MIB)
		add_ram(at, at + MIB - PAGE_SIZE);
	assert_true(frames_init(&info, IMAGE_START, IMAGE_START + IMAGE_SIZE));
	config.memory = 16 * MIB;
	assert_false(create_vm());
	assert_log_has(
		"too little memory for the shadow tables of a guest of 16 MiB");
}

/*
 * The pool has room, but the table of the guest's frames, which is made after
 * it, has none: the rest of the memory is in pieces. @whole: bytes in one piece.
 */
static bool create_in_pieces(u64 whole)
{
	set_up_machine(RAM_SIZE);
	for (hfn_t hfn = 0; hfn < RAM_SIZE / PAGE_SIZE; hfn += 16)
		if (hfn < MIB / PAGE_SIZE || hfn >= (MIB + whole) / PAGE_SIZE)
			frames_claim(hfn);
	log_text[0] = '\0';
	return create_vm();
}

static void no_table_of_frames(void **state)
{
	u64 whole = 0;

	config.memory = 64 * MIB;
	do {
		whole += 64 * KIB;
		assert_false(create_in_pieces(whole));
	} while (!strstr(log_text, "no memory for the guest"));
	assert_log_has(
		"no memory for the table of the guest's frames: give the guest "
		"less");
	assert_int_equal(vm.vcpu.vmcs, 0);
	assert_true(create_in_pieces(whole + MIB));
}

/* --- What the guest's machine is told ------------------------------------- */

static void own_addresses(void **state)
{
	config.memory = 32 * MIB;
	assert_true(create_vm());
	/* All but the first page, the top of the first MiB, and the image. */
	assert_int_equal(vm.memory.relocated,
			 1 + 32 + 8 + 64 + IMAGE_SIZE / PAGE_SIZE);
	assert_log_has(
		"guest memory: 32 MiB (185 frames not at their own address)");
	assert_log_has("shadow MMU: mmu=nowalk\n");
}

static void mmu_is_configured(void **state)
{
	const struct mmu_config *mmu;

	config.memory = 8 * MIB;
	capabilities.misc = 4ULL << 16;
	processor.ext_features_edx = BIT(26);
	selftest.filter_works = false;
	selftest.cr4_added = BIT(24);
	config.audit = 7;
	config.dump = config.counters = true;
	assert_true(create_vm());
	mmu = &vm.mmu->config;
	assert_int_equal(mmu->gfn_count, 2048);
	assert_int_equal(mmu->maxphyaddr, 40);
	assert_true(mmu->gigabyte_pages);
	assert_false(mmu->filter_works);
	assert_true(mmu->leaf_trap_present);
	assert_int_equal(mmu->targets, 4);
	assert_ptr_equal(vm.vcpu.paging.mmu, vm.mmu);
	assert_int_equal(vm.vcpu.cr4_added, BIT(24));
	assert_int_equal(vm.audit, 7);
	assert_true(vm.dump && vm.counters);
	processor.ext_features_edx = 0;
	selftest.filter_works = true;
	selftest.leaf_trap_present = false;
	set_up_machine(RAM_SIZE);
	assert_true(create_vm());
	assert_false(vm.mmu->config.gigabyte_pages);
	assert_true(vm.mmu->config.filter_works);
	assert_false(vm.mmu->config.leaf_trap_present);
	assert_int_equal(vm.mmu->config.targets, 0);
}

static void processor_features(void **state)
{
	static const u64 bits[] = { CR4_SMEP, CR4_SMAP, CR4_OSXSAVE };

	config.memory = 8 * MIB;
	assert_true(create_vm());
	assert_true(vm.cpuid.smap);
	assert_true(vm.cpuid.rdtscp);
	assert_int_equal(vm.cpuid.tsc_hz, tsc_hz);
	assert_int_equal(vm.cpuid_last, 0xd);
	for (u32 i = 0; i < ARRAY_SIZE(bits); i++) {
		set_up_machine(RAM_SIZE);
		capabilities.cr4_fixed1 = BITS(16, 0) | bits[i];
		assert_true(create_vm());
		assert_int_equal(vm.cpuid.smep, i == 0);
		assert_int_equal(vm.cpuid.smap, i == 1);
		assert_int_equal(vm.cpuid.xsave, i == 2);
	}
	set_up_machine(RAM_SIZE);
	memcpy(capabilities.allowed, offers[NO_SECONDARY],
	       sizeof(capabilities.allowed));
	assert_true(create_vm());
	assert_false(vm.cpuid.rdtscp);
	assert_int_equal(vm.features.maxphyaddr, 40);
}

static void firmware_tables(void **state)
{
	char text[8];

	config.memory = 8 * MIB;
	assert_true(create_vm());
	assert_int_equal(vm.rsdp, ACPI_RSDP_GPA);
	assert_true(guest_memory_read(&vm.memory, vm.rsdp, text, 8));
	assert_memory_equal(text, "RSD PTR ", 8);
	assert_true(guest_memory_read(&vm.memory, 0x400, text, 4));
	assert_memory_equal(text, "BIOS", 4);
	assert_true(guest_memory_read(&vm.memory, MPTABLE_GPA, text, 4));
	assert_memory_equal(text, "_MP_", 4);
}

static void vpid_choice(void **state)
{
	static const struct {
		enum vpid_wish wish;
		bool has, nested, refused, used;
	} cases[] = {
		{ VPID_AUTO, true, false, false, true },
		{ VPID_AUTO, true, true, false, false },
		{ VPID_AUTO, false, false, false, false },
		{ VPID_OFF, true, false, false, false },
		{ VPID_ON, true, true, false, true },
		{ VPID_ON, false, false, true, false },
	};

	config.memory = 8 * MIB;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 controls;

		set_up_machine(RAM_SIZE);
		log_text[0] = '\0';
		nested = cases[i].nested;
		config.vpid = cases[i].wish;
		if (!cases[i].has)
			capabilities.ept_vpid = 0;
		assert_int_equal(create_vm(), !cases[i].refused);
		controls = vmread(
			VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
		if (!!(controls & CPU2_ENABLE_VPID) != cases[i].used)
			fail_msg("case %u", i);
		assert_log_has(cases[i].refused
				       ? "vpid=1 can't work, vpid=auto can"
			       : cases[i].used ? "VPID: used"
					       : "VPID: ");
	}
}

static void gdb_wants_virtual_nmis(void **state)
{
	static struct serial_port port;

	config.memory = 8 * MIB;
	assert_true(create_vm());
	assert_null(vm.gdb.link.port);
	config.gdb = &port;
	assert_true(create_again());
	assert_ptr_equal(vm.gdb.link.port, &port);
	set_up_machine(RAM_SIZE);
	capabilities.allowed[CONTROLS_PIN] = ALLOWED(~PIN_VIRTUAL_NMIS, 0x16);
	assert_false(create_vm());
	assert_log_has("the processor lacks the control \"virtual NMIs\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_memory, set_up),
		cmocka_unit_test_setup(guest_too_small, set_up),
		cmocka_unit_test_setup(machine_too_small, set_up),
		cmocka_unit_test_setup(shadow_pool, set_up),
		cmocka_unit_test_setup(guest_above_4_gib, set_up),
		cmocka_unit_test_setup(canaries, set_up),
		cmocka_unit_test_setup(trace, set_up),
		cmocka_unit_test_setup(memory_in_pieces, set_up),
		cmocka_unit_test_setup(no_table_of_frames, set_up),
		cmocka_unit_test_setup(own_addresses, set_up),
		cmocka_unit_test_setup(mmu_is_configured, set_up),
		cmocka_unit_test_setup(processor_features, set_up),
		cmocka_unit_test_setup(firmware_tables, set_up),
		cmocka_unit_test_setup(vpid_choice, set_up),
		cmocka_unit_test_setup(gdb_wants_virtual_nmis, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
