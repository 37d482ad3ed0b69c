/* SPDX-License-Identifier: MIT */
/* The machine's ACPI tables. Sections are those of the sources in acpi.h. */
#include "arch/x86/firmware/acpi.h"

#define TABLE_MAX (4 * MIB)
#define RSDP_SIZE 20 /* bytes of its first checksum */
#define RSDP_SIZE_2 36

/* Offsets in the RSDP (5.2.5.3), any header (5.2.6) and the FADT (5.2.9). */
enum {
	RSDP_REVISION = 15,
	RSDP_RSDT = 16,
	RSDP_XSDT = 24,
	HEADER_LENGTH = 4,
	HEADER_SIZE = 36,
	FADT_DSDT = 40,
	FADT_SMI_COMMAND = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_PM1A_CONTROL = 64,
	FADT_PM1B_CONTROL = 68,
	FADT_PM_TIMER = 76,
	FADT_PM_TIMER_LENGTH = 91,
	FADT_FLAGS = 112,
	FADT_RESET_REGISTER = 116, /* its space; the address follows at 120 */
	FADT_RESET_VALUE = 128,
	FADT_X_DSDT = 140,
	MADT_ENTRIES = 44, /* 5.2.12 */
	SPCR_TYPE = 36,
	SPCR_ADDRESS = 40,
	DBG2_DEVICES = 36, /* the offset of the first; their number follows */
	DBG2_DEVICE_TYPE = 12, /* in a device: its type, then its subtype */
	DBG2_DEVICE_ADDRESS = 18, /* the offset of its address in it */
};

/* A generic address structure (5.2.3.2). */
enum { GAS_SPACE = 0, GAS_BITS = 1, GAS_ACCESS = 3, GAS_ADDRESS = 4 };

#define DBG2_SERIAL 0x8000
#define BYTE 8 /* bits */

#define FLAG_PM_TIMER_WIDE BIT(8)
#define FLAG_RESET BIT(10)
#define MADT_LOCAL_APIC 0
#define MADT_LOCAL_X2APIC 9
#define MADT_ENABLED BIT(0)

/* AML (20.2): the bytes of "Name (_S5, Package () {a, b, ...})". */
#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_BYTE 0x0a
#define AML_PACKAGE 0x12

struct reader {
	firmware_memory *memory;
	struct acpi_facts *facts;
};

static bool is_table(const struct table *t, const char *signature)
{
	return t->data && !memcmp(t->data, signature, 4);
}

/* Returns the table at @hpa; .data is NULL if its size or sum is wrong. */
static struct table find_table(const struct reader *r, hpa_t hpa)
{
	struct table t = { hpa ? r->memory(hpa, HEADER_SIZE) : NULL,
			   HEADER_SIZE };
	u32 length;

	if (!t.data)
		return t;
	length = (u32)field(&t, HEADER_LENGTH, 4);
	t.data = NULL;
	if (length < HEADER_SIZE || length > TABLE_MAX)
		return t;
	t.size = length;
	t.data = r->memory(hpa, length);
	if (t.data && table_sum(t.data, length))
		t.data = NULL;
	return t;
}

/*
 * Reads an integer of a package; 0 and 1 have forms of one byte. Returns false
 * if it is longer than a byte.
 */
static bool read_integer(const struct table *t, u32 *at, u8 *value)
{
	u8 op = (u8)field(t, (*at)++, 1);

	*value = op;
	if (op == AML_BYTE)
		*value = (u8)field(t, (*at)++, 1);
	return op == AML_BYTE || op == AML_ZERO || op == AML_ONE;
}

/*
 * Finds _S5 without an interpreter of AML: it is a package of constants, since
 * a simple system could not use one that the firmware computes.
 */
static void read_s5(const struct table *t, struct acpi_facts *facts)
{
	for (u32 i = HEADER_SIZE; i + 8 <= t->size; i++) {
		u32 at = i + 4;

		if (memcmp(t->data + i, "_S5_", 4) ||
		    t->data[at] != AML_PACKAGE)
			continue;
		/* PkgLength's top two bits: its number of further bytes. */
		at += 2 + (u32)(t->data[at + 1] >> 6);
		at++; /* NumElements */
		if (!read_integer(t, &at, &facts->s5_type[0]) ||
		    !read_integer(t, &at, &facts->s5_type[1]))
			continue;
		facts->has_s5 = true;
		return;
	}
}

