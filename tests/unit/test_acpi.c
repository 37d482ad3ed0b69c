/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables and the MP table: found as a kernel finds them, and read by
 * ACPICA, whose code is the kernel's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/firmware/acpi.h"
#include "guest/firmware/firmware.h"
#include "tests/unit/guest_ram.h"

#define ROM_START 0xe0000
#define ROM_END 0x100000
#define HEADER_SIZE 36

static struct guest_memory gm;

static int setup(void **state)
{
	guest_ram_make(&gm, 4 * MIB);
	bios_data_write(&gm);
	acpi_write(&gm);
	mptable_write(&gm, 0x306c3, 0xbfebfbff);
	return 0;
}

static int teardown(void **state)
{
	guest_ram_free();
	return 0;
}

static u64 read_guest(gpa_t at, size_t size)
{
	u64 value = 0;

	assert_in_range(at, ROM_START, ROM_END - size);
	memcpy(&value, guest_ram + at, size);
	return value;
}

/* Finds the only place of @signature, at a multiple of 16. */
static gpa_t find_signature(const char *signature)
{
	gpa_t found = 0;

	for (gpa_t at = ROM_START; at < ROM_END; at += 16) {
		if (memcmp(guest_ram + at, signature, strlen(signature)))
			continue;
		assert_int_equal(found, 0);
		found = at;
	}
	assert_int_not_equal(found, 0);
	return found;
}

static void check_table(gpa_t at, const char *signature)
{
	size_t length = read_guest(at + 4, 4);

	assert_memory_equal(guest_ram + at, signature, 4);
	assert_in_range(length, HEADER_SIZE, ROM_END - at);
	assert_int_equal(table_sum(guest_ram + at, length), 0);
}

/* Sizes are those of a PC with an EBDA of 1 KiB: see RBIL, table M0001. */
static void bios_data(void **state)
{
	u16 word;

	memcpy(&word, guest_ram + 0x400, sizeof(word));
	assert_int_equal(word, 0x3f8);
	memcpy(&word, guest_ram + 0x40e, sizeof(word));
	assert_int_equal(word, 0x9fc0);
	assert_int_equal(guest_ram[word << 4], 1);
	memcpy(&word, guest_ram + 0x413, sizeof(word));
	assert_int_equal(word, 639);
	memcpy(&word, guest_ram + 0x463, sizeof(word));
	assert_int_equal(word, 0x3d4);
	assert_int_equal(guest_ram[0x449], 3);
	assert_int_equal(guest_ram[0x484], 24);
}

static void roots(void **state)
{
	gpa_t rsdp = find_signature("RSD PTR "), rsdt, xsdt;

	assert_int_equal(rsdp, ACPI_RSDP_GPA);
	assert_int_equal(table_sum(guest_ram + rsdp, 20), 0);
	assert_int_equal(read_guest(rsdp + 20, 4), 36);
	assert_int_equal(table_sum(guest_ram + rsdp, 36), 0);
	rsdt = read_guest(rsdp + 16, 4);
	xsdt = read_guest(rsdp + 24, 8);
	check_table(rsdt, "RSDT");
	check_table(xsdt, "XSDT");
	assert_int_equal(read_guest(rsdt + 4, 4), HEADER_SIZE + 3 * 4);
	assert_int_equal(read_guest(xsdt + 4, 4), HEADER_SIZE + 3 * 8);
	for (int i = 0; i < 3; i++) {
		static const char *const signatures[] = { "FACP", "APIC",
							  "SPCR" };
		gpa_t table = read_guest(rsdt + HEADER_SIZE + 4 * i, 4);

		assert_int_equal(table,
				 read_guest(xsdt + HEADER_SIZE + 8 * i, 8));
		check_table(table, signatures[i]);
	}
}

/* The n-th table of the RSDT. */
static gpa_t table_of_rsdt(int n)
{
	return read_guest(
		read_guest(ACPI_RSDP_GPA + 16, 4) + HEADER_SIZE + 4 * n, 4);
}

