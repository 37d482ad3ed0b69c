/* SPDX-License-Identifier: MIT */
/* The kinds of records by name, for the command line and the monitor. */
#ifndef VMX_TRACE_FILTER_H
#define VMX_TRACE_FILTER_H

#include "lib/types.h"

/* The kinds that trace=N prints. */
#define TRACE_PRINTED (BIT(TRACE_EXIT) | BIT(TRACE_INJECT))

/*
 * Reads a list of names with commas between ("exit,mmu") into the bits of
 * trace.kinds. Returns false, and changes nothing, if a name is unknown.
 */
bool trace_parse_kinds(const char *list, u32 *kinds);

/*
 * Returns false, and says why, if trace=@exits prints records that @kinds leave
 * out; @list is @kinds as typed.
 */
bool trace_kinds_suffice(u64 exits, u32 kinds, const char *list);

/*
 * Returns the name of that number, in the order of the text below; NULL after
 * the last.
 */
const char *trace_kind_name(size_t number);

/* The number of the first MMU event's name. */
#define TRACE_NAME_OF_MMU 7

/* All names, with blanks between. */
extern const char trace_kind_names[];

#endif
