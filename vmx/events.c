/* SPDX-License-Identifier: MIT */
/* Exceptions that meet: SDM vol. 3A, 6.15, "Interrupt 8". */
#include "vmx/inject.h"

enum exception_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum exception_class class_of(u8 vector)
{
	switch (vector) {
	case VECTOR_DE:
	case VECTOR_TS:
	case VECTOR_NP:
	case VECTOR_SS:
	case VECTOR_GP:
	case VECTOR_CP:
		return CONTRIBUTORY;
	case VECTOR_PF:
	case VECTOR_VE:
		return PAGE_FAULT;
	case VECTOR_DF:
		return DOUBLE_FAULT;
	default:
		return BENIGN;
	}
}

enum combined_event combine_events(u32 first, u8 second)
{
	enum exception_class then = class_of(second);

	if (!(first & VMX_INTR_VALID) ||
	    vmx_intr_type(first) != INTR_HARDWARE_EXCEPTION)
		return EVENT_SECOND;
	switch (class_of(first & VMX_INTR_VECTOR)) {
	case CONTRIBUTORY:
		return then == CONTRIBUTORY ? EVENT_DOUBLE_FAULT : EVENT_SECOND;
	case PAGE_FAULT:
		return then == BENIGN ? EVENT_SECOND : EVENT_DOUBLE_FAULT;
	case DOUBLE_FAULT:
		return then == BENIGN ? EVENT_SECOND : EVENT_TRIPLE_FAULT;
	default:
		return EVENT_SECOND;
	}
}
