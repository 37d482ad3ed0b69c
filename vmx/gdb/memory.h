/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory for gdb. Addresses are linear ones, translated by the
 * guest's tables whatever the rights are; devices' registers are neither read
 * nor written.
 */
#ifndef VMX_GDB_MEMORY_H
#define VMX_GDB_MEMORY_H

#include "lib/types.h"

/* The context @ctx is a struct vm. Returns the number of bytes read. */
size_t gdb_read(void *ctx, u64 address, void *buf, size_t len);
/* Writes up to a page. Returns false if a part of it was not written. */
bool gdb_write(void *ctx, u64 address, const void *buf, size_t len);

#endif
