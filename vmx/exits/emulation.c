/* SPDX-License-Identifier: MIT */
/*
 * The emulator's access to the guest: to memory by linear.h, to registers and
 * faults through the VMCS. An operand on the page that faulted needs no second
 * walk.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/emulator/emulate.h"
#include "arch/x86/time.h"
#include "arch/x86/vector.h"
#include "mmu/mmu.h"
#include "vmx/cr_rules.h"
#include "vmx/exits/emulation.h"
#include "vmx/exits/memory.h"
#include "vmx/guest_mode.h"
#include "vmx/events/inject.h"
#include "vmx/events/skip.h"
#include "vmx/state.h"
#include "vmx/events/step.h"
#include "vmx/vm.h"

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

static const struct emul_ops emulation_ops = {
	.read_vector = op_read_vector,
	.write_vector = op_write_vector,
};

/*
 * Returns true if the guest has enabled @insn. An AVX instruction that is not
 * enabled raises no page fault, but the instruction at RIP may have changed
 * since.
 */
static bool is_enabled(const struct vcpu *vcpu, const struct insn *insn)
{
	if (insn->op != OP_MOV_VECTOR || !(insn->vector & VECTOR_VEX))
		return true;
	return (vcpu->paging.cr4 & CR4_OSXSAVE) && (xcr0_read() & XCR0_AVX);
}

gva_t vcpu_linear_rip(const struct vcpu *vcpu, enum insn_mode mode)
{
	/* Each emulated write needs it: this saves a VMREAD. */
	if (mode == INSN_MODE_64)
		return vcpu->exit.rip;
	return linear_rip(mode, vmread(VMCS_GUEST_CS_BASE), vcpu->exit.rip);
}

void vcpu_raise(struct vcpu *vcpu, const struct fault *fault)
{
	if (fault->vector == VECTOR_PF)
		vcpu_inject_page_fault(vcpu, fault->gva, fault->error_code);
	else
		vcpu_inject_exception(vcpu, fault->vector, true,
				      fault->error_code);
}

/* Gives the guest the result of the emulated instruction. */
static void conclude(struct vcpu *vcpu, enum emul_status status,
		     const struct linear *memory, bool progressed)
{
	vcpu_store_regs(vcpu);
	/* Under TF each iteration of a REP is a step. */
	if (status == EMUL_OK || (status == EMUL_RESTART && progressed))
		vcpu_end_step(vcpu, vcpu->regs.rflags,
			      memory->breakpoints.hits);
	else if (status == EMUL_FAULT)
		vcpu_raise(vcpu, &memory->fault);
}

bool vcpu_carry_out(struct vcpu *vcpu, struct vcpu_memory *memory,
		    const struct insn *insn, const struct emul_ops *ops)
{
	u64 count = vcpu->regs.gpr[RCX];
	enum emul_status status;

	vcpu_load_regs(vcpu);
	vcpu_arm_breakpoints(vcpu, &memory->linear.breakpoints);
	status = emulate(insn, &vcpu->regs, &memory->linear, ops, vcpu);
	if (status == EMUL_UNSUPPORTED)
		return false;
	conclude(vcpu, status, &memory->linear, vcpu->regs.gpr[RCX] != count);
	return true;
}

static __noinline const struct insn *
fetch_and_decode(struct vcpu *vcpu, gva_t rip, enum insn_mode mode, u32 access)
{
	u8 bytes[INSN_MAX_LENGTH];
	size_t len = mmu_fetch(&vcpu->paging, rip, PFEC_I | (access & PFEC_U),
			       bytes, sizeof(bytes));

	return insn_decode_cached(&vcpu->insns, rip, bytes, len, mode);
}

