/* SPDX-License-Identifier: MIT */
/*
 * The VMX controls: their bits (SDM vol. 3C, 24.6 to 24.8), what Umbra wants
 * of them, and what it makes of the capability MSRs (vol. 3D, appendix A).
 */
#ifndef VMX_CONTROLS_H
#define VMX_CONTROLS_H

#include "lib/types.h"

/* Pin-based, table 24-5. */
#define PIN_EXTERNAL_INTERRUPT_EXITING BIT(0)
#define PIN_NMI_EXITING BIT(3)
#define PIN_VIRTUAL_NMIS BIT(5)

/* Primary processor-based, table 24-6. */
#define CPU_INTERRUPT_WINDOW_EXITING BIT(2)
#define CPU_USE_TSC_OFFSETTING BIT(3)
#define CPU_HLT_EXITING BIT(7)
#define CPU_INVLPG_EXITING BIT(9)
#define CPU_MWAIT_EXITING BIT(10)
#define CPU_RDPMC_EXITING BIT(11)
#define CPU_RDTSC_EXITING BIT(12)
#define CPU_CR3_LOAD_EXITING BIT(15)
#define CPU_CR3_STORE_EXITING BIT(16)
#define CPU_CR8_LOAD_EXITING BIT(19)
#define CPU_CR8_STORE_EXITING BIT(20)
#define CPU_USE_TPR_SHADOW BIT(21)
#define CPU_NMI_WINDOW_EXITING BIT(22)
#define CPU_MOV_DR_EXITING BIT(23)
#define CPU_UNCONDITIONAL_IO_EXITING BIT(24)
#define CPU_USE_IO_BITMAPS BIT(25)
#define CPU_USE_MSR_BITMAPS BIT(28)
#define CPU_MONITOR_EXITING BIT(29)
#define CPU_PAUSE_EXITING BIT(30)
#define CPU_SECONDARY_CONTROLS BIT(31)

/* Secondary processor-based, table 24-7. */
#define CPU2_ENABLE_RDTSCP BIT(3)

/* VM-exit, table 24-10. */
#define EXIT_SAVE_DEBUG_CONTROLS BIT(2)
#define EXIT_HOST_ADDRESS_SPACE_SIZE BIT(9)
#define EXIT_SAVE_IA32_EFER BIT(20)
#define EXIT_LOAD_IA32_EFER BIT(21)

/* VM-entry, table 24-13. */
#define ENTRY_LOAD_DEBUG_CONTROLS BIT(2)
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

/* What the processor offers; filled from its MSRs by vmx_probe(). */
struct vmx_capabilities {
	u64 basic; /* IA32_VMX_BASIC */
	u64 misc; /* IA32_VMX_MISC */
	u64 cr0_fixed0, cr0_fixed1;
	u64 cr4_fixed0, cr4_fixed1;
	/* Low half: bits that must be 1; high half: bits that may be 1. */
	u64 allowed[CONTROL_SETS];
	u32 allowed_msr[CONTROL_SETS]; /* which MSR says so */
};

/* The controls that Umbra runs a guest with. */
struct vmx_controls {
	u32 value[CONTROL_SETS];
};

/* One bit of the controls, and what becomes of Umbra without it. */
struct control_wish {
	enum control_set set;
	u32 bit;
	bool required;
	const char *name;
};

/*
 * Choose the controls: every bit that must be 1, all that is required, and
 * what is wished for and there. Returns NULL, or the first requirement that
 * the processor does not meet.
 */
const struct control_wish *vmx_choose_controls(const struct vmx_capabilities *,
					       struct vmx_controls *);

static inline bool vmx_has(const struct vmx_controls *controls,
			   enum control_set set, u32 bit)
{
	return controls->value[set] & bit;
}

#endif
