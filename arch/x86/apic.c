/* SPDX-License-Identifier: MIT */
/*
 * The local APIC as a one-shot timer (SDM vol. 3A, chapter 10), and as the way
 * of the 8259s' interrupts. Its registers are in memory (xAPIC) or MSRs
 * (x2APIC), as the firmware has chosen: a switch back is not always possible,
 * and the timer works in both modes.
 */
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/i8259.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/regs.h"
#include "arch/x86/time.h"
#include "lib/log.h"

/* Register offsets, SDM vol. 3A, table 10-1. */
enum apic_register {
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SVR = 0xf0,
	APIC_ISR = 0x100, /* 32 vectors in each register */
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_LINT0 = 0x350,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0
};

#define REGISTER_STEP 0x10
#define SVR_ENABLE BIT(8)
#define LVT_MASKED BIT(16)
#define LVT_EXTINT (7 << 8) /* the 8259 gives the vector */
#define TIMER_DIVIDE_BY_1 0xb
#define TIMER_MAX 0xffffffffU

#define CALIBRATION_NS (NS_PER_SEC / 100)

static volatile u32 *registers; /* NULL: x2APIC */
static u64 timer_mult; /* timer ticks a TSC tick, times 2^32 */

static u32 apic_read(enum apic_register reg)
{
	if (registers)
		return registers[reg / sizeof(u32)];
	return (u32)rdmsr(IA32_X2APIC_FIRST + reg / REGISTER_STEP);
}

static void apic_write(enum apic_register reg, u32 value)
{
	if (registers)
		registers[reg / sizeof(u32)] = value;
	else
		wrmsr(IA32_X2APIC_FIRST + reg / REGISTER_STEP, value);
}

static void enable(void)
{
	u64 base;

	if (!(cpuid(CPUID_FEATURES, 0).edx & CPUID_1_EDX_APIC))
		panic("the processor has no local APIC (CPUID.1:EDX[9]), "
		      "or the firmware has switched it off");
	base = rdmsr(IA32_APIC_BASE);
	if (!(base & APIC_BASE_ENABLE))
		wrmsr(IA32_APIC_BASE, base | APIC_BASE_ENABLE);
	if (!(base & APIC_BASE_X2APIC))
		registers = paging_map_device(base & PTE_ADDR_MASK, PAGE_SIZE);

	apic_write(APIC_TPR, 0);
	apic_write(APIC_SVR, SVR_ENABLE | APIC_SPURIOUS_VECTOR);
	apic_write(APIC_LVT_LINT0, LVT_MASKED); /* the 8259s' line */
	apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_TIMER_VECTOR); /* one-shot */
}

void apic_init(void)
{
	u64 start, ticks;

	i8259_init();
	enable();

	start = rdtsc();
	apic_write(APIC_TIMER_INITIAL, TIMER_MAX);
	time_delay(CALIBRATION_NS);
	ticks = TIMER_MAX - apic_read(APIC_TIMER_CURRENT);
	timer_mult = (ticks << 32) / (rdtsc() - start);
	apic_timer_disarm();
	if (!timer_mult)
		panic("the local APIC's timer does not count");
}

void apic_accept_8259(bool on)
{
	apic_write(APIC_LVT_LINT0, on ? LVT_EXTINT : LVT_MASKED);
}

void apic_timer_arm(u64 tsc_deadline)
{
	u64 now = rdtsc(), ticks = 1;

	/* Beyond 2^32 TSC ticks the product might not fit. */
	if (tsc_deadline > now)
		ticks += MIN(tsc_deadline - now, BIT(32) - 1) * timer_mult >>
			 32;
	apic_write(APIC_TIMER_INITIAL, (u32)MIN(ticks, TIMER_MAX));
}

void apic_timer_disarm(void)
{
	apic_write(APIC_TIMER_INITIAL, 0);
}

void apic_sleep(u64 ns)
{
	if (!timer_mult)
		return time_delay(ns);
	apic_timer_arm(time_ns_to_tsc(time_ns() + ns));
	cpu_wait_for_interrupt();
}

static bool in_service(unsigned int vector)
{
	return apic_read(APIC_ISR + vector / 32 * REGISTER_STEP) &
	       BIT(vector % 32);
}

/*
 * A spurious interrupt, of the APIC or an 8259, is not in service and must get
 * no EOI. An interrupt of a device that the firmware has left on gets none
 * either: without it the device is quiet from then on. But without an EOI an
 * interrupt of the timer's own class would block the timer, too (SDM vol. 3A,
 * 10.8.3.1).
 */
void apic_handle_interrupt(unsigned int vector)
{
	if (vector == APIC_TIMER_VECTOR ||
	    (vector > APIC_TIMER_VECTOR && in_service(vector)))
		apic_write(APIC_EOI, 0);
}
