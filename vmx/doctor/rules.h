/* SPDX-License-Identifier: MIT */
/* The macros in which the tables of rules are written. */
#ifndef VMX_DOCTOR_RULES_H
#define VMX_DOCTOR_RULES_H

#include "arch/x86/regs.h"
#include "vmx/doctor/doctor.h"
#include "vmx/exit_qualification.h"

#define RULE(number, f, words, ...)                                            \
	{                                                                      \
		.section = (number), .field = VMCS_##f, .expected = (words),   \
		__VA_ARGS__                                                    \
	}

/* Checks */
#define EQUALS(m, e) .check = CHECK_BITS, .mask = (m), .equal = (e)
#define IS_NOT(m, e) .check = CHECK_NOT, .mask = (m), .equal = (e)
#define ZERO(bits) EQUALS(bits, 0)
#define ONES(bits) EQUALS(bits, bits)
#define TYPE(types) .check = CHECK_TYPE, .mask = (types)
/* A value in which bits @m are @e breaks the rule. */
#define HOLDS(f, m, e)                                                         \
	.check = CHECK_FUNCTION, .holds = (f), .mask = (m), .equal = (e)
#define ALL_BITS (~0ULL)

/* Conditions and writes. */
#define FIELD(f, m, e, h)                                                      \
	{                                                                      \
		.field = VMCS_##f, .mask = (m), .equal = (e), .how = (h)       \
	}
#define MATCHES(f, m, e) FIELD(f, m, e, BITS_ARE)
#define DIFFERS(f, m, e) FIELD(f, m, e, BITS_ARE_NOT)
#define IS(f, value) MATCHES(f, ALL_BITS, value)
#define HAS(f, bits) MATCHES(f, bits, bits)
#define LACKS(f, bits) MATCHES(f, bits, 0)
#define POINTS_AT(f, object) FIELD(f, 0, (uintptr_t)(object), BITS_POINT_AT)
#define IS_IA32E HAS(VM_ENTRY_CONTROLS, ENTRY_IA32E_MODE_GUEST)
#define NOT_IA32E LACKS(VM_ENTRY_CONTROLS, ENTRY_IA32E_MODE_GUEST)
#define INJECTS(type)                                                          \
	MATCHES(EVENT, VMX_INTR_VALID | VMX_INTR_TYPE, VMX_INTR(type, 0))

#define INJECTS_NMI                                                            \
	MATCHES(EVENT, VMX_INTR_VALID | VMX_INTR_TYPE | VMX_INTR_VECTOR,       \
		VMX_INTR(INTR_NMI, VECTOR_NMI))

#define WHEN(...) .when = { __VA_ARGS__ }
#define LIST(...)                                                              \
	(const struct doctor_bits[])                                           \
	{                                                                      \
		__VA_ARGS__,                                                   \
		{                                                              \
			0                                                      \
		}                                                              \
	}
#define ALSO(...) .also = LIST(__VA_ARGS__)

/* Long names, often used. */
#define VMCS_PIN VMCS_PIN_BASED_VM_EXECUTION_CONTROLS
#define VMCS_CPU VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
#define VMCS_CPU2 VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
#define VMCS_EVENT VMCS_VM_ENTRY_INTERRUPTION_INFORMATION

/* The fields of LDTR and TR follow those of enum segment. */
#define LDTR SEG_COUNT
#define TR (SEG_COUNT + 1)
#define RPL BITS(1, 0)
#define DPL BITS(6, 5)

/* Four PDPTEs that are not present, then one that is not valid. */
extern const u64 doctor_pdptes[8];

extern const struct doctor_rule doctor_control_rules[], doctor_host_rules[],
	doctor_guest_rules[], doctor_segment_rules[], doctor_state_rules[],
	doctor_msr_rules[];

/* Returns true if the field has the bits that @bits demands. */
bool doctor_is_true(const struct doctor *d, const struct doctor_bits *bits);

static inline bool doctor_in_width(const struct doctor *d, u64 address)
{
	return !(address >> d->maxphyaddr);
}

static inline bool doctor_is_page(const struct doctor *d, u64 address)
{
	return !(address & ~PAGE_MASK) && doctor_in_width(d, address);
}

#endif
