/* SPDX-License-Identifier: MIT */
/*
 * The run loop: it points the processor at the right shadow, serves the
 * devices, delivers pending events, enters the guest, and handles the exit.
 */
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/time.h"
#include "guest/devices/text_screen.h"
#include "vmx/vm.h"
#include "lib/log.h"
#include "mmu/audit/audit.h"
#include "vmx/report/dump.h"
#include "vmx/doctor/entry_check.h"
#include "vmx/exit.h"
#include "vmx/gdb/gdb.h"
#include "vmx/gdb/step.h"
#include "vmx/events/inject.h"
#include "vmx/monitor/monitor.h"
#include "vmx/loop/run.h"
#include "vmx/state.h"
#include "vmx/report/stats.h"
#include "vmx/report/status.h"
#include "vmx/report/trace.h"
#include "vmx/loop/serve.h"
#include "vmx/trace/send.h"
#include "vmx/trace/trace.h"
#include "vmx/vmx.h"

/*
 * Exceptions that always exit, besides #PF. The delivery of #DB and of #AC can
 * raise them again without end, with no instruction in between at which an
 * interrupt could come (CVE-2015-8104, CVE-2015-5307).
 */
#define ALWAYS_EXIT (BIT(VECTOR_DB) | BIT(VECTOR_AC) | BIT(VECTOR_MC))

static bool filter_is(const struct mmu_filter *a, const struct mmu_filter *b)
{
	return a->intercept == b->intercept && a->mask == b->mask &&
	       a->match == b->match && a->invlpg == b->invlpg &&
	       a->pge_owned == b->pge_owned;
}

/*
 * Writes the CR3 targets. Where "CR3-store exiting" can't be 0 (processors
 * without IA32_VMX_TRUE_PROCBASED_CTLS, SDM vol. 3D, A.3.2), MOV from CR3 still
 * exits.
 */
static void point_at_targets(struct vcpu *vcpu)
{
	struct mmu_targets now = mmu_targets(&vcpu->paging),
			   *had = &vcpu->targets;
	bool must_exit = vmx_capabilities()->allowed[CONTROLS_CPU] &
			 CPU_CR3_STORE_EXITING;

	for (u32 i = 0; i < now.count; i++)
		if (i >= had->count || now.value[i] != had->value[i])
			vmwrite(VMCS_CR3_TARGET_VALUE_0 + 2 * i, now.value[i]);
	if (now.count != had->count)
		vmwrite(VMCS_CR3_TARGET_COUNT, now.count);
	vcpu_set_cpu_control(vcpu, CPU_CR3_STORE_EXITING,
			     now.cr3_store_exits || must_exit);
	*had = now;
}

/* VMX keeps CR0.NE at 1: if the guest's is 0, #MF exits, for its IRQ 13. */
static void choose_exceptions(struct vcpu *vcpu,
			      const struct mmu_filter *filter)
{
	u32 exceptions = ALWAYS_EXIT;

	if (filter->intercept)
		exceptions |= BIT(VECTOR_PF);
	if (!(vcpu->paging.cr0 & CR0_NE))
		exceptions |= BIT(VECTOR_MF);
	if (vcpu->vm->gdb.step.on)
		exceptions = ~0U;
	if (exceptions == vcpu->exceptions)
		return;
	vcpu->exceptions = exceptions;
	vmwrite(VMCS_EXCEPTION_BITMAP, exceptions);
}

/* Chooses the filter of page faults, and the other exceptions that exit. */
static void choose_filter(struct vcpu *vcpu)
{
	struct mmu_filter filter = mmu_filter(&vcpu->paging);

	if (vcpu->vm->gdb.step.on)
		step_filter(&filter);
	choose_exceptions(vcpu, &filter);
	/*
	 * A hypervisor below rebuilds its state at each write of the mask or
	 * the match, and nearly all states have the same filter.
	 */
	if (filter_is(&vcpu->filter, &filter))
		return;
	vcpu->filter = filter;
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MASK, filter.mask);
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MATCH, filter.match);
	vcpu_set_cpu_control(vcpu, CPU_INVLPG_EXITING, filter.invlpg);
	vmwrite(VMCS_CR4_GUEST_HOST_MASK, filter.pge_owned ? ~CR4_PGE : ~0ULL);
}

