/* SPDX-License-Identifier: MIT */
#include "guest/hypercall.h"
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/report/insn_text.h"
#include "vmx/report/list.h"
#include "vmx/report/operation.h"
#include "vmx/report/trace.h"
#include "vmx/report/view_words.h"
#include "vmx/report/words.h"
#include "vmx/state.h"
#include "vmx/vm.h"

/* Returns true for exits of the marks, and of the machine's interrupts. */
static bool is_other(u32 reason)
{
	return reason == EXIT_VMCALL || reason == EXIT_EXTERNAL_INTERRUPT;
}

static void sum_ticks(const struct vm_stats *stats, u64 *all, u64 *other)
{
	*all = *other = 0;
	for (u32 reason = 0; reason < EXIT_REASONS; reason++) {
		*all += stats->root_ticks[reason];
		if (is_other(reason))
			*other += stats->root_ticks[reason];
	}
}

static u64 injected_faults(const struct vm_stats *stats)
{
	return stats->faults_injected[0] + stats->faults_injected[PFEC_P];
}

void operation_begin(struct vcpu *vcpu, const struct hypercall_operation *op)
{
	struct vm *vm = vcpu->vm;
	struct operation *o = &vm->operation;

	if (!vm->shown_exits)
		return;
	o->begun = o->shown = true;
	mmu_view(&vcpu->paging, op->gva, &o->view);
	o->mmu = *mmu_stats(vm->mmu);
	o->tsc = vcpu->exit.tsc;
	sum_ticks(&vm->stats, &o->root_ticks, &o->other_ticks);
	o->faults_taken = op->faults;
	o->faults_injected = injected_faults(&vm->stats);
	o->first_record = trace_count(&vm->trace);
}

/*
 * Prints an instruction, or the first bytes of one that the decoder declines.
 */
static void print_instruction(const struct vcpu *vcpu, const char *what,
			      u64 rip)
{
	u8 bytes[INSN_MAX_LENGTH];
	char text[INSN_TEXT_MAX];
	enum insn_mode mode = vcpu_code_mode(vcpu);
	size_t length = mmu_peek(&vcpu->paging, rip, bytes, sizeof(bytes));

	insn_text(text, bytes, length, mode);
	log_info("  %s 0x%lx: %s", what, rip, text);
}

static void print_faults(const struct vcpu *vcpu,
			 const struct hypercall_operation *op)
{
	const struct operation *o = &vcpu->vm->operation;
	u64 taken = op->faults - o->faults_taken;
	u64 injected = injected_faults(&vcpu->vm->stats) - o->faults_injected;

	if (!taken)
		return;
	print_instruction(vcpu, "the guest's fault at", op->rip);
	log_info("  #PFs by the guest's count: %lu; injected: %lu, delivered "
		 "without an exit: %lu",
		 taken, injected, taken - injected);
}

/* Returns true if exit @n injects a #PF: no interrupt at the same entry. */
static bool has_injected_fault(const struct trace *trace, u64 n)
{
	const struct trace_record *event = trace_injected(trace, n);

	return event && event->what == INTR_HARDWARE_EXCEPTION &&
	       event->vector == VECTOR_PF;
}

static bool is_same(const struct trace *trace, u64 m, u64 n)
{
	const struct trace_record *a = trace_at(trace, m);
	const struct trace_record *b = trace_at(trace, n);

	return a->what == b->what && a->subject == b->subject &&
	       a->error == b->error &&
	       has_injected_fault(trace, m) == has_injected_fault(trace, n);
}

static void print_exit(const struct vcpu *vcpu, u64 n)
{
	const struct trace *trace = &vcpu->vm->trace;
	const struct trace_record *e = trace_at(trace, n);
	char words[WORDS_MAX];

	trace_words(e, words);
	if (e->what != EXIT_EXCEPTION_OR_NMI) {
		log_info("  exit at 0x%lx: %s", e->subject, words);
		return;
	}
	print_instruction(vcpu, "exit at", e->subject);
	log_info("    %s%s", words,
		 has_injected_fault(trace, n) ? "; injected" : "");
}

