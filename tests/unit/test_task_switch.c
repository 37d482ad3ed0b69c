/* SPDX-License-Identifier: MIT */
/*
 * Tests of the hardware task switch: the state saved in the old TSS and loaded
 * from the new one, busy bits, link and NT, the segments' checks in their
 * order, and faults that leave everything unchanged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/emulator/task_switch.h"

#define MEMORY_SIZE 0x6000
#define GDT 0x1000
#define OLD_TSS 0x2fd0 /* both lie in two pages */
#define NEW_TSS 0x3ff0
#define STACK_TOP 0x6000
#define CODE 0x08
#define DATA 0x10
#define OLD 0x18
#define NEW 0x20
#define LDT 0x28
#define CODE3 0x30
#define DATA3 0x38
#define GDT_SIZE 0x40

/* Offsets in a 32-bit TSS, SDM vol. 3A, figure 7-2. */
#define TSS_CR3 0x1c
#define TSS_EIP 0x20
#define TSS_EFLAGS 0x24
#define TSS_EAX 0x28
#define TSS_ESP 0x38
#define TSS_ES 0x48
#define TSS_CS 0x4c
#define TSS_SS 0x50
#define TSS_DS 0x54
#define TSS_LDT 0x60
#define TSS_T 0x64
/* The same in a 16-bit one, figure 7-10. */
#define TSS16_IP 14
#define TSS16_FLAGS 16
#define TSS16_AX 18
#define TSS16_SP 26
#define TSS16_CS 36

static u8 memory[MEMORY_SIZE];
static u32 unmapped; /* no access reaches the page of this address */
static u32 cr3;
static bool cr3_valid;
static struct task_cpu cpu;
static bool switched, trap;

static bool translate(void *ctx, gva_t gva, bool write, gpa_t *gpa,
		      u32 *error_code)
{
	assert_true(gva < MEMORY_SIZE);
	*error_code = write ? PFEC_W : 0;
	*gpa = gva;
	return (gva & PAGE_MASK) != (unmapped & PAGE_MASK);
}

static void read_memory(void *ctx, gpa_t gpa, void *buf, size_t len)
{
	assert_true(gpa + len <= MEMORY_SIZE);
	memcpy(buf, &memory[gpa], len);
}

static void write_memory(void *ctx, gpa_t gpa, const void *buf, size_t len)
{
	assert_true(gpa + len <= MEMORY_SIZE);
	memcpy(&memory[gpa], buf, len);
}

static const struct linear_ops ops = { .translate = translate,
				       .read = read_memory,
				       .write = write_memory };
static struct linear linear;

static bool load_cr3(void *ctx, u32 value)
{
	cr3 = value;
	return cr3_valid;
}

static u32 load(u32 gva, size_t size)
{
	u32 value = 0;

	memcpy(&value, &memory[gva], size);
	return value;
}

static void store(u32 gva, u32 value, size_t size)
{
	memcpy(&memory[gva], &value, size);
}

static void set_descriptor(u16 selector, u32 base, u32 limit, u32 rights)
{
	u64 value = (limit & 0xffff) | (u64)(base & 0xffffff) << 16 |
		    (u64)rights << 40 | (u64)(limit & 0xf0000) << 32 |
		    (u64)(base >> 24) << 56;

	memcpy(&memory[GDT + selector], &value, sizeof(value));
}

static void set_type(u16 selector, u8 byte)
{
	memory[GDT + selector + 5] = byte;
}

static u8 descriptor_type(u16 selector)
{
	return memory[GDT + selector + 5];
}

