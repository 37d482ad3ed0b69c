/* SPDX-License-Identifier: MIT */
/*
 * Multiboot 2 kernels: see kinds.h. The header is a list of tags with the
 * kernel's wishes, the information a list of tags with the answers.
 */
#include "guest/loaders/image.h"
#include "guest/loaders/kinds.h"
#include "lib/string.h"

#define LOADED 0x36d76289 /* EAX at the kernel's entry */

/* The header, 3.1. */
#define HEADER_MAGIC 0xe85250d6
#define HEADER_I386 0 /* architecture: x86, entered in 32-bit mode */
#define HEADER_SEARCH 32768 /* all of it lies in the first bytes */
#define TAG_ALIGN 8

enum wish {
	WISH_END = 0,
	WISH_INFORMATION = 1,
	WISH_ADDRESS = 2,
	WISH_ENTRY = 3,
	WISH_CONSOLE = 4
};

/*
 * The wishes that are fulfilled without work: a graphics mode (5: a
 * recommendation, and a loader may choose another one), modules on page
 * boundaries (6), EFI's services left on (7: there are none), an entry for EFI
 * (8, 9: the firmware is not EFI), a relocatable kernel (10: it need not be
 * moved).
 */
#define WISH_FULFILLED_MAX 10
#define WISHES_FULFILLED BITS(WISH_FULFILLED_MAX, 5)

#define WISH_OPTIONAL BIT(0)

/* The flags of WISH_CONSOLE, 3.1.9. */
#define CONSOLE_REQUIRED BIT(0) /* one that the kernel knows */
#define CONSOLE_KNOWS_TEXT BIT(1)

struct header {
	u32 magic;
	u32 architecture;
	u32 length;
	u32 checksum;
};

struct wish_head {
	u16 type;
	u16 flags;
	u32 size; /* with this head, without padding */
};

/* The information, 3.6. */
enum tag_type {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY = 4,
	TAG_MEMORY_MAP = 6,
	TAG_SCREEN = 8,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
	TAG_KNOWN_MAX = 21 /* the image's base address */
};

struct tag_head {
	u32 type;
	u32 size;
};

struct map_entry {
	struct e820_entry range;
	u32 reserved;
} __packed;

/* Low memory, which a kernel at 1 MiB leaves alone. */
#define INFO_GPA 0x9000
#define STRING_MAX PAGE_SIZE

#define RSDP_OLD_SIZE 20 /* ACPI 1.0; 36 since 2.0: ACPI 6.4, table 5.3 */
#define RSDP_NEW_SIZE 36

static size_t find_header(const u8 *file, size_t size, struct header *out)
{
	size_t at, end = MIN(size, (size_t)HEADER_SEARCH);

	for (at = 0; at + sizeof(*out) <= end; at += TAG_ALIGN) {
		memcpy(out, file + at, sizeof(*out));
		if (out->magic == HEADER_MAGIC &&
		    out->architecture == HEADER_I386 &&
		    !(out->magic + out->length + out->checksum) &&
		    out->length >= sizeof(*out) && out->length <= end - at)
			return at;
	}
	return size;
}

bool multiboot2_is_kernel(const u8 *file, size_t size)
{
	struct header header;

	return find_header(file, size, &header) < size;
}

/*
 * Returns false if the kernel needs a tag that the specification does not have.
 * A known tag may be left out if there is nothing to tell (3.1.4).
 */
static bool can_inform(const u8 *types, size_t size)
{
	for (size_t at = 0; at + sizeof(u32) <= size; at += sizeof(u32)) {
		u32 type;

		memcpy(&type, types + at, sizeof(type));
		if (type > TAG_KNOWN_MAX)
			return false;
	}
	return true;
}

static bool can_show(const u8 *data)
{
	u32 flags;

	memcpy(&flags, data, sizeof(flags));
	return !(flags & CONSOLE_REQUIRED) || flags & CONSOLE_KNOWS_TEXT;
}

/*
 * Reads one tag into @image. Returns LOAD_OK or the fault: a tag that is too
 * short, or a required one that Umbra does not fulfil.
 */
static const char *read_wish(const struct wish_head *head, const u8 *data,
			     struct image_header *image)
{
	size_t size = head->size - sizeof(*head);
	bool optional = head->flags & WISH_OPTIONAL;

	switch (head->type) {
	case WISH_INFORMATION:
		return optional || can_inform(data, size) ? LOAD_OK
							  : LOAD_UNSUPPORTED;
	case WISH_ADDRESS:
		if (size < sizeof(image->addresses))
			return LOAD_BAD_HEADER;
		memcpy(&image->addresses, data, sizeof(image->addresses));
		image->has_addresses = true;
		return LOAD_OK;
	case WISH_ENTRY:
		if (size < sizeof(image->entry))
			return LOAD_BAD_HEADER;
		memcpy(&image->entry, data, sizeof(image->entry));
		image->has_entry = true;
		return LOAD_OK;
	case WISH_CONSOLE:
		if (size < sizeof(u32))
			return LOAD_BAD_HEADER;
		return optional || can_show(data) ? LOAD_OK : LOAD_UNSUPPORTED;
	default:
		if (optional || (head->type <= WISH_FULFILLED_MAX &&
				 WISHES_FULFILLED & BIT(head->type)))
			return LOAD_OK;
		return LOAD_UNSUPPORTED;
	}
}

static const char *read_wishes(const u8 *tags, size_t size,
			       struct image_header *out)
{
	size_t at = 0;

