/* SPDX-License-Identifier: MIT */
/* The list of checks, and the report. */
#include "tests/guests/check/check.h"

#define CPUID_EXTENDED_FEATURES 0x80000001
#define CPUID_1_GB_PAGES BIT(26) /* EDX */
#define CPUID_ADDRESS_WIDTHS 0x80000008
#define CPUID_PHYSICAL_WIDTH BITS(7, 0) /* EAX */

/*
 * One fault can fail thousands of accesses: only the first ones are reported.
 */
#define COMPLAINTS_MAX 4

struct check {
	const char *name;
	void (*run)(void);
};

static const struct check checks[] = {
	{ "rights of 4 KiB pages", check_rights_4k },
	{ "rights of 2 MiB pages", check_rights_2m },
	{ "rights with SMEP and SMAP", check_rights_smep_smap },
	{ "accessed and dirty bits", check_accessed_dirty },
	{ "reserved bits", check_reserved },
	{ "table writes, instruction by instruction", check_write_ops },
	{ "table writes by string instructions", check_string_writes },
	{ "table writes by stack pushes", check_stack_writes },
	{ "table write across two tables", check_cross_page_write },
	{ "self-mapping PML4 entry", check_self_map },
	{ "entry written through its own mapping", check_own_mapping },
	{ "one frame at several levels", check_shared_frame },
	{ "table written through a large page", check_large_page_alias },
	{ "table, then data, then table", check_reuse },
	{ "large page split and joined", check_split },
	{ "1 GiB page", check_gigabyte },
	{ "access across two pages", check_straddle },
	{ "two address spaces", check_address_spaces },
	{ "paging off and on", check_unpaged },
	{ "CR0.WP off and on", check_write_protect },
	{ "EFER.NXE off and on", check_no_execute },
	{ "global pages", check_global },
	{ "where there is no RAM", check_hole },
	{ "single steps", check_single_step },
	{ "INT1", check_int1 },
	{ "faults of string I/O", check_string_io_faults },
	{ "breakpoints", check_breakpoints },
	{ "NMIs and an IRET that faults", check_nmi_iret },
	{ "CR4 and XCR0 as CPUID has them", check_cr4 },
	{ "dirty log", check_dirty_log },
	{ "random tables", check_random },
};

u32 maxphyaddr;
bool gigabyte_pages;
struct controls controls = { .nxe = true }; /* by entry.asm */
enum mode mode = MODE_LONG;
void *mode_root;
u32 stride;
static u32 combinations;
static u32 complaints;

void set_nxe(bool on)
{
	controls.nxe = on;
	write_efer((read_efer() & ~EFER_NXE) | (on ? EFER_NXE : 0));
}

void require(bool ok, const char *what)
{
	if (ok)
		return;
	if (!is_enough())
		print("  %s\n", what);
	complaints++;
}

bool is_chosen(void)
{
	return combinations++ % stride == 0;
}

bool is_enough(void)
{
	return complaints >= COMPLAINTS_MAX;
}

static u32 run_checks(const struct check *list, u32 count)
{
	u32 failed = 0;
	u32 i;

	maxphyaddr = cpuid(CPUID_ADDRESS_WIDTHS).eax & CPUID_PHYSICAL_WIDTH;
	gigabyte_pages = cpuid(CPUID_EXTENDED_FEATURES).edx & CPUID_1_GB_PAGES;
	for (i = 0; i < count; i++) {
		complaints = 0;
		pages_reset();
		list[i].run();
		print("check: %s %s\n", list[i].name,
		      complaints ? "FAILED" : "ok");
		failed += complaints != 0;
	}
	pages_reset();
	print("check: %u of %u failed\n", failed, count);
	return failed ? 1 : 0;
}

static u32 check_main(void)
{
	stride = MAX(number_at(argument()), 1U);
	return run_checks(checks, ARRAY_SIZE(checks));
}

const struct program programs[] = { { "check", check_main }, { NULL, NULL } };
