/* SPDX-License-Identifier: MIT */
/* A broken list of entries makes loops in mmu/ that no assertion would end. */
#ifndef TESTS_MODEL_GUARD_H
#define TESTS_MODEL_GUARD_H

/*
 * From now on the processor may work for a minute; then the program ends, and
 * shows the functions that it is in. A next call begins a new minute.
 */
void guard_begin(void);

#endif