	while (at < size && size - at >= sizeof(struct wish_head)) {
		struct wish_head head;
		const char *fault;

		memcpy(&head, tags + at, sizeof(head));
		if (head.size < sizeof(head) || head.size > size - at)
			return LOAD_BAD_HEADER;
		if (head.type == WISH_END)
			return LOAD_OK;
		fault = read_wish(&head, tags + at + sizeof(head), out);
		if (fault != LOAD_OK)
			return fault;
		at += ALIGN_UP((size_t)head.size, TAG_ALIGN);
	}
	return LOAD_BAD_HEADER; /* no end tag */
}

static const char *load_image(struct guest_memory *gm,
			      const struct load_request *request,
			      struct image *out)
{
	const u8 *file = request->kernel;
	struct image_header image = { 0 };
	const char *fault;
	struct header header;

	image.at = find_header(file, request->kernel_size, &header);
	fault = read_wishes(file + image.at + sizeof(header),
			    header.length - sizeof(header), &image);
	if (fault != LOAD_OK)
		return fault;
	/* Addresses alone do not give the entry point, 3.1.6. */
	if (image.has_addresses && !image.has_entry)
		return LOAD_BAD_HEADER;
	return image_load(gm, request, &image, out);
}

/* --- The information ------------------------------------------------------- */

struct writer {
	struct guest_memory *gm;
	gpa_t at;
};

/*
 * Writes a tag of two parts, which may be empty; its padding is zero already.
 */
static void put_tag(struct writer *w, enum tag_type type, const void *fixed,
		    size_t fixed_size, const void *rest, size_t rest_size)
{
	struct tag_head head = { type, sizeof(head) + fixed_size + rest_size };
	gpa_t data = w->at + sizeof(head);

	guest_memory_write(w->gm, w->at, &head, sizeof(head));
	guest_memory_write(w->gm, data, fixed, fixed_size);
	guest_memory_write(w->gm, data + fixed_size, rest, rest_size);
	w->at = ALIGN_UP(w->at + head.size, TAG_ALIGN);
}

static void put_string(struct writer *w, enum tag_type type, const char *s)
{
	put_tag(w, type, NULL, 0, s, strlen(s) + 1);
}

static void put_memory(struct writer *w)
{
	struct e820_entry ranges[GUEST_E820_MAX];
	struct map_entry map[GUEST_E820_MAX];
	size_t count = guest_memory_e820(w->gm, ranges);
	const u32 sizes[] = { GUEST_BASE_RAM_END / KIB,
			      (w->gm->low_end - GUEST_HIGH_RAM_START) / KIB };
	const u32 fixed[] = { sizeof(map[0]), 0 }; /* entry size, version */

	for (size_t i = 0; i < count; i++)
		map[i] = (struct map_entry){ .range = ranges[i] };
	put_tag(w, TAG_MEMORY, sizes, sizeof(sizes), NULL, 0);
	put_tag(w, TAG_MEMORY_MAP, fixed, sizeof(fixed), map,
		count * sizeof(map[0]));
}

static void put_rsdp(struct writer *w, gpa_t rsdp)
{
	u8 copy[RSDP_NEW_SIZE];

	if (!rsdp || !guest_memory_read(w->gm, rsdp, copy, sizeof(copy)))
		return;
	put_tag(w, TAG_RSDP_OLD, copy, RSDP_OLD_SIZE, NULL, 0);
	put_tag(w, TAG_RSDP_NEW, copy, RSDP_NEW_SIZE, NULL, 0);
}

static void put_information(struct guest_memory *gm,
			    const struct load_request *request,
			    const u32 *modules)
{
	struct writer w = { gm, INFO_GPA + 2 * sizeof(u32) };
	u32 head[2] = { 0 }; /* total size, reserved */

	put_string(&w, TAG_CMDLINE, request->cmdline);
	put_string(&w, TAG_LOADER, "Umbra");
	for (size_t i = 0; i < request->module_count; i++) {
		const struct load_module *module = &request->modules[i];
		u32 range[] = { modules[i], modules[i] + module->size };

		put_tag(&w, TAG_MODULE, range, sizeof(range), module->name,
			strlen(module->name) + 1);
	}
	put_memory(&w);
	put_tag(&w, TAG_SCREEN, &image_screen, sizeof(image_screen), NULL, 0);
	put_rsdp(&w, request->rsdp);
	put_tag(&w, TAG_END, NULL, 0, NULL, 0);
	head[0] = w.at - INFO_GPA;
	guest_memory_write(gm, INFO_GPA, head, sizeof(head));
}

const char *multiboot2_load(struct guest_memory *gm,
			    const struct load_request *request,
			    struct guest_entry *out)
{
	const char *fault;
	struct image image = { 0 };
	u32 modules[LOAD_MODULES_MAX];
	size_t strings = strlen(request->cmdline);

	for (size_t i = 0; i < request->module_count; i++)
		strings += strlen(request->modules[i].name);
	if (strings >= STRING_MAX)
		return LOAD_CMDLINE_TOO_LONG;
	fault = load_image(gm, request, &image);
	out->wanted = image.wanted;
	if (fault != LOAD_OK)
		return fault;
	if (!image_load_modules(gm, request, &image, modules))
		return LOAD_MODULE_TOO_LARGE;
	put_information(gm, request, modules);
	*out = image_entry(&image, "multiboot2", LOADED, INFO_GPA);
	return LOAD_OK;
}
