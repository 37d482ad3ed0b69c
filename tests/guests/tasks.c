/* SPDX-License-Identifier: MIT */
/*
 * Hardware task switches from inside: by CALL and IRET, by JMP and back,
 * through task gates for software and for exceptions with an error code, to a
 * 16-bit task, and to a task with a wrong segment. Unpaged; also on the bare
 * machine.
 */
#include "tests/guests/paging.h"

#define CODE32 0x08
#define DATA 0x10
#define MAIN 0x18 /* TSS descriptors */
#define OTHER 0x20
#define USER_DATA 0x28 /* in DS when this starts */
#define GATE 0x30
#define CODE16 0x38
#define FAULTS 0x40
#define SMALL 0x48
#define DESCRIPTORS 10

#define TSS_AVAILABLE 0x89ULL
#define TSS_BUSY 0x8bULL
#define TSS16_AVAILABLE 0x81ULL
#define TASK_GATE 0x85ULL
#define DESCRIPTOR(base, limit, rights)                                        \
	(((limit)&0xffff) | ((u64)(u32)(base)&0xffffff) << 16 |                \
	 (rights) << 40 | ((u64)(u32)(base) >> 24) << 56)
#define GATE_VECTOR 0x40

struct tss {
	u32 link, stacks[6], cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, io_map;
};

struct tss16 {
	u16 link, stacks[6], ip, flags, ax, cx, dx, bx, sp, bp, si, di;
	u16 es, cs, ss, ds, ldt;
};

struct table {
	u16 limit;
	u32 base;
} __packed;

static struct tss main_tss, other, gate, faults;
static struct tss16 small;
static u64 descriptors[DESCRIPTORS] __attribute__((aligned(8)));
static u64 interrupts[GATE_VECTOR + 1] __attribute__((aligned(8)));
static u8 stacks[4][1024] __attribute__((aligned(16)));
/* Values that the tasks have seen; assembly writes them, so they are global. */
u32 task_runs, task_eflags, task_error, task_resume;
u32 *task_eip; /* of the task that has faulted */

/* Each task goes on after its IRET or JMP when it is entered again. */
__asm__(".text\n"
	"other_task:\n"
	"	incl task_runs\n"
	"	pushfl\n"
	"	popl task_eflags\n"
	"	iret\n"
	"	incl task_runs\n"
	"	ljmp $0x18, $0\n"
	"	jmp other_task\n"
	"gate_task:\n"
	"	incl task_runs\n"
	"	iret\n"
	"	jmp gate_task\n"
	/*
	 * The handler of an exception removes the error code and goes on
	 * elsewhere.
	 */
	"fault_task:\n"
	"	popl task_error\n"
	"	incl task_runs\n"
	"	movl task_resume, %eax\n"
	"	movl task_eip, %ecx\n"
	"	movl %eax, (%ecx)\n"
	"	movl $0x10, 0x34(%ecx)\n" /* and with a DS that is one */
	"	iret\n"
	"	jmp fault_task\n"
	".code16\n"
	"small_task:\n"
	"	iretw\n"
	"	jmp small_task\n"
	".code32\n"
	".text\n");
extern u8 other_task[], gate_task[], fault_task[], small_task[];

static void set_task(struct tss *tss, u16 selector, void *entry, u8 *stack)
{
	*tss = (struct tss){ .eip = (u32)entry,
			     .eflags = RFLAGS_FIXED,
			     .esp = (u32)stack + sizeof(stacks[0]),
			     .es = DATA,
			     .cs = CODE32,
			     .ss = DATA,
			     .ds = DATA,
			     .io_map = sizeof(*tss) };
	descriptors[selector / 8] =
		DESCRIPTOR(tss, sizeof(*tss) - 1, TSS_AVAILABLE);
}

static void set_gate(u32 vector, u16 selector)
{
	interrupts[vector] = (u64)selector << 16 | TASK_GATE << 40;
}

static void set_up(void)
{
	struct table gdt = { sizeof(descriptors) - 1, (u32)descriptors };
	struct table idt = { sizeof(interrupts) - 1, (u32)interrupts };

	descriptors[CODE32 / 8] = 0x00cf9b000000ffff;
	descriptors[DATA / 8] = 0x00cf93000000ffff;
	descriptors[USER_DATA / 8] = 0x00cff3000000ffff;
	descriptors[CODE16 / 8] =
		DESCRIPTOR((u32)small_task & ~15U, 0xffff, 0x9bULL);
	set_task(&main_tss, MAIN, NULL, stacks[0]);
	set_task(&other, OTHER, other_task, stacks[1]);
	set_task(&gate, GATE, gate_task, stacks[2]);
	set_task(&faults, FAULTS, fault_task, stacks[3]);
	small = (struct tss16){ .ip = (u32)small_task & 15,
				.flags = RFLAGS_FIXED,
				.ax = 0x1234,
				.sp = 0x100,
				.cs = CODE16,
				.ss = DATA,
				.es = DATA,
				.ds = DATA };
	descriptors[SMALL / 8] =
		DESCRIPTOR(&small, sizeof(small) - 1, TSS16_AVAILABLE);
	set_gate(GATE_VECTOR, GATE);
	set_gate(VECTOR_GP, FAULTS);
	task_eip = &main_tss.eip;
	__asm__ volatile("lgdt %0; lidt %1; ltr %w2"
			 :
			 : "m"(gdt), "m"(idt), "r"(MAIN)
			 : "memory");
}

