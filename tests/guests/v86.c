/* SPDX-License-Identifier: MIT */
/*
 * Virtual-8086 mode from inside (SDM vol. 3B, chapter 20): 16-bit code runs as
 * a task of a small monitor, which notes every exception and interrupt from
 * there. With IOPL 3 and 0, with the I/O bitmap, with CR4.VME's redirection of
 * INT n; with demand paging, writes to a page table and device memory; unpaged
 * and in each 32-bit mode. Then an interrupt whose delivery faults. Also on the
 * bare machine.
 */
#include "arch/x86/cpuid.h"
#include "tests/guests/paging.h"

#define CODE32 0x08
#define KERNEL_DATA 0x10
#define TSS 0x50 /* free for guests in start.asm's GDT */
#define STUB_SIZE 16
#define GATE_INTERRUPT 0x8e00ULL
#define GATE_DPL_3 0x6000ULL
#define TSS_AVAILABLE 0x89ULL

/* Pages of the task, by linear address; a segment is a page. */
#define IVT 0x00000
#define CODE 0x10000
#define DATA 0x11000
#define STACK 0x12000
#define DEMAND 0x13000 /* not present at first */
#define TABLE 0x14000 /* the page table that maps all these */
#define HOLE 0x15000 /* no device answers here */
#define TARGET 0x16000 /* a page that the task maps again */
#define OTHER_FRAME (FREE_GPA + 0x1000)
#define HOLE_GPA 0xd0000000
#define MARK 0x5aa5
#define SEGMENT(linear) ((linear) >> 4)

#define V86_IOPL(n) ((n) << 12)
#define PORT_ALLOWED 0x3fd /* the serial port's line status */
#define VECTOR_TASK 0x40 /* INT n of the task, to a gate */
#define VECTOR_REDIRECTED 0x41
#define VECTOR_PIC 0x70
#define VECTORS 0x78
#define EVENTS 32
#define GATES ((u32)split_idt + PAGE_SIZE)
#define PIC_READ_SERVICE 0x0b
#define PIC_EOI 0x20

struct frame { /* pushed by the processor and the stubs */
	u32 edi, esi, ebp, esp_kernel, ebx, edx, ecx, eax;
	u32 vector, error_code;
	u32 eip, cs, eflags, esp, ss, es, ds, fs, gs;
};

struct table {
	u16 limit;
	u32 base;
} __packed;

static struct {
	u32 link, esp0, ss0, others[22];
	u16 trap, io_map;
	u8 redirection[32];
	u8 ports[0x402 / 8 + 1]; /* its last byte all ones */
} tss;
static u64 interrupts[VECTORS] __attribute__((aligned(8)));
static u8 kernel_stack[4096] __attribute__((aligned(16)));
extern u64 gdt[];
u32 v86_saved_esp;
extern u8 v86_stubs[], v86_code[], v86_code_end[];
/* The tests' code, and the addresses at which faults let it go on. */
extern u8 v86_free[], v86_sensitive[], v86_paging[], v86_limit[], v86_timer[],
	v86_vme[];
void v86_enter(struct frame *frame);
void v86_leave(void);
void v86_trap(struct frame *frame);

static struct {
	u32 vector, error_code, cr2;
	u16 ip;
} events[EVENTS];
static u32 event_count, ticks;
/* An IDT whose last gates, those of the 8259, are in a page of their own. */
static u8 split_idt[2 * PAGE_SIZE] __attribute__((aligned(4096)));
static u32 gate_faults, gate_error;

/*
 * The monitor's entry and exit, and the task's code. HLT is the task's last
 * instruction; other faulting instructions are skipped by their length (see
 * insn_length()).
 */
