/* SPDX-License-Identifier: MIT */
/* The ACPI tables: see firmware.h. Sections are those of ACPI 6.4. */
#include "guest/firmware/firmware.h"

#include "arch/x86/firmware/table.h"
#include "guest/devices/ioapic.h"
#include "guest/devices/lapic.h"
#include "guest/devices/pm.h"

/* The address of each table, behind the root pointer. */
#define RSDT_GPA (ACPI_RSDP_GPA + 0x40)
#define XSDT_GPA (ACPI_RSDP_GPA + 0x80)
#define FACS_GPA (ACPI_RSDP_GPA + 0xc0) /* a multiple of 64 */
#define FADT_GPA (ACPI_RSDP_GPA + 0x100)
#define MADT_GPA (ACPI_RSDP_GPA + 0x200)
#define SPCR_GPA (ACPI_RSDP_GPA + 0x280)
#define DSDT_GPA (ACPI_RSDP_GPA + 0x300)

#define OEM_ID "UMBRA "
#define OEM_TABLE_ID "UMBRAPC "
#define CREATOR_ID "UMBR"

/* 5.2.5.3 */
struct rsdp {
	char signature[8];
	u8 checksum; /* of all before `length` */
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} __packed;

#define RSDP_REVISION 2
#define RSDP_FIRST_PART offsetof(struct rsdp, length)

/* 5.2.6: the beginning of most tables. */
struct header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	char creator_id[4];
	u32 creator_revision;
} __packed;

/* 5.2.3.2: a register, in any address space. */
struct gas {
	u8 space;
	u8 bits;
	u8 offset;
	u8 access;
	u64 address;
} __packed;

#define SPACE_IO 1

/* 5.2.9, as of ACPI 3.0 and 4.0, which had all that this machine needs. */
struct fadt {
	struct header header;
	u32 firmware_ctrl, dsdt;
	u8 reserved_1, preferred_pm_profile;
	u16 sci_int;
	u8 smi[8]; /* SMI_CMD to PSTATE_CNT; 0: it is always in ACPI mode */
	u32 pm1a_evt_blk, pm1b_evt_blk, pm1a_cnt_blk, pm1b_cnt_blk;
	u32 pm2_cnt_blk, pm_tmr_blk, gpe0_blk, gpe1_blk;
	u8 pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	u8 gpe[4]; /* GPE0_BLK_LEN to CST_CNT */
	u16 p_lvl2_lat, p_lvl3_lat;
	u8 flush[8]; /* FLUSH_SIZE to MON_ALRM */
	u8 century;
	u16 iapc_boot_arch;
	u8 reserved_2;
	u32 flags;
	struct gas reset_reg;
	u8 reset_value, reserved_3[3];
	/* x_firmware_ctrl 0: firmware_ctrl counts */
	u64 x_firmware_ctrl, x_dsdt;
	struct gas x_pm1a_evt_blk, x_pm1b_evt_blk;
	struct gas x_pm1a_cnt_blk, x_pm1b_cnt_blk;
	struct gas x_pm2_cnt_blk, x_pm_tmr_blk;
	struct gas x_gpe0_blk, x_gpe1_blk;
} __packed;

_Static_assert(sizeof(struct fadt) == 244, "FADT of revision 4");

#define FADT_REVISION 4
#define FADT_PROFILE_DESKTOP 1
#define FADT_NO_C2 0xfff /* us: above 100, no such state */
#define FADT_NO_C3 0xffff /* above 1000 */
#define FADT_CENTURY 0x32 /* its byte in the CMOS memory: see rtc.c */
/* Table 5.11 */
#define BOOT_LEGACY_DEVICES BIT(0)
#define BOOT_8042 BIT(1)
#define BOOT_NO_MSI BIT(3)
/* Table 5.10 */
#define FADT_WBINVD BIT(0)
#define FADT_PROC_C1 BIT(2)
#define FADT_NO_POWER_BUTTON BIT(4)
#define FADT_NO_SLEEP_BUTTON BIT(5)
#define FADT_NO_RTC_WAKE BIT(6)
#define FADT_TIMER_32_BITS BIT(8)
#define FADT_RESET_REG BIT(10)

#define PORT_RESET 0xcf9
#define RESET_ALL 0x06 /* CF9_RESET of ports.c, and SYS_RST */

