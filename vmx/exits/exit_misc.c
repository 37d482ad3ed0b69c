/* SPDX-License-Identifier: MIT */
/* Exits of HLT, INVLPG and VMCALL. */
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid.h"
#include "arch/x86/time.h"
#include "guest/hypercall.h"
#include "vmx/vm.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "vmx/exits/handlers.h"
#include "vmx/events/inject.h"
#include "vmx/report/operation.h"
#include "vmx/loop/serve.h"
#include "vmx/events/skip.h"

static enum halt halt_now(const struct vm *vm, const struct readiness *ready)
{
	const struct machine_devices *devices = &vm->devices;

	return halt_state(ready, devices_nmi_pending(devices),
			  devices_interrupt_pending(devices),
			  devices_can_raise_nmi(devices));
}

void vmx_handle_hlt(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	u64 since = time_ns(), work = rdtsc() - vcpu->exit.tsc, rip;
	struct readiness ready;

	vcpu_skip_instruction(vcpu);
	/* While the processor is halted, only gdb changes its state. */
	ready = vcpu_readiness(vcpu);
	rip = vmread(VMCS_GUEST_RIP);
	while (halt_now(vm, &ready) == HALT_WAITS) {
		vm_serve_devices(vm);
		if (vm->ended || vmread(VMCS_GUEST_RIP) != rip ||
		    halt_now(vm, &ready) != HALT_WAITS)
			break;
		cpu_wait_for_interrupt();
		vm->deadline = 0;
	}
	vm->stats.idle_ns += time_ns() - since;
	vcpu->exit.tsc = rdtsc() - work; /* waiting is not work */
	if (halt_now(vm, &ready) != HALT_FOREVER)
		return;
	log_info("the guest halted with interrupts off, at 0x%lx",
		 vcpu->exit.rip);
	vm_end(vm, END_GUEST_POWER_OFF, 0);
}

/* Writes guest memory at @gpa. Returns false if not all of it is RAM. */
static bool write_ram(struct vcpu *vcpu, gpa_t gpa, const void *data,
		      size_t size)
{
	const struct guest_memory *memory = &vcpu->vm->memory;

	/*
	 * @size is at most a page: the data lie in the pages of their two ends.
	 */
	if (gpa + size - 1 < gpa || !guest_memory_map(memory, gpa) ||
	    !guest_memory_map(memory, gpa + size - 1))
		return false;
	mmu_write(&vcpu->paging, gpa, data, size);
	return true;
}

/* Fills in @vm's counters, without the exit that asks for them. */
static void fill_counters(const struct vm *vm,
			  struct hypercall_counters *counters)
{
	const struct vm_stats *stats = &vm->stats;
	const struct mmu_stats *mmu = mmu_stats(vm->mmu);

	*counters = (struct hypercall_counters){
		.exits = stats->exits_total - 1,
		.exits_timer = stats->exits[EXIT_EXTERNAL_INTERRUPT],
		.exits_page_fault = mmu->faults_not_present +
				    mmu->faults_protection + mmu->faults_trap,
		.injected_not_present = stats->faults_injected[0],
		.walks = mmu->walks_fault + mmu->walks_data + mmu->walks_fetch,
		.walks_data = mmu->walks_data,
		.walks_fetch = mmu->walks_fetch,
	};
	for (u32 reason = 0; reason < EXIT_REASONS; reason++) {
		counters->root_ticks += stats->root_ticks[reason];
		counters->vmreads += stats->traffic[reason].reads;
		counters->vmwrites += stats->traffic[reason].writes;
	}
}

static bool write_counters(struct vcpu *vcpu, gpa_t gpa)
{
	struct hypercall_counters counters;

	fill_counters(vcpu->vm, &counters);
	return write_ram(vcpu, gpa, &counters, sizeof(counters));
}

void vmx_cpuid_counters(const struct vm *vm, u32 leaf, u32 number,
			struct cpuid_regs *out)
{
	u64 values[sizeof(struct hypercall_counters) / sizeof(u64)];

	if (leaf == CPUID_HYPERVISOR)
		out->eax = CPUID_COUNTERS;
	if (leaf != CPUID_COUNTERS || number >= ARRAY_SIZE(values))
		return;
	fill_counters(vm, (struct hypercall_counters *)values);
	out->eax = values[number];
	out->edx = values[number] >> 32;
}

void vmx_change_policy(struct vcpu *vcpu, const struct mmu_policy *policy)
{
	mmu_set_policy(&vcpu->paging, policy);
	vcpu->vm->stats.rung_changed = true;
}

static bool change_rung(struct vcpu *vcpu, u64 rung, gpa_t name_gpa)
{
	char name[16] = "";

	if (rung >= MMU_RUNGS)
		return false;
	snprintf(name, sizeof(name), "%s", mmu_rung_names[rung]);
	if (!write_ram(vcpu, name_gpa, name, sizeof(name)))
		return false;
	vmx_change_policy(vcpu, &mmu_rung_policies[rung]);
	return true;
}

static void switch_dirty_log(struct vcpu *vcpu, bool on)
{
	if (on)
		mmu_dirty_log_start(&vcpu->paging);
	else
		mmu_dirty_log_stop(&vcpu->paging);
}

static bool write_dirty_log(struct vcpu *vcpu, gfn_t first, gpa_t gpa)
{
	u64 bits;

	if (!mmu_dirty_log_is_on(vcpu->vm->mmu))
		return false;
	bits = mmu_dirty_log_take(&vcpu->paging, first);
	return write_ram(vcpu, gpa, &bits, sizeof(bits));
}

static void mark_operation(struct vcpu *vcpu, gpa_t gpa, bool begins)
{
	struct hypercall_operation operation;

	mmu_read(vcpu->vm->mmu, gpa, &operation, sizeof(operation));
	operation.name[OPERATION_NAME_SIZE - 1] = '\0';
	if (begins)
		operation_begin(vcpu, &operation);
	else
		operation_end(vcpu, &operation);
}

/* INVLPG exits only while the shadow is a software TLB (vmx/loop/run.c). */
void vmx_handle_invlpg(struct vcpu *vcpu)
{
	mmu_invlpg(&vcpu->paging, vcpu->exit.qualification);
	vcpu_skip_instruction(vcpu);
}

/* The hypercalls of guest/hypercall.h; any other VMCALL is undefined. */
void vmx_handle_vmcall(struct vcpu *vcpu)
{
	u64 *gpr = vcpu->regs.gpr;
	bool done = true;

	if (vcpu_cpl() != 0)
		return vcpu_inject_ud(vcpu);
	switch ((u32)gpr[RAX]) {
	case HYPERCALL_COUNTERS:
		done = write_counters(vcpu, gpr[RDI]);
		break;
	case HYPERCALL_RUNG:
		done = change_rung(vcpu, gpr[RDI], gpr[RSI]);
		break;
	case HYPERCALL_DIRTY_LOG:
		switch_dirty_log(vcpu, gpr[RDI]);
		break;
	case HYPERCALL_DIRTY_LOG_TAKE:
		done = write_dirty_log(vcpu, gpr[RDI], gpr[RSI]);
		break;
	case HYPERCALL_OPERATION:
		mark_operation(vcpu, gpr[RDI], gpr[RSI]);
		break;
	case HYPERCALL_FAULTS:
		vcpu->vm->stats.faults_taken = gpr[RDI];
		break;
	default:
		return vcpu_inject_ud(vcpu);
	}
	gpr[RAX] = !done;
	vcpu_skip_instruction(vcpu);
}
