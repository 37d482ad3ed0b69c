/* SPDX-License-Identifier: MIT */
/*
 * The VMX controls (SDM vol. 3C, 24.6 to 24.8): the name of each bit, the value
 * that Umbra wants, and the values that the capability MSRs (vol. 3D, appendix
 * A) allow. Pure.
 */
#ifndef VMX_CONTROLS_H
#define VMX_CONTROLS_H

#include "lib/types.h"
#include "vmx/vmcs_fields.h"

/* The controls that the code asks for or switches; control_tables has all. */
#define PIN_VIRTUAL_NMIS BIT(5)
#define CPU_INTERRUPT_WINDOW_EXITING BIT(2)
#define CPU_INVLPG_EXITING BIT(9)
#define CPU_CR3_STORE_EXITING BIT(16)
#define CPU_NMI_WINDOW_EXITING BIT(22)
#define CPU_MOV_DR_EXITING BIT(23)
#define CPU_SECONDARY_CONTROLS BIT(31)
#define CPU2_ENABLE_RDTSCP BIT(3)
#define CPU2_ENABLE_VPID BIT(5)
#define EXIT_LOAD_IA32_EFER BIT(21)
#define ENTRY_IA32E_MODE_GUEST BIT(9)
#define ENTRY_LOAD_IA32_EFER BIT(15)

enum control_set {
	CONTROLS_PIN,
	CONTROLS_CPU,
	CONTROLS_CPU2,
	CONTROLS_EXIT,
	CONTROLS_ENTRY,
	CONTROL_SETS
};

enum control_want {
	CONTROL_OFF, /* must be 0: Umbra does not handle its effect */
	CONTROL_REQUIRED, /* must be 1 */
	CONTROL_OPTIONAL, /* 1 where the processor has it */
	CONTROL_SWITCHED, /* begins as 0; both values must be allowed */
	CONTROL_SWITCHABLE /* begins as 0; the code asks if it may be 1 */
};

struct control {
	u8 bit;
	enum control_want want;
	const char *name; /* as the manual spells it */
};

/* All controls of one field, and the MSRs that tell the allowed values. */
struct control_table {
	enum vmcs_field field;
	u32 msr;
	const char *msr_name;
	u32 true_msr; /* where IA32_VMX_BASIC[55] is 1; 0: there is none */
	const char *true_msr_name;
	const struct control *controls;
	size_t count;
};

extern const struct control_table control_tables[CONTROL_SETS];

/* The processor's capabilities; vmx_start() reads them from its MSRs. */
struct vmx_capabilities {
	u64 basic; /* IA32_VMX_BASIC */
	u64 misc; /* IA32_VMX_MISC */
	u64 ept_vpid; /* IA32_VMX_EPT_VPID_CAP */
	u64 cr0_fixed0, cr0_fixed1; /* bits that must be 1; that may be 1 */
	u64 cr4_fixed0, cr4_fixed1;
	/* Low half: bits that must be 1; high half: bits that may be 1. */
	u64 allowed[CONTROL_SETS];
};

/* IA32_VMX_BASIC, SDM vol. 3D, A.1. */
#define BASIC_REVISION BITS(30, 0)
#define BASIC_VMCS_SIZE(basic) ((basic) >> 32 & BITS(12, 0))
#define BASIC_MEMORY_TYPE(basic) ((basic) >> 50 & BITS(3, 0))
#define BASIC_INS_OUTS_INFORMATION BIT(54)
#define BASIC_TRUE_CONTROLS BIT(55)

/* IA32_VMX_MISC, SDM vol. 3D, A.6. */
#define MISC_CR3_TARGETS(misc) ((misc) >> 16 & BITS(8, 0))

/* The controls that Umbra runs a guest with. */
struct vmx_controls {
	u32 value[CONTROL_SETS];
};

/* The control that can't be as Umbra wants it. */
struct control_refusal {
	enum control_set set;
	const struct control *control;
	u8 msr_bit; /* of the capability MSR, which forbids it */
};

/*
 * Chooses the controls for a guest. Returns false if the processor does not
 * allow one that Umbra needs; *@refusal then has the first such control.
 */
bool vmx_choose_controls(const struct vmx_capabilities *capabilities,
			 struct vmx_controls *controls,
			 struct control_refusal *refusal);

static inline bool vmx_has(const struct vmx_controls *controls,
			   enum control_set set, u32 bit)
{
	return controls->value[set] & bit;
}

/* Returns true if controls switch EFER; if not, the MSR areas do. */
static inline bool vmx_switches_efer(const struct vmx_controls *controls)
{
	return vmx_has(controls, CONTROLS_EXIT, EXIT_LOAD_IA32_EFER) &&
	       vmx_has(controls, CONTROLS_ENTRY, ENTRY_LOAD_IA32_EFER);
}

#endif
