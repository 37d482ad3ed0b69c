/* SPDX-License-Identifier: MIT */
/*
 * The probe on a machine with the longest report: facts.c and probe.c included,
 * on the real screen.c with the VGA's 80 columns and 25 rows. The first row
 * must be on the screen at the end, for a photograph.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fake_processor.h"

/* This test replaces these headers. */
#define ARCH_X86_FRAMES_H
#define ARCH_X86_PAGING_H
#define ARCH_X86_TIME_H

#include "arch/x86/boot_info.h"
#include "arch/x86/console/screen.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/msr.h"
#include "lib/log.h"

#define COLUMNS 80
#define ROWS 25
#define TEXT_ROWS (ROWS - 1) /* the last one is the status */
#define LINES_MAX 40
#define LINE_SIZE 300
#define HEADLINE "umbra: Umbra 0.1, a hypervisor on shadow page tables"

#define CPU_BRAND_SIZE 49
#define FREE_FRAMES (1040000ULL * (MIB / PAGE_SIZE))

static struct {
	bool has_all; /* of the CPUID features and VMX controls */
	bool mtrrs_are_off;
	u64 feature_control;
	const struct hypervisor *below;
} machine;

static u16 cells[ROWS][COLUMNS];
static char lines[LINES_MAX][LINE_SIZE];
static unsigned int line_count;

static u64 tsc_hz = 5800000000;
static u64 image_load_base = 0x7fc00000;

static struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r = { ~0U, ~0U, ~0U, ~0U };

	if (leaf == CPUID_ADDRESS_SIZE)
		r.eax = 52;
	else if (!machine.has_all)
		r.ebx = r.ecx = r.edx = leaf == CPUID_FEATURES ? CPUID_1_ECX_VMX
							       : 0;
	return r;
}

static void cpu_brand(char *brand)
{
	strcpy(brand, "Intel(R) Xeon(R) Platinum 8480C CPU @ 2.00GHz !");
	assert_int_equal(strlen(brand), CPU_BRAND_SIZE - 2);
}

static u64 frames_free_count(void)
{
	return FREE_FRAMES;
}

static const void *paging_map_tables(hpa_t hpa, size_t size)
{
	return NULL;
}

/* The lines go to the screen, not to host_log.c. */
#define log_info log_to_screen
static void log_to_screen(const char *fmt, ...) __printf(1, 2);

#include "boot/facts.c"
#include "vmx/report/probe.c"

/* The names are as long as they may be. */
void smbios_read(hpa_t efi_table, firmware_memory *memory,
		 struct smbios_names *names)
{
	for (int i = 0; i < SMBIOS_STRINGS; i++) {
		memset(names->text[i], 'a' + i, SMBIOS_STRING_SIZE);
		names->text[i][SMBIOS_STRING_SIZE - 1] = '\0';
	}
	strcpy(names->text[SMBIOS_FIRMWARE_DATE], "12/31/2024");
}

static struct vmx_capabilities capabilities;

const struct vmx_capabilities *vmx_capabilities(void)
{
	return &capabilities;
}

const struct hypervisor *vmx_hypervisor(void)
{
	return machine.below;
}

void vmx_read_capabilities(void)
{
	capabilities = (struct vmx_capabilities){
		.basic = 0xff | 1ULL << 44,
		.misc = 4ULL << 16,
		.ept_vpid = machine.has_all ? ~0ULL : 0,
		.cr0_fixed0 = 0x80000021,
		.cr4_fixed0 = 0x2000,
		.cr4_fixed1 = ~0U,
	};
	for (u32 set = 0; set < CONTROL_SETS; set++) {
		const struct control_table *table = &control_tables[set];

		for (size_t i = 0; i < table->count; i++)
			if (machine.has_all ||
			    (table->controls[i].want != CONTROL_OFF &&
			     table->controls[i].want != CONTROL_OPTIONAL &&
			     set != CONTROLS_CPU2))
				capabilities.allowed[set] |=
					BIT(table->controls[i].bit + 32);
	}
}

bool log_has_keyboard(void)
{
	return true;
}

static void log_to_screen(const char *fmt, ...)
{
	char *line = lines[line_count++];
	va_list args;

	assert_true(line_count <= LINES_MAX);
	log_take_mark(&fmt);
	strcpy(line, "umbra: ");
	va_start(args, fmt);
	vsnprintf(line + strlen(line), LINE_SIZE - strlen(line) - 1, fmt, args);
	va_end(args);
	strcat(line, "\n");
	screen_write_line(line, strlen(line), SCREEN_NORMAL);
}

static void clear(void)
{
	for (int row = 0; row < ROWS; row++)
		for (int column = 0; column < COLUMNS; column++)
			cells[row][column] = SCREEN_BLANK;
}