/* Equal exits in a row are shown once. */
static void print_exits(const struct vcpu *vcpu)
{
	const struct trace *trace = &vcpu->vm->trace;
	u64 begin = vcpu->vm->operation.first_record;
	u64 first = MAX(begin, trace_first(trace)), previous = 0;
	u64 exits = 0, equal = 0;

	for (u64 n = first; n < trace_count(trace); n++) {
		const struct trace_record *e = trace_at(trace, n);

		if (e->kind != TRACE_EXIT || is_other(e->what))
			continue;
		if (exits++ && is_same(trace, previous, n)) {
			equal++;
			continue;
		}
		if (equal)
			log_info("    and %lu like it", equal);
		equal = 0;
		previous = n;
		print_exit(vcpu, n);
	}
	if (equal)
		log_info("    and %lu like it", equal);
	log_info("  exits: %lu%s", exits,
		 first > begin ? " and earlier ones; trace=N is too small"
			       : "");
}

static void print_walks(const struct mmu_view *before,
			const struct mmu_view *after)
{
	char guest[2][ENTRY_WORDS], shadow[2][ENTRY_WORDS];

	log_info("  level    %-30s %s", "guest's entry", "shadow's entry");
	for (u8 level = PT_LEVELS; level > 0; level--) {
		level_words(before, level, guest[0], shadow[0]);
		level_words(after, level, guest[1], shadow[1]);
		log_info("    %u      %-30s %s", level, guest[0], shadow[0]);
		if (strcmp(guest[0], guest[1]) || strcmp(shadow[0], shadow[1]))
			log_info("      then %-30s %s", guest[1], shadow[1]);
	}
}

/* Prints Umbra's own work. */
static void print_work(const struct mmu_stats *before,
		       const struct mmu_stats *after)
{
#define WORK(field, words)                                                     \
	{                                                                      \
		after->field - before->field, (words)                          \
	}
	const struct {
		u64 count;
		const char *words;
	} work[] = {
		WORK(walks_fault, "walks"),
		WORK(walks_data, "operand walks"),
		WORK(fills, "filled"),
		WORK(prefetches, "filled beside"),
		WORK(table_writes, "table writes"),
		WORK(updates, "updated"),
		WORK(prefills, "prefilled"),
		WORK(opened, "opened"),
		WORK(closed, "closed"),
		WORK(mended, "mended"),
		WORK(pages_made, "shadow pages"),
		WORK(placed, "roots placed"),
		WORK(flushes, "flushes"),
	};
#undef WORK
	struct list list = { .head = "  Umbra: " };
	char words[WORDS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(work); i++) {
		if (!work[i].count)
			continue;
		snprintf(words, sizeof(words), "%lu %s", work[i].count,
			 work[i].words);
		list_add(&list, words);
	}
	list_end(&list, "nothing");
}

void operation_end(struct vcpu *vcpu, const struct hypercall_operation *op)
{
	struct vm *vm = vcpu->vm;
	struct operation *o = &vm->operation;
	struct mmu_view view;
	u64 root, other;

	if (!o->begun)
		return;
	o->begun = false;
	mmu_view(&vcpu->paging, op->gva, &view);
	sum_ticks(&vm->stats, &root, &other);
	root -= o->root_ticks;
	log_info("--- %s, at 0x%lx ---", op->name, op->gva);
	print_faults(vcpu, op);
	print_exits(vcpu);
	print_walks(&o->view, &view);
	print_work(&o->mmu, mmu_stats(vm->mmu));
	log_info("  ticks: %lu in the guest, %lu in Umbra",
		 vcpu->exit.tsc - o->tsc - root,
		 root - (other - o->other_ticks));
}