/*
 * Gives the processor the root if it is new, and targets and filter likewise:
 * most often the guest has only loaded CR3. Each change of its paging state
 * drops the root, so this sees them all.
 */
static __forceinline void point_at_shadow(struct vcpu *vcpu)
{
	struct mmu_cpu *paging = &vcpu->paging;

	if (!paging->root_is_new)
		return;
	vmwrite(VMCS_GUEST_CR3, mmu_root(paging));
	paging->root_is_new = false;
	if (paging->targets_are_new)
		point_at_targets(vcpu);
	paging->targets_are_new = false;
	if (paging->state_is_new)
		choose_filter(vcpu);
	paging->state_is_new = false;
}

/* Reads the event in whose delivery the exit has come, if any. */
static __forceinline u32 read_vectoring(struct vmx_exit *exit)
{
	u32 vectoring = vmread_uncounted(VMCS_IDT_VECTORING_INFORMATION);

	if (vectoring & VMX_INTR_ERROR_CODE)
		exit->idt_vectoring_error =
			vmread(VMCS_IDT_VECTORING_ERROR_CODE);
	return vectoring;
}

/* The reason, RIP, and the fields that record_exception() reads each time. */
#define EXCEPTION_READS 5

static __forceinline void record_exception(struct vcpu *vcpu, u64 tsc, u64 rip)
{
	struct vmx_exit *exit = &vcpu->exit;
	struct trace_record *record = vcpu->record;
	u64 qualification = vmread_uncounted(VMCS_EXIT_QUALIFICATION);
	u32 info, error;

	trace_exit(record, tsc, EXIT_EXCEPTION_OR_NMI, rip, qualification);
	exit->reason = exit->kind = EXIT_EXCEPTION_OR_NMI;
	exit->qualification = qualification;
	exit->idt_vectoring = read_vectoring(exit);
	info = vmread_uncounted(VMCS_VM_EXIT_INTERRUPTION_INFORMATION);
	if (info & VMX_INTR_ERROR_CODE) {
		error = vmread_uncounted(VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE);
		vmcs_count_reads(EXCEPTION_READS + 1);
	} else {
		error = 0;
		vmcs_count_reads(EXCEPTION_READS);
	}
	exit->interruption = info;
	exit->interruption_error = error;
	record->vector = info;
	record->error = error;
}

static __forceinline void record_other(struct vcpu *vcpu, u64 tsc, u64 rip,
				       enum vmx_exit_reason reason)
{
	struct vmx_exit *exit = &vcpu->exit;
	u64 qualification = 0;
	u32 reads = 2; /* the reason and RIP */

	if (exit_has_qualification(reason))
		qualification = vmread(VMCS_EXIT_QUALIFICATION);
	trace_exit(vcpu->record, tsc, reason, rip, qualification);
	exit->reason = exit->kind = reason;
	exit->qualification = qualification;
	exit->idt_vectoring = 0;
	if (!exit_is_instruction(reason)) {
		exit->idt_vectoring = read_vectoring(exit);
		reads++;
	}
	exit->interruption = exit->interruption_error = 0;
	vmcs_count_reads(reads);
}

/*
 * Reads the fields that handlers need from the VMCS, once, and records the exit
 * in the trace, while the values are still in registers. Most exits are page
 * faults, so exceptions have a way of their own. Returns false if the entry has
 * failed.
 */
