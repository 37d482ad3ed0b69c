/* SPDX-License-Identifier: MIT */
/*
 * The emulator's way to the guest: its memory operands through the MMU, its
 * registers and faults through the VMCS. An operand on the page that faulted
 * is not walked again.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/emulate.h"
#include "arch/x86/vector.h"
#include "lib/string.h"
#include "mmu/mmu.h"
#include "vmx/cr_rules.h"
#include "vmx/emulation.h"
#include "vmx/inject.h"
#include "vmx/physical.h"
#include "vmx/state.h"

/* So many pages' translations are kept during one instruction. */
#define MAX_PAGES 4

struct page {
	gva_t gva;
	gpa_t gpa;
	u32 access; /* PFEC_W: it may be written */
};

/* One instruction being emulated: the context of the emulator's operations. */
struct emulation {
	struct vcpu *vcpu;
	u32 rights; /* PFEC_U at CPL 3, else WALK_AC or nothing */
	bool nowalk; /* mmu_policy.nowalk */
	bool long_mode; /* 64-bit mode; else linear addresses end at 4 GiB */
	struct page pages[MAX_PAGES]; /* the first is that which faulted */
	unsigned int page_count;
	gva_t fault_gva; /* the fault to inject after EMUL_FAULT */
	u32 fault_code;
};

static void remember(struct emulation *e, gva_t gva, gpa_t gpa, u32 access)
{
	/* Without this rung each access walks anew, as KVM's did. */
	if (e->nowalk && e->page_count < MAX_PAGES)
		e->pages[e->page_count++] = (struct page){
			.gva = gva & PAGE_MASK,
			.gpa = gpa & PAGE_MASK,
			.access = access & PFEC_W,
		};
}

/*
 * The guest-physical address of an operand's part that lies in one page. Each
 * page is walked once: what may be written may be read (SDM vol. 3A, 4.6.1). If
 * this very instruction has changed the mapping meanwhile (REP MOVS over the
 * table), the old one is what a TLB would use, too: no flush lies in between.
 */
static bool translate(struct emulation *e, gva_t gva, u32 access, gpa_t *gpa)
{
	struct guest_walk walk;
	unsigned int i;

	for (i = 0; i < e->page_count; i++) {
		const struct page *page = &e->pages[i];

		if (page->gva == (gva & PAGE_MASK) &&
		    (page->access || !(access & PFEC_W))) {
			*gpa = page->gpa | (gva & ~PAGE_MASK);
			return true;
		}
	}
	if (!mmu_walk(&e->vcpu->mmu, gva, access | e->rights, WALK_FOR_DATA,
		      &walk)) {
		e->fault_gva = gva;
		e->fault_code = walk.error_code;
		return false;
	}
	remember(e, gva, walk.gpa, access);
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
	if (!translate(e, gva, access, &p->gpa[0]))
		return false;
	if (!p->len[1])
		return true;
	gva += p->len[0];
	return translate(e, e->long_mode ? gva : (u32)gva, access, &p->gpa[1]);
}

static enum emul_status read_as(struct emulation *e, gva_t gva, void *buf,
				size_t len, u32 access)
{
	struct pieces p;

	if (!split(e, gva, len, access, &p))
		return EMUL_FAULT;
	vcpu_read_physical(e->vcpu, p.gpa[0], buf, p.len[0]);
	vcpu_read_physical(e->vcpu, p.gpa[1], (u8 *)buf + p.len[0], p.len[1]);
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
	vcpu_write_physical(e->vcpu, p.gpa[0], buf, p.len[0]);
	vcpu_write_physical(e->vcpu, p.gpa[1], (const u8 *)buf + p.len[0],
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
		*swapped =
			vcpu_cmpxchg_physical(e->vcpu, p.gpa[0], old, new, len);
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
	.read = op_read,
	.write = op_write,
	.read_for_write = op_read_for_write,
	.cmpxchg = op_cmpxchg,
	.read_vector = op_read_vector,
	.write_vector = op_write_vector,
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

/* Carry out the instruction at the guest's RIP; its registers are loaded. */
static enum emul_status emulate_instruction(struct emulation *e)
{
	struct vcpu *vcpu = e->vcpu;
	struct emul_segments segments;
	u8 bytes[INSN_MAX_LENGTH];
	enum insn_mode mode;
	struct insn insn;
	gva_t rip;
	size_t len;

	mode = vcpu_code_mode(vcpu);
	e->long_mode = mode == INSN_MODE_64;
	vcpu_segments(vcpu, &segments);
	rip = segments.base[SEG_CS] + vcpu->regs.rip;
	len = mmu_fetch(&vcpu->mmu, e->long_mode ? rip : (u32)rip,
			PFEC_I | (e->rights & PFEC_U), bytes, sizeof(bytes));
	if (insn_decode(&insn, bytes, len, mode) != INSN_OK ||
	    !is_enabled(vcpu, &insn))
		return EMUL_UNSUPPORTED;
	return emulate(&insn, &vcpu->regs, &segments, &emulation_ops, e);
}

bool vcpu_emulate(struct vcpu *vcpu, const struct guest_walk *walk, u32 access)
{
	struct emulation e = {
		.vcpu = vcpu,
		.rights = access & (PFEC_U | WALK_AC),
		.nowalk = mmu_policy(vcpu->mmu.mmu)->nowalk,
	};
	enum emul_status status;
	u64 count;

	remember(&e, walk->gva, walk->gpa, access);
	vcpu_load_regs(vcpu);
	count = vcpu->regs.gpr[RCX];
	status = emulate_instruction(&e);
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
		vcpu_inject_page_fault(vcpu, e.fault_gva, e.fault_code);
	else if (status == EMUL_GP)
		vcpu_inject_gp(vcpu);
	else if (status == EMUL_DE)
		vcpu_inject_exception(vcpu, VECTOR_DE, false, 0);
	else if (status == EMUL_SS)
		vcpu_inject_exception(vcpu, VECTOR_SS, true, 0);
	return true;
}
