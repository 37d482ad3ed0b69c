/* SPDX-License-Identifier: MIT */
/* The Linux loader: see linux.h. Offsets and names are boot.rst's. */
#include "guest/linux.h"

#include "arch/x86/regs.h"
#include "lib/string.h"

#define SECTOR_SIZE 512
#define DEFAULT_SETUP_SECTS 4 /* what setup_sects == 0 stands for */
#define SYSSIZE_UNIT 16
#define BOOT_FLAG 0xaa55
#define HEADER_MAGIC 0x53726448 /* "HdrS" */
#define MIN_VERSION 0x020c /* the first with xloadflags */
#define XLF_KERNEL_64 BIT(0)
#define ENTRY_64 0x200 /* the 64-bit entry, from the kernel's start */
#define LOADER_UNDEFINED 0xff /* a loader with no number of its own */

/* Offsets in the kernel's first sectors, and so in struct boot_params too. */
enum {
	E820_ENTRIES = 0x1e8,
	HEADER_START = 0x1f1,
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG_AT = 0x1fe,
	HEADER_LENGTH = 0x201, /* of what follows offset 0x202 */
	HEADER = 0x202,
	VERSION = 0x206,
	TYPE_OF_LOADER = 0x210,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	CMD_LINE_PTR = 0x228,
	INITRD_ADDR_MAX = 0x22c,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_MIN_END = 0x264,
	HEADER_MAX_END = 0x290, /* boot_params has other things from here on */
	E820_TABLE = 0x2d0
};

/*
 * What Umbra prepares in low memory for the entry. The kernel takes what it
 * needs of it early and makes tables of its own.
 */
#define GDT_GPA 0x1000
#define BOOT_PARAMS_GPA 0x2000
#define PML4_GPA 0x3000
#define PDPT_GPA 0x4000
#define PD_GPA 0x5000 /* four of them */
#define CMDLINE_GPA 0x10000

#define IDENTITY_GIB 4
#define ENTRIES 512
#define LARGE_PAGE (2 * MIB)

/* The selectors that the protocol prescribes: __BOOT_CS and __BOOT_DS. */
#define BOOT_CS 0x10
#define BOOT_DS 0x18
/* Flat, present, accessed, DPL 0 (SDM vol. 3A, 3.4.5): 64-bit code; data. */
#define DESCRIPTOR_CODE64 0x00af9b000000ffffULL
#define DESCRIPTOR_DATA 0x00cf93000000ffffULL

static u64 field(const u8 *base, size_t offset, size_t size)
{
	u64 value = 0;

	memcpy(&value, base + offset, size); /* x86 is little-endian */
	return value;
}

static void set_u32(u8 *base, size_t offset, u64 value)
{
	u32 low = value;

	memcpy(base + offset, &low, sizeof(low));
}

enum linux_status linux_parse(const void *image, size_t size,
			      struct linux_image *out)
{
	const u8 *setup = image;
	size_t setup_size;
	u64 kernel_size;

	if (size < HEADER_MIN_END || field(setup, HEADER, 4) != HEADER_MAGIC ||
	    field(setup, BOOT_FLAG_AT, 2) != BOOT_FLAG)
		return LINUX_NOT_A_KERNEL;

	out->setup = setup;
	out->version = field(setup, VERSION, 2);
	if (out->version < MIN_VERSION)
		return LINUX_TOO_OLD;
	if (!(field(setup, XLOADFLAGS, 2) & XLF_KERNEL_64))
		return LINUX_NO_64BIT_ENTRY;

	setup_size = setup[SETUP_SECTS] ? setup[SETUP_SECTS]
					: DEFAULT_SETUP_SECTS;
	setup_size = (setup_size + 1) * SECTOR_SIZE; /* + the boot sector */
	kernel_size = field(setup, SYSSIZE, 4) * SYSSIZE_UNIT;
	out->header_end = HEADER + setup[HEADER_LENGTH];
	if (kernel_size <= ENTRY_64 || out->header_end < HEADER_MIN_END)
		return LINUX_NOT_A_KERNEL;
	if (size < setup_size || size - setup_size < kernel_size)
		return LINUX_TRUNCATED;
	out->header_end = MIN(out->header_end, HEADER_MAX_END);

	out->kernel = setup + setup_size;
	out->kernel_size = kernel_size;
	out->pref_address = field(setup, PREF_ADDRESS, 8);
	out->init_size = field(setup, INIT_SIZE, 4);
	out->cmdline_size = field(setup, CMDLINE_SIZE, 4);
	out->initrd_addr_max = field(setup, INITRD_ADDR_MAX, 4);
	return out->init_size < kernel_size ? LINUX_NOT_A_KERNEL : LINUX_OK;
}

