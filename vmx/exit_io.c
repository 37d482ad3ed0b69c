/* SPDX-License-Identifier: MIT */
/* Exits of IN, OUT, INS and OUTS. All ports are the guest machine's. */
#include "arch/x86/gpr.h"
#include "arch/x86/time.h"
#include "vmx/vm.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/operand.h"
#include "vmx/run.h"
#include "vmx/state.h"
#include "vmx/vmx.h"

/* An INS or OUTS with REP is done in portions, so that interrupts get in. */
#define REP_PORTION 256

static u32 port_read(struct vcpu *vcpu, u16 port, unsigned int size)
{
	struct vm *vm = vcpu->vm;

	/* It may be what a byte of input waits for: room in the UART. */
	if (vm->typed >= 0)
		vm->deadline = 0;
	return devices_port_read(&vm->devices, port, size, time_ns());
}

static void port_write(struct vcpu *vcpu, u16 port, unsigned int size,
		       u32 value)
{
	struct vm *vm = vcpu->vm;

	devices_port_write(&vm->devices, port, size, value, time_ns());
	vm_devices_changed(vm);
}

/* One element between the port and memory at @gva; false: #PF injected. */
static bool string_element(struct operands *operands, gva_t gva)
{
	struct vcpu *vcpu = operands->vcpu;
	u64 qualification = vcpu->exit.qualification;
	unsigned int size = QUAL_IO_SIZE(qualification);
	bool in = qualification & QUAL_IO_IN;
	u16 port = QUAL_IO_PORT(qualification);
	struct operand memory;
	u32 value = 0;

	/* All of it must be accessible before the port is touched. */
	if (!operand_find(operands, gva, size, in ? PFEC_W : 0, &memory)) {
		vcpu_inject_page_fault(vcpu, operands->fault_gva,
				       operands->fault_code);
		return false;
	}
	if (in) {
		value = port_read(vcpu, port, size);
		operand_write(operands, &memory, &value);
	} else {
		operand_read(operands, &memory, &value);
		port_write(vcpu, port, size, value);
	}
	return true;
}

/* Adds to a register within its address size: 16, 32 or 64 bits. */
static void advance(u64 *gpr, s64 by, u64 mask)
{
	u64 sum = (*gpr + by) & mask;

	/* A 32-bit result zero-extends, a 16-bit one leaves the rest. */
	*gpr = mask == 0xffff ? (*gpr & ~mask) | sum : sum;
}

static void string_io(struct vcpu *vcpu)
{
	u64 qualification = vcpu->exit.qualification;
	u32 info = vmread(VMCS_VM_EXIT_INSTRUCTION_INFORMATION);
	u64 rflags = vmread(VMCS_GUEST_RFLAGS);
	bool in = qualification & QUAL_IO_IN, rep = qualification & QUAL_IO_REP;
	u64 mask = BITS(8 * IO_INFO_ADDRESS_BYTES(info) - 1, 0);
	s64 size = QUAL_IO_SIZE(qualification);
	u64 *index = &vcpu->regs.gpr[in ? RDI : RSI];
	u64 *count = &vcpu->regs.gpr[RCX];
	u64 base[SEG_COUNT];
	struct operands operands;
	enum segment segment = in ? SEG_ES : IO_INFO_SEGMENT(info);
	/* Under TF each iteration traps. */
	int portion = rflags & RFLAGS_TF ? 1 : REP_PORTION;

	operands_begin(&operands, vcpu, vcpu_data_access());
	vcpu_segment_bases(vcpu, base);
	for (int n = 0; n < portion; n++) {
		gva_t gva = base[segment] + (*index & mask);

		if (rep && !(*count & mask))
			break;
		if (!operands.long_mode)
			gva = (u32)gva;
		if (!is_canonical(gva) || !is_canonical(gva + size - 1)) {
			/* In 64-bit mode there is no overriding to SS. */
			vcpu_inject_gp(vcpu);
			return;
		}
		if (!string_element(&operands, gva))
			return;
		advance(index, rflags & RFLAGS_DF ? -size : size, mask);
		if (!rep)
			break;
		advance(count, -1, mask);
	}
	if (!rep || !(*count & mask))
		vcpu_skip_instruction(vcpu);
	else
		vcpu_end_step(rflags);
}

void vmx_handle_io(struct vcpu *vcpu)
{
	u64 qualification = vcpu->exit.qualification;
	unsigned int size = QUAL_IO_SIZE(qualification);
	u16 port = QUAL_IO_PORT(qualification);

	if (qualification & QUAL_IO_STRING) {
		if (vmx_capabilities()->basic & BASIC_INS_OUTS_INFORMATION)
			return string_io(vcpu);
		return vmx_stop_guest(vcpu, "INS or OUTS, of which this "
					    "processor does not tell the "
					    "operand (IA32_VMX_BASIC[54]=0)");
	}
	if (qualification & QUAL_IO_IN)
		write_gpr(&vcpu->regs, RAX, port_read(vcpu, port, size), size);
	else
		port_write(vcpu, port, size,
			   truncate(vcpu->regs.gpr[RAX], size));
	vcpu_skip_instruction(vcpu);
}
