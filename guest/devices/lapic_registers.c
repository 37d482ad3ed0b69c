/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's registers, in memory and as MSRs. A wrong access in memory
 * is ignored; a wrong access to an MSR is #GP(0) (10.12.1.3).
 */
#include "guest/devices/lapic_internal.h"

#include "arch/x86/msr.h"

#define REGISTER_SHIFT 4
#define REGISTER_SIZE 4

/* Integrated (10.4.8); no suppression of EOI broadcasts. */
#define VERSION (0x14 | (LVT_COUNT - 1) << 16)
#define XAPIC_ID_SHIFT 24
#define DFR_FIXED BITS(27, 0)

/* The permitted accesses to a register. */
#define R BIT(0) /* read in memory */
#define W BIT(1)
#define XR BIT(2) /* read as an MSR */
#define XW BIT(3)
#define READ (R | XR)
#define BOTH (R | W | XR | XW)

#define LVT_LINT_BITS                                                          \
	(APIC_VECTOR | BITS(10, 8) | APIC_ACTIVE_LOW | APIC_LEVEL | APIC_MASKED)

static const struct {
	u8 access;
	u32 writable; /* the others are reserved, or the APIC's own */
} registers[LAPIC_REGISTERS] = {
	[REG_ID] = { READ, 0 },
	[REG_VERSION] = { READ, 0 },
	[REG_TPR] = { BOTH, BITS(7, 0) },
	[REG_APR] = { R, 0 },
	[REG_PPR] = { READ, 0 },
	[REG_EOI] = { W | XW, 0 },
	[REG_RRD] = { R, 0 },
	[REG_LDR] = { READ | W, BITS(31, 24) },
	[REG_DFR] = { R | W, BITS(31, 28) },
	[REG_SVR] = { BOTH, SVR_ENABLED | SVR_VECTOR },
	[REG_ISR... REG_ISR + LAPIC_WORDS - 1] = { READ, 0 },
	[REG_TMR... REG_TMR + LAPIC_WORDS - 1] = { READ, 0 },
	[REG_IRR... REG_IRR + LAPIC_WORDS - 1] = { READ, 0 },
	[REG_ESR] = { BOTH, 0 },
	/* Shorthand, trigger, level; mode, delivery, vector. */
	[REG_ICR] = { BOTH, BITS(19, 18) | BITS(15, 14) | BITS(11, 0) },
	[REG_ICR_HIGH] = { R | W, BITS(31, 24) },
	[REG_LVT + LVT_TIMER] = { BOTH,
				  LVT_TIMER_MODE | APIC_MASKED | APIC_VECTOR },
	[REG_LVT + LVT_THERMAL] = { BOTH,
				    APIC_MASKED | BITS(10, 8) | APIC_VECTOR },
	[REG_LVT + LVT_PERFORMANCE] = { BOTH, APIC_MASKED | BITS(10, 8) |
						      APIC_VECTOR },
	[REG_LVT + LVT_LINT0] = { BOTH, LVT_LINT_BITS },
	[REG_LVT + LVT_LINT1] = { BOTH, LVT_LINT_BITS },
	[REG_LVT + LVT_ERROR] = { BOTH, APIC_MASKED | APIC_VECTOR },
	[REG_INITIAL] = { BOTH, BITS(31, 0) },
	[REG_CURRENT] = { READ, 0 },
	[REG_DIVIDE] = { BOTH, BIT(3) | BITS(1, 0) },
	[REG_SELF_IPI] = { XW, APIC_VECTOR },
};

static bool may(u32 reg, u8 access)
{
	return reg < LAPIC_REGISTERS && (registers[reg].access & access);
}

static u32 read_register(const struct lapic *lapic, u32 reg, u64 now)
{
	switch (reg) {
	case REG_ID:
		return lapic_mode(lapic) == LAPIC_X2APIC
			       ? GUEST_LAPIC_ID
			       : GUEST_LAPIC_ID << XAPIC_ID_SHIFT;
	case REG_VERSION:
		return VERSION;
	case REG_PPR:
		return lapic_processor_priority(lapic);
	case REG_LDR:
		return lapic_logical_id(lapic);
	case REG_CURRENT:
		return lapic_timer_current(lapic, now);
	default:
		return lapic->reg[reg];
	}
}

/* While the APIC is disabled by software the masks are set (10.4.7.2). */
static void write_svr(struct lapic *lapic, u32 value)
{
	lapic->reg[REG_SVR] = value;
	if (value & SVR_ENABLED)
		return;
	for (enum lapic_lvt i = 0; i < LVT_COUNT; i++)
		lapic->reg[REG_LVT + i] |= APIC_MASKED;
}

static void write_lvt(struct lapic *lapic, enum lapic_lvt which, u32 value)
{
	u32 before = lapic->reg[REG_LVT + which];

	if (!(lapic->reg[REG_SVR] & SVR_ENABLED))
		value |= APIC_MASKED;
	/* The remote IRR belongs to a level that has not ended. */
	if (value & APIC_LEVEL)
		value |= before & APIC_REMOTE_IRR;
	lapic->reg[REG_LVT + which] = value;
	if (which == LVT_TIMER)
		lapic_timer_mode_changed(lapic, before & LVT_TIMER_MODE);
	else if (which == LVT_LINT0 || which == LVT_LINT1)
		lapic_set_lint(lapic, which - LVT_LINT0,
			       lapic->lint & BIT(which - LVT_LINT0));
}

