/* SPDX-License-Identifier: MIT */
/* Multiboot 1 kernels: see multiboot.h. Numbers are the specification's. */
#include "guest/multiboot.h"

#include "lib/elf.h"
#include "lib/string.h"

/* The header, 3.1. */
#define HEADER_MAGIC 0x1badb002
#define HEADER_SEARCH 8192 /* it lies in the first bytes, all of it */
#define HEADER_PAGE_ALIGN BIT(0) /* modules on page boundaries: they are */
#define HEADER_MEMORY_INFO BIT(1)
#define HEADER_DEMANDS BITS(15, 0) /* a loader that knows not all must fail */
#define HEADER_ADDRESSES BIT(16)

struct header {
	u32 magic;
	u32 flags;
	u32 checksum;
	/* With HEADER_ADDRESSES: */
	u32 header_address;
	u32 load_address;
	u32 load_end; /* 0: all of the file */
	u32 bss_end; /* 0: no bss */
	u32 entry;
};

/* What the kernel gets, 3.3. */
#define INFO_MEMORY BIT(0)
#define INFO_CMDLINE BIT(2)
#define INFO_MODULES BIT(3)
#define INFO_MEMORY_MAP BIT(6)

struct info {
	u32 flags;
	u32 memory_lower; /* in KiB, from 0 */
	u32 memory_upper; /* in KiB, from 1 MiB */
	u32 boot_device;
	u32 cmdline;
	u32 module_count;
	u32 modules;
	u32 symbols[4];
	u32 map_length;
	u32 map;
	u32 rest[17];
};

struct module {
	u32 start;
	u32 end;
	u32 string;
	u32 reserved;
};

struct map_entry {
	u32 size; /* of what follows */
	struct e820_entry range;
} __packed;

/* Where it all goes: low memory, which a kernel at 1 MiB leaves alone. */
#define INFO_GPA 0x9000
#define MODULE_GPA 0x9100
#define MAP_GPA 0x9200
#define STRING_GPA 0x9f00 /* the module's: empty */
#define CMDLINE_GPA 0xa000
#define CMDLINE_MAX PAGE_SIZE

static size_t find_header(const u8 *image, size_t size, struct header *out)
{
	size_t at, end = MIN(size, (size_t)HEADER_SEARCH);
	u32 words[3];

	for (at = 0; at + sizeof(words) <= end; at += sizeof(u32)) {
		memcpy(words, image + at, sizeof(words));
		if (words[0] != HEADER_MAGIC || words[0] + words[1] + words[2])
			continue;
		memset(out, 0, sizeof(*out));
		memcpy(out, image + at, MIN(size - at, sizeof(*out)));
		return at;
	}
	return size;
}

bool multiboot_is_kernel(const void *image, size_t size)
{
	struct header header;

	return find_header(image, size, &header) < size;
}

/*
 * @file_size bytes of the file to @gpa, and zeroes (as untouched memory is) up
 * to @memory_size. Not to where our own information goes.
 */
static enum multiboot_status load_piece(struct guest_memory *gm, const u8 *from,
					u64 file_size, u64 memory_size,
					gpa_t gpa)
{
	if (gpa < GUEST_HIGH_RAM_START || gpa > gm->low_end ||
	    MAX(file_size, memory_size) > gm->low_end - gpa ||
	    !guest_memory_write(gm, gpa, from, file_size))
		return MULTIBOOT_NO_MEMORY;
	return MULTIBOOT_OK;
}

/* By the header's addresses, 3.1.3. */
static enum multiboot_status load_flat(struct guest_memory *gm, const u8 *image,
				       size_t size, size_t at,
				       const struct header *h, u32 *eip)
{
	u64 before = (u64)h->header_address - h->load_address;
	u64 first, length;

	if (h->load_address > h->header_address || before > at)
		return MULTIBOOT_TRUNCATED;
	first = at - before;
	length = h->load_end ? (u64)h->load_end - h->load_address
			     : size - first;
	if (length > size - first)
		return MULTIBOOT_TRUNCATED;
	*eip = h->entry;
	return load_piece(
		gm, image + first, length,
		h->bss_end > h->load_address ? h->bss_end - h->load_address : 0,
		h->load_address);
}