static __forceinline bool record_exit(struct vcpu *vcpu, u64 tsc)
{
	u32 word = vmread_uncounted(VMCS_EXIT_REASON);
	u64 rip = vmread_uncounted(VMCS_GUEST_RIP);

	vcpu->exit.tsc = tsc;
	vcpu->exit.rip = rip;
	/* EXIT_EXCEPTION_OR_NMI is 0; other bits may be set, too. */
	if (!(word & (EXIT_REASON_BASIC | EXIT_REASON_ENTRY_FAILURE))) {
		record_exception(vcpu, tsc, rip);
		return true;
	}
	record_other(vcpu, tsc, rip, vmx_exit_reason(word));
	return !(word & EXIT_REASON_ENTRY_FAILURE);
}

/* Logs a failed entry: before guest state was loaded (SDM vol. 3C, 26.2), or
   after it (26.8). Returns false, for vcpu_enter(). */
static bool report_failed_entry(const struct vcpu *vcpu, bool exited)
{
	if (exited) {
		log_info(LOG_ERROR "%s", vmx_exit_name(vcpu->exit.reason));
	} else {
		u32 error = vmread(VMCS_VM_INSTRUCTION_ERROR);

		log_info(LOG_ERROR
			 "VM entry failed: VM-instruction error %u, %s",
			 error, vmx_instruction_error_text(error));
	}
	if (entry_check(vcpu->vmcs) == DOCTOR_GOOD)
		log_info("entry doctor: nothing wrong in the VMCS");
	return false;
}

/*
 * Makes the processor forget the translations of vcpu->flush, whose scope is
 * not TLB_NOTHING. Must be called last before an entry. Panics if INVVPID
 * fails.
 */
static __forceinline void flush_tlb(struct vcpu *vcpu)
{
	enum tlb_scope scope = vcpu->flush.scope;

	vcpu->flush.scope = TLB_NOTHING;
	/* Without a VPID each entry flushes (SDM vol. 3C, 28.3.3.1). */
	if (!vmx_has(&vcpu->controls, CONTROLS_CPU2, CPU2_ENABLE_VPID))
		return;
	vcpu->invvpids++;
	if (!invvpid(vcpu->invvpid_types[scope], GUEST_VPID, vcpu->flush.gva))
		panic("INVVPID failed: VM-instruction error %u",
		      (u32)vmread(VMCS_VM_INSTRUCTION_ERROR));
}

/* Compiled into the run loop, as record_exit() is: both are for each exit. */
static __forceinline bool enter(struct vcpu *vcpu)
{
	if (vcpu->flush.scope != TLB_NOTHING)
		flush_tlb(vcpu);
	if (!vmx_enter(&vcpu->regs, vcpu->launched, &vcpu->host_rsp))
		return report_failed_entry(vcpu, false);
	if (!record_exit(vcpu, rdtsc_early()))
		return report_failed_entry(vcpu, true);
	vcpu->launched = true;
	return true;
}

bool vcpu_enter(struct vcpu *vcpu)
{
	if (!vcpu->launched)
		entry_check(vcpu->vmcs);
	return enter(vcpu);
}

static void check_canary(struct vm *vm)
{
	hpa_t damaged;

	if (!canary_check(&vm->canaries, &damaged))
		panic("canary: the word at 0x%lx has changed: something "
		      "has written outside of the guest's memory",
		      damaged);
}

/* Checks all canaries, at the end of a run. */
static void count_canaries(struct vm *vm)
{
	for (u64 i = 0; i < vm->canaries.count; i++)
		check_canary(vm);
	if (vm->canaries.count)
		log_info("canaries: %lu frames kept from the guest, all "
			 "untouched",
			 vm->canaries.count);
}

/*
 * A broken invariant is a fault of Umbra: no later result would be right. An
 * interrupt of the machine changes no table, and does not count. An audit can
 * take longer than the timer's period: if an interrupt had one, the next would
 * be there before the guest's next instruction.
 */