static int set_up(void **state)
{
	unsigned int i;

	memset(memory, 0, sizeof(memory));
	unmapped = MEMORY_SIZE;
	linear_begin(&linear, &ops, NULL, false, false);
	cr3 = 0;
	cr3_valid = true;
	set_descriptor(CODE, 0, 0xfffff, 0xc09a); /* not accessed yet */
	set_descriptor(DATA, 0, 0xfffff, 0xc092);
	set_descriptor(CODE3, 0, 0xfffff, 0xc0fb);
	set_descriptor(DATA3, 0, 0xfffff, 0xc0f3);
	set_descriptor(OLD, OLD_TSS, 0x67, 0x8b);
	set_descriptor(NEW, NEW_TSS, 0x67, 0x89);
	set_descriptor(LDT, GDT, GDT_SIZE - 1, 0x82);
	store(NEW_TSS + TSS_EIP, 0x1234, 4);
	store(NEW_TSS + TSS_EFLAGS, 0x202, 4);
	for (i = 0; i < 8; i++)
		store(NEW_TSS + TSS_EAX + 4 * i, 0x100 + i, 4);
	store(NEW_TSS + TSS_ESP, STACK_TOP, 4);
	store(NEW_TSS + TSS_ES, DATA, 4);
	store(NEW_TSS + TSS_CS, CODE, 4);
	store(NEW_TSS + TSS_SS, DATA, 4);
	store(NEW_TSS + TSS_DS, DATA, 4);
	store(NEW_TSS + TSS_CR3, 0x7000, 4);

	memset(&cpu, 0, sizeof(cpu));
	for (i = 0; i < 8; i++)
		cpu.gpr[i] = 0x200 + i;
	cpu.eip = 0x5678;
	cpu.eflags = 0x46 | RFLAGS_NT;
	cpu.gdt_base = GDT;
	cpu.gdt_limit = GDT_SIZE - 1;
	cpu.segment[SEG_CS].selector = CODE;
	cpu.segment[SEG_SS].selector = DATA;
	cpu.segment[TASK_TR] =
		(struct segment_register){ OLD, OLD_TSS, 0x67, 0x8b };
	cpu.segment[TASK_LDTR].rights = AR_UNUSABLE;
	return 0;
}

static bool switch_task(enum task_source source)
{
	return task_switch(&cpu, NEW, source, &linear, load_cr3, &switched,
			   &trap);
}

static void test_jmp(void **state)
{
	assert_true(switch_task(TASK_JMP));
	assert_true(switched && !trap);
	/* The old task's state, and nothing else, is in its TSS. */
	assert_int_equal(load(OLD_TSS + TSS_EIP, 4), 0x5678);
	assert_int_equal(load(OLD_TSS + TSS_EFLAGS, 4), 0x46 | RFLAGS_NT);
	assert_int_equal(load(OLD_TSS + TSS_EAX + 4 * RBX, 4), 0x200 + RBX);
	assert_int_equal(load(OLD_TSS + TSS_CS, 4), CODE);
	assert_int_equal(load(OLD_TSS + TSS_CR3, 4), 0);
	assert_int_equal(load(OLD_TSS + TSS_LDT, 4), 0);
	/* The new task's state is in the processor. */
	assert_int_equal(cpu.eip, 0x1234);
	assert_int_equal(cpu.eflags, 0x202);
	assert_int_equal(cpu.gpr[RAX], 0x100);
	assert_int_equal(cpu.segment[TASK_TR].selector, NEW);
	assert_int_equal(cpu.segment[TASK_TR].rights, 0x8b);
	assert_int_equal(cpu.segment[SEG_CS].rights, 0xc09b);
	assert_int_equal(cpu.segment[SEG_CS].limit, 0xffffffff);
	assert_true(cpu.segment[SEG_GS].rights & AR_UNUSABLE);
	/* Busy, and accessed. */
	assert_int_equal(descriptor_type(OLD), 0x89);
	assert_int_equal(descriptor_type(NEW), 0x8b);
	assert_int_equal(descriptor_type(CODE), 0x9b);
	assert_int_equal(load(NEW_TSS, 4), 0);
	/* Unpaged: the switch does not use CR3. */
	assert_int_equal(cr3, 0);
}

static void test_call_and_iret(void **state)
{
	assert_true(switch_task(TASK_CALL));
	assert_int_equal(descriptor_type(OLD), 0x8b);
	assert_int_equal(descriptor_type(NEW), 0x8b);
	assert_int_equal(load(NEW_TSS, 2), OLD);
	assert_int_equal(cpu.eflags, 0x202 | RFLAGS_NT);
	/* Back to the old task. */
	assert_true(task_switch(&cpu, OLD, TASK_IRET, &linear, load_cr3,
				&switched, &trap));
	assert_int_equal(descriptor_type(OLD), 0x8b);
	assert_int_equal(descriptor_type(NEW), 0x89);
	assert_int_equal(load(NEW_TSS + TSS_EFLAGS, 4), 0x202);
	assert_int_equal(cpu.eip, 0x5678);
	assert_int_equal(cpu.eflags, 0x46 | RFLAGS_NT);
}

