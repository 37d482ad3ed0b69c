/* SPDX-License-Identifier: MIT */
/*
 * The basic exit reasons (SDM vol. 3D, appendix C) up to the last one that a
 * guest of Umbra can cause: name in the code, number, and the manual's words.
 * The enum here and the table of words (report/words.c) are made from this
 * list.
 */
#ifndef VMX_EXIT_REASONS_H
#define VMX_EXIT_REASONS_H

#include "lib/types.h"

/* clang-format off */
#define VMX_EXIT_REASONS(R) \
	R(EXCEPTION_OR_NMI, 0, "exception or NMI") \
	R(EXTERNAL_INTERRUPT, 1, "external interrupt") \
	R(TRIPLE_FAULT, 2, "triple fault") \
	R(INIT_SIGNAL, 3, "INIT signal") \
	R(STARTUP_IPI, 4, "start-up IPI (SIPI)") \
	R(IO_SMI, 5, "I/O system-management interrupt (SMI)") \
	R(OTHER_SMI, 6, "other SMI") \
	R(INTERRUPT_WINDOW, 7, "interrupt window") \
	R(NMI_WINDOW, 8, "NMI window") \
	R(TASK_SWITCH, 9, "task switch") \
	R(CPUID, 10, "CPUID") \
	R(GETSEC, 11, "GETSEC") \
	R(HLT, 12, "HLT") \
	R(INVD, 13, "INVD") \
	R(INVLPG, 14, "INVLPG") \
	R(RDPMC, 15, "RDPMC") \
	R(RDTSC, 16, "RDTSC") \
	R(RSM, 17, "RSM") \
	R(VMCALL, 18, "VMCALL") \
	R(VMCLEAR, 19, "VMCLEAR") \
	R(VMLAUNCH, 20, "VMLAUNCH") \
	R(VMPTRLD, 21, "VMPTRLD") \
	R(VMPTRST, 22, "VMPTRST") \
	R(VMREAD, 23, "VMREAD") \
	R(VMRESUME, 24, "VMRESUME") \
	R(VMWRITE, 25, "VMWRITE") \
	R(VMXOFF, 26, "VMXOFF") \
	R(VMXON, 27, "VMXON") \
	R(CR_ACCESS, 28, "control-register access") \
	R(MOV_DR, 29, "MOV DR") \
	R(IO_INSTRUCTION, 30, "I/O instruction") \
	R(RDMSR, 31, "RDMSR") \
	R(WRMSR, 32, "WRMSR") \
	R(INVALID_GUEST_STATE, 33, "VM-entry failure: invalid guest state") \
	R(MSR_LOADING, 34, "VM-entry failure: MSR loading") \
	R(MWAIT, 36, "MWAIT") \
	R(MONITOR_TRAP_FLAG, 37, "monitor trap flag") \
	R(MONITOR, 39, "MONITOR") \
	R(PAUSE, 40, "PAUSE") \
	R(MACHINE_CHECK_ENTRY, 41, "VM-entry failure: machine-check event") \
	R(TPR_BELOW_THRESHOLD, 43, "TPR below threshold") \
	R(APIC_ACCESS, 44, "APIC access") \
	R(VIRTUALIZED_EOI, 45, "virtualized EOI") \
	R(GDTR_IDTR_ACCESS, 46, "access to GDTR or IDTR") \
	R(LDTR_TR_ACCESS, 47, "access to LDTR or TR") \
	R(EPT_VIOLATION, 48, "EPT violation") \
	R(EPT_MISCONFIGURATION, 49, "EPT misconfiguration") \
	R(INVEPT, 50, "INVEPT") \
	R(RDTSCP, 51, "RDTSCP") \
	R(PREEMPTION_TIMER, 52, "VMX-preemption timer expired") \
	R(INVVPID, 53, "INVVPID") \
	R(WBINVD, 54, "WBINVD or WBNOINVD") \
	R(XSETBV, 55, "XSETBV")
/* clang-format on */

enum vmx_exit_reason {
#define EXIT_REASON_ENUM(name, number, text) EXIT_##name = (number),
	VMX_EXIT_REASONS(EXIT_REASON_ENUM)
#undef EXIT_REASON_ENUM
		EXIT_UNKNOWN, /* one more than the last */
	EXIT_REASONS
};

/* The exit-reason field, SDM vol. 3C, table 24-15. */
#define EXIT_REASON_BASIC BITS(15, 0)
#define EXIT_REASON_ENTRY_FAILURE BIT(31)

/*
 * Returns the basic reason in @field, the exit-reason field; EXIT_UNKNOWN for a
 * number above the list. The result is an index into arrays of EXIT_REASONS
 * elements.
 */
static inline enum vmx_exit_reason vmx_exit_reason(u32 field)
{
	u32 basic = field & EXIT_REASON_BASIC;

	return basic < EXIT_UNKNOWN ? (enum vmx_exit_reason)basic
				    : EXIT_UNKNOWN;
}

/*
 * Returns true if an instruction of the guest has caused the exit. Then no
 * event was under delivery (SDM vol. 3C, 27.2.4). The same is true of an
 * external interrupt on a processor, but KVM reports one during the delivery of
 * an event, too.
 */
static inline bool exit_is_instruction(enum vmx_exit_reason reason)
{
	return reason >= EXIT_CPUID && reason <= EXIT_WRMSR;
}

/* Returns true if Umbra looks at the exit's qualification (27.2.1). */
static inline bool exit_has_qualification(enum vmx_exit_reason reason)
{
	const u64 reasons =
		BIT(EXIT_EXCEPTION_OR_NMI) | BIT(EXIT_STARTUP_IPI) |
		BIT(EXIT_TASK_SWITCH) | BIT(EXIT_INVLPG) | BIT(EXIT_CR_ACCESS) |
		BIT(EXIT_MOV_DR) | BIT(EXIT_IO_INSTRUCTION) |
		BIT(EXIT_INVALID_GUEST_STATE) | BIT(EXIT_MSR_LOADING);

	return reasons >> reason & 1;
}

#endif
