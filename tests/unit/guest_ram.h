/* SPDX-License-Identifier: MIT */
/* A guest's memory for host tests: every frame at its own place in `ram`. */
#ifndef TESTS_GUEST_RAM_H
#define TESTS_GUEST_RAM_H

#include "guest/memory.h"

extern u8 *guest_ram;

/* Makes *gm a guest's memory of @bytes bytes; frees its earlier memory. */
void guest_ram_make(struct guest_memory *gm, u64 bytes);
void guest_ram_free(void);

#endif
