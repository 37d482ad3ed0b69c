/* SPDX-License-Identifier: MIT */
/*
 * Tests of the instruction emulator: random instructions compared with the
 * host's processor; and, where that is no help, faults, restarts, retries, and
 * the rights of accesses.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

#include "tests/unit/emulate_host.h"
#include "tests/unit/emulate_memory.h"

#define RANDOM_CASES 400000
#define SEED 0x656d756c61746fULL

/* Enough signals that one meets the stub, which takes a few percent. */
#define ALARMS 20000
#define ALARM_US 50

static volatile sig_atomic_t alarms;

static void test_against_host(void **state)
{
	struct choices choices = { .state = SEED };
	size_t same = 0;
	size_t i;

	for (i = 0; i < RANDOM_CASES; i++) {
		enum comparison comparison = compare_with_host(&choices);

		if (comparison == COMPARISON_DIFFERENT)
			fail_msg("case %zu of seed %#llx", i, SEED);
		same += comparison == COMPARISON_SAME;
	}
	print_message("seed %#llx: %zu cases compared\n", SEED, same);
	assert_true(same >= RANDOM_CASES / 2);
}

static void count_alarm(int signal)
{
	(void)signal;
	alarms++;
}

/*
 * A signal's frame goes onto the stack, and while the host runs the instruction
 * the stack pointer is the guest's: libFuzzer's timer once changed the memory
 * that is compared.
 */
static void test_signals_disturb_no_case(void **state)
{
	struct sigaction action = { .sa_handler = count_alarm };
	const struct itimerval often = { { 0, ALARM_US }, { 0, ALARM_US } };
	const struct itimerval never = { 0 };
	struct choices choices = { .state = SEED };
	enum comparison comparison = COMPARISON_SAME;

	alarms = 0;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	while (alarms < ALARMS && comparison != COMPARISON_DIFFERENT)
		comparison = compare_with_host(&choices);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_not_equal(comparison, COMPARISON_DIFFERENT);
}

/*
 * After a rotation by 9, 18 or 27 places through 8 bits and CF, all is as it
 * was, OF too on some processors; the manual leaves it undefined.
 */
static void test_full_rotation(void **state)
{
	for (u8 count = 9; count < 32; count += 9)
		for (u8 of = 0; of < 2; of++) {
			u8 value = 0x5a, after = of;

			asm("addb $0x7f, %[of]; rclb %%cl, %[value]; seto %[of]"
			    : [of] "+q"(after), [value] "+q"(value)
			    : "c"(count)
			    : "cc");
			regs.rflags = RFLAGS_FIXED | (of ? RFLAGS_OF : 0);
			regs.gpr[RCX] = count;
			memory.bytes[0] = 0x5a;
			/* rclb %cl, (%rbx) */
			assert_int_equal(RUN(0xd2, 0x13), EMUL_OK);
			assert_int_equal(memory.bytes[0], 0x5a);
			assert_int_equal(!!(regs.rflags & RFLAGS_OF), after);
		}
}

static void test_access_kinds(void **state)
{
	/* mov %rax, (%rbx) */
	assert_int_equal(RUN(0x48, 0x89, 0x03), EMUL_OK);
	assert_int_equal(memory.writes, 1);
	/* mov (%rbx), %rax; cmp %rax, (%rbx); bt $1, (%rbx) */
	assert_int_equal(RUN(0x48, 0x8b, 0x03), EMUL_OK);
	assert_int_equal(RUN(0x48, 0x39, 0x03), EMUL_OK);
	assert_int_equal(RUN(0x0f, 0xba, 0x23, 0x01), EMUL_OK);
	assert_int_equal(memory.reads, 3);
	/* or %rax, (%rbx); xchg %rax, (%rbx) */
	assert_int_equal(RUN(0x48, 0x09, 0x03), EMUL_OK);
	assert_int_equal(RUN(0x48, 0x87, 0x03), EMUL_OK);
	assert_int_equal(memory.translations[true], 3);
	assert_int_equal(memory.translations[false], 3);
	assert_int_equal(memory.cmpxchgs, 2);
	assert_int_equal(memory.reads, 5);
	assert_int_equal(memory.writes, 1);
}

/* A compare-exchange that finds no match still needs, and does, a write. */
static void test_failed_cmpxchg_writes(void **state)
{
	memory.bytes[0] = 7;
	/* lock cmpxchg %rcx, (%rbx) */
	assert_int_equal(RUN(0xf0, 0x48, 0x0f, 0xb1, 0x0b), EMUL_OK);
	assert_int_equal(regs.gpr[RAX], 7);
	assert_int_equal(memory.bytes[0], 7);
	assert_int_equal(memory.translations[true], 1);
	assert_int_equal(memory.cmpxchgs, 1);
}

static void test_retry(void **state)
{
	memory.bytes[0] = 10;
	memory.failures = 3;
	regs.gpr[RAX] = 5;
	/* lock xadd %rax, (%rbx): the old value is the last one read. */
	assert_int_equal(RUN(0xf0, 0x48, 0x0f, 0xc1, 0x03), EMUL_OK);
	assert_int_equal(memory.bytes[0], 18);
	assert_int_equal(regs.gpr[RAX], 13);
	assert_int_equal(memory.cmpxchgs, 4);
	assert_int_equal(memory.reads, 4);
}