static void write_tables(struct guest_memory *gm)
{
	static const u64 gdt[] = { [BOOT_CS / 8] = DESCRIPTOR_CODE64,
				   [BOOT_DS / 8] = DESCRIPTOR_DATA };
	u64 entry = PDPT_GPA | PTE_P | PTE_W;

	guest_memory_write(gm, GDT_GPA, gdt, sizeof(gdt));
	guest_memory_write(gm, PML4_GPA, &entry, sizeof(entry));
	for (u64 i = 0; i < IDENTITY_GIB; i++) {
		entry = (PD_GPA + i * PAGE_SIZE) | PTE_P | PTE_W;
		guest_memory_write(gm, PDPT_GPA + i * sizeof(entry), &entry,
				   sizeof(entry));
	}
	for (u64 i = 0; i < IDENTITY_GIB * ENTRIES; i++) {
		entry = (i * LARGE_PAGE) | PTE_P | PTE_W | PTE_PS;
		guest_memory_write(gm, PD_GPA + i * sizeof(entry), &entry,
				   sizeof(entry));
	}
}

/* struct boot_params, "the zero page": all that is not set here is 0. */
static void write_boot_params(struct guest_memory *gm,
			      const struct linux_image *image, gpa_t initrd,
			      size_t initrd_size)
{
	u8 *params = guest_memory_map(gm, BOOT_PARAMS_GPA);
	struct e820_entry map[GUEST_E820_MAX];

	memset(params, 0, PAGE_SIZE);
	memcpy(params + HEADER_START, image->setup + HEADER_START,
	       image->header_end - HEADER_START);
	params[TYPE_OF_LOADER] = LOADER_UNDEFINED;
	set_u32(params, CMD_LINE_PTR, CMDLINE_GPA);
	set_u32(params, RAMDISK_IMAGE, initrd);
	set_u32(params, RAMDISK_SIZE, initrd_size);

	params[E820_ENTRIES] = guest_memory_e820(gm, map);
	memcpy(params + E820_TABLE, map, params[E820_ENTRIES] * sizeof(map[0]));
}

/*
 * The kernel goes where it prefers to be: it would move itself there from any
 * lower place anyway. The initramfs goes as high as both allow, out of the way
 * of the kernel's decompression.
 */
enum linux_status linux_load(struct guest_memory *gm,
			     const struct linux_image *image,
			     const void *initrd, size_t initrd_size,
			     const char *cmdline, struct linux_entry *out)
{
	u64 start = image->pref_address;
	u64 end = start + image->init_size;
	u64 top = MIN(gm->low_end, image->initrd_addr_max + 1);
	size_t length = strlen(cmdline);
	gpa_t initrd_gpa = 0;

	if (start < GUEST_HIGH_RAM_START || end < start || end > gm->low_end)
		return LINUX_MEMORY_TOO_SMALL;
	if (length > image->cmdline_size ||
	    length >= GUEST_BASE_RAM_END - CMDLINE_GPA)
		return LINUX_CMDLINE_TOO_LONG;
	if (initrd_size) {
		if (initrd_size > top)
			return LINUX_INITRD_TOO_LARGE;
		initrd_gpa = ALIGN_DOWN(top - initrd_size, PAGE_SIZE);
		if (initrd_gpa < end)
			return LINUX_INITRD_TOO_LARGE;
		guest_memory_write(gm, initrd_gpa, initrd, initrd_size);
	}

	guest_memory_write(gm, start, image->kernel, image->kernel_size);
	guest_memory_write(gm, CMDLINE_GPA, cmdline, length + 1);
	write_boot_params(gm, image, initrd_gpa, initrd_size);
	write_tables(gm);

	*out = (struct linux_entry){
		.rip = start + ENTRY_64,
		.rsi = BOOT_PARAMS_GPA,
		.cr3 = PML4_GPA,
		.gdt_base = GDT_GPA,
		.gdt_limit = BOOT_DS + 8 - 1,
		.cs = BOOT_CS,
		.ds = BOOT_DS,
	};
	return LINUX_OK;
}

const char *linux_status_text(enum linux_status status)
{
	static const char *const texts[] = {
		[LINUX_OK] = "the kernel is loaded",
		[LINUX_NOT_A_KERNEL] =
			"this is not a Linux kernel: give a bzImage "
			"(on Debian, /boot/vmlinuz-*)",
		[LINUX_TRUNCATED] =
			"the kernel file is cut off: copy it again, whole",
		[LINUX_TOO_OLD] =
			"the kernel is too old (boot protocol before 2.12): "
			"take Linux 3.8 or later",
		[LINUX_NO_64BIT_ENTRY] =
			"the kernel has no 64-bit entry: take one built for "
			"x86-64",
		[LINUX_MEMORY_TOO_SMALL] =
			"the guest's memory is too small for the kernel: "
			"give it more",
		[LINUX_INITRD_TOO_LARGE] =
			"the guest's memory is too small for the initramfs: "
			"give it more, or take a smaller initramfs",
		[LINUX_CMDLINE_TOO_LONG] =
			"the kernel's command line is too long: shorten it",
	};

	return texts[status];
}
