/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's interrupts: see lapic.h. Sections are those of the SDM, vol.
 * 3A. A vector passes three steps: a message or a local event requests it
 * (IRR); the processor takes it when its class is above the processor's
 * priority (ISR); the guest's EOI ends it.
 */
#include "guest/devices/lapic_internal.h"

#include "arch/x86/msr.h"
#include "lib/string.h"

#define PRIORITY_CLASS 0xf0
#define SVR_RESET 0xff

/* The interrupt command register (10.6.1), besides a message's word. */
#define ICR_ASSERT BIT(14)
#define ICR_SHORTHAND(icr) ((enum shorthand)((icr) >> 18 & 3))
#define XAPIC_DESTINATION_SHIFT 56
#define XAPIC_BROADCAST 0xffU
#define X2APIC_BROADCAST 0xffffffffU

enum shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

/* Logical destinations (10.6.2.2, 10.12.10.2). */
#define LDR_SHIFT 24
#define DFR_MODEL_SHIFT 28
#define DFR_FLAT 0xf
#define DFR_CLUSTER 0
#define X2APIC_CLUSTER BITS(31, 16)
#define X2APIC_MEMBERS BITS(15, 0)

static void set_bit(u32 *words, u8 vector, bool on)
{
	u32 bit = BIT(vector % 32);

	words[vector / 32] = on ? words[vector / 32] | bit
				: words[vector / 32] & ~bit;
}

static bool has_bit(const u32 *words, u8 vector)
{
	return words[vector / 32] & BIT(vector % 32);
}

/* Every exit asks, and most often there is none: two words at once. */
static int highest(const u32 *words)
{
	for (int i = LAPIC_WORDS - 2; i >= 0; i -= 2) {
		u64 two = words[i] | (u64)words[i + 1] << 32;

		if (two)
			return 32 * i + 63 - __builtin_clzll(two);
	}
	return LAPIC_NO_VECTOR;
}

void lapic_reset(struct lapic *lapic)
{
	struct lapic before = *lapic;

	memset(lapic, 0, sizeof(*lapic));
	lapic->config = before.config;
	lapic->base = before.base;
	lapic->lint = before.lint;
	lapic->nmi = before.nmi; /* it has left the APIC */
	lapic->reg[REG_DFR] = ~0U;
	lapic->reg[REG_SVR] = SVR_RESET;
	lapic->due = LAPIC_NO_EVENT;
	for (enum lapic_lvt i = 0; i < LVT_COUNT; i++)
		lapic->reg[REG_LVT + i] = APIC_MASKED;
}

void lapic_init(struct lapic *lapic, const struct lapic_config *config)
{
	memset(lapic, 0, sizeof(*lapic));
	lapic->config = *config;
	lapic->base = GUEST_LAPIC_GPA | APIC_BASE_ENABLE | APIC_BASE_BSP;
	lapic_reset(lapic);
	/* Virtual wire mode. */
	lapic->reg[REG_SVR] |= SVR_ENABLED;
	lapic->reg[REG_LVT + LVT_LINT0] = APIC_EXTINT << APIC_DELIVERY_SHIFT;
	lapic->reg[REG_LVT + LVT_LINT1] = APIC_NMI << APIC_DELIVERY_SHIFT;
}

u32 lapic_logical_id(const struct lapic *lapic)
{
	if (lapic_mode(lapic) == LAPIC_X2APIC)
		return GUEST_LAPIC_ID >> 4 << 16 | BIT(GUEST_LAPIC_ID & 15);
	return lapic->reg[REG_LDR];
}

/* --- Priorities and the processor (10.8) ------------------------------------ */

u8 lapic_processor_priority(const struct lapic *lapic)
{
	int in_service = highest(&lapic->reg[REG_ISR]);

	if (in_service == LAPIC_NO_VECTOR ||
	    (lapic->reg[REG_TPR] & PRIORITY_CLASS) >=
		    (in_service & PRIORITY_CLASS))
		return lapic->reg[REG_TPR];
	return in_service & PRIORITY_CLASS;
}

u8 lapic_cr8(const struct lapic *lapic)
{
	return lapic->reg[REG_TPR] >> 4;
}

void lapic_set_cr8(struct lapic *lapic, u8 cr8)
{
	lapic->reg[REG_TPR] = cr8 << 4;
}

