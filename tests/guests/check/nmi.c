/* SPDX-License-Identifier: MIT */
/*
 * An NMI's handler whose IRET faults. If the fault is the hypervisor's, the
 * IRET runs again, and NMIs stay blocked until it is done. If the fault is the
 * guest's, IRET has unblocked them (SDM vol. 3A, 6.7.1; 3C, 25.3 and 27.2.3).
 */
#include "tests/guests/check/check.h"

#define LAPIC_ICR 0xfee00300
#define ICR_NMI (BIT(14) | 4 << 8) /* to the APIC of ID 0 */
#define LAPIC_GVA WINDOW_GVA
/* Under another page table, so that nothing has filled its shadow. */
#define STACK_GVA (WINDOW_GVA + LARGE_PAGE_SIZE)
#define FRAME_OFFSET 0x800 /* place of IRET's frame on the stack's page */
#define GATE_SIZE 16
#define GATE_IST 4
#define TSS_IST1 0x24
#define TSS_DESCRIPTOR 6 /* in the GDT, of two entries */

struct frame {
	u64 rip, cs, rflags, rsp, ss;
};

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

extern u64 gdt[]; /* of the runtime */
static struct chain chain;
static u32 nmis, faults;
static u64 second_rip, target_rip;
static u64 faults_at_second;
static u64 fault_stack[PT_ENTRIES];

static void send_nmi(void)
{
	*(volatile u32 *)(LAPIC_GVA + LAPIC_ICR % PAGE_SIZE) = ICR_NMI;
}

/* IRET to the next instruction, with its frame at STACK_GVA. */
static void return_by_window(void)
{
	struct frame *frame = (void *)((u8 *)chain.frame + FRAME_OFFSET);

	__asm__ volatile("lea 1f(%%rip), %%rax\n"
			 "mov %%rax, %0\n"
			 "mov %%rax, (%1)\n"
			 "mov %%cs, %%eax\n"
			 "mov %%rax, 8(%1)\n"
			 "movq $2, 16(%1)\n"
			 "mov %%rsp, 24(%1)\n"
			 "mov %%ss, %%eax\n"
			 "mov %%rax, 32(%1)\n"
			 "mov %2, %%rsp\n"
			 "iretq\n"
			 "1: nop\n"
			 : "=m"(target_rip)
			 : "r"(frame), "r"(STACK_GVA + FRAME_OFFSET)
			 : "rax", "memory", "cc");
}

static bool on_nmi(struct trap_frame *frame)
{
	if (++nmis > 1) {
		second_rip = frame->rip;
		faults_at_second = faults;
		return true;
	}
	send_nmi();
	return_by_window();
	return true;
}

/* Maps the page of the stack; the IRET runs again. */
static bool on_page_fault(u64 error_code, gva_t cr2)
{
	u64 *entry = chain_entry(&chain, STACK_GVA, 1);

	faults++;
	*entry |= PTE_P;
	return (cr2 & PAGE_MASK) == STACK_GVA;
}

static void send_two(bool present)
{
	u64 *lapic; /* a page table */

	nmis = faults = 0;
	second_rip = 0;
	pages_reset();
	chain_build(&chain, STACK_GVA);
	lapic = page_alloc();
	*chain_entry(&chain, LAPIC_GVA, 2) = (u64)lapic | PTE_ALL;
	lapic[0] = (LAPIC_ICR & PAGE_MASK) | PTE_ALL;
	if (!present)
		*chain_entry(&chain, STACK_GVA, 1) &= ~PTE_P;
	flush_all();
	traps.nmi = on_nmi;
	traps.page_fault = on_page_fault;
	send_nmi();
	__asm__ volatile("nop; nop");
	traps.nmi = NULL;
	traps.page_fault = NULL;
	require(nmis == 2, "NMIs are lost or doubled");
}

/* Page faults use a stack of their own: that of the IRET is not mapped. */
static void set_fault_stack(bool own)
{
	u64 low = gdt[TSS_DESCRIPTOR], high = gdt[TSS_DESCRIPTOR + 1];
	u64 tss = (low >> 16 & BITS(23, 0)) | (low >> 56) << 24 | high << 32;
	u64 top = (u64)(fault_stack + PT_ENTRIES);
	struct table_pointer idt;

	__asm__ volatile("sidt %0" : "=m"(idt));
	memcpy((void *)(tss + TSS_IST1), &top, sizeof(top));
	((u8 *)idt.base)[VECTOR_PF * GATE_SIZE + GATE_IST] = own;
}

void check_nmi_iret(void)
{
	send_two(true);
	require(second_rip == target_rip,
		"an NMI comes before an IRET that runs again");
	set_fault_stack(true);
	send_two(false);
	set_fault_stack(false);
	require(faults == 1 && faults_at_second == 0,
		"no NMI in front of the handler of IRET's own fault");
}
