/* SPDX-License-Identifier: MIT */
/*
 * Timers that are faster than whoever emulates them: the 8254's channel 0 at
 * its least count, more than half a million edges a second, none of which
 * becomes an interrupt. The code beside them must get on; it did not, on Umbra,
 * when each edge was an exit, and the next one due before the guest was
 * entered.
 */
#include "tests/guests/runtime.h"

#define PIC 0x20
#define PIC_INIT 0x11 /* ICW1: ICW4 follows */
#define PIC_VECTORS 0x18 /* ICW2: exceptions that there are none of */
#define PIC_CASCADE 4
#define PIC_8086 1
#define PIC_READ_REQUESTS 0x0a
#define PIC_READ_IN_SERVICE 0x0b
#define PIC_EOI 0x20
#define IRQ_TIMER BIT(0)

#define PIT_COUNT 0x40
#define PIT_CONTROL 0x43
#define PIT_SQUARE_WAVE 0x36 /* channel 0, both bytes, mode 3 */
#define COUNT_MIN 2 /* of that mode */

#define ROUNDS 20000

/* From now on IRQ 0 is raised at each edge. */
static void start(u16 count)
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

static u32 work(void)
{
	volatile u32 done = 0;

	while (done < ROUNDS)
		done++;
	return done;
}

static void wait(void)
{
	__asm__ volatile("sti");
	work();
}

static void check(bool ok, const char *what)
{
	if (check_failed(ok))
		print("timers: wrong: %s\n", what);
}

void main(const char *arguments)
{
	(void)arguments;
	mode_enter(MODE_2LEVEL); /* which sets up the traps */
	start(COUNT_MIN);
	check(work() == ROUNDS, "interrupts off");
	port_write(PIC, PIC_READ_REQUESTS);
	check(port_read(PIC) & IRQ_TIMER, "IRQ 0 is not requested");

	/* While it is being handled, it does not interrupt again. */
	tried = (struct try){ .gva = (u32)wait, .kind = TRY_CALL };
	try();
	check(tried.trapped && tried.vector == PIC_VECTORS, "no interrupt");
	port_write(PIC, PIC_READ_IN_SERVICE);
	check(port_read(PIC) & IRQ_TIMER, "IRQ 0 is not being handled");
	__asm__ volatile("sti");
	check(work() == ROUNDS, "interrupts on, one of them being handled");
	__asm__ volatile("cli");

	port_write(PIC + 1, 0xff);
	port_write(PIC, PIC_EOI);
	start(0);
	mode_leave();
}