/* A guest's image may have anything in places without a flag. */
static void test_undefined_flags(void **state)
{
	store(NEW_TSS + TSS_EFLAGS, 0xffc0802a | RFLAGS_CF, 4);
	assert_true(switch_task(TASK_JMP));
	assert_int_equal(cpu.eflags, RFLAGS_FIXED | RFLAGS_CF);
}

static void test_cr3_and_trap(void **state)
{
	cpu.paging = true;
	store(NEW_TSS + TSS_T, 1, 2);
	assert_true(switch_task(TASK_JMP));
	assert_int_equal(cr3, 0x7000);
	assert_true(trap);
}

static void test_cr3_refused(void **state)
{
	cpu.paging = true;
	cr3_valid = false;
	assert_false(switch_task(TASK_JMP));
	assert_int_equal(linear.fault.vector, VECTOR_TS);
	assert_int_equal(linear.fault.error_code, NEW);
}

static void test_16_bit(void **state)
{
	memset(&memory[NEW_TSS], 0, 0x80);
	set_descriptor(NEW, NEW_TSS, 0x2b, 0x81);
	store(NEW_TSS + TSS16_IP, 0x77, 2);
	store(NEW_TSS + TSS16_FLAGS, 0x2, 2);
	store(NEW_TSS + TSS16_AX, 0xabcd, 2);
	store(NEW_TSS + TSS16_SP, STACK_TOP, 2);
	store(NEW_TSS + TSS16_CS, CODE, 2);
	store(NEW_TSS + TSS16_CS + 2, DATA, 2);
	cpu.paging = true;
	assert_true(switch_task(TASK_CALL));
	assert_int_equal(cpu.eip, 0x77);
	assert_int_equal(cpu.gpr[RAX], 0xabcd);
	assert_int_equal(load(NEW_TSS, 2), OLD);
	assert_int_equal(descriptor_type(NEW), 0x83);
	/* It has no CR3. */
	assert_int_equal(cr3, 0);
	assert_true(task_switch(&cpu, OLD, TASK_IRET, &linear, load_cr3,
				&switched, &trap));
	assert_int_equal(load(NEW_TSS + TSS16_IP, 2), 0x77);
	assert_int_equal(descriptor_type(NEW), 0x81);
	assert_int_equal(cpu.gpr[RAX], 0x200);
}

/* A page fault before the switch: nothing has changed. */
static void test_page_faults(void **state)
{
	static const u32 places[] = { GDT + NEW, NEW_TSS + 0x10,
				      OLD_TSS + 0x10 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		u8 before[MEMORY_SIZE];
		struct task_cpu old;

		set_up(NULL);
		memcpy(before, memory, sizeof(before));
		old = cpu;
		unmapped = places[i];
		assert_false(switch_task(TASK_CALL));
		assert_int_equal(linear.fault.vector, VECTOR_PF);
		assert_false(switched);
		assert_memory_equal(&cpu, &old, sizeof(cpu));
		assert_memory_equal(memory, before, sizeof(before));
	}
}

/* A wrong segment of the new task faults in the new task. */
static void expect_fault(enum vector vector, u32 error_code)
{
	assert_false(switch_task(TASK_JMP));
	assert_true(switched);
	assert_int_equal(linear.fault.vector, vector);
	assert_int_equal(linear.fault.error_code, error_code);
	assert_int_equal(cpu.eip, 0x1234);
	/* An entry is possible with CS and SS. */
	assert_false(cpu.segment[SEG_CS].rights & AR_UNUSABLE);
	assert_int_equal(AR_DPL(cpu.segment[SEG_SS].rights),
			 cpu.segment[SEG_CS].selector & 3);
	set_up(NULL);
}