__asm__(".text\n"
	"	.balign 16\n"
	"v86_stubs:\n"
	"	v86_vector = 0\n"
	"	.rept 0x78\n"
	"	.balign 16\n"
	"	.if (0x227d00 >> (v86_vector & 31)) & 1 == 0 || v86_vector > 31\n"
	"	pushl $0\n"
	"	.endif\n"
	"	pushl $v86_vector\n"
	"	jmp v86_common\n"
	"	v86_vector = v86_vector + 1\n"
	"	.endr\n"
	"v86_common:\n"
	"	pushal\n"
	"	movl $0x10, %eax\n"
	"	movl %eax, %ds\n"
	"	movl %eax, %es\n"
	"	pushl %esp\n"
	"	call v86_trap\n"
	"	addl $4, %esp\n"
	"	popal\n"
	"	addl $8, %esp\n"
	"	iret\n"
	"v86_enter:\n"
	"	pushal\n"
	"	movl 36(%esp), %eax\n"
	"	movl %esp, v86_saved_esp\n"
	"	movl %eax, %esp\n"
	"	popal\n"
	"	addl $8, %esp\n"
	"	iret\n"
	"v86_leave:\n"
	"	movl v86_saved_esp, %esp\n"
	"	popal\n"
	"	ret\n"
	"	.section .rodata\n"
	"	.code16\n"
	"v86_code:\n"
	/* IOPL 3: the monitor is called only for INT and for ports. */
	"v86_free:\n"
	"	movw $0x5aa5, %ax\n"
	"	movw %ax, 0\n"
	"	pushfw\n"
	"	popw 2\n"
	"	cli\n"
	"	pushfw\n"
	"	popw 4\n"
	"	sti\n"
	"	movw $0x3fd, %dx\n"
	"	inb %dx, %al\n"
	"	movb %al, 6\n"
	"	movw $2, %cx\n"
	"	xorw %si, %si\n"
	"	movw $16, %di\n"
	"	cld\n"
	"	rep movsw\n"
	"	int $0x40\n"
	"	inb $0x60, %al\n"
	"	int3\n"
	"	ud2\n"
	"	hlt\n"
	/* IOPL 0: each instruction is a #GP. */
	"v86_sensitive:\n"
	"	cli\n"
	"	sti\n"
	"	pushfw\n"
	"	popfw\n"
	"	int $0x40\n"
	"	iretw\n"
	"	hlt\n"
	/* ES: the page not present; FS: the table; GS: the hole. */
	"v86_paging:\n"
	"	movw $0x5aa5, %es:2\n"
	"	movw %es:2, %ax\n"
	"	movw %ax, 0\n"
	"	movl 8, %eax\n" /* the new PTE; its offset is in 12 */
	"	movw 12, %bx\n"
	"	movl %eax, %fs:(%bx)\n"
	"	movw $0x1600, %ax\n"
	"	movw %ax, %es\n"
	"	movw %es:0, %ax\n"
	"	movw %ax, 2\n"
	"	movw %gs:6, %ax\n"
	"	movw %ax, 4\n"
	"	movw %ax, %gs:6\n"
	"	addw $1, %fs:0xffe\n" /* an entry without a page of ours */
	"	subw $1, %fs:0xffe\n"
	"	hlt\n"
	"v86_limit:\n"
	"	movw $0xffff, %bx\n"
	"	movw (%bx), %ax\n"
	"	hlt\n"
	/* The monitor's handler lets it go on. */
	"v86_timer:\n"
	"	sti\n"
	"1:	cmpw $3, 0\n"
	"	jb 1b\n"
	"	hlt\n"
	"v86_vme:\n"
	"	int $0x41\n"
	"	movw %cx, 2\n"
	"	hlt\n"
	"v86_handler:\n"
	"	movw $0x5aa5, %cx\n"
	"	iretw\n"
	"v86_code_end:\n"
	"	.code32\n"
	"	.text\n");
extern u8 v86_handler[];

/* The compiler believes that no object is at address 0. */
static void *low_memory(u32 linear)
{
	__asm__("" : "+r"(linear));
	return (void *)linear;
}

