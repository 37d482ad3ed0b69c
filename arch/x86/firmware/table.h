/* SPDX-License-Identifier: MIT */
/* A table of the firmware's in memory; its fields are read by their offset. */
#ifndef ARCH_X86_FIRMWARE_TABLE_H
#define ARCH_X86_FIRMWARE_TABLE_H

#include "lib/string.h"
#include "lib/types.h"

/*
 * Gives access to @size bytes of physical memory; NULL where there are none.
 * paging_map_tables is one.
 */
typedef const void *firmware_memory(hpa_t hpa, size_t size);

struct table {
	const u8 *data;
	u32 size;
};

/* Returns the field of @size bytes at @at, or 0 if the table is too short. */
static inline u64 field(const struct table *t, u32 at, u32 size)
{
	u64 value = 0;

	if (size <= t->size && at <= t->size - size)
		memcpy(&value, t->data + at, size);
	return value;
}

/* The sum of @size bytes modulo 256, which a good table makes 0. */
static inline u8 table_sum(const void *table, size_t size)
{
	const u8 *bytes = table;
	u8 sum = 0;

	while (size--)
		sum += *bytes++;
	return sum;
}

#endif
