/* SPDX-License-Identifier: MIT */
/* The state of gdb's session with a guest, as struct vm has it. */
#ifndef VMX_GDB_SESSION_H
#define VMX_GDB_SESSION_H

#include "vmx/gdb/insn_flags.h"
#include "vmx/gdb/link.h"
#include "vmx/gdb/points.h"

#define GDB_STOP_SIZE 32

struct gdb_step {
	bool on; /* a step is under way */
	u64 rip; /* of its instruction */
	bool trapped; /* TF has ended the step */
	bool tf; /* the guest's own TF */
	enum insn_flags kind; /* of its instruction */
};

struct gdb {
	struct gdb_link link; /* without a port there is no gdb */
	struct gdb_reply reply; /* being written */
	struct gdb_points points;
	bool attached; /* gdb waits for the guest's stop or end */
	struct gdb_step step;
	char stop[GDB_STOP_SIZE]; /* the reply that tells why it stopped */
};

#endif
