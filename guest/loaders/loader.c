/* SPDX-License-Identifier: MIT */
/* Which loader for which file: see loader.h. */
#include "guest/loaders/loader.h"

#include "guest/loaders/kinds.h"

static const struct {
	bool (*is_kernel)(const u8 *file, size_t size);
	enum load_status (*load)(struct guest_memory *gm,
				 const struct load_request *request,
				 struct guest_entry *out);
} loaders[] = {
	{ linux_is_kernel, linux_load },
	{ multiboot2_is_kernel, multiboot2_load },
	{ multiboot_is_kernel, multiboot_load },
};

bool guest_kernel_is_known(const u8 *file, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++)
		if (loaders[i].is_kernel(file, size))
			return true;
	return false;
}

enum load_status guest_load(struct guest_memory *gm,
			    const struct load_request *request,
			    struct guest_entry *out)
{
	*out = (struct guest_entry){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++)
		if (loaders[i].is_kernel(request->kernel, request->kernel_size))
			return loaders[i].load(gm, request, out);
	return LOAD_UNKNOWN_KIND;
}

const char *load_status_text(enum load_status status)
{
	static const char *const texts[LOAD_STATUS_COUNT] = {
		[LOAD_OK] = "the kernel is loaded",
		[LOAD_UNKNOWN_KIND] =
			"this is not a Linux kernel, nor one with a multiboot "
			"header: give a bzImage (on Debian, /boot/vmlinuz-*)",
		[LOAD_BAD_HEADER] = "its header contradicts itself",
		[LOAD_TRUNCATED] =
			"a part that its header names is not in the file: it "
			"is cut off or broken; copy it again, whole",
		[LOAD_LINUX_TOO_OLD] =
			"its boot protocol is before 2.10. Of Linux, take one "
			"from 2.6.31 on; iPXE and memdisk only look like "
			"Linux, and need a BIOS, which the guest has not",
		[LOAD_UNSUPPORTED] =
			"its header demands what Umbra does not offer (a video "
			"mode, say)",
		[LOAD_NO_FORMAT] =
			"it is no ELF file for x86, nor has its header the "
			"addresses to load it without",
		[LOAD_BAD_SEGMENT] =
			"a segment of its ELF file is larger in the file than "
			"in memory: link it again",
		[LOAD_NO_SEGMENT] =
			"its ELF file has no segment that is to be loaded",
		[LOAD_TOO_MANY_SEGMENTS] =
			"its ELF file has more than 64 segments to load",
		[LOAD_OVERLAP] =
			"two segments of its ELF file go to the same place",
		[LOAD_NO_ENTRY] =
			"its entry point is in no piece that is loaded",
		[LOAD_TOO_HIGH] =
			"a piece of it goes above 4 GiB: link it lower",
		[LOAD_OCCUPIED] =
			"a piece of it goes below 1 MiB where the firmware or "
			"boot information is: link it to 1 MiB or above, or "
			"from 64 KiB to 639 KiB",
		[LOAD_NO_MEMORY] =
			"the guest's memory is too small for the kernel: give "
			"it more",
		[LOAD_MODULE_TOO_LARGE] =
			"the guest's memory is too small for the initramfs (or "
			"module): give it more, or take a smaller one",
		[LOAD_CMDLINE_TOO_LONG] =
			"the kernel's command line is too long: shorten it",
	};

	return texts[status];
}
