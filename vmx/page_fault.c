/* SPDX-License-Identifier: MIT */
/*
 * The page-fault exit: asks the MMU whose fault it is and carries the answer
 * out. What the MMU's walk has found travels along as a parameter.
 */
#include "mmu/mmu.h"
#include "vmx/emulation.h"
#include "vmx/exit.h"
#include "vmx/vm.h"
#include "vmx/inject.h"
#include "vmx/state.h"

/*
 * A write that can't be emulated makes its table plain memory, and is tried
 * again. Where the table is needed to reach itself this goes round in circles;
 * so many rounds at one instruction are taken for that.
 */
#define MAX_RETRIES 64

#define DESCRIPTOR_SIZE 8
#define DESCRIPTOR_ACCESSED BIT(40)
#define DESCRIPTOR_S BIT(44) /* of code or data */

/*
 * Was the processor about to mark a descriptor as accessed, having loaded it
 * (SDM vol. 3A, 3.4.5.1)? Then do that in its stead; it will find it done.
 */
static bool mark_descriptor(struct vcpu *vcpu, const struct guest_walk *walk)
{
	static const struct {
		enum vmcs_field base, limit;
	} tables[] = { { VMCS_GUEST_GDTR_BASE, VMCS_GUEST_GDTR_LIMIT },
		       { VMCS_GUEST_LDTR_BASE, VMCS_GUEST_LDTR_LIMIT } };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		u64 offset = walk->gva - vmread(tables[i].base);
		gpa_t gpa = walk->gpa - offset % DESCRIPTOR_SIZE;
		u64 old, marked;

		if (offset > vmread(tables[i].limit) ||
		    ((gpa ^ (gpa + DESCRIPTOR_SIZE - 1)) & PAGE_MASK))
			continue;
		mmu_read(vcpu->mmu.mmu, gpa, &old, sizeof(old));
		marked = old | DESCRIPTOR_ACCESSED;
		if (old & DESCRIPTOR_S && old != marked)
			return mmu_cmpxchg(&vcpu->mmu, gpa, &old, &marked,
					   sizeof(old));
	}
	return false;
}

static void give_up_table(struct vcpu *vcpu, const struct guest_walk *walk)
{
	struct retry *retry = &vcpu->retry;
	bool was_table;

	/* Another instruction or another page: there was progress. */
	if (retry->rip != vcpu->exit.rip ||
	    retry->page != (walk->gva & PAGE_MASK))
		retry->count = 0;
	retry->rip = vcpu->exit.rip;
	retry->page = walk->gva & PAGE_MASK;
	was_table = mmu_unshadow(&vcpu->mmu, walk->gpa >> PAGE_SHIFT);
	if (!was_table && mark_descriptor(vcpu, walk))
		return;
	if (++retry->count <= MAX_RETRIES)
		return;
	return vmx_stop_guest(
		vcpu, "an instruction that Umbra cannot emulate writes %s",
		was_table ? "a page table that it needs itself"
			  : "a page that is read-only to users, with CR0.WP=0 "
			    "and SMEP or SMAP");
}

static void emulate_access(struct vcpu *vcpu, const struct guest_walk *walk,
			   u32 access, bool mmio)
{
	if (vcpu_emulate(vcpu, walk, access))
		return;
	if (mmio)
		return vmx_stop_guest(
			vcpu,
			"an instruction that Umbra cannot emulate "
			"accesses guest-physical 0x%lx, which is "
			"not RAM",
			walk->gpa);
	return give_up_table(vcpu, walk);
}

/* What has faulted may be the next of the instruction's bytes. */
static bool may_be_fetch(const struct vcpu *vcpu, gva_t gva)
{
	struct emul_segments segments;

	vcpu_segments(vcpu, &segments);
	return gva - (segments.base[SEG_CS] + vcpu->exit.rip) < INSN_MAX_LENGTH;
}

/*
 * The access that has faulted: the hardware's error code, and what that does
 * not tell but SMAP depends on (SDM vol. 3A, 4.6.1).
 */
static u32 faulting_access(const struct vcpu *vcpu, gva_t gva)
{
	u32 access = vcpu->exit.interruption_error;
	bool protection = (access & (PFEC_P | PFEC_RSVD)) == PFEC_P;

	if (!(vcpu->mmu.cr4 & CR4_SMAP) || (access & (PFEC_U | PFEC_I)))
		return access;
	/*
	 * A read of what the shadow maps is denied by SMAP alone: the processor
	 * knows best whether the access was explicit, and that it was no fetch.
	 * So no implicit write to a user page goes round in circles here, taken
	 * for an explicit one: a descriptor is read before it is marked (the
	 * TSS is written by task switches, which exit).
	 */
	if (protection && !(access & PFEC_W))
		return access;
	/* Without NXE and SMEP the error code has no I/D (4.7). */
	if (!(access & PFEC_W) && may_be_fetch(vcpu, gva))
		return access | PFEC_I;
	return access | (vcpu_data_access() & WALK_AC);
}

void vmx_handle_page_fault(struct vcpu *vcpu)
{
	gva_t gva = vcpu->exit.qualification;
	u32 access = faulting_access(vcpu, gva);
	bool delivering = vcpu->exit.idt_vectoring & VMX_INTR_VALID;
	struct guest_walk walk;

	/* A fault elsewhere means that the last retry has succeeded. */
	if (vcpu->exit.rip != vcpu->retry.rip)
		vcpu->retry.count = 0;
	switch (mmu_page_fault(&vcpu->mmu, gva, access, &walk)) {
	case MMU_RESUME:
		return;
	case MMU_INJECT:
		vcpu_inject_page_fault(vcpu, gva, walk.error_code);
		return;
	case MMU_TABLE_WRITE:
		/*
		 * The processor was pushing an event's frame onto a table
		 * page: that is no instruction. Let it push, once more.
		 */
		if (delivering)
			return give_up_table(vcpu, &walk);
		return emulate_access(vcpu, &walk, access, false);
	case MMU_MMIO:
		if (delivering || (access & PFEC_I))
			return vmx_stop_guest(
				vcpu,
				"%s at guest-physical 0x%lx, which is not RAM",
				delivering ? "event delivery"
					   : "instruction fetch",
				walk.gpa);
		return emulate_access(vcpu, &walk, access, true);
	}
}
