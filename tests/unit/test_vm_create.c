/* SPDX-License-Identifier: MIT */
/*
 * The making of a virtual machine: the memory of the guest and of Umbra,
 * refusals and their messages, and the settings of the MMU and of the guest's
 * processor. The frames, the guest's memory, the MMU and the devices are the
 * real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/types.h"

#define RAM_SIZE (96 * MIB)
#define FAKE_PAGES (RAM_SIZE / PAGE_SIZE)
#define FAKE_RAM_HPA 0 /* so that guest frames can be at their own address */
#define FAKE_RAM_ALONE
/* The limits of the direct map. */
#define DIRECT_MAP_BASE 0xffff800000000000ULL
#define DEVICE_MAP_BASE 0xffffc00000000000ULL

#include "vmx_machine.h"
#include "log_checks.h"

#define log_info log_to_text
#define memory ram_of_machine
#include "arch/x86/frames.c"
#undef memory
#include "vmx/state.c"
#include "vmx/vm.c"
#include "vmx/start/vmcs_setup.c"
#include "vmx/start/vm_create.c"
#undef log_info

#include "arch/x86/console/serial.h"
#include "mmu/shadow.h"
#include "vmx/trace/send.h"

#define IMAGE_START (16 * MIB)
#define IMAGE_SIZE (320 * KIB)
#define RECORDS_MAX 64512 /* of a trace of 512 pages */
#define VPID_COMPLETE                                                          \
	(EPT_VPID_CAP_INVVPID | EPT_VPID_CAP_TYPE(INVVPID_CONTEXT))

static struct vm vm;
static struct vm_config config;
static struct selftest_result selftest;
static struct boot_info info;
static bool nested;
static char console[16];
static u32 mp_signature;

u64 tsc_hz = 3 * 1000 * 1000 * 1000ULL;

/* --- Around the files above ------------------------------------------------- */

const struct hypervisor *vmx_hypervisor(void)
{
	static const struct hypervisor below;

	return nested ? &below : NULL;
}

void console_write(const char *s, size_t n)
{
	strncat(console, s, n);
}

bool rtc_read_register(u8 index, u8 *value)
{
	return false;
}

/* Three ticks are a nanosecond. */
u64 time_tsc_to_ns(u64 tsc)
{
	return tsc / 3;
}

void bios_data_write(struct guest_memory *gm)
{
	guest_memory_write(gm, 0x400, "BIOS", 4);
}

void acpi_write(struct guest_memory *gm)
{
	guest_memory_write(gm, ACPI_RSDP_GPA, "RSD PTR ", 8);
}

void mptable_write(struct guest_memory *gm, u32 signature, u32 features)
{
	guest_memory_write(gm, MPTABLE_GPA, "_MP_", 4);
	mp_signature = signature;
}

/* --- The machine ---------------------------------------------------------- */

static void region(hpa_t start, hpa_t end)
{
	info.regions[info.region_count++] =
		(struct boot_region){ start, end - start, BOOT_MEMORY_RAM };
}

/* A processor that has all, and a PC's memory up to @top. */
static void machine(hpa_t top)
{
	start_machine(COMPLETE);
	processor.last_leaf = 0xd;
	capabilities.ept_vpid = VPID_COMPLETE;
	memset(&vm, 0, sizeof(vm));
	memset(&info, 0, sizeof(info));
	region(0, 640 * KIB);
	region(MIB, top);
	assert_true(frames_init(&info, IMAGE_START, IMAGE_START + IMAGE_SIZE));
}

static int set_up(void **state)
{
	machine(RAM_SIZE);
	config = (struct vm_config){ .policy = mmu_rung_policies[MMU_NOWALK],
				     .vpid = VPID_AUTO,
				     .trace_kinds = TRACE_ALL };
	selftest = (struct selftest_result){ .filter_works = true,
					     .leaf_trap_present = true };
	nested = false;
	mp_signature = 0;
	console[0] = log_text[0] = '\0';
	return 0;
}

static bool create(void)
{
	return vm_create(&vm, &config, &selftest);
}

/* Creates it once more, on the same machine. */
static bool create_again(void)
{
	machine(RAM_SIZE);
	log_text[0] = '\0';
	return create();
}

/* --- Sizes ---------------------------------------------------------------- */

/* All that can be spared: a MiB more is refused, and little is left over. */
static void all_memory(void **state)
{
	u64 bytes;

	assert_true(create());
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
	prints("the guest can't have");
	prints("the machine does not have that much free memory");
}

static void guest_too_small(void **state)
{
	config.memory = 2 * MIB - PAGE_SIZE;
	assert_false(create());
	prints("the guest can't have 2044 KiB of memory: a guest needs 2 MiB");
	config.memory = 2 * MIB;
	assert_true(create_again());
}

static void machine_too_small(void **state)
{
	machine(4 * MIB);
	assert_false(create());
	prints("This machine can spare 0 MiB");
}

static void shadow_pool(void **state)
{
	config.memory = 8 * MIB;
	assert_true(create());
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

	assert_true(create());
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
	assert_true(create());
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
	prints("ask for fewer exits (trace=)");
}

