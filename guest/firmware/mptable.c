/* SPDX-License-Identifier: MIT */
/* The MP table: see firmware.h. Names and tables are the specification's. */
#include "guest/firmware/firmware.h"

#include "arch/x86/firmware/table.h"

#include "guest/devices/ioapic.h"
#include "guest/devices/lapic.h"
#include "guest/devices/pm.h"

#define ISA_IRQS 16
#define IRQ_CASCADE 2 /* of the second 8259; no device has it */
#define CONFIGURATION_GPA (MPTABLE_GPA + 0x10)
#define SPEC_REV 4 /* 1.4 */

/* 4.1 */
struct floating_pointer {
	char signature[4];
	u32 configuration;
	u8 length; /* in units of 16 bytes */
	u8 spec_rev, checksum;
	u8 features[5]; /* 0: there is a table; the 8259s' mode: virtual wire */
} __packed;

/* 4.2 */
struct header {
	char signature[4];
	u16 length;
	u8 spec_rev, checksum;
	char oem_id[8], product_id[12];
	u8 oem_table[6]; /* its address and size; 0: there is none */
	u16 entry_count;
	u32 lapic_address;
	u8 extended[4]; /* length and checksum of the extended entries; 0: none */
} __packed;

/* 4.3: the entries, in the order of their types. */
enum { PROCESSOR, BUS, IOAPIC, IO_INTERRUPT, LOCAL_INTERRUPT };

struct processor {
	u8 type, lapic_id, lapic_version, flags;
	u32 signature, features, reserved[2];
} __packed;

#define PROCESSOR_ENABLED BIT(0)
#define PROCESSOR_BOOT BIT(1)
#define LAPIC_VERSION 0x14

struct bus {
	u8 type, id;
	char name[6];
} __packed;

#define BUS_ISA 0

struct mp_ioapic {
	u8 type, id, version, flags;
	u32 address;
} __packed;

#define IOAPIC_ENABLED BIT(0)
#define IOAPIC_VERSION 0x11

struct interrupt {
	u8 type, kind;
	u16 flags;
	u8 bus, irq, apic_id, input;
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
		.header = { .signature = "PCMP",
			    .length = sizeof(c),
			    .spec_rev = SPEC_REV,
			    .oem_id = "UMBRA   ",
			    .product_id = "PC          ",
			    .entry_count = 3 + ARRAY_SIZE(c.io) + 2,
			    .lapic_address = GUEST_LAPIC_GPA },
		.processor = { PROCESSOR, GUEST_LAPIC_ID, LAPIC_VERSION,
			       PROCESSOR_ENABLED | PROCESSOR_BOOT, signature,
			       features },
		.bus = { BUS, BUS_ISA, "ISA   " },
		.ioapic = { IOAPIC, GUEST_IOAPIC_ID, IOAPIC_VERSION,
			    IOAPIC_ENABLED, GUEST_IOAPIC_GPA },
		/* LINT0 passes the 8259s' interrupts on, LINT1 is NMI. */
		.lint0 = { LOCAL_INTERRUPT, EXTINT, .apic_id = ALL_LAPICS },
		.lint1 = { LOCAL_INTERRUPT, NMI, .apic_id = ALL_LAPICS,
			   .input = 1 },
	};
	struct floating_pointer pointer = {
		.signature = "_MP_",
		.configuration = CONFIGURATION_GPA,
		.length = 1,
		.spec_rev = SPEC_REV,
	};
	size_t count = 0;

	for (u8 irq = 0; irq < ISA_IRQS; irq++)
		if (irq != IRQ_CASCADE)
			c.io[count++] = isa_interrupt(irq);
	c.header.checksum = -table_sum(&c, sizeof(c));
	pointer.checksum = -table_sum(&pointer, sizeof(pointer));
	guest_memory_write(gm, CONFIGURATION_GPA, &c, sizeof(c));
	guest_memory_write(gm, MPTABLE_GPA, &pointer, sizeof(pointer));
}