static enum multiboot_status load_elf32(struct guest_memory *gm,
					const u8 *image, size_t size, u32 *eip)
{
	enum multiboot_status status = MULTIBOOT_OK;
	struct elf32_header header;
	struct elf32_segment segment;

	if (size < sizeof(header))
		return MULTIBOOT_TRUNCATED;
	memcpy(&header, image, sizeof(header));
	if (memcmp(header.ident, ELF32_IDENT, sizeof(ELF32_IDENT) - 1) ||
	    header.machine != ELF_MACHINE_386 ||
	    header.segment_size != sizeof(segment))
		return MULTIBOOT_NOT_ELF32;
	for (u32 i = 0; i < header.segment_count; i++) {
		u64 at = header.segments + (u64)i * sizeof(segment);

		if (at > size || size - at < sizeof(segment))
			return MULTIBOOT_TRUNCATED;
		memcpy(&segment, image + at, sizeof(segment));
		if (segment.type != ELF_SEGMENT_LOAD || !segment.memory_size)
			continue;
		if (segment.offset > size ||
		    size - segment.offset < segment.file_size)
			return MULTIBOOT_TRUNCATED;
		status = load_piece(gm, image + segment.offset,
				    segment.file_size, segment.memory_size,
				    segment.physical);
		if (status != MULTIBOOT_OK)
			break;
	}
	*eip = header.entry;
	return status;
}

/* At the top of memory, out of the kernel's way. */
static bool load_module(struct guest_memory *gm, const void *module,
			size_t size, struct info *info)
{
	struct module entry = { .string = STRING_GPA };

	if (!size)
		return true;
	if (size > gm->low_end - GUEST_HIGH_RAM_START)
		return false;
	entry.start = ALIGN_DOWN(gm->low_end - size, PAGE_SIZE);
	entry.end = entry.start + size;
	info->flags |= INFO_MODULES;
	info->module_count = 1;
	info->modules = MODULE_GPA;
	return guest_memory_write(gm, MODULE_GPA, &entry, sizeof(entry)) &&
	       guest_memory_write(gm, entry.start, module, size);
}

static void write_map(struct guest_memory *gm, struct info *info)
{
	struct map_entry map[GUEST_E820_MAX];
	struct e820_entry ranges[GUEST_E820_MAX];
	size_t count = guest_memory_e820(gm, ranges);

	for (size_t i = 0; i < count; i++)
		map[i] = (struct map_entry){ sizeof(ranges[i]), ranges[i] };
	info->map = MAP_GPA;
	info->map_length = count * sizeof(map[0]);
	guest_memory_write(gm, MAP_GPA, map, info->map_length);
}

enum multiboot_status multiboot_load(struct guest_memory *gm, const void *image,
				     size_t size, const void *module,
				     size_t module_size, const char *cmdline,
				     struct multiboot_entry *out)
{
	struct info info = {
		.flags = INFO_MEMORY | INFO_CMDLINE | INFO_MEMORY_MAP,
		.memory_lower = GUEST_BASE_RAM_END / KIB,
		.memory_upper = (gm->low_end - GUEST_HIGH_RAM_START) / KIB,
		.cmdline = CMDLINE_GPA
	};
	size_t length = strlen(cmdline) + 1;
	enum multiboot_status status;
	struct header header;
	size_t at = find_header(image, size, &header);

	if (at >= size)
		return MULTIBOOT_NO_HEADER;
	if (header.flags & HEADER_DEMANDS &
	    ~(HEADER_PAGE_ALIGN | HEADER_MEMORY_INFO))
		return MULTIBOOT_UNSUPPORTED;
	if (length > CMDLINE_MAX)
		return MULTIBOOT_CMDLINE_TOO_LONG;
	status = header.flags & HEADER_ADDRESSES
			 ? load_flat(gm, image, size, at, &header, &out->eip)
			 : load_elf32(gm, image, size, &out->eip);
	if (status != MULTIBOOT_OK)
		return status;
	if (!load_module(gm, module, module_size, &info))
		return MULTIBOOT_NO_MEMORY;
	write_map(gm, &info);
	guest_memory_write(gm, CMDLINE_GPA, cmdline, length);
	guest_memory_write(gm, INFO_GPA, &info, sizeof(info));
	out->ebx = INFO_GPA;
	return MULTIBOOT_OK;
}

const char *multiboot_status_text(enum multiboot_status status)
{
	static const char *const texts[] = {
		[MULTIBOOT_OK] = "the kernel is loaded",
		[MULTIBOOT_NO_HEADER] = "there is no multiboot header in it",
		[MULTIBOOT_UNSUPPORTED] =
			"its header demands what Umbra does not offer (a video "
			"mode, say)",
		[MULTIBOOT_NOT_ELF32] =
			"it is no ELF file of 32 bits, nor has its header the "
			"addresses to load it without",
		[MULTIBOOT_TRUNCATED] =
			"the kernel file is cut off: copy it again, whole",
		[MULTIBOOT_NO_MEMORY] =
			"it does not fit into the guest's memory: give it more",
		[MULTIBOOT_CMDLINE_TOO_LONG] =
			"the kernel's command line is too long: shorten it",
	};

	return texts[status];
}
