/* SPDX-License-Identifier: MIT */
/* The exit of a task switch: task_switch.c between the VMCS and the MMU. */
#include "arch/x86/cpu.h"
#include "vmx/vm.h"
#include "vmx/cr_rules.h"
#include "vmx/exit.h"
#include "vmx/inject.h"
#include "vmx/state.h"
#include "arch/x86/emulator/task_switch.h"

#define DR6_BT BIT(15) /* SDM vol. 3B, 17.2.3 */
/* L0 to L3 and LE of DR7 end with the task (17.2.4). */
#define DR7_LOCAL (BIT(0) | BIT(2) | BIT(4) | BIT(6) | BIT(8))
/* All flags that there are, SDM vol. 1, 3.4.3. */
#define RFLAGS_DEFINED 0x3f7fd5
#define ERROR_CODE_EXT BIT(0) /* SDM vol. 3A, 6.13 */

struct switching_vcpu {
	struct vcpu *vcpu;
	gva_t fault_gva;
	u32 fault_code;
};

/* @len bytes, a page at a time: @buf NULL only probes. */
static bool access(struct switching_vcpu *s, u32 gva, void *buf, size_t len,
		   u32 rights)
{
	struct mmu_vcpu *mmu = &s->vcpu->mmu;
	struct guest_walk walk;

	while (len) {
		size_t part = MIN(len, PAGE_SIZE - (gva & ~PAGE_MASK));

		if (!mmu_walk(mmu, gva, rights, WALK_FOR_DATA, &walk)) {
			s->fault_gva = gva;
			s->fault_code = walk.error_code;
			return false;
		}
		if (buf && (rights & PFEC_W))
			mmu_write(mmu, walk.gpa, buf, part);
		else if (buf)
			mmu_read(mmu->mmu, walk.gpa, buf, part);
		if (buf)
			buf = (u8 *)buf + part;
		gva += part;
		len -= part;
	}
	return true;
}

static bool op_read(void *ctx, u32 gva, void *buf, size_t len)
{
	return access(ctx, gva, buf, len, 0);
}

static bool op_write(void *ctx, u32 gva, const void *buf, size_t len)
{
	/* Only read from: a write takes from where a read puts. */
	return access(ctx, gva, (void *)buf, len, PFEC_W);
}

static bool op_probe(void *ctx, u32 gva, size_t len)
{
	return access(ctx, gva, NULL, len, PFEC_W);
}

static bool op_load_cr3(void *ctx, u32 cr3)
{
	struct switching_vcpu *s = ctx;
	struct mmu_vcpu *mmu = &s->vcpu->mmu;

	bool pae = paging_mode(mmu->cr0, mmu->cr4, mmu->efer) == PAGING_PAE;
	u64 pdpte[PAE_PDPTES];

	if (pae && !mmu_read_pdptes(mmu->mmu, cr3, pdpte))
		return false;
	mmu_set_state(mmu, vcpu_cr0(s->vcpu), cr3, mmu->cr4, mmu->efer,
		      pae ? pdpte : NULL);
	return true;
}

static const struct task_ops vcpu_ops = {
	.read = op_read,
	.write = op_write,
	.probe = op_probe,
	.load_cr3 = op_load_cr3,
};

static void load(struct vcpu *vcpu, struct task_cpu *cpu)
{
	unsigned int i;

	vcpu_load_regs(vcpu);
	for (i = 0; i < ARRAY_SIZE(cpu->gpr); i++)
		cpu->gpr[i] = vcpu->regs.gpr[i];
	cpu->eip = vcpu->regs.rip;
	cpu->eflags = vcpu->regs.rflags;
	for (i = 0; i < TASK_SEGMENTS; i++)
		cpu->segment[i] = (struct task_register){
			.selector = vmread(VMCS_GUEST_ES_SELECTOR + 2 * i),
			.base = vmread(VMCS_GUEST_ES_BASE + 2 * i),
			.limit = vmread(VMCS_GUEST_ES_LIMIT + 2 * i),
			.rights = vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i),
		};
	cpu->gdt_base = vmread(VMCS_GUEST_GDTR_BASE);
	cpu->gdt_limit = vmread(VMCS_GUEST_GDTR_LIMIT);
	cpu->paging = vcpu->mmu.cr0 & CR0_PG;
	cpu->cr3 = vcpu->mmu.cr3;
}