/* 5.2.10: the bytes that the firmware and the kernel share. No checksum. */
enum { FACS_LENGTH = 4, FACS_VERSION = 32, FACS_SIZE = 64 };

/* 5.2.12 */
struct madt_lapic {
	u8 type, length, processor, apic_id;
	u32 flags;
} __packed;

struct madt_ioapic {
	u8 type, length, id, reserved;
	u32 address, gsi_base;
} __packed;

struct madt_override {
	u8 type, length, bus, source;
	u32 gsi;
	u16 flags;
} __packed;

struct madt_nmi {
	u8 type, length, processor;
	u16 flags;
	u8 lint;
} __packed;

struct madt {
	struct header header;
	u32 lapic_address, flags;
	struct madt_lapic lapic;
	struct madt_ioapic ioapic;
	struct madt_override timer, sci;
	struct madt_nmi nmi;
} __packed;

#define MADT_REVISION 3
#define MADT_PCAT_COMPAT BIT(0) /* there are 8259s, too */
#define MADT_ENABLED BIT(0)
#define MADT_ALL_PROCESSORS 0xff
#define MADT_NMI_LINT 1
enum { MADT_LAPIC, MADT_IOAPIC, MADT_OVERRIDE, MADT_NMI = 4 };
/* 5.2.12.5: polarity in bits 1:0, trigger mode in bits 3:2; 0: the bus's own */
#define MADT_HIGH 0x1
#define MADT_LEVEL 0xc

/* Microsoft's Serial Port Console Redirection Table, revision 2. */
struct spcr {
	struct header header;
	u8 interface; /* 0: a 16550 */
	u8 reserved_1[3];
	struct gas base;
	u8 interrupt_types, irq;
	u32 gsi;
	u8 baud_rate, parity, stop_bits, flow_control, terminal, reserved_2;
	u16 pci_device, pci_vendor;
	u8 rest[12]; /* PCI's bus, slot, function, flags and segment */
} __packed;

_Static_assert(sizeof(struct spcr) == 80, "SPCR of revision 2");

#define SPCR_REVISION 2
#define SPCR_8259 BIT(0)
#define SPCR_IOAPIC BIT(1)
#define SPCR_115200 7
#define SPCR_NO_PCI 0xffff
#define PORT_COM1 0x3f8
#define COM1_IRQ 4

extern const u8 dsdt_start[], dsdt_end[];

/* The header of @table, a struct, without its checksum. */
#define HEADER(table, name, level)                                             \
	.header = {                                                            \
		.signature = name,                                             \
		.length = sizeof(table),                                       \
		.revision = (level),                                           \
		.oem_id = OEM_ID,                                              \
		.oem_table_id = OEM_TABLE_ID,                                  \
		.oem_revision = 1,                                             \
		.creator_id = CREATOR_ID,                                      \
		.creator_revision = 1,                                         \
	}

/* Writes a table that begins with a header, with its checksum. */
static void write_table(struct guest_memory *gm, gpa_t gpa, void *table)
{
	struct header *header = table;

	header->checksum = -table_sum(table, header->length);
	guest_memory_write(gm, gpa, table, header->length);
}

static void write_roots(struct guest_memory *gm)
{
	struct {
		struct header header;
		u32 tables[3];
	} __packed rsdt = { HEADER(rsdt, "RSDT", 1),
			    .tables = { FADT_GPA, MADT_GPA, SPCR_GPA } };
	struct {
		struct header header;
		u64 tables[3];
	} __packed xsdt = { HEADER(xsdt, "XSDT", 1),
			    .tables = { FADT_GPA, MADT_GPA, SPCR_GPA } };
	struct rsdp rsdp = {
		.signature = "RSD PTR ",
		.oem_id = OEM_ID,
		.revision = RSDP_REVISION,
		.rsdt = RSDT_GPA,
		.length = sizeof(rsdp),
		.xsdt = XSDT_GPA,
	};

	write_table(gm, RSDT_GPA, &rsdt);
	write_table(gm, XSDT_GPA, &xsdt);
	rsdp.checksum = -table_sum(&rsdp, RSDP_FIRST_PART);
	rsdp.extended_checksum = -table_sum(&rsdp, sizeof(rsdp));
	guest_memory_write(gm, ACPI_RSDP_GPA, &rsdp, sizeof(rsdp));
}

/* Returns a register at a port; @access: 1, 2 and 3 are 8, 16 and 32 bits. */
static struct gas port(u64 address, u8 bytes, u8 access)
{
	return (struct gas){ SPACE_IO, 8 * bytes, 0, access, address };
}

