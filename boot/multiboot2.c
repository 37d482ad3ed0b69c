/* SPDX-License-Identifier: MIT */
/*
 * The information is a list of tags, each with a type and a size and starting
 * at a multiple of 8 (Multiboot2 Specification 2.0, 3.6.2 and on). Fields are
 * copied out, never pointed at, so that alignment and aliasing do not matter.
 */
#include "boot/multiboot2.h"
#include "boot/regions.h"
#include "lib/string.h"

enum mb2_tag {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_ELF = 9,
	TAG_EFI32 = 11,
	TAG_EFI64 = 12,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
	TAG_LOAD_BASE = 21
};

#define TAG_ALIGN 8

struct tag_head {
	u32 type;
	u32 size; /* with this head, without padding */
};

struct tag_module {
	struct tag_head head;
	u32 start, end;
};

struct tag_memory_map {
	struct tag_head head;
	u32 entry_size, version;
};

struct map_entry {
	u64 start, size;
	u32 type, reserved;
};

struct tag_framebuffer {
	struct tag_head head;
	u64 address;
	u32 pitch, width, height;
	u8 bits_per_pixel;
	u8 type;
	u16 reserved;
} __packed;

/* A tag of type FRAMEBUFFER_RGB continues with the colours. */
struct tag_framebuffer_rgb {
	struct tag_framebuffer head;
	struct boot_channel red, green, blue;
} __packed;

enum { FRAMEBUFFER_INDEXED = 0, FRAMEBUFFER_RGB = 1, FRAMEBUFFER_EGA_TEXT = 2 };

struct tag_elf {
	struct tag_head head;
	u32 count, entry_size, names_index;
};

struct tag_efi64 {
	struct tag_head head;
	u64 address; /* of the system table */
};

/* A tag's bytes, all of them inside the information. */
struct tag {
	const u8 *data;
	u32 size;
};

/* Copies the tag's fixed part; returns false if the tag is too short. */
static bool read(const struct tag *tag, void *fixed, size_t size)
{
	if (tag->size < size)
		return false;
	memcpy(fixed, tag->data, size);
	return true;
}

/* The string at the end of a tag; NULL if it doesn't end in the tag. */
static const char *string(const struct tag *tag, size_t offset)
{
	for (size_t i = offset; i < tag->size; i++)
		if (!tag->data[i])
			return (const char *)tag->data + offset;
	return NULL;
}

static const char *parse_string(const struct tag *tag, const char **out)
{
	const char *s = string(tag, sizeof(struct tag_head));

	if (!s)
		return MB2_NO_NUL;
	*out = s;
	return MB2_OK;
}

static const char *parse_module(const struct tag *tag, struct boot_info *out)
{
	struct boot_module *module;
	struct tag_module t;
	const char *s;

	if (!read(tag, &t, sizeof(t)))
		return MB2_TAG_SIZE;
	s = string(tag, sizeof(t));
	if (!s)
		return MB2_NO_NUL;
	if (t.end < t.start)
		return MB2_MODULE_RANGE;
	if (out->module_count == BOOT_MODULES_MAX)
		return MB2_TOO_MANY_MODULES;
	module = &out->modules[out->module_count++];
	module->start = t.start;
	module->end = t.end;
	module->string = s;
	return MB2_OK;
}

static void parse_regions(const struct tag *tag, u32 at, u32 entry_size,
			  bool ram, struct boot_info *out)
{
	for (; at < tag->size; at += entry_size) {
		struct map_entry entry;

		memcpy(&entry, tag->data + at, sizeof(entry));
		if (entry.size && (entry.type == BOOT_MEMORY_RAM) == ram)
			region_add(out, &(struct boot_region){
						entry.start,
						MIN(entry.size, ~entry.start),
						entry.type });
	}
}

static const char *parse_memory_map(const struct tag *tag,
				    struct boot_info *out)
{
	struct tag_memory_map t;
	u32 at = sizeof(t);

	if (!read(tag, &t, sizeof(t)))
		return MB2_TAG_SIZE;
	/* Later versions may append fields (3.6.8), and may do nothing else. */
	if (t.entry_size < sizeof(struct map_entry) ||
	    t.entry_size % TAG_ALIGN || (tag->size - at) % t.entry_size)
		return MB2_ENTRY_SIZE;
	/* region_add() needs RAM first. */
	parse_regions(tag, at, t.entry_size, true, out);
	parse_regions(tag, at, t.entry_size, false, out);
	return MB2_OK;
}

static enum boot_framebuffer_type framebuffer_type(u8 type)
{
	switch (type) {
	case FRAMEBUFFER_INDEXED:
		return BOOT_FRAMEBUFFER_INDEXED;
	case FRAMEBUFFER_EGA_TEXT:
		return BOOT_FRAMEBUFFER_TEXT;
	default:
		return BOOT_FRAMEBUFFER_PIXELS;
	}
}