/* A retry must not see a flag that the failed attempt has consumed. */
static void test_retry_starts_afresh(void **state)
{
	memory.bytes[0] = 0xff;
	memory.failures = 1;
	regs.rflags |= RFLAGS_CF;
	/* adcb $0, (%rbx): 0xff becomes 0, and 0 plus carry 1 */
	assert_int_equal(RUN(0x80, 0x13, 0x00), EMUL_OK);
	assert_int_equal(memory.bytes[0], 1);
	assert_false(regs.rflags & (RFLAGS_CF | RFLAGS_ZF));
}

static void test_endless_retry_restarts(void **state)
{
	struct cpu_regs before;

	memory.failures = ~0U;
	regs.gpr[RAX] = 5;
	before = regs;
	assert_int_equal(RUN(0xf0, 0x48, 0x0f, 0xc1, 0x03), EMUL_RESTART);
	assert_memory_equal(&regs, &before, sizeof(regs));
}

/* Every instruction with a refused access leaves the registers alone. */
static void test_faults_change_nothing(void **state)
{
	struct choices choices = { .state = SEED };
	unsigned int tried = 0;
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		struct random_insn random;
		struct cpu_regs before;
		struct linear linear;
		struct insn insn;
		unsigned int reg;

		choose_insn(&choices, &random, INSN_MODE_64);
		if (insn_decode(&insn, random.bytes, INSN_MAX_LENGTH,
				INSN_MODE_64) != INSN_OK)
			continue;
		for (reg = RAX; reg < GPR_COUNT; reg++)
			regs.gpr[reg] = choose_value(&choices) | 1;
		before = regs;
		memory.unmapped_at = 0;
		begin_linear(&linear, true);
		assert_int_equal(emulate(&insn, &regs, &linear, &memory_ops,
					 NULL) == EMUL_OK,
				 false);
		assert_memory_equal(&regs, &before, sizeof(regs));
		tried++;
	}
	assert_true(tried > 10000);
}

static void test_misaligned_cmpxchg16b(void **state)
{
	regs.gpr[RBX] = 8;
	assert_int_equal(RUN(0xf0, 0x48, 0x0f, 0xc7, 0x0b), EMUL_UNSUPPORTED);
	assert_int_equal(memory.translations[true], 0);
	regs.gpr[RBX] = 16;
	assert_int_equal(RUN(0xf0, 0x48, 0x0f, 0xc7, 0x0b), EMUL_OK);
}

static void test_rep_fault_in_the_middle(void **state)
{
	regs.gpr[RAX] = 0x1122334455667788;
	regs.gpr[RDI] = 0x100;
	regs.gpr[RCX] = 10;
	memory.unmapped_at = 0x100 + 8 * 4;
	/* rep stosq */
	assert_int_equal(RUN(0xf3, 0x48, 0xab), EMUL_FAULT);
	assert_int_equal(regs.gpr[RDI], 0x100 + 8 * 4);
	assert_int_equal(regs.gpr[RCX], 6);
	assert_true(regs.rip == 0xffffffff81000000);
	/* The guest has handled the fault: the rest. */
	memory.unmapped_at = MEMORY_SIZE;
	assert_int_equal(RUN(0xf3, 0x48, 0xab), EMUL_OK);
	assert_int_equal(regs.gpr[RDI], 0x100 + 8 * 10);
	assert_int_equal(regs.gpr[RCX], 0);
	assert_true(regs.rip == 0xffffffff81000003);
	assert_int_equal(memory.bytes[0x14f], 0x11);
	assert_int_equal(memory.bytes[0x150], 0);
}

/* The second of the two accesses of MOVS faults: the element isn't done. */
static void test_rep_movs_fault_at_destination(void **state)
{
	regs.gpr[RSI] = 0x10;
	regs.gpr[RDI] = 0x1fe;
	regs.gpr[RCX] = 5;
	regs.rflags |= RFLAGS_RF;
	memory.unmapped_at = 0x200;
	/* rep movsb */
	assert_int_equal(RUN(0xf3, 0xa4), EMUL_FAULT);
	assert_int_equal(regs.gpr[RSI], 0x12);
	assert_int_equal(regs.gpr[RDI], 0x200);
	assert_int_equal(regs.gpr[RCX], 3);
	assert_true(regs.rflags & RFLAGS_RF);
}

static void test_rep_restarts(void **state)
{
	const u64 part = EMUL_STRING_ELEMENTS, bytes = 3 * part * 8;

	regs.gpr[RAX] = ~0ULL;
	regs.gpr[RCX] = 3 * part;
	regs.rflags |= RFLAGS_RF;
	assert_int_equal(RUN(0xf3, 0x48, 0xab), EMUL_RESTART);
	assert_int_equal(memory.writes, part);
	assert_int_equal(regs.gpr[RDI], part * 8);
	assert_int_equal(regs.gpr[RCX], 2 * part);
	assert_true(regs.rip == 0xffffffff81000000);
	assert_int_equal(RUN(0xf3, 0x48, 0xab), EMUL_RESTART);
	/* The last call ends it, with no empty one to follow. */
	assert_int_equal(RUN(0xf3, 0x48, 0xab), EMUL_OK);
	assert_int_equal(regs.gpr[RCX], 0);
	assert_int_equal(memory.bytes[bytes - 1], 0xff);
	assert_int_equal(memory.bytes[bytes], 0);
	assert_false(regs.rflags & RFLAGS_RF);
}

