/* SPDX-License-Identifier: MIT */
/*
 * Timers that are faster than their emulation: the 8254's channel 0 at its
 * least count has more than half a million edges a second, and no edge becomes
 * an interrupt. The code must get on beside them. On Umbra it once did not:
 * each edge was an exit, and the next one was due before the guest was entered.
 * Then the same with interrupts whose handlers are as short as possible: of the
 * 8254, the real-time clock, the local APIC's timer, and of itself.
 */
#include "tests/guests/runtime.h"

#define PIC 0x20
#define PIC2 0xa0
#define PIC_INIT 0x11 /* ICW1: ICW4 follows */
#define PIC_VECTORS 0x18 /* ICW2: vectors of exceptions that never come */
#define PIC_CASCADE 4
#define PIC_8086 1
#define PIC_READ_REQUESTS 0x0a
#define PIC_READ_IN_SERVICE 0x0b
#define PIC_EOI 0x20
#define IRQ_TIMER BIT(0)
#define IRQ_RTC BIT(0) /* of the second one */

#define PIT_COUNT 0x40
#define PIT_CONTROL 0x43
#define PIT_SQUARE_WAVE 0x36 /* channel 0, both bytes, mode 3 */
#define COUNT_MIN 2 /* of that mode */
#define COUNT_STORM 50 /* below, QEMU's chip misses edges */

#define ROUNDS 20000

#define CODE32 0x08
#define GATE 0x8e00ULL
#define RTC 0x70
#define RTC_A 0x0a
#define RTC_B 0x0b
#define RTC_C 0x0c
#define RTC_8192_HZ 0x23
#define RTC_PERIODIC 0x42 /* and the 24-hour format */
#define RTC_24_HOURS 0x02
#define IRQ_CASCADE BIT(2)

/* Registers of the local APIC: SDM vol. 3A, table 10-1. */
#define LAPIC 0xfee00000
#define LAPIC_SVR 0xf0
#define LAPIC_ICR 0x300
#define LAPIC_TIMER 0x320
#define LAPIC_INITIAL 0x380
#define LAPIC_DIVIDE 0x3e0
#define SVR_ENABLED (BIT(8) | 0xff)
#define LVT_MASKED BIT(16)
#define LVT_PERIODIC BIT(17)
#define ICR_SELF BIT(18)
#define DIVIDE_BY_1 0xb
#define APIC_COUNT 2500
#define VECTOR_APIC 0x40
#define VECTORS (VECTOR_APIC + 1)
#define IPIS 2000
#define STORM 200 /* interrupts */

struct table {
	u16 limit;
	u32 base;
} __packed;

static u64 gates[VECTORS] __attribute__((aligned(8)));
volatile u32 interrupts;
extern u8 on_pit[], on_rtc[], on_apic[];

__asm__(".text\n"
	"on_pit:\n"
	"	incl interrupts\n"
	"	pushl %eax\n"
	"end_of_interrupt:\n"
	"	movb $0x20, %al\n"
	"	outb %al, $0x20\n"
	"	popl %eax\n"
	"	iret\n"
	"on_rtc:\n"
	"	incl interrupts\n"
	"	pushl %eax\n"
	"	movb $0x0c, %al\n" /* register C: the next one may come */
	"	outb %al, $0x70\n"
	"	inb $0x71, %al\n"
	"	movb $0x20, %al\n"
	"	outb %al, $0xa0\n"
	"	jmp end_of_interrupt\n"
	"on_apic:\n"
	"	incl interrupts\n"
	"	movl $0, 0xfee000b0\n"
	"	iret\n");

/* IRQ 0 is raised at each edge from now on. */
static void start_timer(u16 count)
{
	port_write(PIC, PIC_INIT);
	port_write(PIC + 1, PIC_VECTORS);
	port_write(PIC + 1, PIC_CASCADE);
	port_write(PIC + 1, PIC_8086);
	port_write(PIC + 1, (u8)~IRQ_TIMER);
	port_write(PIT_CONTROL, PIT_SQUARE_WAVE);
	port_write(PIT_COUNT, (u8)count);
	port_write(PIT_COUNT, (u8)(count >> 8));
}

static u32 run_rounds(void)
{
	volatile u32 done = 0;

	while (done < ROUNDS)
		done++;
	return done;
}

static void run_interruptible(void)
{
	__asm__ volatile("sti");
	run_rounds();
}

