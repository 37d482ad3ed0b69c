/* SPDX-License-Identifier: MIT */
/* Pieces of a file in the guest's memory: see image.h. */
#include "guest/loaders/image.h"

#include "lib/elf.h"
#include "lib/string.h"

#define CELL_SIZE 2 /* the character, its colours */
#define SCREEN_TEXT 2

const struct image_screen image_screen = {
	.address = GUEST_VGA_TEXT_START,
	.pitch = TEXT_SCREEN_COLUMNS * CELL_SIZE,
	.columns = TEXT_SCREEN_COLUMNS,
	.rows = TEXT_SCREEN_ROWS,
	.cell_bits = 8 * CELL_SIZE,
	.type = SCREEN_TEXT,
};

/* A piece of the file; its memory beyond file_size is zero. */
struct piece {
	u64 offset;
	u64 file_size;
	u64 memory_size;
	gpa_t gpa;
};

/* Returns true if the range holds nothing of the firmware's or the loader's. */
static bool is_free(gpa_t start, gpa_t end)
{
	return start >= GUEST_HIGH_RAM_START ||
	       (start >= IMAGE_LOW_START && end <= GUEST_BASE_RAM_END);
}

static const char *reserve_place(const struct guest_memory *gm,
				 const struct load_range *range,
				 struct image *out)
{
	if (range->end > 4 * GIB)
		return LOAD_TOO_HIGH;
	if (!is_free(range->start, range->end))
		return LOAD_OCCUPIED;
	if (range->end > gm->low_end)
		return LOAD_NO_MEMORY;
	for (size_t i = 0; i < out->count; i++)
		if (out->pieces[i].start < range->end &&
		    range->start < out->pieces[i].end)
			return LOAD_OVERLAP;
	out->pieces[out->count++] = *range;
	out->end = MAX(out->end, range->end);
	return LOAD_OK;
}

static const char *load_piece(struct guest_memory *gm, const u8 *file,
			      size_t size, const struct piece *piece,
			      struct image *out)
{
	u64 length = MAX(piece->file_size, piece->memory_size);
	struct load_range range = { piece->gpa, piece->gpa + length };
	const char *fault;

	if (piece->offset > size || size - piece->offset < piece->file_size)
		return LOAD_TRUNCATED;
	if (out->count == IMAGE_PIECES_MAX)
		return LOAD_TOO_MANY_SEGMENTS;
	if (range.end < range.start) /* it wraps */
		range.end = ~0ULL;
	fault = reserve_place(gm, &range, out);
	if (fault == LOAD_OK)
		guest_memory_write(gm, piece->gpa, file + piece->offset,
				   piece->file_size);
	else
		out->wanted = range;
	return fault;
}

static const char *check_entry(const struct image *image)
{
	for (size_t i = 0; i < image->count; i++)
		if (image->entry >= image->pieces[i].start &&
		    image->entry < image->pieces[i].end)
			return LOAD_OK;
	return LOAD_NO_ENTRY;
}

/*
 * Reads an ELF header of either size as the larger one. Returns false if the
 * file is no ELF file for x86.
 */
static bool read_header(const u8 *file, size_t size, struct elf64_header *out)
{
	struct elf32_header narrow;

	if (size < sizeof(narrow))
		return false;
	memcpy(&narrow, file, sizeof(narrow));
	if (!memcmp(file, ELF32_IDENT, ELF_IDENT_SIZE)) {
		*out = (struct elf64_header){
			.entry = narrow.entry,
			.segments = narrow.segments,
			.segment_size = narrow.segment_size,
			.segment_count = narrow.segment_count
		};
		return narrow.machine == ELF_MACHINE_386;
	}
	if (memcmp(file, ELF64_IDENT, ELF_IDENT_SIZE) || size < sizeof(*out))
		return false;
	memcpy(out, file, sizeof(*out));
	return out->machine == ELF_MACHINE_X86_64;
}

static size_t segment_size(const u8 *file)
{
	return memcmp(file, ELF64_IDENT, ELF_IDENT_SIZE)
		       ? sizeof(struct elf32_segment)
		       : sizeof(struct elf64_segment);
}

static bool read_segment(const u8 *file, size_t size,
			 const struct elf64_header *header, u32 index,
			 struct elf64_segment *out)
{
	size_t length = segment_size(file);
	u64 before = (u64)index * length;
	struct elf32_segment narrow;

