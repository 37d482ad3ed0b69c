/* SPDX-License-Identifier: MIT */
/* Multiboot 1 kernels: see kinds.h. Numbers are the specification's. */
#include "guest/loaders/image.h"
#include "guest/loaders/kinds.h"
#include "lib/string.h"

#define LOADED 0x2badb002 /* EAX at the kernel's entry */

/* The header, 3.1. */
#define HEADER_MAGIC 0x1badb002
#define HEADER_SEARCH 8192 /* all of it lies in the first bytes */
#define HEADER_PAGE_ALIGN BIT(0) /* modules on page boundaries, as always */
#define HEADER_MEMORY_INFO BIT(1)
#define HEADER_VIDEO BIT(2)
#define HEADER_DEMANDS BITS(15, 0) /* a loader must refuse an unknown one */
#define HEADER_ADDRESSES BIT(16)

struct header {
	u32 magic;
	u32 flags;
	u32 checksum;
	/* With HEADER_ADDRESSES: */
	struct image_addresses addresses;
	u32 entry;
	/* With HEADER_VIDEO: */
	u32 mode_type;
};

/*
 * Text, which a loader may give in place of graphics (0), the only other mode.
 */
#define MODE_TEXT 1

/* The information for the kernel, 3.3. */
#define INFO_MEMORY BIT(0)
#define INFO_CMDLINE BIT(2)
#define INFO_MODULES BIT(3)
#define INFO_MEMORY_MAP BIT(6)
#define INFO_LOADER_NAME BIT(9)
#define INFO_SCREEN BIT(12)

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
	u32 drives_length;
	u32 drives;
	u32 config_table;
	u32 loader_name;
	u32 apm_and_vbe[5]; /* not there */
	struct image_screen screen;
	u32 colours; /* those of text are fixed */
};

struct module {
	u32 start;
	u32 end;
	u32 string;
	u32 reserved;
};

struct map_entry {
	u32 size; /* of the range */
	struct e820_entry range;
} __packed;

static const char loader_name[] = "Umbra";

/* The information's place: low memory, which a kernel at 1 MiB leaves alone. */
#define INFO_GPA 0x9000
#define MODULE_GPA 0x9100
#define MAP_GPA 0x9200
#define LOADER_NAME_GPA 0x9f00
#define CMDLINE_GPA 0xa000
#define MODULE_NAMES_GPA 0xb000
#define STRING_MAX PAGE_SIZE /* of the command line; of all modules' names */

_Static_assert(LOAD_MODULES_MAX * sizeof(struct module) <= MAP_GPA - MODULE_GPA,
	       "the modules' descriptions");

static size_t find_header(const u8 *file, size_t size, struct header *out)
{
	size_t at, end = MIN(size, (size_t)HEADER_SEARCH);
	u32 words[3];

	for (at = 0; at + sizeof(words) <= end; at += sizeof(u32)) {
		memcpy(words, file + at, sizeof(words));
		if (words[0] != HEADER_MAGIC || words[0] + words[1] + words[2])
			continue;
		memset(out, 0, sizeof(*out));
		memcpy(out, file + at, MIN(size - at, sizeof(*out)));
		return at;
	}
	return size;
}

bool multiboot_is_kernel(const u8 *file, size_t size)
{
	struct header header;

	return find_header(file, size, &header) < size;
}

static const char *load_image(struct guest_memory *gm,
			      const struct load_request *request,
			      struct image *out)
{
	struct image_header image = { 0 };
	struct header header;

	image.at = find_header(request->kernel, request->kernel_size, &header);
	if (header.flags & HEADER_DEMANDS &
	    ~(HEADER_PAGE_ALIGN | HEADER_MEMORY_INFO | HEADER_VIDEO))
		return LOAD_UNSUPPORTED;
	if (header.flags & HEADER_VIDEO && header.mode_type > MODE_TEXT)
		return LOAD_UNSUPPORTED;
	image.has_addresses = image.has_entry = header.flags & HEADER_ADDRESSES;
	image.addresses = header.addresses;
	image.entry = header.entry;
	return image_load(gm, request, &image, out);
}

static const char *load_modules(struct guest_memory *gm,
				const struct load_request *request,
				const struct image *image, struct info *info)
{
	struct module modules[LOAD_MODULES_MAX];
	u32 starts[LOAD_MODULES_MAX];
	gpa_t name_gpa = MODULE_NAMES_GPA;

	if (!request->module_count)
		return LOAD_OK;
	if (!image_load_modules(gm, request, image, starts))
		return LOAD_MODULE_TOO_LARGE;
	for (size_t i = 0; i < request->module_count; i++) {
		const struct load_module *module = &request->modules[i];
		size_t length = strlen(module->name) + 1;

		if (length > MODULE_NAMES_GPA + STRING_MAX - name_gpa)
			return LOAD_CMDLINE_TOO_LONG;
		modules[i] = (struct module){ .start = starts[i],
					      .end = starts[i] + module->size,
					      .string = name_gpa };
		guest_memory_write(gm, name_gpa, module->name, length);
		name_gpa += length;
	}
	guest_memory_write(gm, MODULE_GPA, modules,
			   request->module_count * sizeof(modules[0]));
	info->flags |= INFO_MODULES;
	info->module_count = request->module_count;
	info->modules = MODULE_GPA;
	return LOAD_OK;
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

const char *multiboot_load(struct guest_memory *gm,
			   const struct load_request *request,
			   struct guest_entry *out)
{
	struct info info = { .flags = INFO_MEMORY | INFO_CMDLINE |
				      INFO_MEMORY_MAP | INFO_LOADER_NAME |
				      INFO_SCREEN,
			     .memory_lower = GUEST_BASE_RAM_END / KIB,
			     .memory_upper =
				     (gm->low_end - GUEST_HIGH_RAM_START) / KIB,
			     .cmdline = CMDLINE_GPA,
			     .loader_name = LOADER_NAME_GPA,
			     .screen = image_screen };
	size_t length = strlen(request->cmdline) + 1;
	const char *fault;
	struct image image = { 0 };

	if (length > STRING_MAX)
		return LOAD_CMDLINE_TOO_LONG;
	fault = load_image(gm, request, &image);
	out->wanted = image.wanted;
	if (fault == LOAD_OK)
		fault = load_modules(gm, request, &image, &info);
	if (fault != LOAD_OK)
		return fault;
	write_map(gm, &info);
	guest_memory_write(gm, CMDLINE_GPA, request->cmdline, length);
	guest_memory_write(gm, LOADER_NAME_GPA, loader_name,
			   sizeof(loader_name));
	guest_memory_write(gm, INFO_GPA, &info, sizeof(info));
	*out = image_entry(&image, "multiboot", LOADED, INFO_GPA);
	return LOAD_OK;
}