static u16 *data_at(u32 offset)
{
	return (u16 *)(DATA + offset);
}

/* Returns the length of a faulting instruction, by its first byte. */
static u32 insn_length(const u8 *code)
{
	switch (*code) {
	case 0xcd: /* INT n */
	case 0xe4: /* IN */
	case 0x0f: /* UD2 */
	case 0x8b: /* MOV AX, [BX] */
		return 2;
	default:
		return 1;
	}
}

static void *pte_of(u32 linear)
{
	void *table = mode_root;

	for (u32 level = top_level(); level > 1; level--)
		table = (void *)(u32)(entry_read(table_entry(table, linear,
							     level)) &
				      PAGE_MASK);
	return table_entry(table, linear, 1);
}

void v86_trap(struct frame *frame)
{
	const u8 *code = (u8 *)(frame->cs << 4) + frame->eip;
	u32 cr2;

	if (frame->vector >= VECTOR_PIC) {
		ticks++;
		++*data_at(0);
		port_write(0x20, 0x20);
		return;
	}
	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	if (frame->vector == VECTOR_PF && cr2 >> 12 == GATES >> 12) {
		gate_faults++;
		gate_error = frame->error_code;
		entry_write(pte_of(GATES), GATES | PTE_P | PTE_W);
		return;
	}
	if (!(frame->eflags & RFLAGS_VM)) {
		print("  unexpected exception %u at %x, cr2 %x\n",
		      frame->vector, frame->eip, cr2);
		guest_exit(2);
	}
	if (frame->vector == VECTOR_GP && *code == 0xf4) /* HLT: the end */
		v86_leave();
	if (event_count < EVENTS) {
		events[event_count].vector = frame->vector;
		events[event_count].error_code = frame->error_code;
		events[event_count].cr2 = cr2;
		events[event_count].ip = (u16)frame->eip;
	}
	event_count++;
	if (frame->vector == VECTOR_PF)
		entry_write(pte_of(cr2), entry_read(pte_of(cr2)) | PTE_P);
	else if (frame->vector == VECTOR_GP || frame->vector == VECTOR_UD)
		frame->eip += insn_length(code);
}

static void run_v86(const u8 *start, u32 iopl)
{
	struct frame frame = {
		.eip = (u32)(start - v86_code),
		.cs = SEGMENT(CODE),
		.eflags = RFLAGS_VM | RFLAGS_FIXED | V86_IOPL(iopl),
		.esp = PAGE_SIZE,
		.ss = SEGMENT(STACK),
		.es = SEGMENT(DATA),
		.ds = SEGMENT(DATA),
		.fs = SEGMENT(TABLE),
		.gs = SEGMENT(HOLE),
	};

	if (start == v86_paging)
		frame.es = SEGMENT(DEMAND);
	event_count = 0;
	v86_enter(&frame);
}

static void check(bool ok, const char *what)
{
	if (check_failed(ok))
		print("  %s: %s (%u events, the first: vector %x, error %x, "
		      "ip %x; data %x %x %x)\n",
		      mode_names[mode], what, event_count, events[0].vector,
		      events[0].error_code, events[0].ip, *data_at(0),
		      *data_at(2), *data_at(4));
}

static bool event_is(u32 event, u32 vector, u32 error_code)
{
	return events[event].vector == vector &&
	       events[event].error_code == error_code;
}

static void check_free(void)
{
	memset(data_at(0), 0, 64);
	run_v86(v86_free, 3);
	check(*data_at(0) == MARK && *data_at(16) == MARK,
	      "memory is not written");
	check((*data_at(2) & V86_IOPL(3)) == V86_IOPL(3),
	      "PUSHF without IOPL 3");
	check(!(*data_at(4) & RFLAGS_IF), "CLI has not cleared IF");
	check(*data_at(6) & BIT(5), "IN: a wrong value");
	check(event_count == 4, "not four events");
	check(event_is(0, VECTOR_TASK, 0), "INT n: not to its gate");
	check(event_is(1, VECTOR_GP, 0), "IN that the bitmap forbids: no #GP");
	check(event_is(2, VECTOR_BP, 0) && event_is(3, VECTOR_UD, 0),
	      "INT3 or UD2: no exception");
	check(events[2].ip == events[1].ip + 3, "INT3: a wrong IP");
}

