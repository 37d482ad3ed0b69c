/* SPDX-License-Identifier: MIT */
/* The MP table: see mptable.h. Names and tables are the specification's. */
#include "guest/firmware/mptable.h"

#include "guest/firmware/acpi.h"
#include "guest/devices/ioapic.h"
#include "guest/devices/lapic.h"
#include "guest/devices/pm.h"
#include "lib/string.h"

#define ISA_IRQS 16
#define IRQ_CASCADE 2 /* of the second 8259: no device's */
#define CONFIGURATION_GPA (MPTABLE_GPA + 0x10)
#define SPEC_REV 4 /* 1.4 */

/* 4.1 */
struct floating_pointer {
	char signature[4];
	u32 configuration;
	u8 length; /* in units of 16 bytes */
	u8 spec_rev;
	u8 checksum;
	u8 features[5]; /* 0: there is a table; the 8259s' mode: virtual wire */
} __packed;

/* 4.2 */
struct header {
	char signature[4];
	u16 length;
	u8 spec_rev;
	u8 checksum;
	char oem_id[8];
	char product_id[12];
	u32 oem_table;
	u16 oem_table_size;
	u16 entry_count;
	u32 lapic_address;
	u16 extended_length;
	u8 extended_checksum;
	u8 reserved;
} __packed;

/* 4.3: the entries, in the order of their types. */
enum { PROCESSOR, BUS, IOAPIC, IO_INTERRUPT, LOCAL_INTERRUPT };

struct processor {
	u8 type;
	u8 lapic_id, lapic_version;
	u8 flags;
	u32 signature;
	u32 features;
	u32 reserved[2];
} __packed;

#define PROCESSOR_ENABLED BIT(0)
#define PROCESSOR_BOOT BIT(1)
#define LAPIC_VERSION 0x14

struct bus {
	u8 type;
	u8 id;
	char name[6];
} __packed;

#define BUS_ISA 0

struct mp_ioapic {
	u8 type;
	u8 id, version;
	u8 flags;
	u32 address;
} __packed;

#define IOAPIC_ENABLED BIT(0)
#define IOAPIC_VERSION 0x11

struct interrupt {
	u8 type;
	u8 kind;
	u16 flags;
	u8 bus, irq;
	u8 apic_id, input;
} __packed;

enum { INT, NMI, EXTINT = 3 };
/* Table 4.10: polarity in bits 1:0, trigger mode in bits 3:2. */
#define ACTIVE_HIGH 0x1
#define LEVEL 0xc
#define ALL_LAPICS 0xff

struct configuration {
	struct header header;
	struct processor processor;
	struct bus bus;
	struct mp_ioapic ioapic;
	struct interrupt io[ISA_IRQS - 1]; /* all but the cascade */
	struct interrupt lint0, lint1;
} __packed;

static struct interrupt isa_interrupt(u8 irq)
{
	return (struct interrupt){
		.type = IO_INTERRUPT,
		.kind = INT,
		.flags = irq == PM_IRQ ? ACTIVE_HIGH | LEVEL : 0,
		.bus = BUS_ISA,
		.irq = irq,
		.apic_id = GUEST_IOAPIC_ID,
		.input = irq ? irq : GUEST_IOAPIC_TIMER_INPUT,
	};
}

void mptable_write(struct guest_memory *gm, u32 signature, u32 features)
{
	struct configuration c = {
		.header = { .signature = { 'P', 'C', 'M', 'P' },
			    .length = sizeof(c),
			    .spec_rev = SPEC_REV,
			    .entry_count = 3 + ARRAY_SIZE(c.io) + 2,
			    .lapic_address = GUEST_LAPIC_GPA },
		.processor = { PROCESSOR, GUEST_LAPIC_ID, LAPIC_VERSION,
			       PROCESSOR_ENABLED | PROCESSOR_BOOT, signature,
			       features },
		.bus = { BUS, BUS_ISA, { 'I', 'S', 'A', ' ', ' ', ' ' } },
		.ioapic = { IOAPIC, GUEST_IOAPIC_ID, IOAPIC_VERSION,
			    IOAPIC_ENABLED, GUEST_IOAPIC_GPA },
		/* The 8259s, while the local APIC lets them through; NMI. */
		.lint0 = { LOCAL_INTERRUPT, EXTINT, .apic_id = ALL_LAPICS,
			   .input = 0 },
		.lint1 = { LOCAL_INTERRUPT, NMI, .apic_id = ALL_LAPICS,
			   .input = 1 },
	};
	struct floating_pointer pointer = {
		.signature = { '_', 'M', 'P', '_' },
		.configuration = CONFIGURATION_GPA,
		.length = 1,
		.spec_rev = SPEC_REV,
	};
	size_t count = 0;

	memcpy(c.header.oem_id, "UMBRA   ", sizeof(c.header.oem_id));
	memcpy(c.header.product_id, "PC          ",
	       sizeof(c.header.product_id));
	for (u8 irq = 0; irq < ISA_IRQS; irq++) {
		if (irq != IRQ_CASCADE)
			c.io[count++] = isa_interrupt(irq);
	}
	c.header.checksum = -acpi_sum(&c, sizeof(c));
	pointer.checksum = -acpi_sum(&pointer, sizeof(pointer));
	guest_memory_write(gm, CONFIGURATION_GPA, &c, sizeof(c));
	guest_memory_write(gm, MPTABLE_GPA, &pointer, sizeof(pointer));
}
