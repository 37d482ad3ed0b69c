/* SPDX-License-Identifier: MIT */
/*
 * The guest's physical memory: a table that names the host frame behind each
 * guest frame (the p2m). Usually it is the identity, gfn == hfn, so that a
 * shadow root can lie at the host frame whose number is the guest's CR3
 * (mmu/page/place.h). But any gfn can have another frame, so a host address
 * always comes from this table.
 *
 * The layout is a PC's:
 *	0 - 640 KiB	RAM; e820 leaves out the last KiB, the EBDA
 *	640 - 736 KiB	nothing (a PC's video memory, for graphics)
 *	736 - 768 KiB	RAM, which e820 leaves out: the VGA's text screen; a
 *			guest writes it without an exit, and Umbra can read it
 *	768 KiB - 1 MiB	RAM, zeroed, which e820 calls reserved (a PC's ROMs)
 *	1 MiB - 3 GiB	RAM, as much as there is
 *	4 GiB -		the RAM beyond 3 GiB
 */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include "lib/types.h"

#define GUEST_BASE_RAM_END 0x9fc00ULL /* for a kernel; the EBDA follows */
#define GUEST_EBDA_END 0xa0000ULL
#define GUEST_VGA_TEXT_START 0xb8000ULL
#define TEXT_SCREEN_COLUMNS 80
#define TEXT_SCREEN_ROWS 25
#define GUEST_ROM_START 0xc0000ULL /* where the text screen ends */
#define GUEST_HIGH_RAM_START (1 * MIB)
#define GUEST_LOW_RAM_LIMIT (3 * GIB)
#define GUEST_ABOVE_4G_START (4 * GIB)

/* The host's operations on frames, for a guest's memory. */
struct guest_memory_ops {
	/* Takes this very frame, if it is RAM and free. */
	bool (*claim)(hfn_t hfn);
	/* Takes any free frame; returns HFN_NONE if none is left. */
	hfn_t (*claim_any)(void);
	/* Zeroed pages in a row for Umbra itself; NULL if there are none. */
	void *(*alloc)(size_t pages);
	/* The address where Umbra can access a claimed frame. */
	void *(*map)(hfn_t hfn);
};

struct guest_memory {
	const struct guest_memory_ops *ops;
	hfn_t *p2m;
	u64 gfn_count; /* entries of p2m; gfns beyond have no RAM */
	u64 low_end; /* the first address after the RAM below 4 GiB */
	u64 relocated; /* frames where gfn != hfn */
};

/* Faults of a guest's memory, in words, with the remedy. */
#define GUEST_MEMORY_OK NULL
#define GUEST_MEMORY_TOO_SMALL                                                 \
	"a guest needs 2 MiB at least (guest.memory=256M is MiB, a plain "     \
	"number is bytes)"
#define GUEST_MEMORY_TOO_LITTLE_RAM                                            \
	"the machine does not have that much free memory: give the guest "     \
	"less, or the machine more"

/*
 * Checks a guest's @bytes of memory against the machine's @spare bytes before
 * anything is made for it. Returns GUEST_MEMORY_OK or the fault.
 */
const char *guest_memory_check(u64 bytes, u64 spare);

/*
 * Gives the guest `bytes` of memory (rounded down to pages; the 96 KiB without
 * RAM are counted, too), all of it zeroed: a guest must not see the former
 * content. Each gfn gets the frame of its own number, or another one if the
 * machine uses that. Returns GUEST_MEMORY_OK or the fault.
 */
const char *guest_memory_init(struct guest_memory *gm,
			      const struct guest_memory_ops *ops, u64 bytes);

/*
 * Puts another frame, zeroed, behind a @gfn that has one, before the guest
 * runs. The former frame has no owner then. Returns false if no frame is left.
 */
bool guest_memory_replace(struct guest_memory *gm, gfn_t gfn);

/* Puts @hfn behind @gfn, which has a frame, and copies that frame's content. */
void guest_memory_move(struct guest_memory *gm, gfn_t gfn, hfn_t hfn);

/* Returns the number of guest frames, holes included, of a guest of `bytes`. */
u64 guest_memory_frames(u64 bytes);

/*
 * Returns the host frame behind any guest frame; HFN_NONE if there is no RAM.
 */
static inline hfn_t guest_memory_hfn(const struct guest_memory *gm, gfn_t gfn)
{
	return gfn < gm->gfn_count ? gm->p2m[gfn] : HFN_NONE;
}

/*
 * Returns the address where Umbra can access `gpa`, up to the end of its page;
 * NULL if there is no RAM.
 */
void *guest_memory_map(const struct guest_memory *gm, gpa_t gpa);

/*
 * Returns true if a device's page that moves from @before to @after covers or
 * uncovers RAM: then the shadows of both pages are no longer true. An address
 * outside of RAM covers nothing.
 */
bool guest_memory_uncovers(const struct guest_memory *gm, gpa_t before,
			   gpa_t after);

/*
 * Copy guest memory to or from `buf`. Return false if a byte of the range is
 * not RAM; the bytes before it have been copied. They know nothing of shadow
 * tables: once a guest runs, writes go through mmu_write().
 */
bool guest_memory_read(const struct guest_memory *gm, gpa_t gpa, void *buf,
		       size_t len);
bool guest_memory_write(const struct guest_memory *gm, gpa_t gpa,
			const void *buf, size_t len);

/*
 * One range of the memory map, in the format of BIOS function E820h and Linux.
 */
struct e820_entry {
	u64 address;
	u64 size;
	u32 type;
} __packed;

#define E820_RAM 1
#define E820_RESERVED 2
#define GUEST_E820_MAX 4

/* Fills `map` (GUEST_E820_MAX entries); returns the number of entries. */
size_t guest_memory_e820(const struct guest_memory *gm, struct e820_entry *map);

#endif