/* @value has only writable bits. */
static void write_register(struct lapic *lapic, u32 reg, u32 value, u64 now)
{
	if (reg == REG_SVR || reg >= REG_LVT)
		lapic_timer_fire(lapic, now);
	switch (reg) {
	case REG_EOI:
		lapic_end_of_interrupt(lapic);
		break;
	case REG_DFR:
		lapic->reg[reg] = value | DFR_FIXED;
		break;
	case REG_SVR:
		write_svr(lapic, value);
		break;
	case REG_ESR:
		lapic->reg[reg] = lapic->errors;
		lapic->errors = 0;
		break;
	case REG_ICR:
		lapic->reg[reg] = value;
		lapic_send_ipi(lapic);
		break;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		write_lvt(lapic, reg - REG_LVT, value);
		break;
	case REG_INITIAL:
		lapic_timer_set_initial(lapic, value, now);
		break;
	case REG_DIVIDE:
		lapic_timer_set_divide(lapic, value, now);
		break;
	default:
		lapic->reg[reg] = value;
	}
}

/* --- In memory -------------------------------------------------------------- */

u32 lapic_read(struct lapic *lapic, u32 offset, u64 now)
{
	u32 reg = offset >> REGISTER_SHIFT;

	lapic_tick(lapic, now);
	if (offset % BIT(REGISTER_SHIFT))
		return 0;
	if (!may(reg, R | W))
		lapic_error(lapic, ERROR_ILLEGAL_REGISTER);
	return may(reg, R) ? read_register(lapic, reg, now) : 0;
}

void lapic_write(struct lapic *lapic, u32 offset, u32 value, unsigned int size,
		 u64 now)
{
	u32 reg = offset >> REGISTER_SHIFT;

	lapic_tick(lapic, now);
	if (offset % BIT(REGISTER_SHIFT) || size != REGISTER_SIZE)
		return;
	if (!may(reg, R | W))
		lapic_error(lapic, ERROR_ILLEGAL_REGISTER);
	if (may(reg, W))
		write_register(lapic, reg, value & registers[reg].writable,
			       now);
}

/* --- As MSRs ---------------------------------------------------------------- */

/*
 * The modes may change from disabled to xAPIC, from there to x2APIC, and back
 * to disabled from any (10.12.5); a disabled APIC loses its state.
 */
static bool write_base(struct lapic *lapic, u64 value)
{
	const u64 mode = APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	u64 writable = mode | APIC_BASE_BSP | BITS(51, 12);
	enum lapic_mode before = lapic_mode(lapic);

	if (lapic->config.maxphyaddr < 52)
		writable &= BITS(lapic->config.maxphyaddr - 1, 0);
	if ((value & ~writable) || (value & mode) == APIC_BASE_X2APIC)
		return false;
	if (before == LAPIC_X2APIC && (value & mode) == APIC_BASE_ENABLE)
		return false;
	if (before == LAPIC_DISABLED && (value & APIC_BASE_X2APIC))
		return false;
	lapic->base = value;
	if (lapic_mode(lapic) == LAPIC_DISABLED)
		lapic_reset(lapic);
	else if (lapic_mode(lapic) != before)
		lapic->reg[REG_ICR_HIGH] = 0; /* 10.12.5.1 */
	return true;
}

/* The ICR is one register of 64 bits (10.12.9). */
static bool write_icr(struct lapic *lapic, u64 value)
{
	if ((u32)value & ~registers[REG_ICR].writable)
		return false;
	lapic->reg[REG_ICR] = value;
	lapic->reg[REG_ICR_HIGH] = value >> ICR_HIGH_SHIFT;
	lapic_send_ipi(lapic);
	return true;
}

/* Sends itself a fixed, edge-triggered interrupt (10.12.11). */
static bool write_self_ipi(struct lapic *lapic, u32 vector)
{
	const struct apic_message message = {
		.destination = GUEST_LAPIC_ID,
		.vector = vector,
		.delivery = APIC_FIXED,
		.wide = true,
	};

	if (vector < APIC_VECTOR_MIN)
		lapic_error(lapic, ERROR_SEND_ILLEGAL_VECTOR);
	else
		lapic_receive(lapic, &message);
	return true;
}

static bool write_x2apic(struct lapic *lapic, u32 reg, u64 value, u64 now)
{
	if (lapic_mode(lapic) != LAPIC_X2APIC || !may(reg, XW))
		return false;
	if (reg == REG_ICR)
		return write_icr(lapic, value);
	if (value & ~(u64)registers[reg].writable)
		return false;
	if (reg == REG_SELF_IPI)
		return write_self_ipi(lapic, value);
	write_register(lapic, reg, value, now);
	return true;
}

bool lapic_read_msr(struct lapic *lapic, u32 index, u64 *value, u64 now)
{
	u32 reg = index - IA32_X2APIC_FIRST;

	lapic_tick(lapic, now);
	switch (index) {
	case IA32_APIC_BASE:
		*value = lapic->base;
		return true;
	case IA32_TSC_DEADLINE:
		*value = lapic->tsc_deadline;
		return true;
	default:
		if (lapic_mode(lapic) != LAPIC_X2APIC || !may(reg, XR))
			return false;
		*value = reg == REG_ICR ? lapic_icr(lapic)
					: read_register(lapic, reg, now);
		return true;
	}
}

bool lapic_write_msr(struct lapic *lapic, u32 index, u64 value, u64 now)
{
	bool done = true;

	lapic_tick(lapic, now);
	switch (index) {
	case IA32_APIC_BASE:
		done = write_base(lapic, value);
		break;
	case IA32_TSC_DEADLINE:
		lapic_timer_fire(lapic, now);
		lapic_timer_set_deadline(lapic, value);
		break;
	default:
		done = write_x2apic(lapic, index - IA32_X2APIC_FIRST, value,
				    now);
	}
	/* An interrupt that is due at once must not wait for the next tick. */
	lapic_tick(lapic, now);
	return done;
}
