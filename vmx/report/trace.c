/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "arch/x86/frames.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "vmx/exit.h"
#include "vmx/report/trace.h"
#include "vmx/vcpu.h"

void trace_init(struct trace *trace, u32 size)
{
	u64 bytes = size * sizeof(*trace->ring);

	if (!size)
		return;
	trace->ring = frames_alloc(ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE);
	if (!trace->ring)
		panic("no memory for a trace of %u exits", size);
	trace->size = size;
}

void trace_exit(struct trace *trace, const struct vcpu *vcpu)
{
	const struct vmx_exit *exit = &vcpu->exit;
	const u64 *gpr = vcpu->regs.gpr;

	if (!trace->ring || trace->paused)
		return;
	trace->ring[trace->count++ % trace->size] = (struct trace_entry){
		.tsc = exit->tsc,
		.rip = exit->rip,
		.qualification = exit->qualification,
		.reason = exit->reason,
		.interruption = exit->interruption,
		.error_code = exit->interruption_error,
		.index = gpr[exit->reason == EXIT_CPUID ? RAX : RCX],
	};
}

void trace_injected(struct trace *trace, u32 info, u32 error_code)
{
	struct trace_entry *last;

	if (!trace->ring || !trace->count)
		return;
	last = &trace->ring[(trace->count - 1) % trace->size];
	last->injected = info;
	last->injected_error = error_code;
}

const char *trace_words(const struct trace_entry *e, char *buf)
{
	char what[WORDS_MAX];
	const char *name = vmx_exit_name(e->reason);

	words_for_exit(what, e->reason, e->qualification, e->interruption,
		       e->error_code);
	if (e->reason == EXIT_RDMSR || e->reason == EXIT_WRMSR)
		snprintf(what, sizeof(what), "MSR 0x%x", e->index);
	else if (e->reason == EXIT_CPUID)
		snprintf(what, sizeof(what), "leaf 0x%x", e->index);
	/* An exception's own name says more. */
	if (e->reason == EXIT_EXCEPTION_OR_NMI)
		name = "exit by";
	snprintf(buf, WORDS_MAX, "%s%s%s", name, what[0] ? " " : "", what);
	return buf;
}

static void print_entry(const struct trace_entry *e, u64 number, u64 tsc)
{
	char what[WORDS_MAX], injected[WORDS_MAX];

	if (e->injected)
		words_for_event(injected, e->injected, e->injected_error);
	log_info("  %8lu +%-8lu rip 0x%016lx %s%s%s", number, tsc, e->rip,
		 trace_words(e, what), e->injected ? " -> " : "",
		 e->injected ? injected : "");
}

void trace_print(const struct trace *trace)
{
	u64 first, previous;

	if (!trace->ring || !trace->count)
		return;
	first = trace->count > trace->size ? trace->count - trace->size : 0;
	log_info("the last %lu exits: number, ticks since the one before, RIP",
		 trace->count - first);
	previous = trace->ring[first % trace->size].tsc;
	for (u64 n = first; n < trace->count; n++) {
		const struct trace_entry *e = &trace->ring[n % trace->size];

		print_entry(e, n, e->tsc - previous);
		previous = e->tsc;
	}
}
