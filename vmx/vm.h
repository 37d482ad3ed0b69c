/* SPDX-License-Identifier: MIT */
/* A virtual machine: everything of it hangs off here. */
#ifndef VMX_VM_H
#define VMX_VM_H

#include "arch/x86/power.h"
#include "guest/canary.h"
#include "guest/cpuid.h"
#include "guest/devices/devices.h"
#include "guest/memory.h"
#include "guest/msr.h"
#include "mmu/mmu.h"
#include "vmx/cr_rules.h"
#include "vmx/exit.h"
#include "vmx/gdb/session.h"
#include "vmx/monitor/session.h"
#include "vmx/loop/pacing.h"
#include "vmx/report/costs.h"
#include "vmx/report/marks.h"
#include "vmx/trace/trace.h"
#include "vmx/vcpu.h"
#include "vmx/vm_config.h"

#define VM_WHY_SIZE 160

/* The counts of a VM; printed at the end. */
struct vm_stats {
	u64 exits[EXIT_REASONS];
	u64 exits_total;
	/*
	 * TSC ticks from an exit to the next entry, without those spent halted,
	 * by exit reason. On Bochs a tick is an instruction (an iteration of a
	 * REP is one, too), so the figures are deterministic there.
	 */
	u64 root_ticks[EXIT_REASONS];
	/* Their distribution, by kind of exit; the monitor resets it. */
	struct costs costs;
	/* VMREADs and VMWRITEs between the same two, by exit reason. */
	struct vmcs_traffic traffic[EXIT_REASONS];
	u64 interrupts; /* injected external interrupts */
	u64 faults_injected[2]; /* page faults, by P of the error code */
	u64 faults_taken; /* page faults by the guest's own count, or 0 */
	u64 unfiltered; /* page faults that exit against the filter */
	bool rung_changed; /* by hypercall, or at the monitor */
	u64 started_ns, ended_ns; /* the first entry, and the last exit */
	u64 idle_ns; /* spent in HLT */
};

/*
 * Returns the number of page faults that did not exit, or 0 if the guest does
 * not tell its count.
 */
static inline u64 faults_bypassed(const struct vm_stats *stats)
{
	u64 injected =
		stats->faults_injected[0] + stats->faults_injected[PFEC_P];

	return stats->faults_taken - MIN(stats->faults_taken, injected);
}

struct vm {
	const char *name;
	struct guest_memory memory;
	struct canaries canaries;
	gpa_t rsdp; /* address of its ACPI tables */
	struct machine_devices devices;
	struct guest_msrs msrs;
	struct cpuid_policy_input cpuid;
	u32 cpuid_last; /* the processor's last basic leaf */
	struct cr_features features;
	struct mmu *mmu;
	struct vcpu vcpu;
	struct vm_stats stats;
	struct trace trace;
	unsigned int trace_way; /* enum trace_way, at the end of the run */
	struct serial_port *trace_port; /* of TRACE_COM2 */
	u64 shown_exits; /* number of exits that a stop prints (option trace) */
	struct operation operation;
	struct status status;
	u64 memory_bytes; /* of the guest */
	u64 shadow_pages; /* Maximum number that can be in use */
	bool watched; /* see vm_note_watchers() */
	bool dump; /* before the first entry */
	u64 audit; /* the shadow is checked at each Nth exit; 0: never */
	bool counters; /* shown by CPUID (guest/hypercall.h) */
	bool heard; /* input has come since the last look at the devices */
	int typed; /* a byte of input that the UART had no room for, or -1 */
	struct gdb gdb;
	struct monitor monitor;
	/* When the devices and the console are served next, in ns: */
	u64 next_event;
	u64 next_poll;
	u64 poll; /* the same as next_poll, by the TSC */
	/* by the TSC, at the first exit after this time, */
	u64 deadline;
	u64 alarm; /* and at the latest: the time of Umbra's timer */
	struct pacing pacing;
	/* How the run ended, once ended is true. */
	bool ended;
	enum end_reason end_reason;
	int end_status;
	char end_why[VM_WHY_SIZE]; /* "": the reason says all */
};

/*
 * Returns true if the guest's processor has RAM at @gpa: not where it has put
 * its local APIC, even if it lies over RAM.
 */
bool vm_is_ram(const struct vm *vm, gpa_t gpa);

/* Fills in *@out with CPUID's answer to the guest in its present state. */
void vm_cpuid(const struct vm *vm, u32 leaf, u32 subleaf,
	      struct cpuid_regs *out);

/* Fills in vm->features by CPUID's answers: the bits that the guest may set. */
void vm_find_features(struct vm *vm);

/* Ends the run of @vm; if it has ended before, that first reason stands. */
void vm_end(struct vm *vm, enum end_reason reason, int status);

/* The same with status 0, by a person at the console. */
void vm_end_by_user(struct vm *vm, enum end_reason reason);

#endif
