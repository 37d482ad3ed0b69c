/* SPDX-License-Identifier: MIT */
/*
 * Which exits Umbra wants, and why.
 */
#include "vmx/controls.h"

#define WISH(set_, bit_, required_)                                            \
	{                                                                      \
		.set = CONTROLS_##set_, .bit = bit_, .required = required_,    \
		.name = #bit_                                                  \
	}

static const struct control_wish wishes[] = {
	/* The machine's interrupts and NMIs are Umbra's. */
	WISH(PIN, PIN_EXTERNAL_INTERRUPT_EXITING, true),
	WISH(PIN, PIN_NMI_EXITING, true),
	/* Tells apart a guest that is blocked by NMI, in the VMCS. */
	WISH(PIN, PIN_VIRTUAL_NMIS, false),
	/* An idle guest gives the processor back. */
	WISH(CPU, CPU_HLT_EXITING, true),
	/* CR3 holds the shadow root: the guest may neither set nor see it. */
	WISH(CPU, CPU_CR3_LOAD_EXITING, true),
	WISH(CPU, CPU_CR3_STORE_EXITING, true),
	/* CR8 is the machine's APIC's. */
	WISH(CPU, CPU_CR8_LOAD_EXITING, true),
	WISH(CPU, CPU_CR8_STORE_EXITING, true),
	/* All ports are the guest machine's. */
	WISH(CPU, CPU_UNCONDITIONAL_IO_EXITING, true),
	WISH(CPU, CPU_MWAIT_EXITING, true),
	WISH(CPU, CPU_MONITOR_EXITING, true),
	WISH(CPU, CPU_RDPMC_EXITING, true),
	/* Lets the guest at the MSRs that are its own without an exit. */
	WISH(CPU, CPU_USE_MSR_BITMAPS, true),
	WISH(CPU, CPU_SECONDARY_CONTROLS, false),
	WISH(CPU2, CPU2_ENABLE_RDTSCP, false),
	WISH(EXIT, EXIT_HOST_ADDRESS_SPACE_SIZE, true),
	WISH(EXIT, EXIT_SAVE_DEBUG_CONTROLS, true),
	WISH(ENTRY, ENTRY_LOAD_DEBUG_CONTROLS, true),
	/* Without these, EFER is switched by the MSR areas (Penryn). */
	WISH(EXIT, EXIT_LOAD_IA32_EFER, false),
	WISH(ENTRY, ENTRY_LOAD_IA32_EFER, false),
};

const struct control_wish *
vmx_choose_controls(const struct vmx_capabilities *capabilities,
		    struct vmx_controls *controls)
{
	for (int set = 0; set < CONTROL_SETS; set++)
		controls->value[set] = (u32)capabilities->allowed[set];
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		const struct control_wish *wish = &wishes[i];
		u32 may = capabilities->allowed[wish->set] >> 32;

		if (may & wish->bit)
			controls->value[wish->set] |= wish->bit;
		else if (wish->required)
			return wish;
	}
	return NULL;
}