static void store(struct vcpu *vcpu, const struct task_cpu *cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpu->gpr); i++)
		vcpu->regs.gpr[i] = cpu->gpr[i];
	vcpu->regs.rip = cpu->eip;
	vcpu->regs.rflags = (cpu->eflags & RFLAGS_DEFINED) | RFLAGS_FIXED;
	vcpu_store_regs(vcpu);
	for (i = 0; i < TASK_SEGMENTS; i++) {
		const struct task_register *reg = &cpu->segment[i];

		vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * i, reg->selector);
		vmwrite(VMCS_GUEST_ES_BASE + 2 * i, reg->base);
		vmwrite(VMCS_GUEST_ES_LIMIT + 2 * i, reg->limit);
		vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, reg->rights);
	}
	/* TS is the guest's own, so the field is the register. */
	vmwrite(VMCS_GUEST_CR0, vmread(VMCS_GUEST_CR0) | CR0_TS);
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_LOCAL);
	vcpu_end_blocking();
}

/* Does @event return behind the instruction that has raised it? */
static bool is_software(u32 event)
{
	switch (vmx_intr_type(event)) {
	case INTR_SOFTWARE_INTERRUPT:
	case INTR_PRIVILEGED_SOFTWARE_EXCEPTION:
	case INTR_SOFTWARE_EXCEPTION:
		return true;
	default:
		return false;
	}
}

static void set_nmi_blocking(bool blocked)
{
	u32 state = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
		blocked ? state | BLOCKING_BY_NMI : state & ~BLOCKING_BY_NMI);
}

static void raise(struct vcpu *vcpu, const struct switching_vcpu *s,
		  enum task_status status, const struct task_fault *fault)
{
	u32 event = vcpu->exit.idt_vectoring, error = fault->error_code;

	if (status == TASK_PAGE_FAULT) {
		vcpu_inject_page_fault(vcpu, s->fault_gva, s->fault_code);
		return;
	}
	if ((event & VMX_INTR_VALID) && !is_software(event))
		error |= ERROR_CODE_EXT;
	vcpu_inject_exception(vcpu, fault->vector, true, error);
}

void vmx_handle_task_switch(struct vcpu *vcpu)
{
	u64 qualification = vcpu->exit.qualification;
	enum task_source source = QUAL_TASK_SOURCE(qualification);
	u32 event = vcpu->exit.idt_vectoring;
	bool delivering = source == TASK_GATE && (event & VMX_INTR_VALID);
	struct switching_vcpu s = { .vcpu = vcpu };
	struct task_fault fault = { 0, 0 };
	enum task_status status;
	struct task_cpu cpu;
	bool switched, trap;

	load(vcpu, &cpu);
	if (!delivering || is_software(event))
		cpu.eip += vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
	status = task_switch(&cpu, QUAL_TASK_SELECTOR(qualification), source,
			     &vcpu_ops, &s, &fault, &switched, &trap);
	if (switched) {
		/* The handler of an NMI is a task; an IRET to one ends it. */
		if (delivering && vmx_intr_type(event) == INTR_NMI)
			set_nmi_blocking(true);
		else if (source == TASK_IRET)
			set_nmi_blocking(false);
	}
	if (status == TASK_DONE && delivering && (event & VMX_INTR_ERROR_CODE))
		status = task_push(
			&cpu, vcpu->exit.idt_vectoring_error,
			task_is_32bit(cpu.segment[TASK_TR].rights) ? 4 : 2,
			&vcpu_ops, &s, &fault);
	if (switched)
		store(vcpu, &cpu);
	if (status != TASK_DONE) {
		raise(vcpu, &s, status, &fault);
		return;
	}
	/* The event that has led here is delivered. */
	vcpu->event.info = 0;
	if (trap) {
		dr6_write(dr6_read() | DR6_BT);
		vcpu_inject_exception(vcpu, VECTOR_DB, false, 0);
	}
}
