/* SPDX-License-Identifier: MIT */
/*
 * Umbra's choice of controls. An event exits if it could change a state of the
 * processor on which Umbra depends; an event that concerns the guest alone does
 * not exit.
 */
#include "arch/x86/msr.h"
#include "vmx/controls.h"

/* SDM vol. 3C, table 24-5. */
static const struct control pin[] = {
	/* The machine's interrupts and NMIs are Umbra's. */
	{ 0, CONTROL_REQUIRED, "external-interrupt exiting" },
	{ 3, CONTROL_REQUIRED, "NMI exiting" },
	/* Keeps the guest's blocking by NMI apart from the machine's. */
	{ 5, CONTROL_OPTIONAL, "virtual NMIs" },
	{ 6, CONTROL_OFF, "activate VMX-preemption timer" },
	{ 7, CONTROL_OFF, "process posted interrupts" },
};

/* Table 24-6. */
static const struct control primary[] = {
	{ 2, CONTROL_SWITCHED, "interrupt-window exiting" },
	/* The guest may set its TSC; the machine's is Umbra's clock. */
	{ 3, CONTROL_REQUIRED, "use TSC offsetting" },
	/* An idle guest gives the processor back. */
	{ 7, CONTROL_REQUIRED, "HLT exiting" },
	/*
	 * Only while the shadow is a software TLB: otherwise the processor's
	 * own flush is enough.
	 */
	{ 9, CONTROL_SWITCHED, "INVLPG exiting" },
	/* CPUID does not show the guest any of the three. */
	{ 10, CONTROL_REQUIRED, "MWAIT exiting" },
	{ 11, CONTROL_REQUIRED, "RDPMC exiting" },
	{ 12, CONTROL_OFF, "RDTSC exiting" },
	/*
	 * CR3 holds the shadow root, which the guest must neither load nor see.
	 * With placed roots (mmu/page/place.c) it sees its own: CR3-store
	 * exiting may then be 0.
	 */
	{ 15, CONTROL_REQUIRED, "CR3-load exiting" },
	{ 16, CONTROL_REQUIRED, "CR3-store exiting" },
	{ 17, CONTROL_OFF, "activate tertiary controls" },
	/* CR8 is the priority of the machine's APIC. */
	{ 19, CONTROL_REQUIRED, "CR8-load exiting" },
	{ 20, CONTROL_REQUIRED, "CR8-store exiting" },
	{ 21, CONTROL_OFF, "use TPR shadow" },
	/* Umbra sets it only with "virtual NMIs", as 26.2.1.1 demands. */
	{ 22, CONTROL_SWITCHABLE, "NMI-window exiting" },
	/*
	 * MOV DR exits while the guest has no breakpoint enabled (state.h), and
	 * while gdb has one.
	 */
	{ 23, CONTROL_SWITCHED, "MOV-DR exiting" },
	/* All ports are the guest machine's. */
	{ 24, CONTROL_REQUIRED, "unconditional I/O exiting" },
	{ 25, CONTROL_OFF, "use I/O bitmaps" },
	{ 27, CONTROL_OFF, "monitor trap flag" },
	/* The guest accesses the MSRs that are its own without an exit. */
	{ 28, CONTROL_REQUIRED, "use MSR bitmaps" },
	{ 29, CONTROL_REQUIRED, "MONITOR exiting" },
	{ 30, CONTROL_OFF, "PAUSE exiting" },
	{ 31, CONTROL_OPTIONAL, "activate secondary controls" },
};

