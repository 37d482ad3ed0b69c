/* SPDX-License-Identifier: MIT */
/*
 * The emulator's way to the guest: its memory operands through the MMU, its
 * registers and faults through the VMCS. An operand on the page that faulted
 * is not walked again.
 */
#include "arch/x86/emulate.h"
#include "arch/x86/insn.h"
#include "lib/string.h"
#include "mmu/mmu.h"
#include "vmx/emulation.h"
#include "vmx/inject.h"
#include "vmx/state.h"

/* One instruction being emulated: the context of the emulator's operations. */
struct emulation {
	struct vcpu *vcpu;
	const struct guest_walk *walk; /* of the access that faulted */
	u32 walk_access; /* what that access was: W, U */
	u32 user; /* PFEC_U if the guest runs at CPL 3 */
	gva_t fault_gva; /* the fault to inject after EMUL_FAULT */
	u32 fault_code;
	bool non_canonical; /* it is #GP(0) instead */
};

/* The guest-physical address of an operand's part that lies in one page. */
static bool translate(struct emulation *e, gva_t gva, u32 access, gpa_t *gpa)
{
	struct guest_walk walk;

	/*
	 * What may be written may be read (SDM vol. 3A, 4.6.1). If this very
	 * instruction has changed the mapping meanwhile (REP MOVS over the
	 * table), the old one is what a TLB would use, too: no flush lies in
	 * between.
	 */
	if ((gva & PAGE_MASK) == (e->walk->gva & PAGE_MASK) &&
	    ((e->walk_access & PFEC_W) || !(access & PFEC_W))) {
		*gpa = (e->walk->gpa & PAGE_MASK) | (gva & ~PAGE_MASK);
		return true;
	}
	if (!mmu_walk(&e->vcpu->mmu, gva, access | e->user, WALK_FOR_DATA,
		      &walk)) {
		e->fault_gva = gva;
		e->fault_code = walk.error_code;
		return false;
	}
	*gpa = walk.gpa;
	return true;
}

/* An operand as the one or two pieces that it makes in physical memory. */
struct pieces {
	gpa_t gpa[2];
	size_t len[2]; /* len[1] is 0 if all is in one page */
};

/* All of it must be accessible before any of it is accessed. */
static bool split(struct emulation *e, gva_t gva, size_t len, u32 access,
		  struct pieces *p)
{
	p->gpa[1] = 0;
	p->len[0] = MIN(len, PAGE_SIZE - (gva & ~PAGE_MASK));
	p->len[1] = len - p->len[0];
	if (!is_canonical(gva) || !is_canonical(gva + len - 1)) {
		e->non_canonical = true;
		return false;
	}
	return translate(e, gva, access, &p->gpa[0]) &&
	       (!p->len[1] ||
		translate(e, gva + p->len[0], access, &p->gpa[1]));
}

static enum emul_status read_as(struct emulation *e, gva_t gva, void *buf,
				size_t len, u32 access)
{
	struct pieces p;

	if (!split(e, gva, len, access, &p))
		return EMUL_FAULT;
	mmu_read(e->vcpu->mmu.mmu, p.gpa[0], buf, p.len[0]);
	mmu_read(e->vcpu->mmu.mmu, p.gpa[1], (u8 *)buf + p.len[0], p.len[1]);
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

static enum emul_status op_write(void *ctx, gva_t gva, const void *buf,
				 size_t len)
{
	struct emulation *e = ctx;
	struct pieces p;

	if (!split(e, gva, len, PFEC_W, &p))
		return EMUL_FAULT;
	mmu_write(&e->vcpu->mmu, p.gpa[0], buf, p.len[0]);
	mmu_write(&e->vcpu->mmu, p.gpa[1], (const u8 *)buf + p.len[0],
		  p.len[1]);
	return EMUL_OK;
}

static enum emul_status op_cmpxchg(void *ctx, gva_t gva, const void *old,
				   const void *new, size_t len, bool *swapped)
{
	struct emulation *e = ctx;
	u8 now[EMUL_MAX_BYTES];
	struct pieces p;

	if (!split(e, gva, len, PFEC_W, &p))
		return EMUL_FAULT;
	if (!p.len[1]) {
		*swapped = mmu_cmpxchg(&e->vcpu->mmu, p.gpa[0], old, new, len);
		return EMUL_OK;
	}
	/*
	 * Across two pages: nobody else runs while Umbra does, as a VM has one
	 * virtual processor and no device that writes on its own.
	 */
	read_as(e, gva, now, len, PFEC_W);
	*swapped = memcmp(now, old, len) == 0;
	return *swapped ? op_write(ctx, gva, new, len) : EMUL_OK;
}

static const struct emul_ops emulation_ops = {
	.read = op_read,
	.write = op_write,
	.read_for_write = op_read_for_write,
	.cmpxchg = op_cmpxchg,
};

/* Carry out the instruction at the guest's RIP; its registers are loaded. */
static enum emul_status emulate_instruction(struct emulation *e)
{
	struct vcpu *vcpu = e->vcpu;
	u64 segment_base[SEG_COUNT];
	u8 bytes[INSN_MAX_LENGTH];
	enum insn_mode mode;
	struct insn insn;
	size_t len;

	mode = vcpu_code_mode(vcpu);
	vcpu_segment_bases(vcpu, segment_base);
	len = mmu_fetch(&vcpu->mmu, segment_base[SEG_CS] + vcpu->regs.rip,
			PFEC_I | e->user, bytes, sizeof(bytes));
	if (insn_decode(&insn, bytes, len, mode) != INSN_OK)
		return EMUL_UNSUPPORTED;
	return emulate(&insn, &vcpu->regs, segment_base, &emulation_ops, e);
}

bool vcpu_emulate(struct vcpu *vcpu, const struct guest_walk *walk, u32 access)
{
	struct emulation e = {
		.vcpu = vcpu,
		.walk = walk,
		.walk_access = access,
		.user = access & PFEC_U,
	};
	u64 count;

	vcpu_load_regs(vcpu);
	count = vcpu->regs.gpr[RCX];
	switch (emulate_instruction(&e)) {
	case EMUL_OK:
		vcpu_finish_emulated(vcpu);
		return true;
	case EMUL_RESTART:
		vcpu_store_regs(vcpu);
		/* Under TF each iteration of a REP is a step. */
		if (vcpu->regs.gpr[RCX] != count)
			vcpu_end_step(vcpu->regs.rflags);
		return true;
	case EMUL_FAULT:
		vcpu_store_regs(vcpu);
		if (e.non_canonical)
			vcpu_inject_gp(vcpu);
		else
			vcpu_inject_page_fault(vcpu, e.fault_gva, e.fault_code);
		return true;
	case EMUL_UNSUPPORTED:
		break;
	}
	return false;
}