static void draw(unsigned int row, unsigned int column, const u16 *new,
		 unsigned int count)
{
	memcpy(&cells[row][column], new, count * sizeof(*new));
}

static bool read_msr(u32 msr, u64 *value)
{
	*value = 0;
	if (msr == IA32_FEATURE_CONTROL)
		*value = machine.feature_control;
	else if (msr == IA32_MTRR_DEF_TYPE && !machine.mtrrs_are_off)
		*value = MTRR_DEF_TYPE_ENABLE;
	else if (msr == IA32_BIOS_SIGN_ID)
		*value = ~0ULL;
	return true;
}

static bool write_msr(u32 msr, u64 value)
{
	return true;
}

static int start(void **state)
{
	static const struct screen_surface surface = { COLUMNS, ROWS, clear,
						       draw };

	memset(&machine, 0, sizeof(machine));
	memset(lines, 0, sizeof(lines));
	line_count = 0;
	fake.read_msr = read_msr;
	fake.write_msr = write_msr;
	screen_init(COLUMNS, ROWS);
	screen_show(&surface);
	return 0;
}

/* The text of the row, with its blanks. */
static const char *row_text(unsigned int row)
{
	static char text[COLUMNS + 1];

	for (int i = 0; i < COLUMNS; i++)
		text[i] = (char)cells[row][i];
	return text;
}

/* The whole report, with the rows of kmain, the ports, the self-test, the end. */
static void print_report(u32 processors)
{
	static struct boot_info info = {
		.loader = "GRUB 2.06-13+deb12u2",
		.efi = true,
		.region_count = BOOT_REGIONS_MAX,
		.regions_lost = 999,
		.ram_lost = 9999999 * KIB,
	};
	const struct selftest_result selftest = { .filter_works = true };

	for (int i = 0; i < BOOT_REGIONS_MAX; i++)
		info.regions[i] = (struct boot_region){
			.size = i ? MIB : 1048000 * MIB,
			.type = BOOT_MEMORY_RAM,
		};
	info.processors = processors;
	log_info("Umbra 0.1, a hypervisor on shadow page tables");
	log_info("PCI functions without a driver, stopped: 99 (busmaster=keep "
		 "leaves them)");
	log_info("serial ports: SPCR (0x3f8), COM1 (0x3f8), COM2 (0x2f8), COM3 "
		 "(0x3e8), COM4 (0x2e8), DBG2 (memory), PCI (memory); console: "
		 "SPCR");
	facts_print(&info, true);
	probe_print(&info);
	log_info("self-test: not-present faults reach the guest; TRAP in a PTE "
		 "is reserved");
	probe_conclude(&selftest);
	log_info("any key resets the machine; PgUp and PgDn look back");
	log_info("end: report, status 0");
	screen_refresh();
}

/* Fails, and prints the rows, if the first one has left the screen. */
static void assert_fits(void)
{
	if (strncmp(row_text(0), HEADLINE, strlen(HEADLINE)) == 0)
		return;
	for (unsigned int row = 0; row < ROWS; row++)
		fprintf(stderr, "%2u %s\n", row + 1, row_text(row));
	fail_msg("the probe has more than %d rows of %d columns: its first row "
		 "is not on a text screen, see the rows above",
		 TEXT_ROWS, COLUMNS);
}

/* A PC with all that Umbra looks for, and firmware that left things undone. */
static void test_newest(void **state)
{
	machine.has_all = machine.mtrrs_are_off = true;
	machine.feature_control = 0x4;
	print_report(512);
	assert_fits();
	assert_int_equal(line_count, 21);
}

/* A processor of VMX's first years has no VPID. */
static void test_oldest(void **state)
{
	machine.mtrrs_are_off = true;
	machine.feature_control = 0x5;
	print_report(4);
	assert_fits();
}

/* Under a hypervisor VPIDs cost more than they save. */
static void test_below_another(void **state)
{
	static const struct hypervisor kvm = { .name = "KVM" };

	machine.has_all = true;
	machine.below = &kvm;
	print_report(512);
	assert_fits();
}

/* "load IA32_EFER" is a control of VM entry and one of VM exit. */
static void test_no_name_twice(void **state)
{
	print_report(1);
	for (unsigned int i = 0; i < line_count; i++) {
		const char *name = strstr(lines[i], "load IA32_EFER");

		if (name && strstr(name + 1, "load IA32_EFER"))
			fail_msg("a name is there twice: %s", lines[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_newest, start),
		cmocka_unit_test_setup(test_oldest, start),
		cmocka_unit_test_setup(test_below_another, start),
		cmocka_unit_test_setup(test_no_name_twice, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
