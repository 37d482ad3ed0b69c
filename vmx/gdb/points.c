/* SPDX-License-Identifier: MIT */
#include "lib/string.h"
#include "vmx/exit_qualification.h"
#include "vmx/gdb/points.h"

/* Bits of DR7 for register n. */
#define DR7_BOTH(n) (BITS(1, 0) << 2 * (n)) /* L and G */
#define DR7_GLOBAL(n) (BIT(1) << 2 * (n))
#define DR7_CONDITION_SHIFT(n) (16 + 4 * (n)) /* R/W, and LEN above it */
#define DR7_CONDITION BITS(3, 0)

#define RW_EXECUTE 0
#define RW_WRITE 1
#define RW_ACCESS 3

static bool is_breakpoint(enum gdb_point kind)
{
	return kind == GDB_SOFTWARE_BREAKPOINT ||
	       kind == GDB_HARDWARE_BREAKPOINT;
}

/* The length of a breakpoint is 1, whatever length gdb gives. */
static struct gdb_place make_place(enum gdb_point kind, u64 address, u64 length)
{
	return (struct gdb_place){ kind, address,
				   is_breakpoint(kind) ? 1 : length };
}

static struct gdb_place *find_place(struct gdb_points *points,
				    const struct gdb_place *place)
{
	struct gdb_place *p = points->places;

	for (; p < points->places + BREAKPOINTS; p++)
		if (p->kind == place->kind && p->address == place->address &&
		    p->length == place->length)
			return p;
	return NULL;
}

static struct gdb_place *find_room(struct gdb_points *points)
{
	for (unsigned int n = 0; n < BREAKPOINTS; n++)
		if (!points->places[n].length)
			return &points->places[n];
	return NULL;
}

bool points_insert(struct gdb_points *points, enum gdb_point kind, u64 address,
		   u64 length)
{
	const struct gdb_place place = make_place(kind, address, length);
	u64 size = place.length;
	struct gdb_place *room;

	if ((size != 1 && size != 2 && size != 4 && size != 8) ||
	    address % size)
		return false;
	if (find_place(points, &place))
		return true;
	room = find_room(points);
	if (room)
		*room = place;
	return room;
}

void points_remove(struct gdb_points *points, enum gdb_point kind, u64 address,
		   u64 length)
{
	const struct gdb_place place = make_place(kind, address, length);
	struct gdb_place *found = find_place(points, &place);

	if (found)
		found->length = 0;
}

bool points_any(const struct gdb_points *points)
{
	for (unsigned int n = 0; n < BREAKPOINTS; n++)
		if (points->places[n].length)
			return true;
	return false;
}

/* R/W and LEN of DR7 (SDM vol. 3B, 17.2.4); LEN of an instruction is 0. */
static u64 condition(const struct gdb_place *place)
{
	static const u8 lengths[] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };
	u64 rw = RW_ACCESS;

	if (is_breakpoint(place->kind))
		rw = RW_EXECUTE;
	else if (place->kind == GDB_WRITE_WATCHPOINT)
		rw = RW_WRITE;
	return (u64)lengths[place->length] << 2 | rw;
}

static void use_register(struct gdb_points *points, unsigned int n,
			 const struct gdb_place *place,
			 struct debug_registers *out)
{
	points->held[n] = place;
	out->address[n] = place->address;
	out->dr7 &= ~(DR7_CONDITION << DR7_CONDITION_SHIFT(n));
	out->dr7 |= condition(place) << DR7_CONDITION_SHIFT(n) | DR7_GLOBAL(n);
}

/* Begins with the last register: kernels use the first ones. */
bool points_place(struct gdb_points *points, struct debug_registers *out)
{
	unsigned int n = BREAKPOINTS;

	*out = points->guest;
	memset(points->held, 0, sizeof(points->held));
	for (unsigned int i = 0; i < BREAKPOINTS; i++) {
		const struct gdb_place *place = &points->places[i];

		if (!place->length)
			continue;
		while (n && (points->guest.dr7 & DR7_BOTH(n - 1)))
			n--;
		if (!n)
			return false;
		use_register(points, --n, place, out);
	}
	return true;
}

/* The processor reports a register that matches even if it is off (17.2.3). */
u64 points_remove_hits(struct gdb_points *points, u64 debug)
{
	bool enabled = false;

	for (unsigned int n = 0; n < BREAKPOINTS; n++) {
		if (!(debug & BIT(n)))
			continue;
		if (points->held[n]) {
			points->hit = points->held[n];
			debug &= ~BIT(n);
		} else if (points->guest.dr7 & DR7_BOTH(n)) {
			enabled = true;
		}
	}
	return enabled || debug & ~DR6_B0_B3 ? debug : 0;
}
