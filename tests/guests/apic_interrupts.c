/* SPDX-License-Identifier: MIT */
/* The APIC guest's interrupts: their handler, which counts them, and the local
   APIC's registers, which the handler needs for its EOI. */
#include "tests/guests/apic.h"

#define CODE32 0x08
#define GATE 0x8e00ULL
#define STUB_SIZE 16
#define VECTORS 256

#define WAIT_TICKS 20000000U

struct table {
	u16 limit;
	u32 base;
} __packed;

static u64 interrupts[VECTORS] __attribute__((aligned(8)));
u8 taken[64];
u32 count, deepest;
static u32 depth;
/* Called by the next interrupt's handler before its end. */
static void (*handler_action)(void);
bool x2apic;
extern u8 stubs[];
void on_interrupt(u32 vector);

__asm__(".text\n"
	"	.balign 16\n"
	"stubs:\n"
	"	vector = 0\n"
	"	.rept 256\n"
	"	.balign 16\n"
	"	push $vector\n"
	"	jmp common_stub\n"
	"	vector = vector + 1\n"
	"	.endr\n"
	"common_stub:\n"
	"	pushal\n"
	"	pushl 32(%esp)\n"
	"	call on_interrupt\n"
	"	addl $4, %esp\n"
	"	popal\n"
	"	addl $4, %esp\n"
	"	iret\n");

u64 read_msr(u32 index)
{
	u64 value;

	__asm__ volatile("rdmsr" : "=A"(value) : "c"(index));
	return value;
}

void write_msr(u32 index, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(index), "A"(value) : "memory");
}

u64 rdtsc(void)
{
	u64 value;

	__asm__ volatile("rdtsc" : "=A"(value));
	return value;
}

u32 apic_read(u32 reg)
{
	if (x2apic)
		return (u32)read_msr(MSR_X2APIC + reg / 16);
	return *(volatile u32 *)(LAPIC + reg);
}

void apic_write(u32 reg, u32 value)
{
	if (x2apic)
		write_msr(MSR_X2APIC + reg / 16, value);
	else
		*(volatile u32 *)(LAPIC + reg) = value;
}

void enable_interrupts(void)
{
	__asm__ volatile("sti; nop; nop" : : : "memory");
}

void disable_interrupts(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static void send_eoi(u32 vector)
{
	if (vector >= PIC_BASE && vector < PIC_BASE + 16)
		port_write(PIC1, PIC_EOI);
	else if (vector >= VECTOR_EXCEPTIONS && vector != SOFTWARE)
		apic_write(LAPIC_EOI, 0);
}

void on_interrupt(u32 vector)
{
	void (*action)(void) = handler_action;

	if (vector != VECTOR_NMI && vector < VECTOR_EXCEPTIONS) {
		print("  unexpected exception %u\n", vector);
		guest_exit(2);
	}
	taken[count++ % sizeof(taken)] = (u8)vector;
	if (++depth > deepest)
		deepest = depth;
	handler_action = NULL;
	if (action)
		action();
	send_eoi(vector);
	depth--;
}

void begin_count(void (*action)(void))
{
	count = depth = deepest = 0;
	handler_action = action;
}

void call_at_next(void (*action)(void))
{
	handler_action = action;
}

bool interrupts_come(u32 expected)
{
	u64 until = rdtsc() + WAIT_TICKS;

	while (count < expected && rdtsc() < until)
		enable_interrupts();
	disable_interrupts();
	return count >= expected;
}

void set_up_interrupts(void)
{
	struct table idt = { sizeof(interrupts) - 1, (u32)interrupts };

	for (u32 i = 0; i < VECTORS; i++) {
		u32 offset = (u32)stubs + i * STUB_SIZE;

		interrupts[i] = (offset & 0xffff) | CODE32 << 16 | GATE << 32 |
				(u64)(offset >> 16) << 48;
	}
	__asm__ volatile("lidt %0" : : "m"(idt) : "memory");
	apic_write(LAPIC_SVR, SVR_ENABLED);
	apic_write(LAPIC_ICR_HIGH, 0);
}