int lapic_pending(const struct lapic *lapic)
{
	int vector = highest(&lapic->reg[REG_IRR]);

	/* This is the usual case, and every exit asks. */
	if (vector == LAPIC_NO_VECTOR)
		return LAPIC_NO_VECTOR;
	if ((vector & PRIORITY_CLASS) <=
	    (lapic_processor_priority(lapic) & PRIORITY_CLASS))
		return LAPIC_NO_VECTOR;
	return vector;
}

u8 lapic_acknowledge(struct lapic *lapic)
{
	int vector = lapic_pending(lapic);

	if (vector == LAPIC_NO_VECTOR)
		return lapic->reg[REG_SVR] & SVR_VECTOR;
	set_bit(&lapic->reg[REG_IRR], vector, false);
	set_bit(&lapic->reg[REG_ISR], vector, true);
	return vector;
}

bool lapic_requested(const struct lapic *lapic, u8 vector)
{
	return has_bit(&lapic->reg[REG_IRR], vector);
}

bool lapic_in_service(const struct lapic *lapic)
{
	return highest(&lapic->reg[REG_ISR]) != LAPIC_NO_VECTOR;
}

/* --- Requests -------------------------------------------------------------- */

void lapic_error(struct lapic *lapic, enum lapic_error error)
{
	bool armed = !lapic->errors;

	lapic->errors |= error;
	/* Only once, until a write to the ESR rearms it (10.5.3). */
	if (armed)
		lapic_deliver_local(lapic, LVT_ERROR);
}

static bool accept(struct lapic *lapic, u8 vector, bool level)
{
	if (vector < APIC_VECTOR_MIN) {
		lapic_error(lapic, ERROR_RECEIVE_ILLEGAL_VECTOR);
		return false;
	}
	set_bit(&lapic->reg[REG_IRR], vector, true);
	set_bit(&lapic->reg[REG_TMR], vector, level);
	return true;
}

/* Returns false if the local APIC does not accept the interrupt. */
static bool deliver(struct lapic *lapic, enum apic_delivery delivery, u8 vector,
		    bool level)
{
	switch (delivery) {
	case APIC_FIXED:
	case APIC_LOWEST_PRIORITY: /* one processor is always the lowest */
		return (lapic->reg[REG_SVR] & SVR_ENABLED) &&
		       accept(lapic, vector, level);
	case APIC_NMI:
		lapic->nmi = true;
		break;
	case APIC_INIT:
		lapic->init = true;
		break;
	case APIC_EXTINT: /* lapic_passes_extint() lets it through */
	case APIC_STARTUP: /* the processor does not wait for one */
	case APIC_SMI: /* the machine has no system-management mode */
	case APIC_RESERVED:
		break;
	}
	return true;
}

/* While the APIC is disabled by software all entries are masked (10.4.7.2). */
void lapic_deliver_local(struct lapic *lapic, enum lapic_lvt which)
{
	u32 entry = lapic->reg[REG_LVT + which];

	/* Lowest priority has no meaning in the local vector table. */
	if (!(entry & APIC_MASKED) &&
	    APIC_DELIVERY(entry) != APIC_LOWEST_PRIORITY)
		deliver(lapic, APIC_DELIVERY(entry), entry & APIC_VECTOR,
			entry & APIC_REMOTE_IRR);
}

static bool is_asserted(const struct lapic *lapic, unsigned int pin)
{
	bool high = lapic->lint & BIT(pin);

	return high !=
	       !!(lapic->reg[REG_LVT + LVT_LINT0 + pin] & APIC_ACTIVE_LOW);
}

static bool is_level(u32 entry)
{
	return (entry & APIC_LEVEL) && APIC_DELIVERY(entry) == APIC_FIXED;
}

/* A level interrupts again after each end of interrupt (10.5.1). */
static void serve_level(struct lapic *lapic, unsigned int pin)
{
	u32 *entry = &lapic->reg[REG_LVT + LVT_LINT0 + pin];

	if (!is_level(*entry) || (*entry & (APIC_MASKED | APIC_REMOTE_IRR)) ||
	    !is_asserted(lapic, pin))
		return;
	*entry |= APIC_REMOTE_IRR;
	lapic_deliver_local(lapic, LVT_LINT0 + pin);
}

void lapic_set_lint(struct lapic *lapic, unsigned int pin, bool level)
{
	enum lapic_lvt which = LVT_LINT0 + pin;
	bool before = is_asserted(lapic, pin);

	lapic->lint = level ? lapic->lint | BIT(pin) : lapic->lint & ~BIT(pin);
	if (lapic_mode(lapic) == LAPIC_DISABLED) {
		/* The pins are the processor's INTR and NMI (10.4.3). */
		if (pin == 1 && level)
			lapic->nmi = true;
		return;
	}
	if (is_level(lapic->reg[REG_LVT + which]))
		serve_level(lapic, pin);
	else if (!before && is_asserted(lapic, pin))
		lapic_deliver_local(lapic, which);
}