/* A write after which no emulation is needed ends the call. */
static void test_rep_released(void **state)
{
	regs.gpr[RCX] = 8;
	memory.released_at = 3;
	assert_int_equal(RUN(0xf3, 0x48, 0xab), EMUL_RESTART);
	assert_int_equal(memory.writes, 3);
	assert_int_equal(regs.gpr[RCX], 5);
	assert_int_equal(regs.gpr[RDI], 24);
	assert_true(regs.rflags & RFLAGS_RF);
	assert_int_equal(RUN(0xf3, 0x48, 0xab), EMUL_OK);
	assert_int_equal(regs.gpr[RCX], 0);
	/* The last element has no rest. */
	regs.gpr[RCX] = 1;
	memory.released_at = memory.writes + 1;
	assert_int_equal(RUN(0xf3, 0x48, 0xab), EMUL_OK);
}

static void test_rep_of_nothing(void **state)
{
	regs.gpr[RDI] = ~0ULL;
	assert_int_equal(RUN(0xf3, 0xaa), EMUL_OK);
	/* Only the low half of RCX counts with 32-bit addresses. */
	regs.gpr[RCX] = BIT(32);
	assert_int_equal(RUN(0x67, 0xf3, 0xaa), EMUL_OK);
	assert_int_equal(memory.writes, 0);
	assert_true(regs.gpr[RDI] == ~0ULL);
	assert_true(regs.rip == 0xffffffff81000005);
}

static void test_rep_single_steps(void **state)
{
	regs.gpr[RCX] = 2;
	regs.rflags |= RFLAGS_TF;
	assert_int_equal(RUN(0xf3, 0xaa), EMUL_RESTART);
	assert_int_equal(memory.writes, 1);
	assert_int_equal(RUN(0xf3, 0xaa), EMUL_OK);
	assert_int_equal(memory.writes, 2);
}

/* 16-bit addresses wrap and leave the rest of the registers alone. */
static void test_string_16(void **state)
{
	regs.rip = 0xffff;
	regs.gpr[RDI] = 0xaaaa0000;
	regs.gpr[RSI] = 0xbbbb0001;
	regs.gpr[RCX] = 0xcccc0002;
	regs.rflags |= RFLAGS_DF;
	memory.bytes[1] = 0x55;
	/* movsb */
	assert_int_equal(run_in_mode((const u8[]){ 0xa4 }, 1, INSN_MODE_16),
			 EMUL_OK);
	assert_int_equal(regs.gpr[RDI], 0xaaaaffff);
	assert_int_equal(regs.gpr[RSI], 0xbbbb0000);
	assert_int_equal(regs.gpr[RCX], 0xcccc0002);
	assert_int_equal(memory.bytes[0], 0x55);
}

static void test_rip(void **state)
{
	regs.rflags |= RFLAGS_RF;
	assert_int_equal(RUN(0x88, 0x03), EMUL_OK);
	assert_true(regs.rip == 0xffffffff81000002);
	assert_int_equal(regs.rflags, RFLAGS_FIXED);
	/* EIP wraps at 4 GiB. */
	regs.rip = 0xffffffff;
	assert_int_equal(
		run_in_mode((const u8[]){ 0x88, 0x03 }, 2, INSN_MODE_32),
		EMUL_OK);
	assert_int_equal(regs.rip, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_host),
		cmocka_unit_test(test_signals_disturb_no_case),
		cmocka_unit_test_setup(test_full_rotation, set_up),
		cmocka_unit_test_setup(test_access_kinds, set_up),
		cmocka_unit_test_setup(test_failed_cmpxchg_writes, set_up),
		cmocka_unit_test_setup(test_retry, set_up),
		cmocka_unit_test_setup(test_retry_starts_afresh, set_up),
		cmocka_unit_test_setup(test_endless_retry_restarts, set_up),
		cmocka_unit_test_setup(test_faults_change_nothing, set_up),
		cmocka_unit_test_setup(test_misaligned_cmpxchg16b, set_up),
		cmocka_unit_test_setup(test_rep_fault_in_the_middle, set_up),
		cmocka_unit_test_setup(test_rep_movs_fault_at_destination,
				       set_up),
		cmocka_unit_test_setup(test_rep_restarts, set_up),
		cmocka_unit_test_setup(test_rep_released, set_up),
		cmocka_unit_test_setup(test_rep_of_nothing, set_up),
		cmocka_unit_test_setup(test_rep_single_steps, set_up),
		cmocka_unit_test_setup(test_string_16, set_up),
		cmocka_unit_test_setup(test_rip, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
