/* SPDX-License-Identifier: MIT */
/*
 * Interrupts from inside: the local APIC's priorities, messages, timer and
 * modes, the I/O APIC by edge and by level, the 8259s behind LINT0, and NMIs
 * with their blocking. Unpaged.
 *
 * On QEMU's bare machine all of it passes except the errors (errors=0). Bochs's
 * APIC is further from the manual: an interrupt of the same class interrupts, a
 * level comes once, a deadline that has passed stays set.
 */
#include "arch/x86/cpuid.h"
#include "tests/guests/paging.h"

#define CODE32 0x08
#define GATE 0x8e00ULL
#define STUB_SIZE 16
#define VECTORS 256

/* Registers of the local APIC: SDM vol. 3A, table 10-1. */
#define LAPIC 0xfee00000
#define LAPIC_TPR 0x80
#define LAPIC_PPR 0xa0
#define LAPIC_EOI 0xb0
#define LAPIC_SVR 0xf0
#define LAPIC_ESR 0x280
#define LAPIC_ICR 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_TIMER 0x320
#define LAPIC_LINT0 0x350
#define LAPIC_INITIAL 0x380
#define LAPIC_CURRENT 0x390
#define LAPIC_DIVIDE 0x3e0
#define LAPIC_SELF_IPI 0x3f0

#define SVR_ENABLED (BIT(8) | 0xff)
#define ICR_ASSERT BIT(14)
#define ICR_NMI (4U << 8)
#define ICR_SELF (1U << 18)
#define ICR_OTHERS (3U << 18)
#define LVT_MASKED BIT(16)
#define LVT_EXTINT (7U << 8)
#define LVT_PERIODIC BIT(17)
#define LVT_DEADLINE BIT(18)
#define DIVIDE_BY_1 0xb
#define ESR_SEND_ILLEGAL BIT(5)

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)
#define MSR_X2APIC 0x800
#define MSR_TSC_DEADLINE 0x6e0

#define IOAPIC 0xfec00000
#define IOAPIC_TIMER 2 /* its inputs */
#define IOAPIC_SERIAL 4
#define IOAPIC_LEVEL BIT(15)

#define PIC1 0x20
#define PIC2 0xa0
#define PIC_BASE 0x70
#define PIC_EOI 0x20
#define PIT_MODE 0x43
#define PIT_COUNT 0x40
#define COM1 0x3f8

#define LOW 0x41 /* vectors, of three classes */
#define LOW_TOO 0x42
#define HIGH 0x61
#define TIMER 0x51
#define SOFTWARE 0x80

#define WAIT_TICKS 20000000U

struct table {
	u16 limit;
	u32 base;
} __packed;

static u64 interrupts[VECTORS] __attribute__((aligned(8)));
static u8 taken[64]; /* the vectors, in their order */
static u32 count;
static u32 depth, deepest;
/* Called by the next interrupt's handler before its end. */
static void (*handler_action)(void);
static bool x2apic;
static u32 errors;
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

static u64 read_msr(u32 index)
{
	u64 value;

	__asm__ volatile("rdmsr" : "=A"(value) : "c"(index));
	return value;
}

static void write_msr(u32 index, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(index), "A"(value) : "memory");
}

static u64 rdtsc(void)
{
	u64 value;

	__asm__ volatile("rdtsc" : "=A"(value));
	return value;
}

static u32 apic_read(u32 reg)
{
	if (x2apic)
		return (u32)read_msr(MSR_X2APIC + reg / 16);
	return *(volatile u32 *)(LAPIC + reg);
}

static void apic_write(u32 reg, u32 value)
{
	if (x2apic)
		write_msr(MSR_X2APIC + reg / 16, value);
	else
		*(volatile u32 *)(LAPIC + reg) = value;
}

static void set_ioapic(u32 input, u32 entry)
{
	volatile u32 *index = (u32 *)IOAPIC, *data = (u32 *)(IOAPIC + 0x10);

	*index = 0x11 + 2 * input;
	*data = 0; /* to APIC ID 0 */
	*index = 0x10 + 2 * input;
	*data = entry;
}

static void enable_interrupts(void)
{
	__asm__ volatile("sti; nop; nop" : : : "memory");
}

static void disable_interrupts(void)
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

static void begin_count(void (*action)(void))
{
	count = depth = deepest = 0;
	handler_action = action;
}

/* Spends time until @expected interrupts have come; false if they don't. */
static bool interrupts_come(u32 expected)
{
	u64 until = rdtsc() + WAIT_TICKS;

	while (count < expected && rdtsc() < until)
		enable_interrupts();
	disable_interrupts();
	return count >= expected;
}

static void check(bool ok, const char *what)
{
	if (check_failed(ok))
		print("  %s (%s; taken: %u, %x %x %x; depth %u)\n", what,
		      x2apic ? "x2APIC" : "xAPIC", count, taken[0], taken[1],
		      taken[2], deepest);
}

static void send_ipi(u32 low)
{
	if (x2apic)
		write_msr(MSR_X2APIC + LAPIC_ICR / 16, low);
	else
		apic_write(LAPIC_ICR, low);
}

