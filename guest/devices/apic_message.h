/* SPDX-License-Identifier: MIT */
/*
 * The messages of the I/O APIC and of local APICs to local APICs
 * (SDM vol. 3A, 10.6.1 and 10.11.2; 82093AA data sheet, 3.2.4).
 */
#ifndef GUEST_DEVICES_APIC_MESSAGE_H
#define GUEST_DEVICES_APIC_MESSAGE_H

#include "lib/types.h"

enum apic_delivery {
	APIC_FIXED,
	APIC_LOWEST_PRIORITY,
	APIC_SMI,
	APIC_RESERVED,
	APIC_NMI,
	APIC_INIT,
	APIC_STARTUP,
	APIC_EXTINT /* the 8259s give the vector */
};

/*
 * The low word of an ICR, of a redirection entry and of a vector in the local
 * vector table: their common fields lie at the same bits.
 */
#define APIC_VECTOR BITS(7, 0)
#define APIC_DELIVERY_SHIFT 8
#define APIC_DELIVERY(word) ((enum apic_delivery)((word) >> 8 & 7))
#define APIC_LOGICAL BIT(11)
#define APIC_SEND_PENDING BIT(12)
#define APIC_ACTIVE_LOW BIT(13)
#define APIC_REMOTE_IRR BIT(14)
#define APIC_LEVEL BIT(15)
#define APIC_MASKED BIT(16)

/* Minimum number of a vector (SDM vol. 3A, 10.5.2). */
#define APIC_VECTOR_MIN 16

struct apic_message {
	u32 destination;
	u8 vector;
	enum apic_delivery delivery;
	bool logical; /* @destination is logical, else an APIC ID */
	bool level;
	bool wide; /* @destination has 32 bits (x2APIC), else 8 */
};

#endif
