/* SPDX-License-Identifier: MIT */
/*
 * Exits of MOV DR: the guest's debug registers, while gdb uses the processor's.
 */
#include "arch/x86/cpu.h"
#include "vmx/exits/handlers.h"
#include "vmx/gdb/debug.h"
#include "vmx/guest_mode.h"
#include "vmx/events/inject.h"
#include "vmx/events/skip.h"
#include "vmx/state.h"
#include "vmx/vm.h"

static void move_register(struct vcpu *vcpu, unsigned int number,
			  u64 qualification)
{
	enum gpr gpr = QUAL_DR_GPR(qualification);
	enum insn_mode mode = vcpu_code_mode(vcpu);
	u64 value;

	if (qualification & QUAL_DR_FROM) {
		value = mov_cr_value(mode, debug_read(vcpu, number));
		if (gpr == RSP)
			vmwrite(VMCS_GUEST_RSP, value);
		else
			vcpu->regs.gpr[gpr] = value;
	} else {
		value = mov_cr_value(mode, gpr == RSP ? vmread(VMCS_GUEST_RSP)
						      : vcpu->regs.gpr[gpr]);
		if (number >= BREAKPOINTS && value >> 32)
			return vcpu_inject_gp(vcpu);
		debug_write(vcpu, number, value);
	}
	vcpu_skip_instruction(vcpu);
}

/*
 * MOV DR exits before the processor looks for its faults (SDM vol. 3C, 25.1.3):
 * by DR4 and DR5 where they are no aliases (vol. 3B, 17.2.2), by CPL, and by
 * GD.
 */
static void move_for_guest(struct vcpu *vcpu)
{
	unsigned int number = QUAL_DR_NUMBER(vcpu->exit.qualification);

	if (number == 4 || number == 5) {
		if (vcpu->paging.cr4 & CR4_DE)
			return vcpu_inject_ud(vcpu);
		number += 2;
	}
	if (vcpu_cpl() != 0)
		return vcpu_inject_gp(vcpu);
	if (debug_dr7(vcpu) & DR7_GD)
		return vcpu_inject_debug(vcpu, DR6_BD);
	move_register(vcpu, number, vcpu->exit.qualification);
}

/* Without gdb's points the guest uses the registers itself (state.h). */
void vmx_handle_mov_dr(struct vcpu *vcpu)
{
	if (vcpu->vm->gdb.points.active)
		return move_for_guest(vcpu);
	vcpu_set_cpu_control(vcpu, CPU_MOV_DR_EXITING, false);
}