static bool were_taken(u32 first, u32 second)
{
	return count == 2 && taken[0] == first && taken[1] == second;
}

static void check_priorities(void)
{
	begin_count(NULL);
	send_ipi(ICR_ASSERT | LOW);
	send_ipi(ICR_ASSERT | ICR_SELF | HIGH);
	send_ipi(ICR_ASSERT | ICR_SELF | HIGH); /* the same request */
	send_ipi(ICR_ASSERT | ICR_OTHERS | TIMER);
	check(count == 0, "an interrupt is taken though IF=0");
	enable_interrupts();
	check(were_taken(HIGH, LOW), "not the higher one first");

	begin_count(NULL);
	apic_write(LAPIC_TPR, LOW & 0xf0);
	send_ipi(ICR_ASSERT | LOW);
	send_ipi(ICR_ASSERT | HIGH);
	enable_interrupts();
	check(count == 1 && taken[0] == HIGH, "one below the TPR is taken");
	apic_write(LAPIC_TPR, 0);
	enable_interrupts();
	disable_interrupts();
	check(were_taken(HIGH, LOW), "one above the TPR is not taken");
}

static void within_interrupt(void)
{
	check((apic_read(LAPIC_PPR) & 0xf0) == (LOW & 0xf0), "a wrong PPR");
	send_ipi(ICR_ASSERT | LOW_TOO);
	send_ipi(ICR_ASSERT | HIGH);
	enable_interrupts();
	disable_interrupts();
	check(were_taken(LOW, HIGH), "not the higher one within");
}

static void check_nesting(void)
{
	begin_count(within_interrupt);
	send_ipi(ICR_ASSERT | LOW);
	enable_interrupts();
	enable_interrupts();
	disable_interrupts();
	check(count == 3 && taken[2] == LOW_TOO && deepest == 2,
	      "the one of the same class is not taken after");
}

static void check_errors(void)
{
	apic_write(LAPIC_ESR, 0);
	begin_count(NULL);
	send_ipi(ICR_ASSERT | 3);
	apic_write(LAPIC_ESR, 0);
	check(apic_read(LAPIC_ESR) & ESR_SEND_ILLEGAL,
	      "no illegal vector in ESR");
	apic_write(LAPIC_ESR, 0);
	apic_write(LAPIC_ESR, 0);
	check(!apic_read(LAPIC_ESR), "ESR is not cleared");
}

static void within_nmi(void)
{
	send_ipi(ICR_ASSERT | ICR_NMI);
	__asm__ volatile("nop; nop");
	check(count == 1, "an NMI is taken within an NMI");
}

/* An IRET ends the blocking, any IRET (SDM vol. 3A, 6.7.1). */
static void within_nmi_with_iret(void)
{
	within_nmi();
	__asm__ volatile("int %0; nop" : : "i"(SOFTWARE) : "memory");
	check(count == 3 && taken[2] == VECTOR_NMI && deepest == 2,
	      "no NMI after an IRET within");
}

static void check_nmi(void)
{
	begin_count(within_nmi);
	send_ipi(ICR_ASSERT | ICR_NMI); /* IF=0 does not block it */
	__asm__ volatile("nop; nop");
	check(were_taken(VECTOR_NMI, VECTOR_NMI) && deepest == 1,
	      "no second NMI after the first");
	begin_count(within_nmi_with_iret);
	send_ipi(ICR_ASSERT | ICR_NMI);
	__asm__ volatile("nop; nop");
	check(count == 3, "NMIs are lost or doubled");
}

static void check_timer(void)
{
	u32 before;

	apic_write(LAPIC_DIVIDE, DIVIDE_BY_1);
	apic_write(LAPIC_TIMER, TIMER);
	begin_count(NULL);
	apic_write(LAPIC_INITIAL, 100000);
	before = apic_read(LAPIC_CURRENT);
	check(before && before <= 100000, "the count begins elsewhere");
	check(apic_read(LAPIC_CURRENT) <= before, "the count goes up");
	check(interrupts_come(1) && taken[0] == TIMER,
	      "one shot: no interrupt");
	check(apic_read(LAPIC_CURRENT) == 0, "one shot: it counts on");

	/* The same while the guest sleeps. */
	begin_count(NULL);
	apic_write(LAPIC_INITIAL, 100000);
	__asm__ volatile("sti; hlt; cli" : : : "memory");
	check(count == 1 && taken[0] == TIMER, "HLT: no interrupt");

	apic_write(LAPIC_TIMER, TIMER | LVT_PERIODIC);
	begin_count(NULL);
	apic_write(LAPIC_INITIAL, 100000);
	check(interrupts_come(3), "periodic: no third interrupt");
	apic_write(LAPIC_TIMER, TIMER | LVT_PERIODIC | LVT_MASKED);
	enable_interrupts();
	disable_interrupts();
	begin_count(NULL);
	check(apic_read(LAPIC_CURRENT) != 0, "masked: the count stands still");
	apic_write(LAPIC_INITIAL, 0);
	check(apic_read(LAPIC_CURRENT) == 0, "stopped: the count goes on");
}

