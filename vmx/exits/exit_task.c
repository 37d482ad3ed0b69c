/* SPDX-License-Identifier: MIT */
/* The exit of a task switch: task_switch.h between the VMCS and the MMU. */
#include "arch/x86/cpu.h"
#include "vmx/vm.h"
#include "vmx/cr_rules.h"
#include "vmx/exits/emulation.h"
#include "vmx/exits/handlers.h"
#include "vmx/gdb/debug.h"
#include "vmx/events/inject.h"
#include "vmx/state.h"
#include "vmx/exits/task_exit.h"

#define DR6_BT BIT(15) /* SDM vol. 3B, 17.2.3 */
/* L0 to L3 and LE of DR7 end with the task (17.2.4). */
#define DR7_LOCAL (BIT(0) | BIT(2) | BIT(4) | BIT(6) | BIT(8))
#define ERROR_CODE_EXT BIT(0) /* SDM vol. 3A, 6.13 */

static bool load_cr3(void *ctx, u32 cr3)
{
	struct vcpu *vcpu = ((struct vcpu_memory *)ctx)->vcpu;
	struct mmu_cpu *paging = &vcpu->paging;
	bool pae = paging_mode(paging->cr0, paging->cr4, paging->efer) ==
		   PAGING_PAE;
	u64 pdpte[PAE_PDPTES];

	if (pae && !mmu_read_pdptes(paging->mmu, cr3, pdpte))
		return false;
	mmu_set_state(paging, vcpu_cr0(vcpu), cr3, vcpu_cr4(vcpu), paging->efer,
		      pae ? pdpte : NULL);
	return true;
}

static void read_task_cpu(struct vcpu *vcpu, struct task_cpu *cpu)
{
	unsigned int i;

	vcpu_load_regs(vcpu);
	for (i = 0; i < ARRAY_SIZE(cpu->gpr); i++)
		cpu->gpr[i] = vcpu->regs.gpr[i];
	cpu->eip = vcpu->regs.rip;
	cpu->eflags = vcpu->regs.rflags;
	for (i = 0; i < TASK_SEGMENTS; i++)
		vcpu_read_segment(i, &cpu->segment[i]);
	cpu->gdt_base = vmread(VMCS_GUEST_GDTR_BASE);
	cpu->gdt_limit = vmread(VMCS_GUEST_GDTR_LIMIT);
	cpu->paging = vcpu->paging.cr0 & CR0_PG;
	cpu->cr3 = vcpu->paging.cr3;
}

static void write_task_cpu(struct vcpu *vcpu, const struct task_cpu *cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cpu->gpr); i++)
		vcpu->regs.gpr[i] = cpu->gpr[i];
	vcpu->regs.rip = cpu->eip;
	vcpu->regs.rflags = cpu->eflags;
	vcpu_store_regs(vcpu);
	for (i = 0; i < TASK_SEGMENTS; i++) {
		const struct segment_register *reg = &cpu->segment[i];

		vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * i, reg->selector);
		vmwrite(VMCS_GUEST_ES_BASE + 2 * i, reg->base);
		vmwrite(VMCS_GUEST_ES_LIMIT + 2 * i, reg->limit);
		vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, reg->rights);
	}
	/* The guest owns TS, so the field has the guest's CR0.TS. */
	vmwrite(VMCS_GUEST_CR0, vmread(VMCS_GUEST_CR0) | CR0_TS);
	debug_set_dr7(vcpu, debug_dr7(vcpu) & ~DR7_LOCAL);
	vcpu_end_blocking();
}

void vmx_handle_task_switch(struct vcpu *vcpu)
{
	struct task_exit exit =
		task_exit(vcpu->exit.qualification, vcpu->exit.idt_vectoring);
	struct vcpu_memory memory;
	struct fault *fault = &memory.linear.fault;
	struct task_cpu cpu;
	bool done, switched, trap;

	vcpu_memory_begin(&memory, vcpu, vcpu_code_mode(vcpu), 0);
	memory.linear.keep_pages = false;
	read_task_cpu(vcpu, &cpu);
	if (exit.skips_instruction)
		cpu.eip += vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
	done = task_switch(&cpu, exit.selector, exit.source, &memory.linear,
			   load_cr3, &switched, &trap);
	if (switched && exit.nmi != NMI_BLOCKING_STAYS)
		vcpu_set_nmi_blocking(exit.nmi == NMI_BLOCKING_BEGINS);
	if (done && exit.pushes_error_code)
		done = task_push(&cpu, vcpu->exit.idt_vectoring_error,
				 task_is_32bit(cpu.segment[TASK_TR].rights) ? 4
									    : 2,
				 &memory.linear);
	if (switched)
		write_task_cpu(vcpu, &cpu);
	if (!done) {
		if (exit.is_external && fault->vector != VECTOR_PF)
			fault->error_code |= ERROR_CODE_EXT;
		vcpu_raise(vcpu, fault);
		return;
	}
	/* The event that has caused the switch is delivered. */
	vcpu->event.info = 0;
	if (trap) {
		dr6_write(dr6_read() | DR6_BT);
		vcpu_inject_exception(vcpu, VECTOR_DB, false, 0);
	}
}
