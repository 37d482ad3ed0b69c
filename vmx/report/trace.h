/* SPDX-License-Identifier: MIT */
/*
 * The last exits as text; trace=N on the command line prints them at every
 * stop.
 */
#ifndef VMX_REPORT_TRACE_H
#define VMX_REPORT_TRACE_H

#include "lib/types.h"
#include "vmx/trace/record.h"

struct trace;
struct vm;

#define TRACE_MAX 65536 /* Maximum number of exits that trace=N prints */

/*
 * Prints the last @wanted exits, with the events that they inject. @events:
 * with the MMU's events, too, and without numbers, since exits that were not
 * recorded may lie between.
 */
void trace_print(const struct vm *vm, u64 wanted, bool events);

/* Returns the event injected after exit @number of the trace; NULL: none. */
const struct trace_record *trace_injected(const struct trace *trace,
					  u64 number);

/* Writes the exit in words to @buf of WORDS_MAX bytes. Returns @buf. */
const char *trace_words(const struct trace_record *exit, char *buf);

#endif
