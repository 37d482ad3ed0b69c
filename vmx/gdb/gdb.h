/* SPDX-License-Identifier: MIT */
/*
 * A guest under gdb, by its remote serial protocol on a serial port of the
 * machine (docs/gdb.md). The guest is the "remote target"; it stops at its
 * first instruction, at breakpoints, and where Umbra stops it.
 */
#ifndef VMX_GDB_GDB_H
#define VMX_GDB_GDB_H

struct vm;

/* Before the first instruction: waits for gdb. */
void gdb_begin(struct vm *vm);

/* Between two instructions: gdb may have sent Ctrl-C, or begin a session. */
void gdb_poll(struct vm *vm);

/* After an exit was handled: it may be the end of a step, or a breakpoint. */
void gdb_exited(struct vm *vm);

/* The run has ended: tells why; where Umbra has stopped the guest, gdb looks. */
void gdb_end(struct vm *vm);

#endif
