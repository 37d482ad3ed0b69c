/* SPDX-License-Identifier: MIT */
/* The 64-bit runtime's IDT, TSS and trap handler. */
#include "arch/x86/descriptors.h"
#include "guest/builtin/kernel.h"

#define VECTOR_USER_DONE 0x80 /* as in entry.asm */
#define TRAP_STUB_SIZE 16
#define SELECTOR_CODE64 0x08
#define SELECTOR_TSS 0x30

extern u8 trap_stubs[];
extern u8 trap_stack_top[];
extern u64 gdt[];
void run_user_done(void);

static struct gate idt[VECTOR_USER_DONE + 1];
static struct tss tss;
struct traps traps;

void trap_init(void)
{
	struct table_register pointer = { sizeof(idt) - 1, (u64)idt };
	u32 vector;

	for (vector = 0; vector < VECTOR_EXCEPTIONS; vector++)
		idt[vector] = gate_to((u64)trap_stubs + vector * TRAP_STUB_SIZE,
				      SELECTOR_CODE64, GATE_INTERRUPT);
	idt[VECTOR_USER_DONE] = gate_to((u64)run_user_done, SELECTOR_CODE64,
					GATE_INTERRUPT | GATE_DPL_3);
	__asm__ volatile("lidt %0" : : "m"(pointer));

	tss.rsp[0] = (u64)trap_stack_top;
	tss.io_map_base = sizeof(tss);
	tss_describe(&gdt[SELECTOR_TSS / 8], &tss);
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