static void check_sensitive(void)
{
	run_v86(v86_sensitive, 0);
	check(event_count == 6, "not six exceptions with IOPL 0");
	for (u32 i = 0; i < 6; i++)
		check(event_is(i, VECTOR_GP, 0),
		      "a sensitive instruction: no #GP(0)");
	run_v86(v86_limit, 3);
	check(event_count == 1 && event_is(0, VECTOR_GP, 0),
	      "beyond the limit: no #GP");
}

/* With page tables: demand paging, a PTE of its own, and a device's page. */
static void check_paging(void)
{
	u64 user = PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;

	for (u32 page = IVT; page <= TARGET; page += PAGE_SIZE)
		entry_write(pte_of(page), page | user);
	entry_write(pte_of(DEMAND), DEMAND | (user & ~(u64)PTE_P));
	entry_write(pte_of(TABLE), ((u32)pte_of(IVT) & (u32)PAGE_MASK) | user);
	entry_write(pte_of(HOLE), HOLE_GPA | user);
	*(u16 *)OTHER_FRAME = MARK;
	*(u16 *)TARGET = 0;
	*(u32 *)data_at(8) = (u32)(OTHER_FRAME | user);
	*data_at(12) = (u16)((u32)pte_of(TARGET) & (u32)~PAGE_MASK);

	/* The TLB must not hold a page that the task maps again. */
	write_cr3(read_cr3());
	run_v86(v86_paging, 3);
	check(event_count == 1 && event_is(0, VECTOR_PF, PFEC_W | PFEC_U),
	      "demand paging: not one fault");
	check(events[0].cr2 == DEMAND + 2, "demand paging: a wrong CR2");
	check(*data_at(0) == MARK, "demand paging: the write is lost");
	check(*data_at(4) == 0xffff, "a hole gives no ones");
	check((entry_read(pte_of(TARGET)) & PAGE_MASK) == OTHER_FRAME,
	      "the task's PTE is not written");
	check(*data_at(2) == MARK, "the task's PTE maps something else");
}

/* The timer's interrupts leave the task, and return to it. */
static void check_timer(void)
{
	*data_at(0) = 0;
	ticks = 0;
	port_write(0x21, 0xfe);
	run_v86(v86_timer, 3);
	port_write(0x21, 0xff);
	check(ticks >= 3, "no timer in the task");
}

/* INT n goes to the task's own handler or to the monitor, by the TSS's bit. */
static void check_vme(void)
{
	u32 *vector = low_memory(IVT + 4 * VECTOR_REDIRECTED), before = *vector;

	if (!(cpuid(CPUID_FEATURES).edx & CPUID_1_EDX_VME))
		return;
	*vector = SEGMENT(CODE) << 16 | (u32)(v86_handler - v86_code);
	write_cr4(read_cr4() | CR4_VME);
	*data_at(2) = 0;
	run_v86(v86_vme, 3);
	check(event_count == 0 && *data_at(2) == MARK, "VME: not redirected");
	tss.redirection[VECTOR_REDIRECTED / 8] |= BIT(VECTOR_REDIRECTED % 8);
	run_v86(v86_vme, 3);
	check(event_count == 1 && event_is(0, VECTOR_REDIRECTED, 0),
	      "VME: redirected against its bit");
	tss.redirection[VECTOR_REDIRECTED / 8] = 0;
	write_cr4(read_cr4() & ~(u32)CR4_VME);
	*vector = before;
}

