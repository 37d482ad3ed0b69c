/* SPDX-License-Identifier: MIT */
/*
 * gdb's breakpoints and watchpoints in the debug registers, beside the guest's
 * own: a point of gdb's gets a register in which the guest has nothing enabled.
 * SDM vol. 3B, 17.2. Pure.
 */
#ifndef VMX_GDB_POINTS_H
#define VMX_GDB_POINTS_H

#include "arch/x86/emulator/breakpoints.h"
#include "vmx/gdb/protocol.h"

struct debug_registers {
	u64 address[BREAKPOINTS]; /* DR0 to DR3 */
	u64 dr7;
};

struct gdb_place {
	enum gdb_point kind;
	u64 address;
	u64 length; /* 0: there is none */
};

/* All zeroes at first. */
struct gdb_points {
	struct gdb_place places[BREAKPOINTS];
	/* While there is a point, the guest's registers are here. */
	bool active;
	struct debug_registers guest;
	/* The point in each register; NULL: the register is the guest's. */
	const struct gdb_place *held[BREAKPOINTS];
	bool crowded_out; /* a point has no register */
	const struct gdb_place *hit; /* the last hit, until cleared */
};

/*
 * Adds a point, if it is not there yet. A breakpoint has any length; a
 * watchpoint has 1, 2, 4 or 8 bytes, aligned. Returns false if the length or
 * the alignment is wrong, or no place is free.
 */
bool points_insert(struct gdb_points *points, enum gdb_point kind, u64 address,
		   u64 length);

/* Removes the point, if it is there. */
void points_remove(struct gdb_points *points, enum gdb_point kind, u64 address,
		   u64 length);

/* Returns true if there is a point. */
bool points_any(const struct gdb_points *points);

/*
 * Finds the processor's registers: the guest's, and gdb's points in those that
 * the guest does not use. Returns false if a point has no register.
 */
bool points_place(struct gdb_points *points, struct debug_registers *out);

/*
 * Notes the point that a #DB with @debug, bits of DR6, has hit. Returns the
 * rest, which is the guest's, or 0.
 */
u64 points_remove_hits(struct gdb_points *points, u64 debug);

#endif