static bool lint0_is(const struct lapic *lapic, enum apic_delivery delivery)
{
	u32 entry = lapic->reg[REG_LVT + LVT_LINT0];

	return !(entry & APIC_MASKED) && APIC_DELIVERY(entry) == delivery;
}

bool lapic_passes_extint(const struct lapic *lapic)
{
	return lapic_mode(lapic) == LAPIC_DISABLED ||
	       lint0_is(lapic, APIC_EXTINT);
}

bool lapic_can_raise_nmi(const struct lapic *lapic)
{
	return lint0_is(lapic, APIC_NMI);
}

void lapic_end_of_interrupt(struct lapic *lapic)
{
	int vector = highest(&lapic->reg[REG_ISR]);

	if (vector == LAPIC_NO_VECTOR)
		return;
	set_bit(&lapic->reg[REG_ISR], vector, false);
	if (!has_bit(&lapic->reg[REG_TMR], vector))
		return;
	for (unsigned int pin = 0; pin < 2; pin++) {
		u32 *entry = &lapic->reg[REG_LVT + LVT_LINT0 + pin];

		if ((*entry & APIC_VECTOR) != (u32)vector)
			continue;
		*entry &= ~(u32)APIC_REMOTE_IRR;
		serve_level(lapic, pin);
	}
	lapic->config.end_of_interrupt(lapic->config.ctx, vector);
}

/* --- Messages (10.6) -------------------------------------------------------- */

static bool is_logical_destination(const struct lapic *lapic, u32 destination)
{
	u32 own = lapic_logical_id(lapic), mda = destination << LDR_SHIFT;

	if (lapic_mode(lapic) == LAPIC_X2APIC)
		return !((destination ^ own) & X2APIC_CLUSTER) &&
		       (destination & own & X2APIC_MEMBERS);
	switch (lapic->reg[REG_DFR] >> DFR_MODEL_SHIFT) {
	case DFR_FLAT:
		return mda & own;
	case DFR_CLUSTER:
		return !((mda ^ own) & BITS(31, 28)) &&
		       (mda & own & BITS(27, 24));
	default:
		return false;
	}
}

static bool is_destination(const struct lapic *lapic,
			   const struct apic_message *message)
{
	u32 broadcast = message->wide ? X2APIC_BROADCAST : XAPIC_BROADCAST;

	if (lapic_mode(lapic) == LAPIC_DISABLED)
		return false;
	if (message->destination == broadcast)
		return true;
	if (message->logical)
		return is_logical_destination(lapic, message->destination);
	return message->destination == GUEST_LAPIC_ID;
}

bool lapic_receive(struct lapic *lapic, const struct apic_message *message)
{
	return is_destination(lapic, message) &&
	       deliver(lapic, message->delivery, message->vector,
		       message->level);
}

void lapic_send_ipi(struct lapic *lapic)
{
	u64 icr = lapic_icr(lapic);
	bool wide = lapic_mode(lapic) == LAPIC_X2APIC;
	struct apic_message message = {
		.destination = icr >> (wide ? ICR_HIGH_SHIFT
					    : XAPIC_DESTINATION_SHIFT),
		.vector = icr & APIC_VECTOR,
		.delivery = APIC_DELIVERY(icr),
		.logical = icr & APIC_LOGICAL,
		.wide = wide,
	};
	bool starts = message.delivery == APIC_INIT ||
		      message.delivery == APIC_STARTUP;

	if (message.delivery <= APIC_LOWEST_PRIORITY &&
	    message.vector < APIC_VECTOR_MIN) {
		lapic_error(lapic, ERROR_SEND_ILLEGAL_VECTOR);
		return;
	}
	/* Only old processors react to the de-assertion of an INIT. */
	if (message.delivery == APIC_INIT && (icr & APIC_LEVEL) &&
	    !(icr & ICR_ASSERT))
		return;
	switch (ICR_SHORTHAND(icr)) {
	case TO_DESTINATION:
		break;
	case TO_SELF:
	case TO_ALL:
		/* These go only to other processors (table 10-3). */
		if (starts)
			return;
		message.destination = wide ? X2APIC_BROADCAST : XAPIC_BROADCAST;
		break;
	case TO_OTHERS:
		return; /* there are none */
	}
	lapic_receive(lapic, &message);
}
