/* SPDX-License-Identifier: MIT */
/* The panic for an exception; panic() itself is in lib/log.h. */
#ifndef ARCH_X86_PANIC_H
#define ARCH_X86_PANIC_H

#include "lib/types.h"

struct trap_frame;
struct boot_elf;

/* Prints the exception, the registers and a backtrace, and ends the machine. */
void panic_at_trap(const struct trap_frame *frame) __noreturn;

/*
 * Lets a panic call @fn (NULL: nothing) after its report, before the machine
 * ends. A panic inside of @fn ends the machine at once.
 */
void panic_set_last_act(void (*fn)(void));

/*
 * Remembers the place of the symbol table; without it, backtraces are numbers.
 */
void symbols_init(const struct boot_elf *elf);

/*
 * Returns the name of the function that contains `address`, and the offset in
 * it; NULL if unknown. The name ends within its table.
 */
const char *symbol_at(u64 address, u64 *offset);

#endif