/* Table 24-7. */
static const struct control secondary[] = {
	{ 0, CONTROL_OFF, "virtualize APIC accesses" },
	/* Shadow page tables are here in its place. */
	{ 1, CONTROL_OFF, "enable EPT" },
	{ 2, CONTROL_OFF, "descriptor-table exiting" },
	{ 3, CONTROL_OPTIONAL, "enable RDTSCP" },
	{ 4, CONTROL_OFF, "virtualize x2APIC mode" },
	/* With INVVPID, and where the user likes; see vpid.h. */
	{ 5, CONTROL_SWITCHABLE, "enable VPID" },
	{ 6, CONTROL_OFF, "WBINVD exiting" },
	{ 7, CONTROL_OFF, "unrestricted guest" },
	{ 8, CONTROL_OFF, "APIC-register virtualization" },
	{ 9, CONTROL_OFF, "virtual-interrupt delivery" },
	{ 10, CONTROL_OFF, "PAUSE-loop exiting" },
	{ 11, CONTROL_OFF, "RDRAND exiting" },
	{ 12, CONTROL_OFF, "enable INVPCID" },
	{ 13, CONTROL_OFF, "enable VM functions" },
	{ 14, CONTROL_OFF, "VMCS shadowing" },
	{ 15, CONTROL_OFF, "enable ENCLS exiting" },
	{ 16, CONTROL_OFF, "RDSEED exiting" },
	{ 17, CONTROL_OFF, "enable PML" },
	{ 18, CONTROL_OFF, "EPT-violation #VE" },
	{ 19, CONTROL_OFF, "conceal VMX from PT" },
	{ 20, CONTROL_OFF, "enable XSAVES/XRSTORS" },
	{ 21, CONTROL_OFF, "PASID translation" },
	{ 22, CONTROL_OFF, "mode-based execute control for EPT" },
	{ 23, CONTROL_OFF, "sub-page write permissions for EPT" },
	{ 24, CONTROL_OFF, "Intel PT uses guest physical addresses" },
	{ 25, CONTROL_OFF, "use TSC scaling" },
	{ 26, CONTROL_OFF, "enable user wait and pause" },
	{ 27, CONTROL_OFF, "enable PCONFIG" },
	{ 28, CONTROL_OFF, "enable ENCLV exiting" },
	{ 30, CONTROL_OFF, "VMM bus-lock detection" },
	{ 31, CONTROL_OFF, "instruction timeout" },
};

/* Table 24-10. */
static const struct control exit_controls[] = {
	{ 2, CONTROL_REQUIRED, "save debug controls" },
	{ 9, CONTROL_REQUIRED, "host address-space size" },
	{ 12, CONTROL_OFF, "load IA32_PERF_GLOBAL_CTRL" },
	{ 15, CONTROL_OFF, "acknowledge interrupt on exit" },
	{ 18, CONTROL_OFF, "save IA32_PAT" },
	{ 19, CONTROL_OFF, "load IA32_PAT" },
	{ 20, CONTROL_OFF, "save IA32_EFER" },
	/* Without this and that of the entry, MSR areas switch EFER (Penryn). */
	{ 21, CONTROL_OPTIONAL, "load IA32_EFER" },
	{ 22, CONTROL_OFF, "save VMX-preemption timer value" },
	{ 23, CONTROL_OFF, "clear IA32_BNDCFGS" },
	{ 24, CONTROL_OFF, "conceal VMX from PT" },
	{ 25, CONTROL_OFF, "clear IA32_RTIT_CTL" },
	{ 26, CONTROL_OFF, "clear IA32_LBR_CTL" },
	{ 27, CONTROL_OFF, "clear UINV" },
	{ 28, CONTROL_OFF, "load CET state" },
	{ 29, CONTROL_OFF, "load PKRS" },
	{ 30, CONTROL_OFF, "save IA32_PERF_GLOBAL_CTRL" },
	{ 31, CONTROL_OFF, "activate secondary controls" },
};

/* Table 24-13. */
static const struct control entry_controls[] = {
	{ 2, CONTROL_REQUIRED, "load debug controls" },
	{ 9, CONTROL_SWITCHED, "IA-32e mode guest" },
	{ 10, CONTROL_OFF, "entry to SMM" },
	{ 11, CONTROL_OFF, "deactivate dual-monitor treatment" },
	{ 13, CONTROL_OFF, "load IA32_PERF_GLOBAL_CTRL" },
	{ 14, CONTROL_OFF, "load IA32_PAT" },
	{ 15, CONTROL_OPTIONAL, "load IA32_EFER" },
	{ 16, CONTROL_OFF, "load IA32_BNDCFGS" },
	{ 17, CONTROL_OFF, "conceal VMX from PT" },
	{ 18, CONTROL_OFF, "load IA32_RTIT_CTL" },
	{ 19, CONTROL_OFF, "load UINV" },
	{ 20, CONTROL_OFF, "load CET state" },
	{ 21, CONTROL_OFF, "load guest IA32_LBR_CTL" },
	{ 22, CONTROL_OFF, "load PKRS" },
};

