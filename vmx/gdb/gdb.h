/* SPDX-License-Identifier: MIT */
/*
 * A guest under gdb, by its remote serial protocol on a serial port of the
 * machine (docs/gdb.md). The guest is the "remote target"; it stops at its
 * first instruction, at breakpoints, and where Umbra stops it.
 */
#ifndef VMX_GDB_GDB_H
#define VMX_GDB_GDB_H

#include "vmx/gdb/link.h"
#include "vmx/gdb/points.h"
#include "vmx/gdb/step.h"

#define GDB_STOP_SIZE 32

struct vm;

struct gdb {
	struct gdb_link link; /* no port: gdb is not there */
	struct gdb_reply reply; /* in the making */
	struct gdb_points points;
	bool attached; /* gdb waits for the guest's stop or end */
	struct gdb_step step;
	char stop[GDB_STOP_SIZE]; /* the reply that tells why it stopped */
};

/* Before the first instruction: waits for gdb. */
void gdb_begin(struct vm *vm);

/* Between two instructions: gdb may have sent Ctrl-C, or begin a session. */
void gdb_poll(struct vm *vm);

/* After an exit was handled: it may be the end of a step, or a breakpoint. */
void gdb_exited(struct vm *vm);

/* The run has ended: tells why; where Umbra has stopped the guest, gdb looks. */
void gdb_end(struct vm *vm);

#endif
