/* SPDX-License-Identifier: MIT */
/* The right values: SDM vol. 3C, 26.2 and 26.3. */
#include "arch/x86/regs.h"
#include "tests/unit/vmcs_mend.h"
#include "vmx/exit_qualification.h"

/* Code, 64 bits, accessed, and 4 KiB units; L is 1, so D must be 0. */
#define CODE_64 0xa09b

struct check_write vmcs_mend(unsigned int patient)
{
	static const struct check_write mends[] = {
		/* 26.3.1.4: bit 1 of RFLAGS is always 1. */
		{ VMCS_GUEST_RFLAGS, RFLAGS_FIXED },
		/* 26.2.3: TR of the host is a segment. */
		{ VMCS_HOST_TR_SELECTOR, 0x18 },
		/* 26.3.1.2. */
		{ VMCS_GUEST_CS_ACCESS_RIGHTS, CODE_64 },
		/* 26.3.1.1: IA-32e mode needs PAE. */
		{ VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE },
		/* 26.2.1.3: #UD has no error code. */
		{ VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
		  VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_UD) },
	};

	return mends[patient - 1];
}
