/* SPDX-License-Identifier: MIT */
/*
 * The interval timer: see pit.h. Kernels calibrate their clocks in tight
 * loops over these ports, so a read does no more than a division of 64 bits.
 */
#include "guest/devices/pit.h"

#include "lib/string.h"

/* The control word: channel, access, mode, BCD. */
#define CONTROL_CHANNEL_SHIFT 6
#define CONTROL_READ_BACK 3 /* instead of a channel */
#define CONTROL_ACCESS_SHIFT 4
#define CONTROL_ACCESS 3
#define CONTROL_MODE_SHIFT 1
#define CONTROL_MODE 7
#define CONTROL_BCD BIT(0)
/* A read-back command: the values that are not latched, and the channels. */
#define READ_BACK_NO_COUNT BIT(5)
#define READ_BACK_NO_STATUS BIT(4)
#define READ_BACK_CHANNEL(n) BIT((n) + 1)
#define STATUS_OUT BIT(7)
#define STATUS_NULL_COUNT BIT(6)

#define PORT61_GATE BIT(0)
#define PORT61_WRITABLE 0x0f
#define PORT61_REFRESH BIT(4)
#define PORT61_OUT BIT(5)
#define REFRESH_TICKS 18 /* the refresh signal toggles every 15 us */

#define MAX_COUNT 0x10000
#define MAX_BCD_COUNT 10000

enum access { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };

enum mode {
	MODE_TERMINAL_COUNT, /* rises once, when the count is over */
	MODE_ONE_SHOT, /* the same, started by the gate */
	MODE_RATE, /* low for a tick in each period */
	MODE_SQUARE, /* low for half of each period */
	MODE_STROBE, /* low for one tick, once, when the count is over */
	MODE_GATE_STROBE /* the same, started by the gate */
};

/*
 * Ticks and nanoseconds are converted by a multiplication. The factors are
 * fixed-point numbers of as many bits as fit into 64. They are rounded so that
 * the time of a tick is never before the tick.
 */
#define TICKS_SHIFT 64
#define TICKS_FACTOR                                                           \
	((u64)(((unsigned __int128)PIT_HZ << TICKS_SHIFT) / NS_PER_SEC + 1))
#define NS_SHIFT 54
#define NS_FACTOR ((u64)(((unsigned __int128)NS_PER_SEC << NS_SHIFT) / PIT_HZ))

static u64 ns_to_ticks(u64 ns)
{
	return (unsigned __int128)ns * TICKS_FACTOR >> TICKS_SHIFT;
}

static u64 ticks_to_ns(u64 ticks)
{
	return (u64)((unsigned __int128)ticks * NS_FACTOR >> NS_SHIFT) + 1;
}

void pit_init(struct pit *pit)
{
	memset(pit, 0, sizeof(*pit));
	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		pit->channel[i].access = ACCESS_BOTH;
		pit->channel[i].count = MAX_COUNT;
		pit->channel[i].gate = i != 2; /* port 61h has that one */
	}
	pit->next_edge = PIT_NO_EVENT;
}

static bool periodic(const struct pit_channel *channel)
{
	return channel->mode == MODE_RATE || channel->mode == MODE_SQUARE;
}

/* In modes 1 and 5 the gate starts the count and does not hold it. */
static bool started_by_gate(const struct pit_channel *channel)
{
	return channel->mode == MODE_ONE_SHOT ||
	       channel->mode == MODE_GATE_STROBE;
}

/* Ticks that have been counted since the count was loaded. */
static u64 elapsed(const struct pit_channel *channel, u64 now)
{
	if (!channel->gate && !started_by_gate(channel))
		return channel->paused;
	return ns_to_ticks(now) - channel->start;
}

/* Returns true if it has a count and, in modes 1 and 5, has been started. */
static bool counts(const struct pit_channel *channel)
{
	return channel->loaded &&
	       (channel->triggered || !started_by_gate(channel));
}

static u32 max_count(const struct pit_channel *channel)
{
	return channel->bcd ? MAX_BCD_COUNT : MAX_COUNT;
}

/* Converts four digits; a digit beyond 9 (A to F) counts with its value. */
static u32 from_bcd(u16 digits)
{
	return (digits >> 12) * 1000 + (digits >> 8 & 15) * 100 +
	       (digits >> 4 & 15) * 10 + (digits & 15);
}