static void load_monitor(void)
{
	struct table idt = { sizeof(interrupts) - 1, (u32)interrupts };
	u64 base = (u32)&tss;

	for (u32 i = 0; i < VECTORS; i++) {
		u32 offset = (u32)v86_stubs + i * STUB_SIZE;
		bool gate = i == VECTOR_TASK || i == VECTOR_BP ||
			    i == VECTOR_REDIRECTED;

		interrupts[i] = (offset & 0xffff) | CODE32 << 16 |
				(GATE_INTERRUPT | (gate ? GATE_DPL_3 : 0))
					<< 32 |
				(u64)(offset >> 16) << 48;
	}
	tss.esp0 = (u32)kernel_stack + sizeof(kernel_stack);
	tss.ss0 = KERNEL_DATA;
	tss.io_map = (u16)((u32)tss.ports - (u32)&tss);
	memset(tss.ports, 0xff, sizeof(tss.ports));
	tss.ports[PORT_ALLOWED / 8] &= (u8)~BIT(PORT_ALLOWED % 8);
	gdt[TSS / 8] = (sizeof(tss) - 1) | (base & BITS(23, 0)) << 16 |
		       TSS_AVAILABLE << 40 | (base & BITS(31, 24)) << 32;
	__asm__ volatile("lidt %0; ltr %w1" : : "m"(idt), "r"(TSS) : "memory");
}

/*
 * The master 8259 at VECTOR_PIC, all inputs masked; a pulse each millisecond.
 */
static void start_timer(void)
{
	static const u8 words[][2] = { { 0x20, 0x11 }, { 0x21, VECTOR_PIC },
				       { 0x21, 4 },    { 0x21, 1 },
				       { 0x21, 0xff }, { 0x43, 0x34 },
				       { 0x40, 0xa9 }, { 0x40, 0x04 } };

	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		port_write(words[i][0], (u8)words[i][1]);
}

/*
 * The gate's page is not present. The interrupt stays in service in the 8259,
 * but its handler has not run (SDM vol. 3A, table 6-5: first the one exception,
 * then the other).
 */
static void check_lost_interrupt(void)
{
	u32 base = GATES - VECTOR_PIC * sizeof(u64);
	struct table split = { sizeof(interrupts) - 1, base };
	struct table whole = { sizeof(interrupts) - 1, (u32)interrupts };

	memcpy((void *)base, interrupts, sizeof(interrupts));
	entry_write(pte_of(GATES), GATES | PTE_W);
	write_cr3(read_cr3());
	gate_faults = ticks = 0;
	__asm__ volatile("lidt %0" : : "m"(split));
	port_write(0x21, 0xfe);
	while (!gate_faults)
		__asm__ volatile("sti; nop; cli" : : : "memory");
	port_write(0x20, PIC_READ_SERVICE);
	check(gate_faults == 1 && gate_error == 0, "a gate: not one fault");
	check(ticks == 0 && (port_read(0x20) & 1), "an interrupt is not lost");
	port_write(0x20, PIC_EOI);
	while (!ticks)
		__asm__ volatile("sti; nop; cli" : : : "memory");
	port_write(0x21, 0xff);
	__asm__ volatile("lidt %0" : : "m"(whole));
	check(gate_faults == 1, "a gate: faults again");
}

static void check_all(void)
{
	load_monitor();
	if (mode != MODE_UNPAGED)
		check_paging();
	check_free();
	check_sensitive();
	check_timer();
	if (mode != MODE_UNPAGED)
		check_lost_interrupt();
	check_vme();
}

void main(const char *arguments)
{
	(void)arguments;
	memcpy((void *)CODE, v86_code, (size_t)(v86_code_end - v86_code));
	start_timer();
	check_all();
	for (enum mode next = MODE_2LEVEL; next <= MODE_PAE; next++) {
		mode_enter(next);
		check_all();
		mode_leave();
	}
}