static void audit(struct vm *vm)
{
	const struct vm_stats *stats = &vm->stats;
	u64 count = stats->exits_total - stats->exits[EXIT_EXTERNAL_INTERRUPT];
	struct mmu_audit audit;

	if (!vm->audit || count % vm->audit ||
	    vm->vcpu.exit.reason == EXIT_EXTERNAL_INTERRUPT)
		return;
	check_canary(vm);
	if (mmu_audit(&vm->vcpu.paging, &audit))
		return;
	panic("audit: invariant %u is broken after exit %lu: %s\n"
	      "shadow page %u, of gfn 0x%lx, level %u, slot %u: 0x%lx\n"
	      "the guest's entry: 0x%lx",
	      audit.invariant, vm->stats.exits_total, audit.what, audit.page,
	      audit.gfn, audit.level, audit.slot, audit.spte, audit.gpte);
}

/* Shows an exit that has been handled to those who watch. */
static __noinline void show_exit(struct vm *vm)
{
	if (vm->monitor.until)
		monitor_exited(vm);
	audit(vm);
	if (vm->gdb.link.port)
		gdb_exited(vm);
}

/* Before the first entry: all that can be wrong is in the VMCS now. */
static __noinline void begin(struct vm *vm)
{
	if (vm->dump)
		vmx_dump(&vm->vcpu);
	entry_check(vm->vcpu.vmcs);
	stats_forget_traffic();
}

/*
 * Makes one entry, and handles its exit. @now is the time-stamp counter, for
 * the cost of the last exit. To read it takes some 20 cycles, so this reads it
 * again only after more work: an event that is due.
 */
static void enter_and_handle(struct vm *vm, u64 now)
{
	struct vcpu *vcpu = &vm->vcpu;

	if (vm->watched && vm->gdb.step.on)
		step_enter(vcpu);
	if (vcpu_deliver(vcpu))
		now = rdtsc_early();
	if (vcpu->launched)
		vcpu->record->number =
			stats_leave_root(&vm->stats, &vcpu->exit, now);
	else
		begin(vm);
	trace_expect_exit(&vm->trace, &vcpu->record);
	if (!enter(vcpu)) {
		vmx_dump(vcpu);
		return vm_end(vm, END_VM_ENTRY_FAILURE, 0);
	}
	trace_keep_exit(&vm->trace);
	/* The guest may have loaded another root without an exit. */
	if (vcpu->targets.count)
		mmu_exited(&vcpu->paging, vmread(VMCS_GUEST_CR3));
	vm->stats.exits_total++;
	vm->stats.exits[vcpu->exit.reason]++;
	if (vm->watched && vm->gdb.step.on)
		step_left(vcpu);
	vcpu_redeliver(vcpu);
	vmx_handle_exit(vcpu);
	/* At the prompt in HLT a user may have asked to watch. */
	if (vm->watched)
		show_exit(vm);
}

/* A user at the console may change the policy, or end the run. */
static __noinline void serve_devices(struct vm *vm)
{
	vm_serve_devices(vm);
	point_at_shadow(&vm->vcpu);
}

void vm_run(struct vm *vm)
{
	vm->typed = -1;
	vm->stats.started_ns = time_ns();
	if (vm->gdb.link.port)
		gdb_begin(vm);
	/* The run begins here: the wait for gdb does not count. */
	vm->stats.started_ns = vm->status.last_line = time_ns();
	vm->monitor.waited_ns = 0;
	vm_note_watchers(vm);
	while (!vm->ended) {
		u64 now;

		point_at_shadow(&vm->vcpu);
		/* Not early: after the alarm the deadline is this very time. */
		now = rdtsc();
		if (vm->pacing.since || now >= vm->deadline) {
			serve_devices(vm);
			now = rdtsc();
			if (vm->ended)
				break;
		}
		enter_and_handle(vm, now);
	}
	/* The time of the reports does not count. */
	vm->stats.ended_ns = time_ns();
	apic_timer_disarm();
	status_show(vm, vm->stats.ended_ns);
	if (!vm->operation.shown)
		trace_print(vm, vm->shown_exits, false);
	text_screen_log(&vm->memory, devices_cursor(&vm->devices));
	count_canaries(vm);
	stats_print(vm);
	trace_send(&vm->trace, vm->trace_way, vm->trace_port);
	gdb_end(vm);
}
