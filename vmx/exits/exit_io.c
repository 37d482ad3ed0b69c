/* SPDX-License-Identifier: MIT */
/* Exits of IN, OUT, INS and OUTS. All ports are the guest machine's. */
#include "arch/x86/gpr.h"
#include "arch/x86/time.h"
#include "vmx/vm.h"
#include "vmx/exits/emulation.h"
#include "vmx/exits/handlers.h"
#include "vmx/state.h"
#include "vmx/exits/string_io.h"
#include "vmx/loop/input.h"
#include "vmx/loop/schedule.h"
#include "vmx/events/skip.h"
#include "vmx/stop.h"
#include "vmx/vmx.h"

static u32 port_read(void *ctx, u16 port, unsigned int size)
{
	struct vcpu *vcpu = ctx;
	struct vm *vm = vcpu->vm;
	u32 value = devices_port_read(&vm->devices, port, size, time_ns());

	/* The read may have made room in the UART for a byte of input. */
	if (vm->typed >= 0)
		vm_deliver_input(vm);
	return value;
}

static void port_write(void *ctx, u16 port, unsigned int size, u32 value)
{
	struct vcpu *vcpu = ctx;
	struct vm *vm = vcpu->vm;

	devices_port_write(&vm->devices, port, size, value, time_ns());
	vm_devices_changed(vm);
}

static const struct emul_ops port_ops = {
	.read_port = port_read,
	.write_port = port_write,
};

/*
 * INS and OUTS exit before the processor looks at their operand: Umbra checks
 * the segment, the pages and all else here (SDM vol. 3C, 25.1.1).
 */
static void string_io(struct vcpu *vcpu)
{
	enum insn_mode mode = vcpu_code_mode(vcpu);
	struct insn insn =
		string_io_insn(vcpu->exit.qualification,
			       vmread(VMCS_VM_EXIT_INSTRUCTION_INFORMATION),
			       vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH), mode);
	struct vcpu_memory memory;

	vcpu_memory_begin(&memory, vcpu, mode, vcpu_data_access());
	memory.linear.checks_alignment =
		memory.rights == PFEC_U && (vcpu_cr0(vcpu) & CR0_AM) &&
		(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_AC);
	vcpu_carry_out(vcpu, &memory, &insn, &port_ops);
}

void vmx_handle_io(struct vcpu *vcpu)
{
	u64 qualification = vcpu->exit.qualification;
	unsigned int size = QUAL_IO_SIZE(qualification);
	u16 port = QUAL_IO_PORT(qualification);
	struct breakpoints breakpoints;

	if (qualification & QUAL_IO_STRING) {
		if (vmx_capabilities()->basic & BASIC_INS_OUTS_INFORMATION)
			return string_io(vcpu);
		return vmx_stop_guest(vcpu, "INS or OUTS: this "
					    "processor does not tell its "
					    "operand (IA32_VMX_BASIC[54]=0)");
	}
	if (qualification & QUAL_IO_IN)
		write_gpr(&vcpu->regs, RAX, port_read(vcpu, port, size), size);
	else
		port_write(vcpu, port, size,
			   truncate(vcpu->regs.gpr[RAX], size));
	vcpu_arm_breakpoints(vcpu, &breakpoints);
	breakpoints_see(&breakpoints, BREAK_PORT, port, size);
	vcpu_skip_watched(vcpu, breakpoints.hits);
}
