/* SPDX-License-Identifier: MIT */
/*
 * One virtual processor. The state in the VMCS stays there; state that VMX does
 * not switch is here. The x87, SSE and AVX registers, DR0 to DR3, DR6, and the
 * MSRs of SYSCALL and SWAPGS are in neither: Umbra uses none of them, so the
 * processor holds the guest's values all the time.
 */
#ifndef VMX_VCPU_H
#define VMX_VCPU_H

#include "arch/x86/emulator/insn_cache.h"
#include "arch/x86/emulator/emulate.h"
#include "arch/x86/regs.h"
#include "lib/types.h"
#include "mmu/mmu.h"
#include "vmx/controls.h"
#include "vmx/events/events.h"
#include "vmx/exit_qualification.h"
#include "vmx/exit_reasons.h"
#include "vmx/vmcs.h"
#include "vmx/vpid.h"

struct trace_record;
struct vm;

/* The fields that an exit has left in the VMCS, read once. */
struct vmx_exit {
	u64 tsc; /* at the exit; see vm_stats.root_ticks */
	enum vmx_exit_reason reason;
	u8 kind; /* see vmx/report/costs.h */
	u64 qualification;
	u64 rip;
	u32 idt_vectoring;
	u32 idt_vectoring_error; /* if idt_vectoring says there is one */
	/* For exceptions and NMIs: */
	u32 interruption;
	u32 interruption_error;
};

/* An instruction that is tried again and again; see exits/page_fault.c. */
struct retry {
	u64 rip;
	gva_t page;
	u32 count;
};

struct vcpu {
	/* RSP, RIP and RFLAGS are in the VMCS; vcpu_load_regs() fetches them. */
	struct cpu_regs regs;
	bool launched;
	u64 host_rsp; /* as in the VMCS */
	struct vm *vm;
	struct mmu_cpu paging;
	struct mmu_filter filter; /* as in the VMCS */
	u32 exceptions; /* likewise: the exception bitmap */
	struct mmu_targets targets; /* likewise */
	struct tlb_flush flush; /* to be done before the next entry */
	u8 invvpid_types[TLB_SCOPES]; /* by vcpu->flush.scope */
	u64 invvpids; /* number of INVVPIDs so far */
	struct insn_cache insns;
	struct vmx_exit exit;
	struct trace_record *record; /* of the last exit, in the trace */
	struct vmx_event event;
	struct retry retry;
	struct vmx_controls controls;
	u64 tsc_offset; /* the guest's TSC minus the machine's */
	bool nmi_blocked; /* by software, without "virtual NMIs"
			     (events/inject.c) */
	/*
	 * The next entry has nothing to do for events unless one is due or a
	 * device has one: no window is open, no NMI is blocked by software, and
	 * gdb makes no step. Never true without "virtual NMIs".
	 */
	bool settled;
	u64 cr4_added; /* bits of CR4 that Umbra sets and hides: PKS, for TRAP */
	u64 *efer_area; /* EFER in the MSR-load area; NULL: controls load it */
	hpa_t vmcs;
};

/*
 * Enters the guest and comes back with vcpu->exit. Returns false if the entry
 * failed; the reason and the entry doctor's findings have been logged. The
 * doctor examines the VMCS before the first entry, too.
 */
bool vcpu_enter(struct vcpu *vcpu);

/* Copies RSP, RIP and RFLAGS from the VMCS to vcpu->regs, and back. */
void vcpu_load_regs(struct vcpu *vcpu);
void vcpu_store_regs(const struct vcpu *vcpu);

/*
 * Returns the mode in which the guest's code at CS:RIP is decoded. Outside
 * 64-bit mode bits 63:32 of RIP are 0 (SDM vol. 3C, 26.3.1.4); else CS tells.
 */
enum insn_mode vcpu_code_mode_by_cs(const struct vcpu *vcpu);
static inline enum insn_mode vcpu_code_mode(const struct vcpu *vcpu)
{
	return vcpu->exit.rip >> 32 ? INSN_MODE_64 : vcpu_code_mode_by_cs(vcpu);
}

/* Returns the current privilege level, that of SS (SDM vol. 3C, 24.4.1). */
unsigned int vcpu_cpl(void);

#endif