#define MSR(name) .msr = (name), .msr_name = #name
#define TRUE_MSR(name) .true_msr = (name), .true_msr_name = #name
#define TABLE(table) .controls = (table), .count = ARRAY_SIZE(table)

const struct control_table control_tables[CONTROL_SETS] = {
	[CONTROLS_PIN] = { VMCS_PIN_BASED_VM_EXECUTION_CONTROLS,
			   MSR(IA32_VMX_PINBASED_CTLS),
			   TRUE_MSR(IA32_VMX_TRUE_PINBASED_CTLS), TABLE(pin) },
	[CONTROLS_CPU] = { VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
			   MSR(IA32_VMX_PROCBASED_CTLS),
			   TRUE_MSR(IA32_VMX_TRUE_PROCBASED_CTLS),
			   TABLE(primary) },
	[CONTROLS_CPU2] = { VMCS_SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
			    MSR(IA32_VMX_PROCBASED_CTLS2), TABLE(secondary) },
	[CONTROLS_EXIT] = { VMCS_VM_EXIT_CONTROLS, MSR(IA32_VMX_EXIT_CTLS),
			    TRUE_MSR(IA32_VMX_TRUE_EXIT_CTLS),
			    TABLE(exit_controls) },
	[CONTROLS_ENTRY] = { VMCS_VM_ENTRY_CONTROLS, MSR(IA32_VMX_ENTRY_CTLS),
			     TRUE_MSR(IA32_VMX_TRUE_ENTRY_CTLS),
			     TABLE(entry_controls) },
};

#define MAY_BE_1_SHIFT 32

/* Chooses one field's value. Returns false, with *@refusal, if none will do. */
static bool choose(enum control_set set, u64 capability, u32 *value,
		   struct control_refusal *refusal)
{
	const struct control_table *table = &control_tables[set];
	u32 must_be_1 = capability, may_be_1 = capability >> MAY_BE_1_SHIFT;

	/* A bit that is not in the table is 1 only if it must be. */
	*value = must_be_1;
	for (size_t i = 0; i < table->count; i++) {
		const struct control *control = &table->controls[i];
		u32 bit = BIT(control->bit);
		enum control_want want = control->want;
		bool needs_1 = want == CONTROL_REQUIRED ||
			       want == CONTROL_SWITCHED;
		bool needs_0 = want == CONTROL_OFF ||
			       want == CONTROL_SWITCHED ||
			       want == CONTROL_SWITCHABLE;

		*refusal =
			(struct control_refusal){ set, control, control->bit };
		if (needs_0 && (must_be_1 & bit))
			return false;
		refusal->msr_bit += MAY_BE_1_SHIFT;
		if (needs_1 && !(may_be_1 & bit))
			return false;
		if (want == CONTROL_REQUIRED || want == CONTROL_OPTIONAL)
			*value |= may_be_1 & bit;
	}
	return true;
}

bool vmx_choose_controls(const struct vmx_capabilities *capabilities,
			 struct vmx_controls *controls,
			 struct control_refusal *refusal)
{
	u32 *value = controls->value;

	value[CONTROLS_CPU2] = 0;
	for (enum control_set set = 0; set < CONTROL_SETS; set++) {
		if (set == CONTROLS_CPU2 &&
		    !vmx_has(controls, CONTROLS_CPU, CPU_SECONDARY_CONTROLS))
			continue;
		if (!choose(set, capabilities->allowed[set], &value[set],
			    refusal))
			return false;
	}
	if (!(capabilities->allowed[CONTROLS_CPU] >> MAY_BE_1_SHIFT &
	      CPU_NMI_WINDOW_EXITING))
		value[CONTROLS_PIN] &= ~(u32)PIN_VIRTUAL_NMIS;
	/* EFER must be loaded both at the entry and at the exit. */
	if (!vmx_switches_efer(controls)) {
		value[CONTROLS_EXIT] &= ~(u32)EXIT_LOAD_IA32_EFER;
		value[CONTROLS_ENTRY] &= ~(u32)ENTRY_LOAD_IA32_EFER;
	}
	return true;
}
