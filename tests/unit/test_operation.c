/* SPDX-License-Identifier: MIT */
/* One operation of the guest's as a block of text, with its faults and exits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "fake_processor.h"
#include "log_checks.h"
#include "mmu_world.h"

#define log_info log_to_text
#include "vmx/report/list.c"
#include "vmx/report/operation.c"
/* trace.c has a function of this name, too. */
#define print_exit print_trace_exit
/* A text that fills the buffer is cut off; the compiler asks. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-truncation"
#include "vmx/report/trace.c"
#pragma GCC diagnostic pop
#undef print_exit
#undef log_info

#define GVA 0x5000ULL
#define RIP 0x7000ULL
#define FRAME 20ULL
/* Frames 0 to 3 are the tables of the lowest 2 MiB. */
enum { PT = 3, CODE = 7 };
#define RING_PAGES 2

static struct vm vm;
static struct vcpu *const vcpu = &vm.vcpu;
static struct hypercall_operation op;
static u8 ring[RING_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct trace_record *record; /* of the last exit */

enum insn_mode vcpu_code_mode_by_cs(const struct vcpu *v)
{
	return INSN_MODE_64;
}

static int set_up(void **state)
{
	memset(&vm, 0, sizeof(vm));
	log_text[0] = '\0';
	world_create(&mmu_rung_policies[MMU_NOWALK], 64, true);
	for (gfn_t level = 0; level < PT; level++)
		*world_gpte(level, 0) = (level + 1) << PAGE_SHIFT | LINKED;
	*world_gpte(PT, CODE) = CODE << PAGE_SHIFT | LINKED;
	memcpy(world_ram[CODE], "\x89\x07", 2); /* mov [rdi], eax */
	vm.mmu = world_mmu;
	vcpu->vm = &vm;
	vcpu->paging = world_cpu;
	trace_init(&vm.trace, &record, ring, RING_PAGES, 1000000000);
	vm.shown_exits = 100;
	op = (struct hypercall_operation){ "demand fault", GVA, 0, RIP };
	return 0;
}

/* --- Exits ------------------------------------------------------------------ */

static void put_exit(enum vmx_exit_reason reason, u64 qualification)
{
	trace_expect_exit(&vm.trace, &record);
	trace_exit(record, 0, reason, RIP, qualification);
	trace_keep_exit(&vm.trace);
}

/* Adds a fault; @injected: the vector of the event at the next entry, or 0. */
static void put_fault(u32 error_code, u32 injected)
{
	trace_expect_exit(&vm.trace, &record);
	trace_exit(record, 0, EXIT_EXCEPTION_OR_NMI, RIP, GVA);
	record->vector = VECTOR_PF;
	record->error = error_code;
	trace_keep_exit(&vm.trace);
	if (injected)
		trace_inject(&vm.trace, 0,
			     VMX_INTR(injected == VECTOR_PF
					      ? INTR_HARDWARE_EXCEPTION
					      : INTR_EXTERNAL,
				      injected),
			     error_code);
}

static void nobody_asked(void **state)
{
	vm.shown_exits = 0;
	operation_begin(vcpu, &op);
	operation_end(vcpu, &op);
	assert_string_equal(log_text, "");
	assert_false(vm.operation.shown);
	/* An end without a begin. */
	vm.shown_exits = 100;
	operation_end(vcpu, &op);
	assert_string_equal(log_text, "");
}

/* The hypercalls that mark it, and the machine's own timer, don't count. */
static void exits_of_others(void **state)
{
	put_exit(EXIT_CPUID, 0); /* before it */
	operation_begin(vcpu, &op);
	put_exit(EXIT_VMCALL, 0);
	put_exit(EXIT_EXTERNAL_INTERRUPT, 0);
	operation_end(vcpu, &op);
	assert_log_has("--- demand fault, at 0x5000 ---\n  exits: 0\n");
	assert_log_has("  Umbra: nothing\n");
	assert_log_lacks("CPUID");
	assert_true(vm.operation.shown);
	/* It has ended: a second end shows nothing. */
	log_text[0] = '\0';
	operation_end(vcpu, &op);
	assert_string_equal(log_text, "");
}

static u32 count_in_log(const char *text)
{
	u32 found = 0;

	for (const char *at = log_text; (at = strstr(at, text)); at++)
		found++;
	return found;
}

/* Only exits that a reader could not tell apart are shown once. */
static void equal_exits(void **state)
{
	operation_begin(vcpu, &op);
	put_fault(PFEC_W, VECTOR_PF);
	put_fault(PFEC_W, VECTOR_PF);
	put_exit(EXIT_EXTERNAL_INTERRUPT, 0);
	put_fault(PFEC_W, VECTOR_PF);
	put_fault(PFEC_W, 0); /* not injected */
	put_fault(PFEC_W | PFEC_P, 0); /* another error code */
	put_fault(PFEC_W | PFEC_P, 0);
	put_exit(EXIT_INVLPG, GVA);
	operation_end(vcpu, &op);
	assert_int_equal(count_in_log("  exit at 0x7000: MOV"), 3);
	assert_int_equal(count_in_log("; injected\n"), 1);
	assert_log_has("    and 2 like it\n");
	assert_log_has("    and 1 like it\n");
	assert_log_has("  exit at 0x7000: INVLPG");
	assert_log_has("  exits: 7\n");
}

/* An interrupt that is injected at the same entry is not the exit's. */
static void interrupt_beside(void **state)
{
	operation_begin(vcpu, &op);
	put_fault(PFEC_W, 0x40);
	operation_end(vcpu, &op);
	assert_log_lacks("injected");
}

static void ring_too_small(void **state)
{
	operation_begin(vcpu, &op);
	for (u64 i = 0; i < (RING_PAGES + 1) * TRACE_PACKET_RECORDS; i++)
		put_exit(EXIT_INVLPG, GVA);
	operation_end(vcpu, &op);
	assert_log_has(" and earlier ones; trace=N is too small\n");
}

/* --- Faults, tables and costs ----------------------------------------------- */

/* The guest took three: two of them went to it without an exit. */
static void faults(void **state)
{
	vm.stats.faults_injected[0] = 10;
	op.faults = 100;
	operation_begin(vcpu, &op);
	op.faults = 103;
	vm.stats.faults_injected[0]++;
	operation_end(vcpu, &op);
	assert_log_has("  the guest's fault at 0x7000: MOV");
	assert_log_has(
		"  #PFs by the guest's count: 3; injected: 1, delivered without "
		"an exit: 2\n");
	operation_begin(vcpu, &op);
	log_text[0] = '\0';
	operation_end(vcpu, &op);
	assert_log_lacks("the guest's fault");
}

/* The guest makes its entry, and the access has the shadow's filled. */
static void tables_before_and_after(void **state)
{
	struct guest_walk walk;

	mmu_root(&vcpu->paging);
	operation_begin(vcpu, &op);
	*world_gpte(PT, GVA >> PAGE_SHIFT) = FRAME << PAGE_SHIFT | PTE_P |
					     PTE_W;
	assert_int_equal(mmu_page_fault(&vcpu->paging, GVA,
					PFEC_P | PFEC_RSVD | PFEC_W, &walk),
			 MMU_RESUME);
	operation_end(vcpu, &op);
	/* Only the lowest level changes. */
	assert_log_has("    1      0x0 ");
	assert_log_has("      then 0x14000 ");
	assert_log_has("LEAF 0x1014000 ");
	assert_int_equal(count_in_log("\n    4 "), 1);
	/* W is not lost: the access was a write. */
	assert_true(*world_gpte(PT, GVA >> PAGE_SHIFT) & PTE_D);
	assert_log_has("1 walks, 1 filled");
	assert_log_lacks("0 updated");
}

static void ticks(void **state)
{
	vm.stats.root_ticks[EXIT_CPUID] = 77;
	vm.stats.root_ticks[EXIT_VMCALL] = 50;
	vcpu->exit.tsc = 1000;
	operation_begin(vcpu, &op);
	vm.stats.root_ticks[EXIT_EXCEPTION_OR_NMI] += 3000;
	vm.stats.root_ticks[EXIT_VMCALL] += 200;
	vm.stats.root_ticks[EXIT_EXTERNAL_INTERRUPT] += 800;
	vcpu->exit.tsc = 11000;
	operation_end(vcpu, &op);
	assert_log_has("  ticks: 6000 in the guest, 3000 in Umbra\n");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_asked),
		TEST(exits_of_others),
		TEST(equal_exits),
		TEST(interrupt_beside),
		TEST(ring_too_small),
		TEST(faults),
		TEST(tables_before_and_after),
		TEST(ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
