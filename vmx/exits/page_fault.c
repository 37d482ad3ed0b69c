/* SPDX-License-Identifier: MIT */
/*
 * The page-fault exit: asks the MMU whose fault it is and carries the answer
 * out. The result of the MMU's walk is passed on as a parameter.
 */
#include "lib/log.h"
#include "mmu/mmu.h"
#include "vmx/exits/emulation.h"
#include "vmx/exits/handlers.h"
#include "vmx/exits/faulting_access.h"
#include "vmx/vm.h"
#include "vmx/events/inject.h"
#include "vmx/state.h"
#include "vmx/stop.h"
#include "vmx/vmx.h"

/*
 * Maximum number of retries of one instruction. A write that can't be emulated
 * makes its table plain memory, and is tried again. If the processor needs the
 * table to reach the table itself, the retries would never end.
 */
#define MAX_RETRIES 64

#define DESCRIPTOR_SIZE 8
#define DESCRIPTOR_ACCESSED BIT(40)
#define DESCRIPTOR_S BIT(44) /* of code or data */

/*
 * If the processor has loaded a descriptor and was about to mark it as accessed
 * (SDM vol. 3A, 3.4.5.1), marks it instead. Returns true if that is done.
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
		mmu_read(vcpu->vm->mmu, gpa, &old, sizeof(old));
		marked = old | DESCRIPTOR_ACCESSED;
		if (old & DESCRIPTOR_S && old != marked)
			return mmu_cmpxchg(&vcpu->paging, gpa, &old, &marked,
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
	was_table = mmu_unshadow(&vcpu->paging, walk->gpa >> PAGE_SHIFT);
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
	if (vcpu_emulate(vcpu, walk, access, mmio))
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

static u32 find_access(const struct vcpu *vcpu, gva_t gva)
{
	u32 error_code = vcpu->exit.interruption_error;

	if (access_is_known(error_code, vcpu->paging.cr4))
		return error_code;
	return faulting_access(&(struct page_fault_facts){
		.error_code = error_code,
		.gva = gva,
		.rip = vcpu_linear_rip(vcpu, vcpu_code_mode(vcpu)),
		.cr0 = vcpu->paging.cr0,
		.cr4 = vcpu->paging.cr4,
		.efer = vcpu->paging.efer,
		.data_access = vcpu_data_access(),
	});
}

/*
 * KVM, for one, applies no filter in hardware where it shadows page tables
 * itself. Such a fault is answered like others: the filter only saves time.
 * The not-present faults alone tell.
 */
static void count_unfiltered(struct vcpu *vcpu)
{
	u32 error_code = vcpu->exit.interruption_error;

	if ((error_code & PFEC_P) ||
	    mmu_filter_exits(&vcpu->filter, error_code) ||
	    vcpu->vm->stats.unfiltered++)
		return;
	log_info(LOG_WARNING
		 "%s ignores the filter of page faults: the guest's own "
		 "faults exit, and Umbra injects them",
		 vmx_hypervisor() ? "the hypervisor below" : "this processor");
}

void vmx_handle_page_fault(struct vcpu *vcpu)
{
	gva_t gva = vcpu->exit.qualification;
	u32 access = find_access(vcpu, gva);
	enum mmu_action action;
	struct guest_walk walk;
	u32 event;

	count_unfiltered(vcpu);
	/* A fault elsewhere means that the last retry has succeeded. */
	if (vcpu->retry.count && vcpu->exit.rip != vcpu->retry.rip)
		vcpu->retry.count = 0;
	action = mmu_page_fault(&vcpu->paging, gva, access, &walk);
	vcpu->exit.kind = KIND_FAULT(action);
	vcpu->vm->monitor.top.fault = gva;
	switch (action) {
	case MMU_RESUME:
		return;
	case MMU_INJECT:
		vcpu_inject_page_fault(vcpu, gva, walk.error_code);
		return;
	case MMU_TABLE_WRITE:
	case MMU_MMIO:
		break;
	}
	event = vcpu->exit.idt_vectoring;
	if (access_is_operand(access, event))
		return emulate_access(vcpu, &walk, access, action == MMU_MMIO);
	/*
	 * The processor was pushing an event's frame onto a table page: that is
	 * no instruction. Let it push again.
	 */
	if (action == MMU_TABLE_WRITE)
		return give_up_table(vcpu, &walk);
	return vmx_stop_guest(
		vcpu, "%s at guest-physical 0x%lx, which is not RAM",
		event & VMX_INTR_VALID ? "event delivery" : "instruction fetch",
		walk.gpa);
}
