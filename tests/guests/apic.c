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
#include "tests/guests/apic.h"

static u32 errors;

static void set_ioapic(u32 input, u32 entry)
{
	volatile u32 *index = (u32 *)IOAPIC, *data = (u32 *)(IOAPIC + 0x10);

	*index = 0x11 + 2 * input;
	*data = 0; /* to APIC ID 0 */
	*index = 0x10 + 2 * input;
	*data = entry;
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
		call_at_next(silence_serial);
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

void main(const char *arguments)
{
	errors = argument(arguments, "errors", 1);
	set_up_interrupts();
	check_8259s();
	check_all();
	check_modes();
}