static u8 descriptor_type(u16 selector)
{
	return (u8)(descriptors[selector / 8] >> 40);
}

static void check(bool ok, const char *what)
{
	if (check_failed(ok))
		print("  %s\n", what);
}

static void far_call(u16 selector)
{
	struct {
		u32 offset;
		u16 selector;
	} __packed target = { 0, selector };
	u32 kept = 0x13572468;

	__asm__ volatile("lcall *%1"
			 : "+b"(kept)
			 : "m"(target)
			 : "eax", "ecx", "edx", "esi", "edi", "memory", "cc");
	check(kept == 0x13572468, "a register is not what it was");
}

static void check_call(void)
{
	__asm__ volatile("clts");
	far_call(OTHER);
	check(task_runs == 1, "CALL: the task has not run");
	check(task_eflags & RFLAGS_NT, "CALL: NT is not set");
	check((other.link & 0xffff) == MAIN, "CALL: a wrong link");
	check(descriptor_type(MAIN) == TSS_BUSY &&
		      descriptor_type(OTHER) == TSS_AVAILABLE,
	      "CALL and IRET: a wrong busy flag");
	check(!(other.eflags & RFLAGS_NT), "IRET: NT is saved as set");
	check(read_cr0() & CR0_TS, "CR0.TS is not set");
	__asm__ volatile("clts");
}

/* The other task goes on after its IRET, and jumps back. */
static void check_jmp(void)
{
	__asm__ volatile("ljmp %0, $0"
			 :
			 : "i"(OTHER)
			 : "eax", "ecx", "edx", "ebx", "esi", "edi", "memory",
			   "cc");
	check(task_runs == 2, "JMP: the task has not run");
	check(descriptor_type(MAIN) == TSS_BUSY &&
		      descriptor_type(OTHER) == TSS_AVAILABLE,
	      "JMP: a wrong busy flag");
}

static void check_gate(void)
{
	task_runs = 0;
	__asm__ volatile("int %0" : : "i"(GATE_VECTOR) : "memory");
	__asm__ volatile("int %0" : : "i"(GATE_VECTOR) : "memory");
	check(task_runs == 2, "a task gate: the task has not run");
	check((gate.link & 0xffff) == MAIN, "a task gate: a wrong link");
}

static void check_error_code(void)
{
	task_runs = 0;
	__asm__ volatile("movl $1f, task_resume\n"
			 "movw %w0, %%fs\n"
			 "1:"
			 :
			 : "r"(DESCRIPTORS * 8)
			 : "memory");
	check(task_runs == 1 && task_error == DESCRIPTORS * 8,
	      "#GP through a task gate: a wrong error code");
	check(main_tss.esp != 0, "the old stack is not saved");
}

static void check_small(void)
{
	small.ax = 0x1234;
	far_call(SMALL);
	check(small.link == MAIN, "a 16-bit task: a wrong link");
	check(descriptor_type(SMALL) == TSS16_AVAILABLE,
	      "a 16-bit task: a wrong busy flag");
	check(small.ax == 0x1234, "a 16-bit task: AX is not saved");
}

/* A fault by the new task's own segment comes in the new task: nested in it. */
static void check_wrong_segment(void)
{
	task_runs = 0;
	set_task(&gate, GATE, gate_task, stacks[2]);
	gate.ds = DESCRIPTORS * 8;
	set_gate(VECTOR_TS, FAULTS);
	task_eip = &gate.eip;
	task_resume = (u32)gate_task;
	far_call(GATE);
	check(task_error == DESCRIPTORS * 8, "#TS: a wrong error code");
	check((faults.link & 0xffff) == GATE, "#TS: not in the new task");
	check(task_runs == 2, "#TS: the tasks have not run");
}

void main(const char *arguments)
{
	(void)arguments;
	set_up();
	check_call();
	check_jmp();
	check_gate();
	check_error_code();
	check_small();
	check_wrong_segment();
}