/* Offsets are those of ACPI 6.4, table 5.9. */
static void fadt(void **state)
{
	gpa_t at = table_of_rsdt(0), facs = read_guest(at + 36, 4),
	      dsdt = read_guest(at + 40, 4);

	assert_int_equal(read_guest(at + 132, 8), 0); /* or it counted */
	assert_int_equal(read_guest(at + 140, 8), dsdt);
	assert_int_equal(facs % 64, 0);
	assert_memory_equal(guest_ram + facs, "FACS\x40\0\0\0", 8);
	check_table(dsdt, "DSDT");
	assert_int_equal(read_guest(at + 46, 2), 9);
	assert_int_equal(read_guest(at + 48, 4), 0);
	assert_int_equal(read_guest(at + 56, 4), 0x600);
	assert_int_equal(read_guest(at + 64, 4), 0x604);
	assert_int_equal(read_guest(at + 76, 4), 0x608);
	assert_int_equal(read_guest(at + 88, 4), 0x04000204);
	assert_int_equal(read_guest(at + 109, 2), 0x000b);
	assert_int_equal(read_guest(at + 112, 4), 0x0575);
	assert_int_equal(read_guest(at + 116, 4), 0x01000801);
	assert_int_equal(read_guest(at + 120, 8), 0xcf9);
	assert_int_equal(read_guest(at + 128, 1), 6);
	assert_int_equal(read_guest(at + 152, 8), 0x600);
	assert_int_equal(read_guest(at + 176, 8), 0x604);
	assert_int_equal(read_guest(at + 212, 8), 0x608);
}

static void madt(void **state)
{
	static const u8 entries[] = {
		0, 8,  0,    0, 1, 0, 0,    0, /* local APIC */
		1, 12, 0,    0, 0, 0, 0xc0, 0xfe, 0,   0, 0, 0, /* I/O APIC */
		2, 10, 0,    0, 2, 0, 0,    0,	  0,   0, /* IRQ 0 is input 2 */
		2, 10, 0,    9, 9, 0, 0,    0,	  0xd, 0, /* IRQ 9: level, high */
		4, 6,  0xff, 0, 0, 1, /* NMI at LINT1 */
	};
	gpa_t at = table_of_rsdt(1);

	assert_int_equal(read_guest(at + 4, 4),
			 HEADER_SIZE + 8 + sizeof(entries));
	assert_int_equal(read_guest(at + 36, 8), 0x1fee00000);
	assert_memory_equal(guest_ram + at + 44, entries, sizeof(entries));
}

/* COM1 is the console: Microsoft's SPCR, revision 2. */
static void spcr(void **state)
{
	gpa_t at = table_of_rsdt(2);

	assert_int_equal(read_guest(at + 4, 4), 80);
	assert_int_equal(read_guest(at + 8, 1), 2);
	assert_int_equal(read_guest(at + 36, 4), 0); /* a 16550 */
	assert_int_equal(read_guest(at + 40, 4), 0x01000801);
	assert_int_equal(read_guest(at + 44, 8), 0x3f8);
	assert_int_equal(read_guest(at + 52, 2),
			 0x0403); /* IRQ 4 of both kinds */
	assert_int_equal(read_guest(at + 54, 4), 4);
	assert_int_equal(read_guest(at + 58, 4), 0x00010007); /* 115200, 8N1 */
	assert_int_equal(read_guest(at + 64, 4), 0xffffffff);
}

/* Runs a shell command there; ACPICA must print @good, and no complaint. */
static void run_acpica(const char *directory, const char *command,
		       const char *good)
{
	static char output[1 << 16];
	char line[512];
	FILE *pipe;
	size_t length;

	snprintf(line, sizeof(line), "cd %s && %s 2>&1", directory, command);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	if (pclose(pipe) || strstr(output, "ACPI BIOS") ||
	    strstr(output, "ACPI Error") || strstr(output, "ACPI Warning") ||
	    !strstr(output, good))
		fail_msg("%s:\n%s", command, output);
}

