/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's registers (SDM vol. 3A, tables 10-1 and 10-6). The number of
 * one is its offset in the page / 16, and its MSR - 800h. In memory, what is
 * wrong is ignored; of an MSR it is #GP(0) (10.12.1.3).
 */
#include "guest/devices/lapic_internal.h"

#include "arch/x86/msr.h"

#define REGISTER_SHIFT 4
#define REGISTER_SIZE 4

enum lapic_register {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_APR = 0x09,
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_RRD = 0x0c,
	REG_LDR = 0x0d,
	REG_DFR = 0x0e,
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_ICR = 0x30,
	REG_ICR_HIGH = 0x31,
	REG_LVT = 0x32,
	REG_INITIAL = 0x38,
	REG_CURRENT = 0x39,
	REG_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f,
	REGISTERS
};

/* Integrated (10.4.8); no suppression of EOI broadcasts. */
#define VERSION (0x14 | (LVT_COUNT - 1) << 16)
#define XAPIC_ID_SHIFT 24
#define DFR_FIXED BITS(27, 0)
#define ICR_HIGH_SHIFT 32

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
} registers[REGISTERS] = {
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
	return reg < REGISTERS && (registers[reg].access & access);
}

static u32 read_register(const struct lapic *lapic, u32 reg, u64 now)
{
	switch (reg) {
	case REG_ID:
		return lapic_mode(lapic) == LAPIC_X2APIC
			       ? lapic_id(lapic)
			       : lapic_id(lapic) << XAPIC_ID_SHIFT;
	case REG_VERSION:
		return VERSION;
	case REG_TPR:
		return lapic->tpr;
	case REG_PPR:
		return lapic_processor_priority(lapic);
	case REG_LDR:
		return lapic_logical_id(lapic);
	case REG_DFR:
		return lapic->dfr | DFR_FIXED;
	case REG_SVR:
		return lapic->svr;
	case REG_ISR ... REG_ISR + LAPIC_WORDS - 1:
		return lapic->isr[reg - REG_ISR];
	case REG_TMR ... REG_TMR + LAPIC_WORDS - 1:
		return lapic->tmr[reg - REG_TMR];
	case REG_IRR ... REG_IRR + LAPIC_WORDS - 1:
		return lapic->irr[reg - REG_IRR];
	case REG_ESR:
		return lapic->esr;
	case REG_ICR:
		return lapic->icr;
	case REG_ICR_HIGH:
		return lapic->icr >> ICR_HIGH_SHIFT;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		return lapic->lvt[reg - REG_LVT];
	case REG_INITIAL:
		return lapic->initial;
	case REG_CURRENT:
		return lapic_timer_current(lapic, now);
	case REG_DIVIDE:
		return lapic->divide;
	default: /* APR and RRD: there is nobody to arbitrate with */
		return 0;
	}
}

/* While the APIC is disabled by software the masks are set (10.4.7.2). */
static void write_svr(struct lapic *lapic, u32 value)
{
	lapic->svr = value;
	if (value & SVR_ENABLED)
		return;
	for (enum lapic_lvt i = 0; i < LVT_COUNT; i++)
		lapic->lvt[i] |= APIC_MASKED;
}

static void write_lvt(struct lapic *lapic, enum lapic_lvt which, u32 value)
{
	u32 before = lapic->lvt[which];

	if (!(lapic->svr & SVR_ENABLED))
		value |= APIC_MASKED;
	/* The remote IRR is that of a level which has not ended. */
	if (value & APIC_LEVEL)
		value |= before & APIC_REMOTE_IRR;
	lapic->lvt[which] = value;
	if (which == LVT_TIMER)
		lapic_timer_mode_changed(lapic, before & LVT_TIMER_MODE);
	else if (which == LVT_LINT0 || which == LVT_LINT1)
		lapic_set_lint(lapic, which - LVT_LINT0,
			       lapic->lint & BIT(which - LVT_LINT0));
}

/* @value has none but writable bits. */
static void write_register(struct lapic *lapic, u32 reg, u32 value, u64 now)
{
	switch (reg) {
	case REG_TPR:
		lapic->tpr = value;
		break;
	case REG_EOI:
		lapic_end_of_interrupt(lapic);
		break;
	case REG_LDR:
		lapic->ldr = value;
		break;
	case REG_DFR:
		lapic->dfr = value;
		break;
	case REG_SVR:
		lapic_timer_fire(lapic, now);
		write_svr(lapic, value);
		break;
	case REG_ESR:
		lapic->esr = lapic->errors;
		lapic->errors = 0;
		break;
	case REG_ICR:
		lapic->icr = (lapic->icr & ~BITS(31, 0)) | value;
		lapic_send_ipi(lapic);
		break;
	case REG_ICR_HIGH:
		lapic->icr = (u32)lapic->icr | (u64)value << ICR_HIGH_SHIFT;
		break;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		lapic_timer_fire(lapic, now);
		write_lvt(lapic, reg - REG_LVT, value);
		break;
	case REG_INITIAL:
		lapic_timer_fire(lapic, now);
		lapic_timer_set_initial(lapic, value, now);
		break;
	case REG_DIVIDE:
		lapic_timer_fire(lapic, now);
		lapic_timer_set_divide(lapic, value, now);
		break;
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
 * to disabled from any (10.12.5); what is disabled forgets its state.
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
		lapic->icr = (u32)lapic->icr; /* 10.12.5.1 */
	return true;
}

/* The ICR is one register of 64 bits (10.12.9). */
static bool write_icr(struct lapic *lapic, u64 value)
{
	if ((u32)value & ~registers[REG_ICR].writable)
		return false;
	lapic->icr = value;
	lapic_send_ipi(lapic);
	return true;
}

/* To itself, fixed, by an edge (10.12.11). */
static bool write_self_ipi(struct lapic *lapic, u32 vector)
{
	const struct apic_message message = {
		.destination = lapic_id(lapic),
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
		*value = reg == REG_ICR ? lapic->icr
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
