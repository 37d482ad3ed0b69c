/* SPDX-License-Identifier: MIT */
/* A VMCS that a processor made up here would enter, and the doctor for it. */
#ifndef TESTS_UNIT_GOOD_VMCS_H
#define TESTS_UNIT_GOOD_VMCS_H

#include "tests/doctor/break.h"
#include "tests/unit/entry_checks.h"

#define VMCS_WORDS (0x7000 / 2)

/* Indexed by encoding / 2: all encodings are even, odd ones are high halves. */
extern u64 vmcs[VMCS_WORDS];

/* Each control can be 0 and 1, but the lowest and the highest of each field. */
extern struct vmx_capabilities capabilities;
extern struct doctor doctor;

/* As the self-test's: a 64-bit guest in flat segments, a 64-bit host. */
void make_good_vmcs(void);

/* The breaker of rules in that VMCS. */
struct breaker good_breaker(void);

/* Segment register number @n, from ES on. */
void set_segment(int n, u16 selector, u32 limit, u32 rights);
void write_fields(const struct check_write *writes, size_t count);

#endif
