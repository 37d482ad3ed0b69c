/* SPDX-License-Identifier: MIT */
/*
 * The PC's 8254 interval timer (Intel 8254 data sheet, 231164) and its part of
 * port 61h. Times are nanoseconds since boot.
 *
 * A channel never ticks: it remembers when its count was loaded, and its value
 * follows from the time that has passed since.
 */
#ifndef GUEST_DEVICES_PIT_H
#define GUEST_DEVICES_PIT_H

#include "lib/types.h"

#define PIT_HZ 1193182
#define PIT_CHANNELS 3
#define PIT_NO_EVENT (~0ULL)

struct pit_channel {
	u64 start; /* when the count was loaded, in ticks since boot */
	u64 paused; /* ticks that were over when the gate closed */
	u32 count; /* 1 to 65536; in BCD 1 to 10000 */
	bool bcd; /* its port shows and takes four decimal digits */
	u8 mode; /* 0 to 5 */
	u8 access; /* how its port is read and written */
	bool gate;
	bool loaded; /* it has a count, and counts unless the gate forbids */
	bool triggered; /* the gate has risen since: modes 1 and 5 count */
	bool read_high; /* the next byte of a two-byte access is the high one */
	bool write_high;
	u8 write_low; /* the low byte that waits for it */
	u8 latched_bytes; /* the bytes of `latch` that are not yet read */
	u16 latch;
	bool status_latched;
	u8 status;
};

struct pit {
	struct pit_channel channel[PIT_CHANNELS];
	u8 port61; /* the bits that a write sets */
	u64 edges; /* rising edges of channel 0 since its count was loaded */
	u64 next_edge; /* when the next one is, in ns, or PIT_NO_EVENT */
};

/* No channel counts until the guest has loaded it. */
void pit_init(struct pit *pit);

/* Access to channel 0, 1 or 2 (port 40h to 42h), and to port 43h. */
u8 pit_read(struct pit *pit, unsigned int channel, u64 now);
void pit_write(struct pit *pit, unsigned int channel, u8 value, u64 now);
void pit_write_control(struct pit *pit, u8 value, u64 now);

/* Access to port 61h. */
u8 pit_read_61(const struct pit *pit, u64 now);
void pit_write_61(struct pit *pit, u8 value, u64 now);

/*
 * Returns the time when channel 0's output, which is IRQ 0, rises next, or
 * PIT_NO_EVENT.
 */
u64 pit_next_event(const struct pit *pit);

/*
 * Returns the number of rises since the last call or since a count was loaded.
 */
u64 pit_tick(struct pit *pit, u64 now);

#endif