/* Umbra's pool is one piece. */
static void memory_in_pieces(void **state)
{
	machine(RAM_SIZE);
	info.region_count = 1;
	for (hpa_t at = MIB; at < RAM_SIZE; at += MIB)
		region(at, at + MIB - PAGE_SIZE);
	assert_true(frames_init(&info, IMAGE_START, IMAGE_START + IMAGE_SIZE));
	config.memory = 16 * MIB;
	assert_false(create());
	prints("too little memory for the shadow tables of a guest of 16 MiB");
}

/*
 * The pool has room, but the table of the guest's frames, which is made after
 * it, has none: the rest of the memory is in pieces. @whole: bytes in one piece.
 */
static bool create_in_pieces(u64 whole)
{
	machine(RAM_SIZE);
	for (hfn_t hfn = 0; hfn < RAM_SIZE / PAGE_SIZE; hfn += 16)
		if (hfn < MIB / PAGE_SIZE || hfn >= (MIB + whole) / PAGE_SIZE)
			frames_claim(hfn);
	log_text[0] = '\0';
	return create();
}

static void no_table_of_frames(void **state)
{
	u64 whole = 0;

	config.memory = 64 * MIB;
	do {
		whole += 64 * KIB;
		assert_false(create_in_pieces(whole));
	} while (!strstr(log_text, "no memory for the guest"));
	prints("no memory for the table of the guest's frames: give the guest "
	       "less");
	assert_int_equal(vm.vcpu.vmcs, 0);
	assert_true(create_in_pieces(whole + MIB));
}

/* --- What the guest's machine is told ------------------------------------- */

static void own_addresses(void **state)
{
	config.memory = 32 * MIB;
	assert_true(create());
	/* All but the first page, the top of the first MiB, and the image. */
	assert_int_equal(vm.memory.relocated,
			 1 + 32 + 8 + 64 + IMAGE_SIZE / PAGE_SIZE);
	prints("guest memory: 32 MiB (185 frames not at their own address)");
	prints("shadow MMU: mmu=nowalk\n");
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
	assert_true(create());
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
	machine(RAM_SIZE);
	assert_true(create());
	assert_false(vm.mmu->config.gigabyte_pages);
	assert_true(vm.mmu->config.filter_works);
	assert_false(vm.mmu->config.leaf_trap_present);
	assert_int_equal(vm.mmu->config.targets, 0);
}

static void processor_features(void **state)
{
	static const u64 bits[] = { CR4_SMEP, CR4_SMAP, CR4_OSXSAVE };

	config.memory = 8 * MIB;
	assert_true(create());
	assert_true(vm.cpuid.smap);
	assert_true(vm.cpuid.rdtscp);
	assert_int_equal(vm.cpuid.tsc_hz, tsc_hz);
	assert_int_equal(vm.cpuid_last, 0xd);
	for (u32 i = 0; i < ARRAY_SIZE(bits); i++) {
		machine(RAM_SIZE);
		capabilities.cr4_fixed1 = BITS(16, 0) | bits[i];
		assert_true(create());
		assert_int_equal(vm.cpuid.smep, i == 0);
		assert_int_equal(vm.cpuid.smap, i == 1);
		assert_int_equal(vm.cpuid.xsave, i == 2);
	}
	machine(RAM_SIZE);
	memcpy(capabilities.allowed, offers[NO_SECONDARY],
	       sizeof(capabilities.allowed));
	assert_true(create());
	assert_false(vm.cpuid.rdtscp);
	assert_int_equal(vm.features.maxphyaddr, 40);
}

static void firmware_tables(void **state)
{
	char text[8];

	config.memory = 8 * MIB;
	assert_true(create());
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

		machine(RAM_SIZE);
		log_text[0] = '\0';
		nested = cases[i].nested;
		config.vpid = cases[i].wish;
		if (!cases[i].has)
			capabilities.ept_vpid = 0;
		assert_int_equal(create(), !cases[i].refused);
		controls = vmread(
			VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS);
		if (!!(controls & CPU2_ENABLE_VPID) != cases[i].used)
			fail_msg("case %u", i);
		prints(cases[i].refused ? "vpid=1 can't work, vpid=auto can"
		       : cases[i].used	? "VPID: used"
					: "VPID: ");
	}
}

static void gdb_wants_virtual_nmis(void **state)
{
	static struct serial_port port;

	config.memory = 8 * MIB;
	assert_true(create());
	assert_null(vm.gdb.link.port);
	config.gdb = &port;
	assert_true(create_again());
	assert_ptr_equal(vm.gdb.link.port, &port);
	machine(RAM_SIZE);
	capabilities.allowed[CONTROLS_PIN] = ALLOWED(~PIN_VIRTUAL_NMIS, 0x16);
	assert_false(create());
	prints("the processor lacks the control \"virtual NMIs\"");
}

/* --- What the MMU and the devices call ------------------------------------ */

static void frames_of_the_guest(void **state)
{
	config.memory = 8 * MIB;
	assert_true(create());
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
	assert_true(create());
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
		cmocka_unit_test_setup(frames_of_the_guest, set_up),
		cmocka_unit_test_setup(flushes_are_merged, set_up),
		cmocka_unit_test_setup(events_are_traced, set_up),
		cmocka_unit_test_setup(console_byte, set_up),
		cmocka_unit_test_setup(time_of_the_guest, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
