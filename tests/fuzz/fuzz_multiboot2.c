/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the Multiboot2 parser: whatever the information holds, nothing is read
 * outside it, and accepted information makes sense.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/multiboot2.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct boot_info info;
	u8 *mbi = malloc(size);

	memcpy(mbi, data, size);
	multiboot2_parse(mbi, size, &info);
	if (info.size > size)
		abort();
	for (unsigned int i = 0; i < info.module_count; i++)
		if (info.modules[i].end < info.modules[i].start ||
		    strlen(info.modules[i].string) >= size)
			abort();
	for (unsigned int i = 0; i < info.region_count; i++)
		if (info.regions[i].start + info.regions[i].size <
		    info.regions[i].start)
			abort();
	if (strlen(info.cmdline) > size || strlen(info.loader) > size)
		abort();
	/* Each header that the parser promises can be read. */
	for (u32 i = 0; i < info.elf.count && info.elf.entry_size; i++) {
		const u8 *header = info.elf.headers;

		header += (u64)i * info.elf.entry_size;
		if (header + info.elf.entry_size > mbi + size)
			abort();
	}
	free(mbi);
	return 0;
}
