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

/* Outside 64-bit mode EIP wraps at 4 GiB. */
static bool may_wrap(const struct vcpu *vcpu, u64 rip)
{
	return rip >> 32 && !(vcpu->exit.rip >> 32);
}

static __noinline void skip_slowly(struct vcpu *vcpu, u64 rip, u32 hits,
				   u64 rflags, u32 state)
{
	if (may_wrap(vcpu, rip))
		rip = step_rip(rip, 0, vcpu_code_mode(vcpu));
	vmwrite(VMCS_GUEST_RIP, rip);
	vcpu_set_rflags(rflags, step_rflags(rflags));
	if (hits || !step_is_plain(rflags, state, 0))
		end_step(vcpu, rflags, hits, state);
}

static __forceinline void skip(struct vcpu *vcpu, u64 length, u32 hits)
{
	u64 rip = vcpu->exit.rip + length;
	u64 rflags = vmread_uncounted(VMCS_GUEST_RFLAGS);
	u32 state = vmread_uncounted(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	vmcs_count_reads(2);
	/* Most instructions change RIP alone. */
	if (hits || may_wrap(vcpu, rip) || (rflags & RFLAGS_RF) ||
	    !step_is_plain(rflags, state, 0))
		return skip_slowly(vcpu, rip, hits, rflags, state);
	vmwrite(VMCS_GUEST_RIP, rip);
}

/* Most instructions that exit come here: they have a copy of their own. */
void vcpu_skip_instruction(struct vcpu *vcpu)
{
	skip(vcpu, vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH), 0);
}

void vcpu_skip_watched(struct vcpu *vcpu, u32 hits)
{
	vcpu_skip_bytes(vcpu, vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH), hits);
}

void vcpu_skip_bytes(struct vcpu *vcpu, u32 length, u32 hits)
{
	skip(vcpu, length, hits);
}
