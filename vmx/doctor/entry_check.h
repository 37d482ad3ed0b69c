/* SPDX-License-Identifier: MIT */
/* The entry doctor at work on this machine's VMCS. */
#ifndef VMX_DOCTOR_ENTRY_CHECK_H
#define VMX_DOCTOR_ENTRY_CHECK_H

#include "vmx/doctor/doctor.h"

/* Returns a doctor for the current VMCS, which is at @vmcs. */
struct doctor entry_doctor(hpa_t vmcs);

/*
 * Examines the current VMCS, at @vmcs, and logs each rule that it violates.
 * Returns the verdict. VM_INSTRUCTION_ERROR is not reliable afterwards.
 */
enum doctor_verdict entry_check(hpa_t vmcs);

#endif
