/* SPDX-License-Identifier: MIT */
/*
 * Obstacles between Umbra and VMX: the firmware's switch, and a hypervisor
 * below. Decisions and words only. Pure.
 */
#ifndef VMX_PLATFORM_H
#define VMX_PLATFORM_H

#include "lib/types.h"

/* IA32_FEATURE_CONTROL's verdict on VMXON outside SMX: SDM vol. 3C, 23.7. */
enum feature_control {
	FEATURE_CONTROL_ON, /* locked, with VMX outside SMX */
	FEATURE_CONTROL_OPEN, /* not locked: Umbra sets both bits itself */
	FEATURE_CONTROL_OFF, /* locked without VMX */
	FEATURE_CONTROL_SMX_ONLY, /* locked, VMX for measured launches only */
	FEATURE_CONTROLS
};

/* Returns the verdict of @value, the MSR, and the verdict in words. */
enum feature_control feature_control_judge(u64 value);
const char *feature_control_words(enum feature_control verdict);

/* A hypervisor that Umbra may find itself under. */
struct hypervisor {
	const char *signature; /* EBX, ECX, EDX of CPUID leaf 40000000h */
	const char *name;
	const char *remedy; /* how the user gives its machine VMX */
};

#define HYPERVISOR_SIGNATURE 12

/*
 * Finds the hypervisor with @signature, of HYPERVISOR_SIGNATURE bytes. Never
 * NULL: an unknown hypervisor gets a general remedy, and its signature is NULL.
 */
const struct hypervisor *hypervisor_find(const char *signature);

/* The remedy where the firmware has switched VMX off. */
extern const char firmware_remedy[];

#endif