static void check_deadline(void)
{
	apic_write(LAPIC_TIMER, TIMER | LVT_DEADLINE);
	__asm__ volatile("mfence" : : : "memory"); /* 10.5.4.1 */
	begin_count(NULL);
	write_msr(MSR_TSC_DEADLINE, rdtsc() + 100000);
	check(interrupts_come(1) && taken[0] == TIMER,
	      "deadline: no interrupt");
	check(read_msr(MSR_TSC_DEADLINE) == 0, "deadline: it stays armed");
	begin_count(NULL);
	write_msr(MSR_TSC_DEADLINE, 1);
	check(interrupts_come(1), "deadline in the past: no interrupt");
	write_msr(MSR_TSC_DEADLINE, rdtsc() + BIT(40));
	check(read_msr(MSR_TSC_DEADLINE) != 0, "deadline: it is not kept");
	write_msr(MSR_TSC_DEADLINE, 0);
	apic_write(LAPIC_TIMER, LVT_MASKED);
}

static void set_up_8259s(void)
{
	static const u16 chips[] = { PIC1, PIC2 };

	for (u32 i = 0; i < 2; i++) {
		port_write(chips[i], 0x11);
		port_write(chips[i] + 1, (u8)(PIC_BASE + 8 * i));
		port_write(chips[i] + 1, i ? 2 : 4);
		port_write(chips[i] + 1, 1);
		port_write(chips[i] + 1, 0xff);
	}
}

/* Channel 0, a pulse each millisecond. */
static void start_pit(void)
{
	port_write(PIT_MODE, 0x34);
	port_write(PIT_COUNT, 0xa9);
	port_write(PIT_COUNT, 0x04);
}

static void check_8259s(void)
{
	set_up_8259s();
	start_pit();
	apic_write(LAPIC_LINT0, LVT_EXTINT);
	begin_count(NULL);
	port_write(PIC1 + 1, 0xfe);
	check(interrupts_come(2) && taken[1] == PIC_BASE,
	      "no timer by the 8259s");
	apic_write(LAPIC_LINT0, LVT_EXTINT | LVT_MASKED);
	begin_count(NULL);
	interrupts_come(1);
	check(count == 0, "the 8259s' interrupt, and LINT0 is masked");
	port_write(PIC1 + 1, 0xff);
}

static void silence_serial(void)
{
	if (count < 3)
		handler_action = silence_serial;
	else
		port_write(COM1 + 1, 0);
}

static void check_ioapic(void)
{
	start_pit();
	begin_count(NULL);
	set_ioapic(IOAPIC_TIMER, TIMER);
	check(interrupts_come(3) && taken[2] == TIMER,
	      "no timer by the I/O APIC");
	set_ioapic(IOAPIC_TIMER, TIMER | LVT_MASKED);
	enable_interrupts(); /* the earlier requests */
	disable_interrupts();
	begin_count(NULL);
	interrupts_come(1);
	check(count == 0, "the timer, and its input is masked");

	/* A level interrupts again at each EOI, until its reason is gone. */
	while (!(port_read(COM1 + 5) & BIT(6)))
		;
	begin_count(silence_serial);
	set_ioapic(IOAPIC_SERIAL, HIGH | IOAPIC_LEVEL);
	port_write(COM1 + 4, 0x0b);
	port_write(COM1 + 1, 0x02); /* the transmitter is empty */
	check(interrupts_come(3), "a level comes no third time");
	enable_interrupts();
	disable_interrupts();
	set_ioapic(IOAPIC_SERIAL, HIGH | LVT_MASKED);
	check(count == 3, "a level comes without a reason");
}

static void check_all(void)
{
	check_priorities();
	check_nesting();
	if (errors)
		check_errors();
	check_nmi();
	check_timer();
	if (cpuid(CPUID_FEATURES).ecx & CPUID_1_ECX_TSC_DEADLINE)
		check_deadline();
	check_ioapic();
}

static bool cpuid_has_apic(void)
{
	return cpuid(CPUID_FEATURES).edx & CPUID_1_EDX_APIC;
}

static void check_modes(void)
{
	u64 base = read_msr(MSR_APIC_BASE);

	check(cpuid_has_apic(), "no APIC in CPUID");
	if (!(cpuid(CPUID_FEATURES).ecx & CPUID_1_ECX_X2APIC))
		return;
	write_msr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	x2apic = true;
	check_all();
	begin_count(NULL);
	apic_write(LAPIC_SELF_IPI, LOW);
	enable_interrupts();
	disable_interrupts();
	check(count == 1 && taken[0] == LOW, "SELF IPI: no interrupt");
	write_msr(MSR_APIC_BASE, base & ~(u64)APIC_BASE_ENABLE);
	x2apic = false;
	check(!cpuid_has_apic(), "an APIC in CPUID while it is disabled");
	write_msr(MSR_APIC_BASE, base);
	check(!(apic_read(LAPIC_SVR) & BIT(8)), "the APIC was not reset");
}

static void set_up(void)
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

void main(const char *arguments)
{
	errors = argument(arguments, "errors", 1);
	set_up();
	check_8259s();
	check_all();
	check_modes();
}