static void write_fadt(struct guest_memory *gm)
{
	const u8 event_size = PM_PORT_CONTROL - PM_PORT_EVENT;
	struct fadt fadt = {
		HEADER(fadt, "FACP", FADT_REVISION),
		.firmware_ctrl = FACS_GPA,
		.dsdt = DSDT_GPA,
		.preferred_pm_profile = FADT_PROFILE_DESKTOP,
		.sci_int = PM_IRQ,
		.pm1a_evt_blk = PM_PORT_EVENT,
		.pm1a_cnt_blk = PM_PORT_CONTROL,
		.pm_tmr_blk = PM_PORT_TIMER,
		.pm1_evt_len = event_size,
		.pm1_cnt_len = 2,
		.pm_tmr_len = 4,
		.p_lvl2_lat = FADT_NO_C2,
		.p_lvl3_lat = FADT_NO_C3,
		.century = FADT_CENTURY,
		.iapc_boot_arch = BOOT_LEGACY_DEVICES | BOOT_8042 | BOOT_NO_MSI,
		.flags = FADT_WBINVD | FADT_PROC_C1 | FADT_NO_POWER_BUTTON |
			 FADT_NO_SLEEP_BUTTON | FADT_NO_RTC_WAKE |
			 FADT_TIMER_32_BITS | FADT_RESET_REG,
		.reset_reg = port(PORT_RESET, 1, 1),
		.reset_value = RESET_ALL,
		.x_dsdt = DSDT_GPA,
		.x_pm1a_evt_blk = port(PM_PORT_EVENT, event_size, 2),
		.x_pm1a_cnt_blk = port(PM_PORT_CONTROL, 2, 2),
		.x_pm_tmr_blk = port(PM_PORT_TIMER, 4, 3),
	};
	const u8 facs[FACS_SIZE] = { 'F',
				     'A',
				     'C',
				     'S',
				     [FACS_LENGTH] = FACS_SIZE,
				     [FACS_VERSION] = 2 };

	write_table(gm, FADT_GPA, &fadt);
	guest_memory_write(gm, FACS_GPA, facs, sizeof(facs));
}

static void write_madt(struct guest_memory *gm)
{
	struct madt madt = {
		HEADER(madt, "APIC", MADT_REVISION),
		.lapic_address = GUEST_LAPIC_GPA,
		.flags = MADT_PCAT_COMPAT,
		.lapic = { MADT_LAPIC, sizeof(madt.lapic),
			   .apic_id = GUEST_LAPIC_ID, .flags = MADT_ENABLED },
		.ioapic = { MADT_IOAPIC, sizeof(madt.ioapic),
			    .id = GUEST_IOAPIC_ID,
			    .address = GUEST_IOAPIC_GPA },
		.timer = { MADT_OVERRIDE, sizeof(madt.timer), .source = 0,
			   .gsi = GUEST_IOAPIC_TIMER_INPUT },
		.sci = { MADT_OVERRIDE, sizeof(madt.sci), .source = PM_IRQ,
			 .gsi = PM_IRQ, .flags = MADT_HIGH | MADT_LEVEL },
		.nmi = { MADT_NMI, sizeof(madt.nmi),
			 .processor = MADT_ALL_PROCESSORS,
			 .lint = MADT_NMI_LINT },
	};

	write_table(gm, MADT_GPA, &madt);
}

static void write_spcr(struct guest_memory *gm)
{
	struct spcr spcr = {
		HEADER(spcr, "SPCR", SPCR_REVISION),
		.base = port(PORT_COM1, 1, 1),
		.interrupt_types = SPCR_8259 | SPCR_IOAPIC,
		.irq = COM1_IRQ,
		.gsi = COM1_IRQ,
		.baud_rate = SPCR_115200,
		.stop_bits = 1,
		.pci_device = SPCR_NO_PCI,
		.pci_vendor = SPCR_NO_PCI,
	};

	write_table(gm, SPCR_GPA, &spcr);
}

void acpi_write(struct guest_memory *gm)
{
	write_roots(gm);
	write_fadt(gm);
	write_madt(gm);
	write_spcr(gm);
	/* iasl has set its checksum. */
	guest_memory_write(gm, DSDT_GPA, dsdt_start, dsdt_end - dsdt_start);
}
