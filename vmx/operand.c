/* SPDX-License-Identifier: MIT */
#include "mmu/mmu.h"
#include "vmx/operand.h"
#include "vmx/physical.h"
#include "vmx/state.h"

void operands_begin(struct operands *operands, struct vcpu *vcpu, u32 rights)
{
	*operands = (struct operands){
		.vcpu = vcpu,
		.rights = rights,
		.nowalk = mmu_policy(vcpu->mmu.mmu)->nowalk,
		.long_mode = vcpu_code_mode(vcpu) == INSN_MODE_64,
	};
}

void operands_remember(struct operands *operands, gva_t gva, gpa_t gpa,
		       u32 access)
{
	/* Without this rung each access walks anew, as KVM's did. */
	if (operands->nowalk && operands->page_count < OPERAND_PAGES)
		operands->pages[operands->page_count++] = (struct operand_page){
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
static bool translate(struct operands *operands, gva_t gva, u32 access,
		      gpa_t *gpa)
{
	struct guest_walk walk;
	unsigned int i;

	for (i = 0; i < operands->page_count; i++) {
		const struct operand_page *page = &operands->pages[i];

		if (page->gva == (gva & PAGE_MASK) &&
		    (page->access || !(access & PFEC_W))) {
			*gpa = page->gpa | (gva & ~PAGE_MASK);
			return true;
		}
	}
	if (!mmu_walk(&operands->vcpu->mmu, gva, access | operands->rights,
		      WALK_FOR_DATA, &walk)) {
		operands->fault_gva = gva;
		operands->fault_code = walk.error_code;
		return false;
	}
	operands_remember(operands, gva, walk.gpa, access);
	*gpa = walk.gpa;
	return true;
}

bool operand_find(struct operands *operands, gva_t gva, size_t len, u32 access,
		  struct operand *operand)
{
	gva_t next;

	operand->gpa[1] = 0;
	operand->len[0] = MIN(len, PAGE_SIZE - (gva & ~PAGE_MASK));
	operand->len[1] = len - operand->len[0];
	if (!translate(operands, gva, access, &operand->gpa[0]))
		return false;
	if (!operand->len[1])
		return true;
	next = gva + operand->len[0];
	return translate(operands, operands->long_mode ? next : (u32)next,
			 access, &operand->gpa[1]);
}

void operand_read(const struct operands *operands,
		  const struct operand *operand, void *buf)
{
	struct vcpu *vcpu = operands->vcpu;

	vcpu_read_physical(vcpu, operand->gpa[0], buf, operand->len[0]);
	vcpu_read_physical(vcpu, operand->gpa[1], (u8 *)buf + operand->len[0],
			   operand->len[1]);
}

void operand_write(const struct operands *operands,
		   const struct operand *operand, const void *buf)
{
	struct vcpu *vcpu = operands->vcpu;

	vcpu_write_physical(vcpu, operand->gpa[0], buf, operand->len[0]);
	vcpu_write_physical(vcpu, operand->gpa[1],
			    (const u8 *)buf + operand->len[0], operand->len[1]);
}