static void test_segment_faults(void **state)
{
	store(NEW_TSS + TSS_LDT, DATA, 4);
	expect_fault(VECTOR_TS, DATA);
	store(NEW_TSS + TSS_CS, 0, 4);
	expect_fault(VECTOR_TS, 0);
	store(NEW_TSS + TSS_CS, DATA, 4);
	expect_fault(VECTOR_TS, DATA);
	store(NEW_TSS + TSS_CS, CODE | 3, 4);
	expect_fault(VECTOR_TS, CODE);
	set_type(CODE, 0x1a);
	expect_fault(VECTOR_NP, CODE);
	store(NEW_TSS + TSS_SS, CODE, 4);
	expect_fault(VECTOR_TS, CODE);
	store(NEW_TSS + TSS_SS, DATA3 | 3, 4);
	expect_fault(VECTOR_TS, DATA3);
	set_type(DATA, 0x12);
	expect_fault(VECTOR_SS, DATA);
	store(NEW_TSS + TSS_DS, GDT_SIZE, 4);
	expect_fault(VECTOR_TS, GDT_SIZE);
	set_type(DATA3, 0x73);
	store(NEW_TSS + TSS_DS, DATA3, 4);
	expect_fault(VECTOR_NP, DATA3);
	store(NEW_TSS + TSS_ES, LDT, 4);
	expect_fault(VECTOR_TS, LDT);
	/* A kernel's data in a user's task. */
	store(NEW_TSS + TSS_CS, CODE3 | 3, 4);
	store(NEW_TSS + TSS_SS, DATA3 | 3, 4);
	expect_fault(VECTOR_TS, DATA);
	/* EIP beyond CS comes last. */
	set_descriptor(CODE, 0, 0x1000, 0x409b);
	expect_fault(VECTOR_GP, 0);
}

static void test_user_task_with_ldt(void **state)
{
	store(NEW_TSS + TSS_LDT, LDT, 4);
	store(NEW_TSS + TSS_CS, CODE3 | 7, 4); /* the LDT is the GDT again */
	store(NEW_TSS + TSS_SS, DATA3 | 7, 4);
	store(NEW_TSS + TSS_DS, 0, 4);
	store(NEW_TSS + TSS_ES, DATA3 | 7, 4);
	assert_true(switch_task(TASK_JMP));
	assert_int_equal(cpu.segment[TASK_LDTR].limit, GDT_SIZE - 1);
	assert_int_equal(AR_DPL(cpu.segment[SEG_SS].rights), 3);
	assert_true(cpu.segment[SEG_DS].rights & AR_UNUSABLE);
}

static void test_v86(void **state)
{
	store(NEW_TSS + TSS_EFLAGS, 0x202 | RFLAGS_VM, 4);
	store(NEW_TSS + TSS_CS, 0xf000, 4);
	assert_true(switch_task(TASK_JMP));
	assert_int_equal(cpu.segment[SEG_CS].base, 0xf0000);
	assert_int_equal(cpu.segment[SEG_CS].limit, 0xffff);
	assert_int_equal(cpu.segment[SEG_CS].rights, 0xf3);
	assert_int_equal(cpu.segment[SEG_GS].rights, 0xf3);
}

/* An error code on the new stack. */
static void test_push(void **state)
{
	assert_true(switch_task(TASK_GATE));
	assert_true(task_push(&cpu, 0x18, 4, &linear));
	assert_int_equal(cpu.gpr[RSP], STACK_TOP - 4);
	assert_int_equal(load(STACK_TOP - 4, 4), 0x18);
	cpu.segment[SEG_SS].limit = 0x100;
	assert_false(task_push(&cpu, 0x18, 4, &linear));
	assert_int_equal(linear.fault.vector, VECTOR_SS);
	cpu.segment[SEG_SS].limit = 0xffff;
	unmapped = STACK_TOP - 8;
	assert_false(task_push(&cpu, 0x18, 4, &linear));
	assert_int_equal(linear.fault.vector, VECTOR_PF);
	assert_int_equal(cpu.gpr[RSP], STACK_TOP - 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_jmp, set_up),
		cmocka_unit_test_setup(test_call_and_iret, set_up),
		cmocka_unit_test_setup(test_undefined_flags, set_up),
		cmocka_unit_test_setup(test_cr3_and_trap, set_up),
		cmocka_unit_test_setup(test_cr3_refused, set_up),
		cmocka_unit_test_setup(test_16_bit, set_up),
		cmocka_unit_test_setup(test_page_faults, set_up),
		cmocka_unit_test_setup(test_segment_faults, set_up),
		cmocka_unit_test_setup(test_user_task_with_ldt, set_up),
		cmocka_unit_test_setup(test_v86, set_up),
		cmocka_unit_test_setup(test_push, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
