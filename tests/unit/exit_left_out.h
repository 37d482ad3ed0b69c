/* SPDX-License-Identifier: MIT */
/*
 * The files of vmx/ that tests of exits without the emulator leave out, and an
 * exit that is handled. To be included after exit_world.h.
 */
#ifndef TESTS_UNIT_EXIT_LEFT_OUT_H
#define TESTS_UNIT_EXIT_LEFT_OUT_H

gva_t vcpu_linear_rip(const struct vcpu *v, enum insn_mode mode)
{
	return v->exit.rip;
}

void vmx_handle_page_fault(struct vcpu *v)
{
}

void vmx_handle_io(struct vcpu *v)
{
}

void vmx_handle_task_switch(struct vcpu *v)
{
}

static void run_exit(enum vmx_exit_reason reason, u64 qualification)
{
	vcpu->exit.reason = reason;
	vcpu->exit.qualification = qualification;
	vcpu->exit.rip = vmread(VMCS_GUEST_RIP);
	vcpu_redeliver(vcpu);
	vmx_handle_exit(vcpu);
}

#endif
