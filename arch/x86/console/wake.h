/* SPDX-License-Identifier: MIT */
/* The interrupt of the console's serial port; see wake.c. */
#ifndef ARCH_X86_CONSOLE_WAKE_H
#define ARCH_X86_CONSOLE_WAKE_H

#include "lib/types.h"

/*
 * Lets a byte that comes in at the console's serial port interrupt Umbra, if
 * that works on this machine; says so if not. After apic_init and
 * console_choose_port.
 */
void wake_init(void);

/*
 * Returns true if each byte that comes in interrupts Umbra, unless an earlier
 * one is still unread. If there is no serial port, none comes in.
 */
bool wake_works(void);

/* Returns true if it has interrupted since the last call. */
bool wake_take(void);

#endif
