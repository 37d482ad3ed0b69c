/* SPDX-License-Identifier: MIT */
/*
 * How fast the TSC runs is measured against the PC's one clock of known rate,
 * the 8254's: channel 2 counts 10 ms down, and its output is read at port 61h.
 * A measurement can only come out long (an SMI, another hypervisor's pause),
 * so the shortest of several is the best.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/time.h"
#include "lib/log.h"

#define PIT_HZ 1193182
#define PORT_PIT_CHANNEL2 0x42
#define PORT_PIT_MODE 0x43
#define PIT_CHANNEL2_ONE_SHOT 0xb0 /* low and high byte, mode 0, binary */
#define PORT_SYSTEM_B 0x61
#define SYSTEM_B_GATE2 0x01
#define SYSTEM_B_SPEAKER 0x02
#define SYSTEM_B_OUT2 0x20

#define CALIBRATION_TICKS (PIT_HZ / 100)
#define CALIBRATION_RUNS 4
#define POLLS_MAX 2000000 /* 2 s, at a microsecond for an IN */

u64 tsc_hz;

static u64 tsc_base;

/* TSC ticks in CALIBRATION_TICKS of the PIT; 0 if it doesn't count. */
static u64 measure(void)
{
	u8 control = inb(PORT_SYSTEM_B) & ~SYSTEM_B_SPEAKER;
	u64 start, end;
	int polls = 0;

	outb(PORT_SYSTEM_B, control & ~SYSTEM_B_GATE2);
	outb(PORT_PIT_MODE, PIT_CHANNEL2_ONE_SHOT);
	outb(PORT_PIT_CHANNEL2, CALIBRATION_TICKS & 0xff);
	outb(PORT_PIT_CHANNEL2, CALIBRATION_TICKS >> 8);
	outb(PORT_SYSTEM_B, control | SYSTEM_B_GATE2);
	start = rdtsc();
	while (!(inb(PORT_SYSTEM_B) & SYSTEM_B_OUT2))
		if (++polls == POLLS_MAX)
			return 0;
	end = rdtsc();
	outb(PORT_SYSTEM_B, control & ~SYSTEM_B_GATE2);
	return end - start;
}

/* The rate as the processor tells it (SDM vol. 3B, 18.7.3), or 0. */
static u64 rate_by_cpuid(void)
{
	struct cpuid_result r;

	if (cpuid(CPUID_VENDOR, 0).eax < CPUID_TSC)
		return 0;
	r = cpuid(CPUID_TSC, 0);
	return r.eax ? (u64)r.ecx * r.ebx / r.eax : 0;
}

/* The nominal rate, in whole MHz and so a little off; 0: not told. */
static u64 nominal_rate_by_cpuid(void)
{
	if (cpuid(CPUID_VENDOR, 0).eax < CPUID_FREQUENCY)
		return 0;
	return cpuid(CPUID_FREQUENCY, 0).eax * 1000000ULL;
}

static u64 measured_rate(void)
{
	u64 best = 0;

	for (int i = 0; i < CALIBRATION_RUNS; i++) {
		u64 ticks = measure();

		/* Firmware may have stopped the PIT's clock to save power. */
		if (!ticks)
			return 0;
		if (!best || ticks < best)
			best = ticks;
	}
	return best * PIT_HZ / CALIBRATION_TICKS;
}

void time_init(void)
{
	u64 told = rate_by_cpuid();

	tsc_hz = measured_rate();
	/*
	 * The processor's word is exact, unless an emulator has copied it
	 * from a processor whose speed it doesn't have: it must be near.
	 */
	if (told && (!tsc_hz || (told > tsc_hz - tsc_hz / 64 &&
				 told < tsc_hz + tsc_hz / 64)))
		tsc_hz = told;
	if (!tsc_hz)
		tsc_hz = nominal_rate_by_cpuid();
	if (!tsc_hz)
		panic("no clock: the PIT does not count, and CPUID leaves 15h "
		      "and 16h do not tell the TSC's rate");
	tsc_base = rdtsc();
}

/* Seconds and the rest apart: no product exceeds 64 bits below 18 GHz. */
u64 time_ns(void)
{
	u64 ticks = rdtsc() - tsc_base;

	return ticks / tsc_hz * NS_PER_SEC +
	       ticks % tsc_hz * NS_PER_SEC / tsc_hz;
}

u64 time_ns_to_tsc(u64 ns)
{
	return tsc_base + ns / NS_PER_SEC * tsc_hz +
	       ns % NS_PER_SEC * tsc_hz / NS_PER_SEC;
}

u64 time_tsc_to_ns(u64 tsc)
{
	u64 ticks = tsc > tsc_base ? tsc - tsc_base : 0;
	u64 seconds = ticks / tsc_hz;

	if (seconds >= ~0ULL / NS_PER_SEC - 1)
		return ~0ULL - 1;
	return seconds * NS_PER_SEC +
	       (ticks % tsc_hz * NS_PER_SEC + tsc_hz - 1) / tsc_hz;
}

void time_delay(u64 ns)
{
	u64 end = time_ns() + ns;

	while (time_ns() < end)
		pause();
}
