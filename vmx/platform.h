/* SPDX-License-Identifier: MIT */
/*
 * Obstacles between Umbra and VMX: the firmware's switch, and a hypervisor
 * below. Decisions and words only; pure, for the tests' sake.
 */
#ifndef VMX_PLATFORM_H
#define VMX_PLATFORM_H

#include "lib/types.h"

/* IA32_FEATURE_CONTROL's verdict on VMXON outside SMX: SDM vol. 3C, 23.7. */
enum feature_control {
	FEATURE_CONTROL_ON, /* locked, with VMX outside SMX */
	FEATURE_CONTROL_OPEN, /* not locked: Umbra sets both bits itself */
	FEATURE_CONTROL_OFF, /* locked without VMX */
	FEATURE_CONTROL_SMX_ONLY, /* locked, VMX for measured launches alone */
	FEATURE_CONTROLS
};

enum feature_control feature_control_judge(u64 value);
const char *feature_control_words(enum feature_control verdict);

/* A hypervisor that Umbra may find itself under. */
struct hypervisor {
	const char *signature; /* EBX, ECX, EDX of CPUID leaf 40000000h */
	const char *name;
	const char *remedy; /* how a machine of its own is given VMX */
};

#define HYPERVISOR_SIGNATURE 12

/*
 * The hypervisor by its signature, HYPERVISOR_SIGNATURE bytes; one that is not
 * known has no signature and a general remedy.
 */
const struct hypervisor *hypervisor_find(const char *signature);

/* The remedy for VMX that is off, where no hypervisor is below. */
extern const char firmware_remedy[];

#endif
