/* SPDX-License-Identifier: MIT */
/*
 * Guest kernels of all kinds: whatever is in the file, no byte beyond it is
 * read, and no byte outside the guest's memory is written.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/loaders/loader.h"
#include "tests/unit/guest_ram.h"

#define RAM (4 * MIB)
#define LINUX_HEADER_END 0x264

/* How the file starts, so that the fuzzer gets past magic and checksum. */
enum {
	PLANT_MULTIBOOT = BIT(0),
	PLANT_MULTIBOOT2 = BIT(1),
	PLANT_LINUX = BIT(2),
	PLANT_ELF32 = BIT(3),
	PLANT_ELF64 = BIT(4),
	WITH_MODULE = BIT(5)
};

static void plant_multiboot(u8 *file, size_t size, size_t at, u32 magic,
			    size_t others)
{
	u32 sum = magic, word;

	if (at + (others + 2) * sizeof(word) > size)
		return;
	memcpy(file + at, &magic, sizeof(magic));
	for (size_t i = 1; i <= others; i++) {
		memcpy(&word, file + at + i * sizeof(word), sizeof(word));
		sum += word;
	}
	sum = -sum;
	memcpy(file + at + (others + 1) * sizeof(word), &sum, sizeof(sum));
}

static void plant_elf(u8 *file, size_t size, u8 class, u16 machine,
		      size_t size_at, u16 segment_size)
{
	if (size < 64)
		return;
	memcpy(file, (u8[]){ 0x7f, 'E', 'L', 'F', class, 1, 1 }, 7);
	memcpy(file + 18, &machine, sizeof(machine));
	memcpy(file + size_at, &segment_size, sizeof(segment_size));
}

static void plant_headers(u8 plan, u8 place, u8 *file, size_t size)
{
	if (plan & PLANT_ELF32)
		plant_elf(file, size, 1, 3, 42, 32);
	if (plan & PLANT_ELF64)
		plant_elf(file, size, 2, 62, 54, 56);
	if (plan & PLANT_MULTIBOOT)
		plant_multiboot(file, size, place * 4, 0x1badb002, 1);
	if (plan & PLANT_MULTIBOOT2)
		plant_multiboot(file, size, place * 8, 0xe85250d6, 2);
	if (plan & PLANT_LINUX && size >= LINUX_HEADER_END) {
		memcpy(file + 0x1fe, "\x55\xaa", 2);
		memcpy(file + 0x202, "HdrS", 4);
		file[0x201] = LINUX_HEADER_END - 0x202 + place;
		file[0x207] = 2;
		file[0x206] |= 0x0c;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u8 file_of_module[3 * PAGE_SIZE];
	static const struct load_module modules[] = {
		{ file_of_module, sizeof(file_of_module), "m" },
		{ file_of_module, 1, "n" },
	};
	struct load_request request = { .modules = modules, .cmdline = "x" };
	static struct guest_memory gm;
	struct guest_entry entry;
	const char *status;
	u8 plan, place, *file;

	if (size < 2)
		return 0;
	plan = data[0];
	place = data[1];
	size -= 2;
	file = malloc(size ? size : 1);
	memcpy(file, data + 2, size);
	plant_headers(plan, place, file, size);
	request.kernel = file;
	request.kernel_size = size;
	if (plan & WITH_MODULE)
		request.module_count = ARRAY_SIZE(modules);
	if (!gm.p2m) /* once: the rest of other files does no harm */
		guest_ram_make(&gm, RAM);
	status = guest_load(&gm, &request, &entry);
	if (status == LOAD_OK && !entry.kind)
		abort();
	free(file);
	return 0;
}
