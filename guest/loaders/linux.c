/* SPDX-License-Identifier: MIT */
/* The Linux loader: see kinds.h. Offsets and names are boot.rst's. */
#include "guest/loaders/kinds.h"

#include "arch/x86/descriptors.h"
#include "arch/x86/regs.h"
#include "lib/string.h"

#define SECTOR_SIZE 512
#define DEFAULT_SETUP_SECTS 4 /* the meaning of 0 */
#define SYSSIZE_UNIT 16
#define INITRD_ALIGN 4
#define BOOT_FLAG 0xaa55
#define HEADER_MAGIC 0x53726448 /* "HdrS" */
#define MIN_VERSION 0x020a /* the first with pref_address and init_size */
#define XLOADFLAGS_VERSION 0x020c
#define XLF_KERNEL_64 BIT(0)
#define ENTRY_64 0x200 /* the 64-bit entry, from the kernel's start */
/* The VGA's text mode, as its BIOS numbers the modes. */
#define TEXT_MODE 3
#define TEXT_POINTS 16
#define LOADER_UNDEFINED 0xff /* a loader with no number of its own */

/* Offsets in the kernel's first sectors, and so in struct boot_params too. */
enum {
	SCREEN_MODE = 0x006,
	SCREEN_COLUMNS = 0x007,
	SCREEN_ROWS = 0x00e,
	SCREEN_IS_VGA = 0x00f,
	SCREEN_POINTS = 0x010, /* of a character, in height */
	ACPI_RSDP_ADDR = 0x070,
	E820_ENTRIES = 0x1e8,
	HEADER_START = 0x1f1,
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG_AT = 0x1fe,
	HEADER_LENGTH = 0x201, /* of the part from 0x202 on */
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
	HEADER_MAX_END = 0x290, /* boot_params has other fields from here on */
	E820_TABLE = 0x2d0
};

/*
 * The tables that Umbra prepares in low memory for the entry. The kernel copies
 * the parts that it needs early and makes tables of its own.
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
/* The facts of the setup header, checked against the file's length. */
struct linux_image {
	const u8 *setup; /* the file's start: the real-mode part */
	size_t header_end; /* the end of the setup header in it */
	const u8 *kernel; /* the protected-mode part */
	size_t kernel_size;
	u64 pref_address; /* where the kernel prefers to be */
	u32 init_size; /* the bytes that it needs there */
	u32 cmdline_size; /* the longest command line, without the NUL */
	u64 initrd_addr_max; /* the highest address of an initramfs' bytes */
	bool long_mode; /* it has a 64-bit entry */
};

/* The initramfs in the guest's memory. */
struct initrd {
	gpa_t gpa;
	u64 size;
};

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

bool linux_is_kernel(const u8 *file, size_t size)
{
	return size >= HEADER_MIN_END &&
	       field(file, HEADER, 4) == HEADER_MAGIC &&
	       field(file, BOOT_FLAG_AT, 2) == BOOT_FLAG;
}

/* Reads the headers of the file. Returns LOAD_OK or the fault. */
static const char *parse(const u8 *setup, size_t size, struct linux_image *out)
{
	size_t setup_size;
	u64 kernel_size, rest;
	u16 version;

	if (!linux_is_kernel(setup, size))
		return LOAD_UNKNOWN_KIND;
	version = field(setup, VERSION, 2);
	if (version < MIN_VERSION)
		return LOAD_LINUX_TOO_OLD;

	out->long_mode = version >= XLOADFLAGS_VERSION &&
			 field(setup, XLOADFLAGS, 2) & XLF_KERNEL_64;
	setup_size = setup[SETUP_SECTS] ? setup[SETUP_SECTS]
					: DEFAULT_SETUP_SECTS;
	setup_size = (setup_size + 1) * SECTOR_SIZE; /* + the boot sector */
	kernel_size = field(setup, SYSSIZE, 4) * SYSSIZE_UNIT;
	out->header_end = HEADER + setup[HEADER_LENGTH];
	if (kernel_size <= ENTRY_64 || out->header_end < HEADER_MIN_END)
		return LOAD_BAD_HEADER;
	/* syssize is rounded up, and a file may end before it. */
	rest = size - MIN(size, setup_size);
	if (ALIGN_UP(rest, SYSSIZE_UNIT) < kernel_size)
		return LOAD_TRUNCATED;
	out->header_end = MIN(out->header_end, HEADER_MAX_END);

	out->setup = setup;
	out->kernel = setup + setup_size;
	out->kernel_size = MIN(kernel_size, rest);
	out->pref_address = field(setup, PREF_ADDRESS, 8);
	out->init_size = field(setup, INIT_SIZE, 4);
	out->cmdline_size = field(setup, CMDLINE_SIZE, 4);
	out->initrd_addr_max = field(setup, INITRD_ADDR_MAX, 4);
	return out->init_size < kernel_size ? LOAD_BAD_HEADER : LOAD_OK;
}

static void write_gdt(struct guest_memory *gm, bool long_mode)
{
	const u64 gdt[] = { [BOOT_CS / 8] = long_mode ? DESCRIPTOR_CODE64
						      : DESCRIPTOR_CODE32,
			    [BOOT_DS / 8] = DESCRIPTOR_DATA };

	guest_memory_write(gm, GDT_GPA, gdt, sizeof(gdt));
}