	if (header->segments > size || size - header->segments < before ||
	    size - header->segments - before < length)
		return false;
	file += header->segments + before;
	if (length == sizeof(*out)) {
		memcpy(out, file, length);
		return true;
	}
	memcpy(&narrow, file, length);
	*out = (struct elf64_segment){ .type = narrow.type,
				       .offset = narrow.offset,
				       .address = narrow.address,
				       .physical = narrow.physical,
				       .file_size = narrow.file_size,
				       .memory_size = narrow.memory_size };
	return true;
}

/*
 * Returns true if the segment has only the file's headers. A linker that is
 * told the text's address makes such a segment, and no kernel needs it.
 */
static bool is_headers_alone(const struct elf64_header *header,
			     const struct elf64_segment *s)
{
	u64 headers = header->segments +
		      (u64)header->segment_count * header->segment_size;

	return !s->offset && s->file_size <= headers &&
	       s->memory_size == s->file_size;
}

static const char *load_elf(struct guest_memory *gm, const u8 *file,
			    size_t size, struct image *out)
{
	struct elf64_header header;

	if (!read_header(file, size, &header))
		return LOAD_NO_FORMAT;
	if (header.segment_count && header.segment_size != segment_size(file))
		return LOAD_BAD_HEADER;
	out->entry = header.entry;
	for (u32 i = 0; i < header.segment_count; i++) {
		struct elf64_segment s;
		const char *fault;

		if (!read_segment(file, size, &header, i, &s))
			return LOAD_TRUNCATED;
		if (s.type != ELF_SEGMENT_LOAD || is_headers_alone(&header, &s))
			continue;
		if (s.file_size > s.memory_size)
			return LOAD_BAD_SEGMENT;
		if (!s.memory_size)
			continue;
		fault = load_piece(gm, file, size,
				   &(struct piece){ s.offset, s.file_size,
						    s.memory_size, s.physical },
				   out);
		if (fault != LOAD_OK)
			return fault;
		if (header.entry >= s.address &&
		    header.entry - s.address < s.memory_size)
			out->entry = header.entry - s.address + s.physical;
	}
	return out->count ? LOAD_OK : LOAD_NO_SEGMENT;
}

/* Multiboot Specification 0.6.96, 3.1.3; Multiboot2 2.0, 3.1.5. */
static const char *load_flat(struct guest_memory *gm, const u8 *file,
			     size_t size, const struct image_header *header,
			     struct image *out)
{
	const struct image_addresses *addresses = &header->addresses;
	u32 load = addresses->load;
	struct piece piece;

	if (load == IMAGE_ALL_OF_FILE)
		load = addresses->header - header->at;
	if (load > addresses->header || addresses->header - load > header->at)
		return LOAD_BAD_HEADER;
	piece.gpa = load;
	piece.offset = header->at - (addresses->header - load);
	piece.file_size = size - piece.offset;
	if (addresses->load_end) {
		if (addresses->load_end < load)
			return LOAD_BAD_HEADER;
		piece.file_size = addresses->load_end - load;
	}
	piece.memory_size =
		addresses->bss_end > load ? addresses->bss_end - load : 0;
	return load_piece(gm, file, size, &piece, out);
}

const char *image_load(struct guest_memory *gm,
		       const struct load_request *request,
		       const struct image_header *header, struct image *out)
{
	const u8 *file = request->kernel;
	size_t size = request->kernel_size;
	const char *fault = header->has_addresses
				    ? load_flat(gm, file, size, header, out)
				    : load_elf(gm, file, size, out);

	if (header->has_entry)
		out->entry = header->entry;
	return fault == LOAD_OK ? check_entry(out) : fault;
}

bool image_load_modules(struct guest_memory *gm,
			const struct load_request *request,
			const struct image *image, u32 *starts)
{
	/* The kernel and the firmware may both be below 1 MiB. */
	gpa_t top = gm->low_end, floor = MAX(image->end, GUEST_HIGH_RAM_START);

	for (size_t i = 0; i < request->module_count; i++) {
		const struct load_module *module = &request->modules[i];

		if (module->size > top - floor)
			return false;
		top = ALIGN_DOWN(top - module->size, PAGE_SIZE);
		if (top < floor)
			return false;
		guest_memory_write(gm, top, module->start, module->size);
		starts[i] = top;
	}
	return true;
}

struct guest_entry image_entry(const struct image *image, const char *kind,
			       u32 magic, gpa_t info)
{
	return (struct guest_entry){ .kind = kind,
				     .rip = image->entry,
				     .rax = magic,
				     .rbx = info,
				     .cs = GUEST_FLAT_CS,
				     .ds = GUEST_FLAT_DS };
}
