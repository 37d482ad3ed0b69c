/* SPDX-License-Identifier: MIT */
/*
 * The emulator's way to the guest: its memory operands through the MMU, its
 * registers and faults through the VMCS. An operand on the page that faulted
 * is not walked again.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/emulator/emulate.h"
#include "arch/x86/vector.h"
#include "lib/string.h"
#include "mmu/mmu.h"
#include "vmx/cr_rules.h"
#include "vmx/emulation.h"
#include "vmx/inject.h"
#include "vmx/operand.h"
#include "vmx/physical.h"
#include "vmx/state.h"

static enum emul_status read_as(struct operands *operands, gva_t gva, void *buf,
				size_t len, u32 access)
{
	struct operand p;

	if (!operand_find(operands, gva, len, access, &p))
		return EMUL_FAULT;
	operand_read(operands, &p, buf);
	return EMUL_OK;
}

static enum emul_status op_read(void *ctx, gva_t gva, void *buf, size_t len)
{
	return read_as(ctx, gva, buf, len, 0);
}

static enum emul_status op_read_for_write(void *ctx, gva_t gva, void *buf,
					  size_t len)
{
	return read_as(ctx, gva, buf, len, PFEC_W);
}

static enum emul_status op_probe_write(void *ctx, gva_t gva, size_t len)
{
	struct operand p;

	return operand_find(ctx, gva, len, PFEC_W, &p) ? EMUL_OK : EMUL_FAULT;
}

static enum emul_status op_write(void *ctx, gva_t gva, const void *buf,
				 size_t len)
{
	struct operand p;

	if (!operand_find(ctx, gva, len, PFEC_W, &p))
		return EMUL_FAULT;
	operand_write(ctx, &p, buf);
	return EMUL_OK;
}

static enum emul_status op_cmpxchg(void *ctx, gva_t gva, const void *old,
				   const void *new, size_t len, bool *swapped)
{
	struct operands *operands = ctx;
	u8 now[EMUL_MAX_BYTES];
	struct operand p;

	if (!operand_find(operands, gva, len, PFEC_W, &p))
		return EMUL_FAULT;
	if (!p.len[1]) {
		*swapped = vcpu_cmpxchg_physical(operands->vcpu, p.gpa[0], old,
						 new, len);
		return EMUL_OK;
	}
	/*
	 * Across two pages: nobody else runs while Umbra does, as a VM has one
	 * virtual processor and no device that writes on its own.
	 */
	operand_read(operands, &p, now);
	*swapped = memcmp(now, old, len) == 0;
	if (*swapped)
		operand_write(operands, &p, new);
	return EMUL_OK;
}

static void op_read_vector(void *ctx, unsigned int number, void *buf,
			   size_t len)
{
	(void)ctx;
	if (len == 16)
		vector_read16(number, buf);
	else
		vector_read32(number, buf);
}

static void op_write_vector(void *ctx, unsigned int number, const void *buf,
			    size_t len, bool vex)
{
	(void)ctx;
	if (len != 16)
		vector_write32(number, buf);
	else if (vex)
		vector_write16_vex(number, buf);
	else
		vector_write16(number, buf);
}

/* UMIP, CR0.EM and CR0.TS let it pass, or it had not come to its operand. */
static void op_read_state(void *ctx, enum insn_op op, void *buf)
{
	const struct operands *operands = ctx;
	struct table_register *table = buf;
	u16 value;

	switch (op) {
	case OP_SGDT:
		table->limit = (u16)vmread(VMCS_GUEST_GDTR_LIMIT);
		table->base = vmread(VMCS_GUEST_GDTR_BASE);
		return;
	case OP_SIDT:
		table->limit = (u16)vmread(VMCS_GUEST_IDTR_LIMIT);
		table->base = vmread(VMCS_GUEST_IDTR_BASE);
		return;
	case OP_SLDT:
		value = (u16)vmread(VMCS_GUEST_LDTR_SELECTOR);
		break;
	case OP_STR:
		value = (u16)vmread(VMCS_GUEST_TR_SELECTOR);
		break;
	case OP_SMSW:
		value = (u16)vcpu_cr0(operands->vcpu);
		break;
	case OP_FNSTCW:
		value = fpu_control_word();
		break;
	default:
		value = fpu_status_word();
	}
	memcpy(buf, &value, sizeof(value));
}

static const struct emul_ops emulation_ops = {
	.read = op_read,
	.write = op_write,
	.read_for_write = op_read_for_write,
	.probe_write = op_probe_write,
	.cmpxchg = op_cmpxchg,
	.read_vector = op_read_vector,
	.write_vector = op_write_vector,
	.read_state = op_read_state,
};

/*
 * The guest could not have got as far as a fault of an AVX instruction that is
 * not enabled, but it may have another one at RIP by now.
 */
static bool is_enabled(const struct vcpu *vcpu, const struct insn *insn)
{
	if (insn->op != OP_MOV_VECTOR || !(insn->vector & VECTOR_VEX))
		return true;
	return (vcpu->mmu.cr4 & CR4_OSXSAVE) && (xcr0_read() & XCR0_AVX);
}

gva_t vcpu_linear_rip(const struct vcpu *vcpu)
{
	/* CS has no base in 64-bit mode; elsewhere addresses wrap at 4 GiB. */
	if (vcpu_code_mode(vcpu) == INSN_MODE_64)
		return vcpu->exit.rip;
	return (u32)(vmread(VMCS_GUEST_CS_BASE) + vcpu->exit.rip);
}

/* Carry out the instruction at the guest's RIP; its registers are loaded. */
static enum emul_status emulate_instruction(struct operands *operands)
{
	struct vcpu *vcpu = operands->vcpu;
	struct emul_segments segments;
	u8 bytes[INSN_MAX_LENGTH];
	struct insn insn;
	size_t len;

	vcpu_segments(vcpu, &segments);
	len = mmu_fetch(&vcpu->mmu, vcpu_linear_rip(vcpu),
			PFEC_I | (operands->rights & PFEC_U), bytes,
			sizeof(bytes));
	if (insn_decode(&insn, bytes, len, vcpu_code_mode(vcpu)) != INSN_OK ||
	    !is_enabled(vcpu, &insn))
		return EMUL_UNSUPPORTED;
	return emulate(&insn, &vcpu->regs, &segments, &emulation_ops, operands);
}

bool vcpu_emulate(struct vcpu *vcpu, const struct guest_walk *walk, u32 access)
{
	struct operands operands;
	enum emul_status status;
	u64 count;

	operands_begin(&operands, vcpu, access & (PFEC_U | WALK_AC));
	operands_remember(&operands, walk->gva, walk->gpa, access);
	vcpu_load_regs(vcpu);
	count = vcpu->regs.gpr[RCX];
	status = emulate_instruction(&operands);
	if (status == EMUL_UNSUPPORTED)
		return false;
	if (status == EMUL_OK) {
		vcpu_finish_emulated(vcpu);
		return true;
	}
	vcpu_store_regs(vcpu);
	/* Under TF each iteration of a REP is a step. */
	if (status == EMUL_RESTART && vcpu->regs.gpr[RCX] != count)
		vcpu_end_step(vcpu->regs.rflags);
	else if (status == EMUL_FAULT)
		vcpu_inject_page_fault(vcpu, operands.fault_gva,
				       operands.fault_code);
	else if (status == EMUL_GP)
		vcpu_inject_gp(vcpu);
	else if (status == EMUL_DE)
		vcpu_inject_exception(vcpu, VECTOR_DE, false, 0);
	else if (status == EMUL_SS)
		vcpu_inject_exception(vcpu, VECTOR_SS, true, 0);
	return true;
}
