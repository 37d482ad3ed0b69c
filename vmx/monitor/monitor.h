/* SPDX-License-Identifier: MIT */
/*
 * The monitor: what a person asks for at the console while the guest runs, by
 * Ctrl-A and a key, or by commands at a prompt. It uses the same functions as
 * the rest of Umbra.
 */
#ifndef VMX_MONITOR_MONITOR_H
#define VMX_MONITOR_MONITOR_H

struct vm;

/*
 * Called after an exit, while monitor.until is set: stops the guest if the
 * exit, or the end of the step, is the one that was asked for.
 */
void monitor_exited(struct vm *vm);

/*
 * Serves the request in monitor.keys, if there is one, while the guest waits.
 * Called between two instructions of the guest.
 */
void monitor_serve(struct vm *vm);

#endif
