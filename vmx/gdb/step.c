/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "mmu/view/view.h"
#include "vmx/gdb/step.h"
#include "vmx/gdb/memory.h"
#include "vmx/guest_mode.h"
#include "vmx/state.h"
#include "vmx/vm.h"

#define TF_BYTE 1 /* of RFLAGS on the stack */
#define TF_IN_BYTE BIT(0)

static struct insn_flags_found find(struct vcpu *vcpu)
{
	u32 rights = vmread(VMCS_GUEST_CS_ACCESS_RIGHTS);
	enum insn_mode mode = code_mode(vcpu->paging.efer, rights);
	u64 rip = vmread(VMCS_GUEST_RIP);
	u8 code[INSN_MAX_LENGTH];
	gva_t gva = linear_rip(mode, vmread(VMCS_GUEST_CS_BASE), rip);

	return insn_flags_find(
		code, mmu_peek(&vcpu->paging, gva, code, sizeof(code)), mode);
}

/* The filter and the exceptions that exit are chosen again before the entry. */
static void choose_exits(struct vm *vm, bool stepping)
{
	vm->gdb.step.on = stepping;
	vm->vcpu.settled = false;
	vm->vcpu.paging.root_is_new = vm->vcpu.paging.state_is_new = true;
}

/*
 * Returns true if the end of a delivery causes an exit, for the NMI window. It
 * does not open while NMIs are blocked, nor exist without "virtual NMIs"
 * (26.2.1.1).
 */
static bool delivery_shows(const struct vcpu *vcpu)
{
	return vmx_has(&vcpu->controls, CONTROLS_PIN, PIN_VIRTUAL_NMIS) &&
	       !(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) & BLOCKING_BY_NMI);
}

static bool refuse(const char *why)
{
	log_info("no step: %s", why);
	return false;
}

bool step_begin(struct vm *vm)
{
	struct vcpu *vcpu = &vm->vcpu;
	struct insn_flags_found found = find(vcpu);
	bool injects = found.kind == FLAGS_INTERRUPT && !vcpu->event.info &&
		       !(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_VM);

	if (found.kind == FLAGS_SYSCALL)
		return refuse("SYSCALL would show the trap flag in R11");
	if ((injects || vcpu->event.info) && !delivery_shows(vcpu))
		return refuse(
			vmx_has(&vcpu->controls, CONTROLS_PIN, PIN_VIRTUAL_NMIS)
				? "into a handler while NMIs are blocked"
				: "into a handler without virtual NMIs");
	vm->gdb.step = (struct gdb_step){ .rip = vmread(VMCS_GUEST_RIP),
					  .kind = found.kind };
	/*
	 * With TF the entry would need a pending trap (26.3.1.5); no interrupt
	 * comes.
	 */
	vcpu_end_blocking();
	if (injects)
		vcpu->event = (struct vmx_event){
			.info = VMX_INTR(INTR_SOFTWARE_INTERRUPT, found.vector),
			.length = found.length,
		};
	choose_exits(vm, true);
	return true;
}

void step_end(struct vm *vm)
{
	if (vm->monitor.until == UNTIL_STEP)
		vm->monitor.until = UNTIL_NOTHING;
	if (vm->gdb.step.on)
		choose_exits(vm, false);
}

void step_enter(struct vcpu *vcpu)
{
	struct gdb_step *step = &vcpu->vm->gdb.step;
	u64 rflags = vmread(VMCS_GUEST_RFLAGS);

	step->tf = rflags & RFLAGS_TF;
	if (!vcpu->event.info)
		vcpu_set_rflags(rflags, rflags | RFLAGS_TF);
}

/* PUSHF has pushed gdb's TF: clears it on the stack. */
static void mend_stack(struct vm *vm)
{
	u32 rights = vmread(VMCS_GUEST_SS_ACCESS_RIGHTS);
	u64 rsp = vmread(VMCS_GUEST_RSP);
	gva_t top = vmread(VMCS_GUEST_SS_BASE) +
		    (rights & AR_DB ? (u32)rsp : (u16)rsp);
	u8 byte;

	if (vcpu_code_mode(&vm->vcpu) == INSN_MODE_64)
		top = rsp;
	if (!gdb_read(vm, top + TF_BYTE, &byte, sizeof(byte)))
		return;
	byte &= (u8)~TF_IN_BYTE;
	gdb_write(vm, top + TF_BYTE, &byte, sizeof(byte));
}

/*
 * An instruction that exits is not over, but a processor may have its trap
 * pending already (Bochs has): Umbra carries the instruction out.
 */
static void forget_trap(void)
{
	u64 pending = vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS);

	if (pending & DR6_BS)
		vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, pending & ~DR6_BS);
}

void step_left(struct vcpu *vcpu)
{
	const struct vmx_exit *exit = &vcpu->exit;
	struct gdb_step *step = &vcpu->vm->gdb.step;
	u64 rflags = vmread(VMCS_GUEST_RFLAGS);

	step->trapped = exit->reason == EXIT_EXCEPTION_OR_NMI &&
			(exit->interruption & VMX_INTR_VECTOR) == VECTOR_DB &&
			(exit->qualification & DR6_BS);
	if (step->trapped && step->kind == FLAGS_LOADED)
		return;
	if (step->trapped && step->kind == FLAGS_PUSHED && !step->tf)
		mend_stack(vcpu->vm);
	if (!step->tf)
		forget_trap();
	vcpu_set_rflags(rflags,
			step->tf ? rflags | RFLAGS_TF : rflags & ~RFLAGS_TF);
}

/*
 * A step ends by TF; by the window after the delivery of an event, or before
 * the delivery if no window would come; or when Umbra has carried the
 * instruction out.
 */
bool step_is_over(const struct vm *vm)
{
	const struct vcpu *vcpu = &vm->vcpu;
	const struct gdb_step *step = &vm->gdb.step;

	return step->on &&
	       (step->trapped || vcpu->exit.reason == EXIT_NMI_WINDOW ||
		(vcpu->event.info ? !delivery_shows(vcpu)
				  : vmread(VMCS_GUEST_RIP) != step->rip));
}