static const struct insn *decode(struct vcpu *vcpu, enum insn_mode mode,
				 u32 access)
{
	gva_t rip = vcpu_linear_rip(vcpu, mode);
	const u8 *code = mmu_code(&vcpu->paging, rip, INSN_MAX_LENGTH);
	const struct insn *insn;

	if (!code)
		return fetch_and_decode(vcpu, rip, mode, access);
	insn = insn_cached(&vcpu->insns, rip, code, mode);
	return insn ? insn
		    : insn_decode_cached(&vcpu->insns, rip, code,
					 INSN_MAX_LENGTH, mode);
}

/* Returns false if @insn is no plain store of an entry. */
static bool store_entry(struct vcpu *vcpu, const struct insn *insn,
			const struct guest_walk *walk)
{
	u64 value;

	if (!emul_is_store(insn, &vcpu->regs, walk->gva, sizeof(value), &value))
		return false;
	if (insn->op == OP_XCHG)
		vcpu->regs.gpr[insn->reg] =
			mmu_exchange(&vcpu->paging, walk->gpa, value);
	else
		mmu_store(&vcpu->paging, walk->gpa, value);
	return true;
}

/* Returns false if @insn is no plain access to a register of 32 bits. */
static bool access_register(struct vcpu *vcpu, const struct insn *insn,
			    const struct guest_walk *walk)
{
	struct machine_devices *devices = &vcpu->vm->devices;
	u32 data = 0;
	u64 value;

	if (emul_is_load(insn, &vcpu->regs, walk->gva, sizeof(data))) {
		devices_mmio_read(devices, walk->gpa, &data, sizeof(data),
				  time_ns());
		vcpu->regs.gpr[insn->reg] = data;
		return true;
	}
	if (insn->op == OP_XCHG ||
	    !emul_is_store(insn, &vcpu->regs, walk->gva, sizeof(data), &value))
		return false;
	data = value;
	vcpu_write_device(vcpu, walk->gpa, &data, sizeof(data));
	return true;
}

/*
 * The short path of most writes to tables, and of most accesses to devices: the
 * operand is where the walk has ended, and only RIP, RF (a fault's exit saves
 * RF=1, SDM vol. 3C, 27.3.3) and the register of a load or an XCHG change.
 * Returns true if the instruction is done.
 */
static bool carry_out_move(struct vcpu *vcpu, const struct insn *insn,
			   const struct guest_walk *walk, bool mmio)
{
	u64 rflags = vmread_uncounted(VMCS_GUEST_RFLAGS);
	u32 blocking = vmread_uncounted(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	vmcs_count_reads(2);
	vcpu->regs.rip = vcpu->exit.rip;
	if (!mmu_policy(vcpu->paging.mmu)->nowalk ||
	    !step_is_plain(rflags, blocking, vcpu_dr7(vcpu)))
		return false;
	if (!(mmio ? access_register(vcpu, insn, walk)
		   : store_entry(vcpu, insn, walk)))
		return false;
	vmwrite(VMCS_GUEST_RIP,
		step_rip(vcpu->exit.rip, insn->length, insn->mode));
	vcpu_set_rflags(rflags, step_rflags(rflags));
	return true;
}

static __noinline bool carry_out_any(struct vcpu *vcpu, const struct insn *insn,
				     const struct guest_walk *walk, u32 access)
{
	struct vcpu_memory memory;

	if (!is_enabled(vcpu, insn))
		return false;
	vcpu_memory_begin(&memory, vcpu, insn->mode,
			  access & (PFEC_U | WALK_AC));
	linear_remember(&memory.linear, walk->gva, walk->gpa, access & PFEC_W);
	return vcpu_carry_out(vcpu, &memory, insn, &emulation_ops);
}

bool vcpu_emulate(struct vcpu *vcpu, const struct guest_walk *walk, u32 access,
		  bool mmio)
{
	const struct insn *insn = decode(vcpu, vcpu_code_mode(vcpu), access);

	if (!insn)
		return false;
	return carry_out_move(vcpu, insn, walk, mmio) ||
	       carry_out_any(vcpu, insn, walk, access);
}