static u16 to_bcd(u32 count)
{
	return count / 1000 % 10 << 12 | count / 100 % 10 << 8 |
	       count / 10 % 10 << 4 | count % 10;
}

/*
 * The counting element. Its value before a count is loaded is not defined;
 * Umbra shows the former count.
 */
static u16 current_count(const struct pit_channel *channel, u64 now)
{
	u64 passed = counts(channel) ? elapsed(channel, now) : 0;
	u32 max = max_count(channel), half = (channel->count + 1) / 2, count;

	if (channel->mode == MODE_RATE)
		count = channel->count - passed % channel->count;
	else if (channel->mode ==
		 MODE_SQUARE) /* even, and by two in each half */
		count = (channel->count & ~1U) -
			2 * (u32)(passed % channel->count % half);
	else /* it goes on through 0 */
		count = channel->count + max - passed % max;
	return channel->bcd ? to_bcd(count) : count;
}

/* The output, OUT. */
static bool output(const struct pit_channel *channel, u64 now)
{
	u64 passed = elapsed(channel, now);

	if (!counts(channel))
		return channel->mode != MODE_TERMINAL_COUNT;
	if (!channel->gate && periodic(channel))
		return true;
	switch ((enum mode)channel->mode) {
	case MODE_TERMINAL_COUNT:
		return passed > channel->count;
	case MODE_ONE_SHOT:
		return passed >= channel->count;
	case MODE_RATE:
		return passed % channel->count != channel->count - 1;
	case MODE_SQUARE:
		return passed % channel->count < (channel->count + 1) / 2;
	default:
		return passed != channel->count;
	}
}

/*
 * Returns the number of rising edges of OUT after `passed` ticks. An edge at
 * the end of the count comes a tick after it: in mode 0 because a tick of its
 * own loads the count, in mode 4 because OUT is low first.
 */
static u64 edges_after(const struct pit_channel *channel, u64 passed)
{
	if (periodic(channel))
		return passed / channel->count;
	return passed > channel->count;
}

static void find_next_edge(struct pit *pit)
{
	const struct pit_channel *channel = &pit->channel[0];

	if (!channel->loaded || started_by_gate(channel))
		pit->next_edge = PIT_NO_EVENT; /* that gate never moves */
	else if (periodic(channel))
		pit->next_edge = ticks_to_ns(channel->start +
					     (pit->edges + 1) * channel->count);
	else if (!pit->edges)
		pit->next_edge =
			ticks_to_ns(channel->start + channel->count + 1);
	else
		pit->next_edge = PIT_NO_EVENT;
}

u64 pit_next_event(const struct pit *pit)
{
	return pit->next_edge;
}

u64 pit_tick(struct pit *pit, u64 now)
{
	u64 before = pit->edges;

	if (now < pit->next_edge)
		return 0;
	pit->edges =
		edges_after(&pit->channel[0], elapsed(&pit->channel[0], now));
	find_next_edge(pit);
	return pit->edges - before;
}

/*
 * A new count takes effect at once. On the chip, one that is written to a
 * running channel in mode 2 or 3 waits for the end of the period; no system
 * relies on that, nor on the length of a pulse in mode 1 or 5 that is under way.
 */
static void load(struct pit *pit, struct pit_channel *channel, u16 count,
		 u64 now)
{
	channel->count = channel->bcd ? from_bcd(count) : count;
	if (!channel->count)
		channel->count = max_count(channel);
	channel->loaded = true;
	if (started_by_gate(channel))
		return;
	channel->start = ns_to_ticks(now);
	channel->paused = 0;
	if (channel == &pit->channel[0]) {
		pit->edges = 0;
		find_next_edge(pit);
	}
}

static void latch_count(struct pit_channel *channel, u64 now)
{
	if (channel->latched_bytes)
		return; /* the first latch holds until it is read */
	channel->latch = current_count(channel, now);
	channel->latched_bytes = channel->access == ACCESS_BOTH ? 2 : 1;
	if (channel->access == ACCESS_HIGH)
		channel->latch >>= 8;
	else if (channel->access == ACCESS_BOTH && channel->read_high)
		channel->latch = channel->latch >> 8 | channel->latch << 8;
}

