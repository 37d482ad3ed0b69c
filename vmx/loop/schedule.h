/* SPDX-License-Identifier: MIT */
/* When Umbra looks at the devices and the console next. */
#ifndef VMX_LOOP_SCHEDULE_H
#define VMX_LOOP_SCHEDULE_H

#include "lib/types.h"

struct vm;

/*
 * The console's input is looked at by the first exit after CONSOLE_POLL_NS. If
 * there is none for CONSOLE_SLACK_NS more, the timer makes one: the FIFO of a
 * serial port holds 16 bytes, which come in 1.39 ms at 115,200 baud. If the
 * port interrupts, only the keyboard waits for a look: CONSOLE_IDLE_NS.
 */
#define CONSOLE_IDLE_NS (10 * 1000 * 1000ULL)
#define CONSOLE_POLL_NS (900 * 1000ULL)
#define CONSOLE_SLACK_NS (400 * 1000ULL)

/*
 * Sets the times of the next look, and the machine's timer, after a look at the
 * devices. @next_event: when their next event comes, in ns.
 */
void schedule_look(struct vm *vm, u64 next_event);

/* The guest has written to a device: its next event may come earlier now. */
void vm_devices_changed(struct vm *vm);

/* The machine has interrupted: its timer, for the next look or an earlier one,
   or the console. */
void vm_interrupted(struct vm *vm);

#endif