static const char *parse_framebuffer(const struct tag *tag,
				     struct boot_info *out)
{
	struct tag_framebuffer_rgb rgb = { 0 };
	struct tag_framebuffer t;

	if (!read(tag, &t, sizeof(t)))
		return MB2_TAG_SIZE;
	if (t.type == FRAMEBUFFER_RGB && !read(tag, &rgb, sizeof(rgb)))
		return MB2_TAG_SIZE;
	out->framebuffer = (struct boot_framebuffer){
		.type = framebuffer_type(t.type),
		.address = t.address,
		.pitch = t.pitch,
		.width = t.width,
		.height = t.height,
		.bits_per_pixel = t.bits_per_pixel,
		.red = rgb.red,
		.green = rgb.green,
		.blue = rgb.blue,
	};
	return MB2_OK;
}

static const char *parse_elf(const struct tag *tag, struct boot_info *out)
{
	struct tag_elf t;

	if (!read(tag, &t, sizeof(t)))
		return MB2_TAG_SIZE;
	if ((u64)t.count * t.entry_size > tag->size - sizeof(t))
		return MB2_ENTRY_SIZE;
	out->elf.headers = tag->data + sizeof(t);
	out->elf.count = t.count;
	out->elf.entry_size = t.entry_size;
	return MB2_OK;
}

static const char *parse_rsdp(const struct tag *tag, struct boot_info *out)
{
	u32 size = MIN(tag->size - (u32)sizeof(struct tag_head), BOOT_RSDP_MAX);

	memset(out->rsdp, 0, sizeof(out->rsdp));
	memcpy(out->rsdp, tag->data + sizeof(struct tag_head), size);
	out->rsdp_size = size;
	return MB2_OK;
}

static const char *parse_efi64(const struct tag *tag, struct boot_info *out)
{
	struct tag_efi64 t;

	if (!read(tag, &t, sizeof(t)))
		return MB2_TAG_SIZE;
	out->efi = true;
	out->efi_table = t.address;
	return MB2_OK;
}

static const char *parse_tag(u32 type, const struct tag *tag,
			     struct boot_info *out)
{
	switch (type) {
	case TAG_CMDLINE:
		return parse_string(tag, &out->cmdline);
	case TAG_LOADER:
		return parse_string(tag, &out->loader);
	case TAG_MODULE:
		return parse_module(tag, out);
	case TAG_MEMORY_MAP:
		return parse_memory_map(tag, out);
	case TAG_FRAMEBUFFER:
		return parse_framebuffer(tag, out);
	case TAG_ELF:
		return parse_elf(tag, out);
	case TAG_EFI32:
		out->efi = true;
		return MB2_OK;
	case TAG_EFI64:
		return parse_efi64(tag, out);
	case TAG_RSDP_OLD:
		return out->rsdp_is_new ? MB2_OK : parse_rsdp(tag, out);
	case TAG_RSDP_NEW:
		out->rsdp_is_new = true;
		return parse_rsdp(tag, out);
	case TAG_LOAD_BASE: /* entry.asm has read it unchecked */
		return tag->size < sizeof(struct tag_head) + sizeof(u32)
			       ? MB2_TAG_SIZE
			       : MB2_OK;
	default:
		return MB2_OK; /* not asked for */
	}
}

const char *multiboot2_parse(const void *mbi, size_t max, struct boot_info *out)
{
	const u8 *data = mbi;
	u32 total, at = 2 * sizeof(u32);

	memset(out, 0, sizeof(*out));
	out->cmdline = out->loader = "";
	if ((uintptr_t)mbi % TAG_ALIGN)
		return MB2_MISALIGNED;
	if (max < at)
		return MB2_TOO_SMALL;
	memcpy(&total, data, sizeof(total));
	if (total < at)
		return MB2_TOO_SMALL;
	if (total > max)
		return MB2_TOO_LARGE;
	out->size = total;

	while (at < total && total - at >= sizeof(struct tag_head)) {
		struct tag_head head;
		struct tag tag;
		const char *fault;

		memcpy(&head, data + at, sizeof(head));
		if (head.size < sizeof(head) || head.size > total - at)
			return MB2_TAG_SIZE;
		if (head.type == TAG_END)
			return MB2_OK;
		tag = (struct tag){ data + at, head.size };
		fault = parse_tag(head.type, &tag, out);
		if (fault != MB2_OK)
			return fault;
		/* In 64 bits: the last tag may end just below 4 GiB. */
		if (ALIGN_UP((u64)at + head.size, TAG_ALIGN) > total)
			return MB2_NO_END;
		at = ALIGN_UP(at + head.size, TAG_ALIGN);
	}
	return MB2_NO_END;
}