static void latch_status(struct pit_channel *channel, u64 now)
{
	if (channel->status_latched)
		return;
	channel->status_latched = true;
	channel->status = channel->access << CONTROL_ACCESS_SHIFT |
			  channel->mode << CONTROL_MODE_SHIFT | channel->bcd;
	channel->status |= output(channel, now) ? STATUS_OUT : 0;
	channel->status |= channel->loaded ? 0 : STATUS_NULL_COUNT;
}

static void read_back(struct pit *pit, u8 value, u64 now)
{
	for (unsigned int i = 0; i < PIT_CHANNELS; i++) {
		if (!(value & READ_BACK_CHANNEL(i)))
			continue;
		if (!(value & READ_BACK_NO_COUNT))
			latch_count(&pit->channel[i], now);
		if (!(value & READ_BACK_NO_STATUS))
			latch_status(&pit->channel[i], now);
	}
}

void pit_write_control(struct pit *pit, u8 value, u64 now)
{
	unsigned int number = value >> CONTROL_CHANNEL_SHIFT;
	u8 access = value >> CONTROL_ACCESS_SHIFT & CONTROL_ACCESS;
	u8 mode = value >> CONTROL_MODE_SHIFT & CONTROL_MODE;
	struct pit_channel *channel;

	if (number == CONTROL_READ_BACK) {
		read_back(pit, value, now);
		return;
	}
	channel = &pit->channel[number];
	if (access == ACCESS_LATCH) {
		latch_count(channel, now);
		return;
	}
	*channel = (struct pit_channel){
		.access = access,
		.mode = mode > MODE_GATE_STROBE ? mode & 3 : mode, /* x10 x11 */
		.count = channel->count,
		.gate = channel->gate,
		.bcd = value & CONTROL_BCD,
	};
	if (number == 0)
		find_next_edge(pit);
}

u8 pit_read(struct pit *pit, unsigned int number, u64 now)
{
	struct pit_channel *channel = &pit->channel[number];
	bool high = channel->access == ACCESS_HIGH;
	u8 value;

	if (channel->status_latched) {
		channel->status_latched = false;
		return channel->status;
	}
	if (channel->latched_bytes) {
		value = channel->latch;
		channel->latch >>= 8;
		channel->latched_bytes--;
		return value;
	}
	if (channel->access == ACCESS_BOTH) {
		high = channel->read_high;
		channel->read_high = !high;
	}
	return current_count(channel, now) >> (high ? 8 : 0);
}

void pit_write(struct pit *pit, unsigned int number, u8 value, u64 now)
{
	struct pit_channel *channel = &pit->channel[number];

	if (channel->access == ACCESS_LOW) {
		load(pit, channel, value, now);
	} else if (channel->access == ACCESS_HIGH) {
		load(pit, channel, value << 8, now);
	} else if (channel->write_high) {
		channel->write_high = false;
		load(pit, channel, value << 8 | channel->write_low, now);
	} else {
		channel->write_high = true;
		channel->write_low = value;
		/* In mode 0 the first byte stops the count. */
		if (channel->mode == MODE_TERMINAL_COUNT)
			channel->loaded = false;
		if (number == 0)
			find_next_edge(pit);
	}
}

u8 pit_read_61(const struct pit *pit, u64 now)
{
	u8 value = pit->port61;

	if (ns_to_ticks(now) / REFRESH_TICKS & 1)
		value |= PORT61_REFRESH;
	if (output(&pit->channel[2], now))
		value |= PORT61_OUT;
	return value;
}

/*
 * Bit 0 is channel 2's gate; the other bits drive hardware that a guest does
 * not have.
 */
void pit_write_61(struct pit *pit, u8 value, u64 now)
{
	struct pit_channel *channel = &pit->channel[2];
	bool gate = value & PORT61_GATE;

	pit->port61 = value & PORT61_WRITABLE;
	if (gate == channel->gate)
		return;
	if (!gate) /* hold the count */
		channel->paused = elapsed(channel, now);
	else if (periodic(channel) || started_by_gate(channel)) /* again */
		channel->start = ns_to_ticks(now);
	else
		channel->start = ns_to_ticks(now) - channel->paused;
	if (gate && channel->loaded)
		channel->triggered = true;
	channel->gate = gate;
}
