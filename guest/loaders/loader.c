/* SPDX-License-Identifier: MIT */
/* The choice of the loader for a file: see loader.h. */
#include "guest/loaders/loader.h"

#include "guest/loaders/kinds.h"

static const struct {
	bool (*is_kernel)(const u8 *file, size_t size);
	const char *(*load)(struct guest_memory *gm,
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

const char *guest_load(struct guest_memory *gm,
		       const struct load_request *request,
		       struct guest_entry *out)
{
	*out = (struct guest_entry){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++)
		if (loaders[i].is_kernel(request->kernel, request->kernel_size))
			return loaders[i].load(gm, request, out);
	return LOAD_UNKNOWN_KIND;
}