static void check(bool ok, const char *what)
{
	if (check_failed(ok))
		print("timers: wrong: %s\n", what);
}

static void set_lapic(u32 reg, u32 value)
{
	*(volatile u32 *)(LAPIC + reg) = value;
}

static void set_rtc(u8 reg, u8 value)
{
	port_write(RTC, reg);
	port_write(RTC + 1, value);
}

static void set_gate(u32 vector, const u8 *handler)
{
	u32 offset = (u32)handler;

	gates[vector] = (offset & 0xffff) | CODE32 << 16 | GATE << 32 |
			(u64)(offset >> 16) << 48;
}

/* Checks that the code gets on while it is interrupted again and again. */
static void check_storm(const char *what)
{
	u32 done = 0;

	interrupts = 0;
	__asm__ volatile("sti");
	do
		done += run_rounds();
	while (interrupts < STORM);
	__asm__ volatile("cli");
	check(done >= ROUNDS, what);
}

static void check_self_ipis(void)
{
	/* The timer's last interrupt may still wait. */
	__asm__ volatile("sti; nop; nop; cli");
	interrupts = 0;
	__asm__ volatile("sti");
	for (u32 i = 0; i < IPIS; i++)
		set_lapic(LAPIC_ICR, ICR_SELF | VECTOR_APIC);
	check(run_rounds() == ROUNDS, "IPIs to itself");
	__asm__ volatile("cli");
	check(interrupts == IPIS, "an IPI to itself is lost");
}

/* Runs unpaged, and with handlers of its own. */
static void check_storms(void)
{
	struct table idt = { sizeof(gates) - 1, (u32)gates };

	set_gate(PIC_VECTORS, on_pit);
	set_gate(PIC_VECTORS + 8, on_rtc);
	set_gate(VECTOR_APIC, on_apic);
	__asm__ volatile("lidt %0" : : "m"(idt) : "memory");
	start_timer(COUNT_STORM);
	check_storm("interrupts of the 8254");
	start_timer(0);
	port_write(PIC + 1, (u8)~IRQ_CASCADE);
	port_write(PIC2, PIC_INIT);
	port_write(PIC2 + 1, PIC_VECTORS + 8);
	port_write(PIC2 + 1, 2);
	port_write(PIC2 + 1, PIC_8086);
	port_write(PIC2 + 1, (u8)~IRQ_RTC);
	set_rtc(RTC_A, RTC_8192_HZ);
	set_rtc(RTC_B, RTC_PERIODIC);
	port_write(RTC, RTC_C);
	port_read(RTC + 1); /* clears the firmware's flags */
	check_storm("interrupts of the real-time clock");
	set_rtc(RTC_B, RTC_24_HOURS);
	port_write(PIC + 1, 0xff);
	set_lapic(LAPIC_SVR, SVR_ENABLED);
	set_lapic(LAPIC_DIVIDE, DIVIDE_BY_1);
	set_lapic(LAPIC_TIMER, LVT_PERIODIC | VECTOR_APIC);
	set_lapic(LAPIC_INITIAL, APIC_COUNT);
	check_storm("interrupts of the APIC's timer");
	set_lapic(LAPIC_TIMER, LVT_MASKED);
	check_self_ipis();
}

void main(const char *arguments)
{
	(void)arguments;
	mode_enter(MODE_2LEVEL); /* this sets up the traps */
	start_timer(COUNT_MIN);
	check(run_rounds() == ROUNDS, "interrupts off");
	port_write(PIC, PIC_READ_REQUESTS);
	check(port_read(PIC) & IRQ_TIMER, "IRQ 0 is not requested");

	/* While it is being handled, it does not interrupt again. */
	tried = (struct try){ .gva = (u32)run_interruptible, .kind = TRY_CALL };
	try();
	check(tried.trapped && tried.vector == PIC_VECTORS, "no interrupt");
	port_write(PIC, PIC_READ_IN_SERVICE);
	check(port_read(PIC) & IRQ_TIMER, "IRQ 0 is not being handled");
	__asm__ volatile("sti");
	check(run_rounds() == ROUNDS,
	      "interrupts on, one of them being handled");
	__asm__ volatile("cli");

	port_write(PIC + 1, 0xff);
	port_write(PIC, PIC_EOI);
	start_timer(0);
	mode_leave();
	check_storms();
}
