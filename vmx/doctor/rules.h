/* SPDX-License-Identifier: MIT */
/* What the doctor's chapters have in common. */
#ifndef VMX_DOCTOR_RULES_H
#define VMX_DOCTOR_RULES_H

#include "arch/x86/regs.h"
#include "vmx/doctor/doctor.h"
#include "vmx/exit_qualification.h"

/* For the tables: conditions come from SDM vol. 3C, 24.6 to 24.8. */
#define CHANGE(name, f, v)                                                     \
	{                                                                      \
		.op = DOCTOR_##name, .field = VMCS_##f, .value = (v)           \
	}
#define CHANGE_EACH(name, f, v)                                                \
	{                                                                      \
		.op = DOCTOR_##name, .field = VMCS_##f, .value = (v),          \
		.each = true                                                   \
	}
#define BROKEN_BY(...)                                                         \
	.broken_by = (const struct doctor_change[])                            \
	{                                                                      \
		__VA_ARGS__,                                                   \
		{                                                              \
			0                                                      \
		}                                                              \
	}

/* The controls that the rules ask for. */
#define PIN_EXTERNAL_INTERRUPT_EXITING BIT(0)
#define PIN_NMI_EXITING BIT(3)
#define PIN_VIRTUAL_NMIS BIT(5)
#define PIN_PREEMPTION_TIMER BIT(6)
#define PIN_POSTED_INTERRUPTS BIT(7)
#define CPU_TPR_SHADOW BIT(21)
#define CPU_NMI_WINDOW_EXITING BIT(22)
#define CPU_IO_BITMAPS BIT(25)
#define CPU_MSR_BITMAPS BIT(28)
#define CPU2_APIC_ACCESSES BIT(0)
#define CPU2_EPT BIT(1)
#define CPU2_X2APIC_MODE BIT(4)
#define CPU2_VPID BIT(5)
#define CPU2_UNRESTRICTED BIT(7)
#define CPU2_APIC_REGISTERS BIT(8)
#define CPU2_VIRTUAL_INTERRUPTS BIT(9)
#define CPU2_SHADOW_VMCS BIT(14)
#define EXIT_HOST_64 BIT(9)
#define EXIT_ACKNOWLEDGE BIT(15)
#define EXIT_LOAD_IA32_PAT BIT(19)
#define EXIT_SAVE_PREEMPTION_TIMER BIT(22)
#define ENTRY_LOAD_DEBUG BIT(2)
#define ENTRY_TO_SMM BIT(10)
#define ENTRY_NO_DUAL_MONITOR BIT(11)
#define ENTRY_LOAD_IA32_PAT BIT(14)

/* Lengthy names, often used. */
#define VMCS_PIN VMCS_PIN_BASED_VM_EXECUTION_CONTROLS
#define VMCS_CPU VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
#define VMCS_CPU2 VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS
#define VMCS_EVENT VMCS_VM_ENTRY_INTERRUPTION_INFORMATION

/* IA32_VMX_MISC, SDM vol. 3D, A.6. */
#define MISC_ACTIVITY_STATES(misc) ((misc) >> 6 & 7) /* HLT and on */
#define MISC_CR3_TARGETS(misc) ((misc) >> 16 & BITS(8, 0))
#define MISC_INJECT_LENGTH_0 BIT(30)

extern const struct doctor_rule doctor_control_rules[], doctor_host_rules[],
	doctor_guest_rules[], doctor_segment_rules[], doctor_state_rules[],
	doctor_msr_rules[];

/* What changes point at: nothing but zeroes, for good. */
extern u8 doctor_zero_page[PAGE_SIZE];

static inline bool has(const struct doctor *d, enum vmcs_field field, u64 bits)
{
	return (d->read(d, field) & bits) == bits;
}

/* The secondary controls are 0 where they are not activated. */
static inline bool has_cpu2(const struct doctor *d, u64 bits)
{
	return has(d, VMCS_CPU, CPU_SECONDARY_CONTROLS) &&
	       has(d, VMCS_CPU2, bits);
}

static inline bool in_width(const struct doctor *d, u64 address)
{
	return !(address >> d->maxphyaddr);
}

static inline bool guest_64(const struct doctor *d)
{
	return has(d, VMCS_VM_ENTRY_CONTROLS, ENTRY_IA32E_MODE_GUEST);
}

static inline bool unrestricted(const struct doctor *d)
{
	return has_cpu2(d, CPU2_UNRESTRICTED);
}

/* RFLAGS.VM in IA-32e mode has a rule of its own, and makes no v86 guest. */
static inline bool guest_v86(const struct doctor *d)
{
	return has(d, VMCS_GUEST_RFLAGS, RFLAGS_VM) && !guest_64(d);
}

/* The event to be injected, if its type is that. */
static inline bool injects(const struct doctor *d, enum vmx_intr_type type)
{
	u32 info = d->read(d, VMCS_EVENT);

	return (info & VMX_INTR_VALID) && vmx_intr_type(info) == type;
}

/* Conditions and predicates that several chapters use. */
bool doctor_is_canonical(const struct doctor *d, u64 value, unsigned int n);
bool doctor_is_page(const struct doctor *d, u64 value, unsigned int n);
bool doctor_in_width(const struct doctor *d, u64 value, unsigned int n);
bool doctor_is_pat(const struct doctor *d, u64 value, unsigned int n);
bool doctor_injects_interrupt(const struct doctor *d, unsigned int n);
bool doctor_efer_bits(const struct doctor *d, u64 value, unsigned int n);

#endif
