/* SPDX-License-Identifier: MIT */
/*
 * The monitor: what a person asks for at the console while the guest runs, by
 * Ctrl-A and a key, or by commands at a prompt. It reads and changes state by
 * the functions that the rest of Umbra uses.
 */
#ifndef VMX_MONITOR_MONITOR_H
#define VMX_MONITOR_MONITOR_H

struct vm;

/*
 * After an exit, while monitor.until is set: stops the guest if this is the
 * exit, or the end of the step, that was asked for.
 */
void monitor_exited(struct vm *vm);

/*
 * Serves the request in monitor.keys, if there is one. The guest waits
 * meanwhile. To be called between two instructions of the guest's.
 */
void monitor_serve(struct vm *vm);

#endif