/* Maps the first 4 GiB at their own addresses. */
static void write_page_tables(struct guest_memory *gm)
{
	u64 entry = PDPT_GPA | PTE_P | PTE_W;

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

/* Writes struct boot_params, "the zero page": its other fields are 0. */
static void write_boot_params(struct guest_memory *gm,
			      const struct linux_image *image,
			      const struct load_request *request,
			      const struct initrd *initrd)
{
	u8 *params = guest_memory_map(gm, BOOT_PARAMS_GPA);
	struct e820_entry map[GUEST_E820_MAX];

	memset(params, 0, PAGE_SIZE);
	memcpy(params + HEADER_START, image->setup + HEADER_START,
	       image->header_end - HEADER_START);
	params[SCREEN_MODE] = TEXT_MODE;
	params[SCREEN_COLUMNS] = TEXT_SCREEN_COLUMNS;
	params[SCREEN_ROWS] = TEXT_SCREEN_ROWS;
	params[SCREEN_IS_VGA] = 1;
	params[SCREEN_POINTS] = TEXT_POINTS;
	params[TYPE_OF_LOADER] = LOADER_UNDEFINED;
	set_u32(params, CMD_LINE_PTR, CMDLINE_GPA);
	set_u32(params, RAMDISK_IMAGE, initrd->gpa);
	set_u32(params, RAMDISK_SIZE, initrd->size);
	set_u32(params, ACPI_RSDP_ADDR, request->rsdp); /* below 4 GiB */

	params[E820_ENTRIES] = guest_memory_e820(gm, map);
	memcpy(params + E820_TABLE, map, params[E820_ENTRIES] * sizeof(map[0]));
}

/*
 * Puts the initramfs as high as the guest and the kernel allow, out of the way
 * of the kernel's decompression, which ends at @end. Returns false if it has no
 * room. Several files make one initramfs, in which each begins on a multiple of
 * four bytes (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
static bool load_initrd(struct guest_memory *gm,
			const struct linux_image *image,
			const struct load_request *request, gpa_t end,
			struct initrd *out)
{
	u64 top = MIN(gm->low_end, image->initrd_addr_max + 1);
	gpa_t gpa;

	*out = (struct initrd){ 0 };
	for (size_t i = 0; i < request->module_count; i++) {
		if (request->modules[i].size > top)
			return false;
		out->size = ALIGN_UP(out->size, INITRD_ALIGN) +
			    request->modules[i].size;
	}
	if (!out->size)
		return true;
	if (out->size > top)
		return false;
	out->gpa = gpa = ALIGN_DOWN(top - out->size, PAGE_SIZE);
	if (gpa < end)
		return false;
	for (size_t i = 0; i < request->module_count; i++) {
		const struct load_module *module = &request->modules[i];

		guest_memory_write(gm, gpa, module->start, module->size);
		gpa = ALIGN_UP(gpa + module->size, INITRD_ALIGN);
	}
	return true;
}

/*
 * Puts the kernel where it prefers to be: from any lower place it would move
 * itself there.
 */
static const char *load(struct guest_memory *gm,
			const struct linux_image *image,
			const struct load_request *request,
			struct load_range *wanted)
{
	u64 start = image->pref_address;
	u64 end = start + image->init_size;
	size_t length = strlen(request->cmdline);
	struct initrd initrd;

	if (start < GUEST_HIGH_RAM_START || end < start || end > gm->low_end) {
		*wanted = (struct load_range){ start, end };
		return LOAD_NO_MEMORY;
	}
	if (length > image->cmdline_size ||
	    length >= GUEST_BASE_RAM_END - CMDLINE_GPA)
		return LOAD_CMDLINE_TOO_LONG;
	if (!load_initrd(gm, image, request, end, &initrd))
		return LOAD_MODULE_TOO_LARGE;
	guest_memory_write(gm, start, image->kernel, image->kernel_size);
	guest_memory_write(gm, CMDLINE_GPA, request->cmdline, length + 1);
	write_boot_params(gm, image, request, &initrd);
	write_gdt(gm, image->long_mode);
	if (image->long_mode)
		write_page_tables(gm);
	return LOAD_OK;
}

const char *linux_load(struct guest_memory *gm,
		       const struct load_request *request,
		       struct guest_entry *out)
{
	struct linux_image image;
	const char *fault =
		parse(request->kernel, request->kernel_size, &image);

	if (fault == LOAD_OK)
		fault = load(gm, &image, request, &out->wanted);
	if (fault != LOAD_OK)
		return fault;
	*out = (struct guest_entry){
		.kind = image.long_mode ? "Linux" : "Linux-32",
		.long_mode = image.long_mode,
		.rip = image.pref_address + (image.long_mode ? ENTRY_64 : 0),
		.rsi = BOOT_PARAMS_GPA,
		.cr3 = image.long_mode ? PML4_GPA : 0,
		.gdt_base = GDT_GPA,
		.gdt_limit = BOOT_DS + 8 - 1,
		.cs = BOOT_CS,
		.ds = BOOT_DS,
	};
	return LOAD_OK;
}
