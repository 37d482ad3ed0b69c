/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "vmx/gdb/debug.h"
#include "vmx/events/inject.h"
#include "vmx/events/skip.h"
#include "vmx/state.h"
#include "vmx/events/step.h"

/*
 * Raises #DB now, before any interrupt: an entry that injects an event drops
 * the pending debug exceptions (26.6.3).
 */
static __noinline void end_step(struct vcpu *vcpu, u64 rflags, u32 hits,
				u32 state)
{
	u64 pending = state & BLOCKING_BY_MOV_SS
			      ? vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS)
			      : 0;
	u64 debug = debug_remove_gdb_hits(
		vcpu, step_debug(rflags, hits, state, pending));

	vmwrite_changed(VMCS_GUEST_INTERRUPTIBILITY_STATE, state,
			step_interruptibility(state));
	if (debug)
		vcpu_inject_debug(vcpu, debug);
}

void vcpu_end_step(struct vcpu *vcpu, u64 rflags, u32 hits)
{
	u32 state = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	if (hits || !step_is_plain(rflags, state, 0))
		end_step(vcpu, rflags, hits, state);
}

void vcpu_skip_instruction(struct vcpu *vcpu)
{
	vcpu_skip_watched(vcpu, 0);
}

void vcpu_skip_watched(struct vcpu *vcpu, u32 hits)
{
	vcpu_skip_bytes(vcpu, vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH), hits);
}

void vcpu_skip_bytes(struct vcpu *vcpu, u32 length, u32 hits)
{
	u64 rip = vcpu->exit.rip + length, rflags = vmread(VMCS_GUEST_RFLAGS);

	/*
	 * Below 4 GiB RIP is the same in all modes; outside 64-bit mode EIP
	 * wraps there.
	 */
	if (rip >> 32)
		rip = step_rip(vcpu->exit.rip, length, vcpu_code_mode(vcpu));
	vmwrite(VMCS_GUEST_RIP, rip);
	vcpu_set_rflags(rflags, step_rflags(rflags));
	vcpu_end_step(vcpu, rflags, hits);
}
