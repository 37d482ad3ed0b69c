/* SPDX-License-Identifier: MIT */
/* A broken list of entries makes loops in mmu/ that no assertion would end. */
#ifndef TESTS_MODEL_GUARD_H
#define TESTS_MODEL_GUARD_H

/*
 * Lets the processor work for one more minute. Then the program ends, and shows
 * the functions that it is in. The next call begins another minute.
 */
void guard_begin(void);

#endif
