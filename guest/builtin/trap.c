/* SPDX-License-Identifier: MIT */
/* The 64-bit runtime's IDT, TSS and trap handler. */
#include "guest/builtin/kernel.h"

#define VECTOR_USER_DONE 0x80 /* as in entry.asm */
#define TRAP_STUB_SIZE 16
#define SELECTOR_CODE64 0x08
#define SELECTOR_TSS 0x30

/* Gate types, SDM vol. 3A, 6.11 and 6.14.1. */
#define GATE_INTERRUPT 0x8e00
#define GATE_DPL_3 0x6000
#define TSS_AVAILABLE 0x89

struct gate {
	u16 offset_low;
	u16 selector;
	u16 type; /* and the IST index */
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};

/* SDM vol. 3A, 7.7. */
struct tss {
	u32 reserved;
	u64 rsp0;
	u64 other_stacks[11];
	u16 reserved_too;
	u16 io_map;
} __packed;

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

extern u8 trap_stubs[];
extern u8 trap_stack_top[];
extern u64 gdt[];
void run_user_done(void);

static struct gate idt[VECTOR_USER_DONE + 1];
static struct tss tss;
struct traps traps;

static void set_gate(u32 vector, u64 handler, u16 type)
{
	idt[vector] = (struct gate){ .offset_low = (u16)handler,
				     .selector = SELECTOR_CODE64,
				     .type = type,
				     .offset_middle = (u16)(handler >> 16),
				     .offset_high = (u32)(handler >> 32) };
}

void trap_init(void)
{
	struct table_pointer pointer = { sizeof(idt) - 1, (u64)idt };
	u64 base = (u64)&tss;
	u32 vector;

	for (vector = 0; vector < VECTOR_EXCEPTIONS; vector++)
		set_gate(vector, (u64)trap_stubs + vector * TRAP_STUB_SIZE,
			 GATE_INTERRUPT);
	set_gate(VECTOR_USER_DONE, (u64)run_user_done,
		 GATE_INTERRUPT | GATE_DPL_3);
	__asm__ volatile("lidt %0" : : "m"(pointer));

	/* A 64-bit TSS descriptor: SDM vol. 3A, 7.2.3. */
	tss.rsp0 = (u64)trap_stack_top;
	tss.io_map = sizeof(tss);
	gdt[SELECTOR_TSS / 8] = (sizeof(tss) - 1) | (base & BITS(23, 0)) << 16 |
				(u64)TSS_AVAILABLE << 40 |
				(base & BITS(31, 24)) << 32;
	gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

void trap(struct trap_frame *frame)
{
	u64 cr2 = read_cr2();

	if (frame->vector == VECTOR_PF) {
		traps.page_faults++;
		traps.page_fault_rip = frame->rip;
	}
	if (frame->vector == VECTOR_PF && traps.page_fault &&
	    traps.page_fault(frame->error_code, cr2))
		return;
	if (frame->vector == VECTOR_DB && traps.debug && traps.debug(frame))
		return;
	if (frame->vector == VECTOR_NMI && traps.nmi && traps.nmi(frame))
		return;
	if (traps.catch) {
		traps.vector = frame->vector;
		traps.error_code = frame->error_code;
		traps.rflags = frame->rflags;
		traps.cr2 = cr2;
		run_abort();
	}
	print("guest: unexpected exception %lu, error code %lx, at %lx, "
	      "cr2 %lx, rsp %lx\n",
	      frame->vector, frame->error_code, frame->rip, cr2, frame->rsp);
	guest_exit(1);
}
