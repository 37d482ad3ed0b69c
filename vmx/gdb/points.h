/* SPDX-License-Identifier: MIT */
/*
 * gdb's breakpoints and watchpoints in the debug registers, beside the guest's
 * own: a point of gdb's has a register of which the guest has enabled nothing.
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
	/* The point in each register, or NULL: it is the guest's. */
	const struct gdb_place *held[BREAKPOINTS];
	bool crowded_out; /* a point has no register */
	const struct gdb_place *hit; /* since this was last cleared */
};

/*
 * Adds a point, if it is not there yet. A breakpoint has any length; a
 * watchpoint has 1, 2, 4 or 8 bytes, aligned. Returns false if it can't be, or
 * there is no room.
 */
bool points_insert(struct gdb_points *points, enum gdb_point kind, u64 address,
		   u64 length);

/* Takes it away, if it is there. */
void points_remove(struct gdb_points *points, enum gdb_point kind, u64 address,
		   u64 length);

/* Returns true if there is a point. */
bool points_any(const struct gdb_points *points);

/*
 * Finds the registers that the processor needs: the guest's, and in those that
 * it does not use the points. Returns false if a point has got none.
 */
bool points_place(struct gdb_points *points, struct debug_registers *out);

/*
 * A #DB has come with @debug, as DR6 tells it. Notes the point that it hit, and
 * returns the rest, the guest's; 0: there is no rest.
 */
u64 points_take_hits(struct gdb_points *points, u64 debug);

#endif
