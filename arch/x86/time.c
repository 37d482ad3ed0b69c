/* SPDX-License-Identifier: MIT */
/*
 * The TSC's rate is measured against the PC's clocks of known rate: the 8254,
 * whose channel 2 counts 10 ms down, with its output at port 61h; and the ACPI
 * timer, if there is one. A measurement is never too short, but may be too long
 * (an SMI, another hypervisor's pause), so the shortest of several is the best.
 */
#include "arch/x86/firmware/acpi.h"
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

/* ACPI Specification 6.4, 4.8.3.3. */
#define PM_TIMER_HZ 3579545

#define CALIBRATION_TICKS(hz) ((hz) / 100)
#define CALIBRATION_RUNS 4
#define POLLS_MAX 2000000 /* 2 s, at a microsecond for an IN */

u64 tsc_hz;

static u64 tsc_base;

static u16 pm_timer; /* its port; 0: none */
static u32 pm_timer_mask;

/* TSC ticks in 10 ms of the PIT; 0 if it doesn't count. */
static u64 measure_by_pit(void)
{
	u8 control = inb(PORT_SYSTEM_B) & ~SYSTEM_B_SPEAKER;
	u64 start, end;
	int polls = 0;

	outb(PORT_SYSTEM_B, control & ~SYSTEM_B_GATE2);
	outb(PORT_PIT_MODE, PIT_CHANNEL2_ONE_SHOT);
	outb(PORT_PIT_CHANNEL2, CALIBRATION_TICKS(PIT_HZ) & 0xff);
	outb(PORT_PIT_CHANNEL2, CALIBRATION_TICKS(PIT_HZ) >> 8);
	outb(PORT_SYSTEM_B, control | SYSTEM_B_GATE2);
	start = rdtsc();
	while (!(inb(PORT_SYSTEM_B) & SYSTEM_B_OUT2))
		if (++polls == POLLS_MAX)
			return 0;
	end = rdtsc();
	outb(PORT_SYSTEM_B, control & ~SYSTEM_B_GATE2);
	return end - start;
}

/*
 * TSC ticks in 10 ms of the ACPI timer, from one of its ticks on; 0: no count.
 */
static u64 measure_by_pm_timer(void)
{
	u64 start;
	u32 before, first;
	int polls = 0;

	if (!pm_timer)
		return 0;
	before = inl(pm_timer);
	while ((first = inl(pm_timer)) == before)
		if (++polls == POLLS_MAX)
			return 0;
	start = rdtsc();
	while (((inl(pm_timer) - first) & pm_timer_mask) <
	       CALIBRATION_TICKS(PM_TIMER_HZ))
		if (++polls == POLLS_MAX)
			return 0;
	return rdtsc() - start;
}

/* The rate that CPUID reports, in Hz (SDM vol. 3B, 18.7.3), or 0. */
static u64 rate_by_cpuid(void)
{
	struct cpuid_result r;

	if (cpuid(CPUID_VENDOR, 0).eax < CPUID_TSC)
		return 0;
	r = cpuid(CPUID_TSC, 0);
	return r.eax ? (u64)r.ecx * r.ebx / r.eax : 0;
}

/* The nominal rate, which CPUID rounds to MHz, in Hz, or 0. */
static u64 nominal_rate_by_cpuid(void)
{
	if (cpuid(CPUID_VENDOR, 0).eax < CPUID_FREQUENCY)
		return 0;
	return cpuid(CPUID_FREQUENCY, 0).eax * 1000000ULL;
}

static u64 measured_rate(u64 (*measure)(void), u64 hz)
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
	return best * hz / CALIBRATION_TICKS(hz);
}

static bool is_near(u64 rate, u64 other)
{
	return rate > other - other / 64 && rate < other + other / 64;
}

/*
 * Measures by both clocks, if they run; if they disagree, uses the lower rate.
 */
static u64 cross_checked_rate(void)
{
	u64 pit = measured_rate(measure_by_pit, PIT_HZ);
	u64 pm = measured_rate(measure_by_pm_timer, PM_TIMER_HZ);

	if (!pit || !pm)
		return pit ? pit : pm;
	if (!is_near(pit, pm))
		log_info("the TSC has %lu Hz by the PIT and %lu Hz by the ACPI "
			 "timer: the lower is taken",
			 pit, pm);
	return MIN(pit, pm);
}

void time_init(const struct acpi_facts *acpi)
{
	u64 told = rate_by_cpuid();

	pm_timer = acpi->pm_timer;
	pm_timer_mask = acpi->pm_timer_is_wide ? ~0U : (u32)BITS(23, 0);
	tsc_hz = cross_checked_rate();
	/*
	 * CPUID's rate is exact, unless an emulator has copied it from a
	 * processor of another speed: it must be near the measured one.
	 */
	if (told && (!tsc_hz || is_near(told, tsc_hz)))
		tsc_hz = told;
	if (!tsc_hz)
		tsc_hz = nominal_rate_by_cpuid();
	if (!tsc_hz)
		panic("no clock: neither the PIT nor an ACPI timer counts, "
		      "and CPUID leaves 15h and 16h do not tell the TSC's rate");
	tsc_base = rdtsc();
}

/*
 * Seconds and the rest of a second are converted apart: below 18 GHz no product
 * exceeds 64 bits.
 */
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