static void read_fadt(const struct reader *r, const struct table *t)
{
	struct acpi_facts *facts = r->facts;
	u32 flags = (u32)field(t, FADT_FLAGS, 4);
	hpa_t dsdt = field(t, FADT_X_DSDT, 8);
	struct table code;

	facts->smi_command = (u16)field(t, FADT_SMI_COMMAND, 2);
	facts->acpi_enable = (u8)field(t, FADT_ACPI_ENABLE, 1);
	facts->pm1_control[0] = (u16)field(t, FADT_PM1A_CONTROL, 2);
	facts->pm1_control[1] = (u16)field(t, FADT_PM1B_CONTROL, 2);
	if (field(t, FADT_PM_TIMER_LENGTH, 1) == 4)
		facts->pm_timer = (u16)field(t, FADT_PM_TIMER, 2);
	facts->pm_timer_is_wide = flags & FLAG_PM_TIMER_WIDE;
	if (flags & FLAG_RESET) {
		facts->reset_space = (enum acpi_space)MIN(
			field(t, FADT_RESET_REGISTER, 1), (u64)ACPI_NO_SPACE);
		facts->reset_address = field(t, FADT_RESET_REGISTER + 4, 8);
		facts->reset_value = (u8)field(t, FADT_RESET_VALUE, 1);
	}
	code = find_table(r, dsdt ? dsdt : field(t, FADT_DSDT, 4));
	if (is_table(&code, "DSDT"))
		read_s5(&code, facts);
}

static void read_madt(const struct table *t, struct acpi_facts *facts)
{
	u32 length;

	for (u32 at = MADT_ENTRIES; at + 2 <= t->size; at += length) {
		u8 type = (u8)field(t, at, 1);

		length = (u32)field(t, at + 1, 1);
		if (length < 2)
			return;
		if ((type == MADT_LOCAL_APIC &&
		     (field(t, at + 4, 4) & MADT_ENABLED)) ||
		    (type == MADT_LOCAL_X2APIC &&
		     (field(t, at + 8, 4) & MADT_ENABLED)))
			facts->processors++;
	}
}

/* Returns true for DBG2's table 3: a 16550, a subset of it, or one by its GAS. */
static bool is_16550(u64 type)
{
	return type == 0x00 || type == 0x01 || type == 0x12;
}

static void read_serial(const struct table *t, u32 at, struct acpi_serial *port)
{
	u64 code = field(t, at + GAS_ACCESS, 1); /* 1: bytes, 2: words, ... */

	port->space = (enum acpi_space)MIN(field(t, at + GAS_SPACE, 1),
					   (u64)ACPI_NO_SPACE);
	port->access =
		(u8)(code && code <= 4
			     ? BIT(code - 1)
			     : MAX(field(t, at + GAS_BITS, 1) / BYTE, 1));
	port->address = field(t, at + GAS_ADDRESS, 8);
}

static void read_dbg2(const struct table *t, struct acpi_serial *port)
{
	u32 at = (u32)field(t, DBG2_DEVICES, 4), length;

	for (u32 left = (u32)field(t, DBG2_DEVICES + 4, 4); left; left--) {
		length = (u32)field(t, at + 1, 2);
		if (!length)
			return;
		if (field(t, at + DBG2_DEVICE_TYPE, 2) == DBG2_SERIAL &&
		    is_16550(field(t, at + DBG2_DEVICE_TYPE + 2, 2)))
			return read_serial(
				t,
				at + (u32)field(t, at + DBG2_DEVICE_ADDRESS, 2),
				port);
		at += length;
	}
}

void acpi_read(const void *rsdp, size_t size, firmware_memory *memory,
	       struct acpi_facts *facts)
{
	const struct reader reader = { memory, facts };
	const struct table root_pointer = { rsdp, (u32)size };
	bool wide = size >= RSDP_SIZE_2 &&
		    field(&root_pointer, RSDP_REVISION, 1) >= 2;
	u32 entry = wide ? 8 : 4;
	struct table root;

	*facts = (struct acpi_facts){ .reset_space = ACPI_NO_SPACE };
	if (size < RSDP_SIZE || memcmp(rsdp, "RSD PTR ", 8) ||
	    table_sum(rsdp, RSDP_SIZE))
		return;
	root = find_table(&reader, field(&root_pointer,
					 wide ? RSDP_XSDT : RSDP_RSDT, entry));
	if (!is_table(&root, wide ? "XSDT" : "RSDT"))
		return;
	for (u32 at = HEADER_SIZE; at + entry <= root.size; at += entry) {
		struct table t = find_table(&reader, field(&root, at, entry));

		if (is_table(&t, "FACP"))
			read_fadt(&reader, &t);
		else if (is_table(&t, "APIC"))
			read_madt(&t, facts);
		else if (is_table(&t, "SPCR") &&
			 is_16550(field(&t, SPCR_TYPE, 1)))
			read_serial(&t, SPCR_ADDRESS,
				    &facts->serial[ACPI_SPCR]);
		else if (is_table(&t, "DBG2"))
			read_dbg2(&t, &facts->serial[ACPI_DBG2]);
	}
}
