/* SPDX-License-Identifier: MIT */
/*
 * Entries, roles and error codes in words, for the message of a failed test.
 * Each text stays valid until the eighth after it is made.
 */
#ifndef TESTS_MODEL_WORDS_H
#define TESTS_MODEL_WORDS_H

#include "mmu/shadow.h"

/* A guest's entry: "present, frame 0x15, WUAD", "-" for a flag that is 0. */
const char *words_gpte(u64 gpte);
/* A shadow's: "LEAF, host frame 0x1015, WUA- NX". */
const char *words_spte(u64 spte, u8 level);
/* "level 1, 4-level paging, rights above: W U X". */
const char *words_role(union shadow_role role);
/* An error code or an access: "write by the user"; 0: "read by ...". */
const char *words_access(u32 access);
/* "injected as a fault", ... */
const char *words_action(enum mmu_action action);
/* "0x7 (write by the user, present, reserved bit)". */
const char *words_fault(u32 error_code);
/* The page of the book to read, for a text that names an invariant; or "". */
const char *words_page(const char *text);

#endif
