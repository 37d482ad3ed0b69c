/* SPDX-License-Identifier: MIT */
#include "arch/x86/cpu.h"
#include "boot/memory.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "vmx/exit.h"
#include "vmx/trace.h"
#include "vmx/vcpu.h"

void trace_init(struct trace *trace, u32 size)
{
	u64 bytes = size * sizeof(*trace->ring);

	if (!size)
		return;
	trace->ring = memory_alloc(ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE);
	if (!trace->ring)
		panic("no memory for a trace of %u exits", size);
	trace->size = size;
}

void trace_exit(struct trace *trace, const struct vcpu *vcpu)
{
	const struct vmx_exit *exit = &vcpu->exit;

	if (!trace->ring)
		return;
	trace->ring[trace->count++ % trace->size] = (struct trace_entry){
		.tsc = rdtsc(),
		.rip = exit->rip,
		.qualification = exit->qualification,
		.reason = exit->reason,
		.interruption = exit->interruption,
		.error_code = exit->interruption_error,
	};
}

void trace_injected(struct trace *trace, u32 info)
{
	if (trace->ring && trace->count)
		trace->ring[(trace->count - 1) % trace->size].injected = info;
}

/* A page fault's error code as the SDM's letters. */
static const char *pfec_text(u32 code, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s%s%s", code & PFEC_P ? "P" : "not present",
		 code & PFEC_W ? " W" : " R", code & PFEC_U ? " U" : "",
		 code & PFEC_RSVD ? " RSVD" : "", code & PFEC_I ? " I" : "");
	return buf;
}

static void print_entry(const struct trace_entry *e, u64 number, u64 tsc)
{
	u8 vector = e->interruption & VMX_INTR_VECTOR;
	char what[64] = "", code[32], injected[24] = "";

	if (e->reason == EXIT_EXCEPTION_OR_NMI && vector == VECTOR_PF)
		snprintf(what, sizeof(what), " #PF at 0x%lx (%s)",
			 e->qualification,
			 pfec_text(e->error_code, code, sizeof(code)));
	else if (e->reason == EXIT_EXCEPTION_OR_NMI)
		snprintf(what, sizeof(what), " %s", vmx_vector_name(vector));
	else if (e->qualification)
		snprintf(what, sizeof(what), " qualification 0x%lx",
			 e->qualification);
	if (e->injected &&
	    vmx_intr_type(e->injected) == INTR_HARDWARE_EXCEPTION)
		snprintf(injected, sizeof(injected), " -> guest's %s",
			 vmx_vector_name(e->injected & VMX_INTR_VECTOR));
	else if (e->injected)
		snprintf(injected, sizeof(injected), " -> interrupt 0x%02lx",
			 (unsigned long)(e->injected & VMX_INTR_VECTOR));
	log_info("  %8lu +%-8lu rip 0x%016lx %s%s%s", number, tsc, e->rip,
		 vmx_exit_name(e->reason), what, injected);
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