static void save_table(const char *directory, const char *name, gpa_t at)
{
	char path[256];
	size_t length = read_guest(at + 4, 4);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(guest_ram + at, 1, length, file), length);
	fclose(file);
}

/* iasl assembles again what it has disassembled, and the AML runs. */
static void acpica(void **state)
{
	char directory[] = "/tmp/test_acpi.XXXXXX";
	char command[64];

	assert_non_null(mkdtemp(directory));
	save_table(directory, "facp.dat", table_of_rsdt(0));
	save_table(directory, "apic.dat", table_of_rsdt(1));
	save_table(directory, "spcr.dat", table_of_rsdt(2));
	save_table(directory, "facs.dat", read_guest(table_of_rsdt(0) + 36, 4));
	save_table(directory, "dsdt.dat", read_guest(table_of_rsdt(0) + 40, 4));
	save_table(directory, "rsdt.dat", read_guest(ACPI_RSDP_GPA + 16, 4));
	save_table(directory, "xsdt.dat", read_guest(ACPI_RSDP_GPA + 24, 8));
	run_acpica(directory, "iasl -d *.dat", "ASL Output");
	run_acpica(directory, "iasl -we *.dsl", "Compilation successful");
	run_acpica(directory, "acpiexec -b 'evaluate _S5' dsdt.dat",
		   "Evaluation of \\_S5 returned object");
	run_acpica(directory, "acpiexec -b 'resources _SB.PCI0' dsdt.dat",
		   "Address Maximum : FEBFFFFF");
	snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
}

static void mp_table(void **state)
{
	gpa_t pointer = find_signature("_MP_"), at = read_guest(pointer + 4, 4),
	      entry;
	/* The entries of each type, and their lengths. */
	static const u8 sizes[] = { 20, 8, 8, 8, 8 };
	int counts[ARRAY_SIZE(sizes)] = { 0 };
	u16 wired = 0;

	assert_true(pointer >= 0xf0000); /* where kernels search it */
	assert_int_equal(read_guest(pointer + 8, 2), 0x0401);
	assert_int_equal(table_sum(guest_ram + pointer, 16), 0);
	assert_memory_equal(guest_ram + at, "PCMP", 4);
	assert_int_equal(table_sum(guest_ram + at, read_guest(at + 4, 2)), 0);
	assert_int_equal(read_guest(at + 36, 4), 0xfee00000);

	entry = at + 44;
	for (u64 i = 0; i < read_guest(at + 34, 2); i++) {
		u8 type = read_guest(entry, 1);

		assert_in_range(type, 0, ARRAY_SIZE(sizes) - 1);
		counts[type]++;
		if (type == 3) {
			u8 irq = read_guest(entry + 5, 1);

			wired |= BIT(irq);
			assert_int_equal(read_guest(entry + 7, 1),
					 irq ? irq : 2);
			assert_int_equal(read_guest(entry + 2, 2),
					 irq == 9 ? 0xd : 0);
		}
		entry += sizes[type];
	}
	assert_int_equal(entry, at + read_guest(at + 4, 2));
	assert_int_equal(wired, 0xfffb);
	assert_int_equal(counts[0], 1);
	assert_int_equal(read_guest(at + 44, 8), 0x000306c303140000);
	assert_int_equal(read_guest(at + 52, 4), 0xbfebfbff);
	assert_int_equal(counts[1], 1);
	assert_memory_equal(guest_ram + at + 64, "\1\0ISA   ", 8);
	assert_int_equal(counts[2], 1);
	assert_int_equal(read_guest(at + 72, 8), 0xfec0000001110002);
	assert_int_equal(counts[4], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots),    cmocka_unit_test(fadt),
		cmocka_unit_test(madt),	    cmocka_unit_test(acpica),
		cmocka_unit_test(mp_table), cmocka_unit_test(bios_data),
		cmocka_unit_test(spcr),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
