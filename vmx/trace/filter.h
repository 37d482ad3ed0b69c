/* SPDX-License-Identifier: MIT */
/* The kinds of records by name, for the command line and the monitor. */
#ifndef VMX_TRACE_FILTER_H
#define VMX_TRACE_FILTER_H

#include "lib/types.h"

/*
 * Reads a list of names with commas between ("exit,mmu") into the bits of
 * trace.kinds. Returns false, and changes nothing, if a name is unknown.
 */
bool trace_parse_kinds(const char *list, u32 *kinds);

/* All names, with blanks between. */
extern const char trace_kind_names[];

#endif
