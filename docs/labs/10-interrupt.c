/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 10. `make lab N=10` puts it into the tree. */

/* In vmx/events/events.c: */

struct vmx_event event_again(u32 idt_vectoring, u32 error_code, u32 length)
{
	/* Lab 10, step 4: the event whose delivery an exit has broken off. */
	return (struct vmx_event){ 0 };
}

bool can_take_interrupt(const struct readiness *ready)
{
	/* Lab 10, step 1. */
	return false;
}

enum next_event next_event(const struct readiness *ready, bool nmi,
			   bool interrupt)
{
	/* Lab 10, step 2: also the interrupt, and when neither may come. */
	if (nmi && can_take_nmi(ready))
		return NEXT_NMI;
	return NEXT_NONE;
}

u32 event_windows(const struct readiness *ready, bool nmi, bool interrupt)
{
	/* Lab 10, step 3: be told when the guest can take what waits. */
	return 0;
}
