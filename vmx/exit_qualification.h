/* SPDX-License-Identifier: MIT */
/*
 * The fields that describe an exit: exit qualifications (SDM vol. 3C, 27.2.1),
 * interruption information, and others that are read bit by bit.
 */
#ifndef VMX_EXIT_QUALIFICATION_H
#define VMX_EXIT_QUALIFICATION_H

#include "arch/x86/regs.h"
#include "lib/types.h"

/* Control-register accesses, table 27-3. */
#define QUAL_CR_NUMBER(q) ((unsigned int)((q)&15))
#define QUAL_CR_TYPE(q) ((enum cr_access)((q) >> 4 & 3))
#define QUAL_CR_ACCESS(q) ((unsigned int)((q)&63)) /* number and type */
#define QUAL_CR_LOAD_CR3 (CR_ACCESS_MOV_TO << 4 | 3) /* a QUAL_CR_ACCESS */
#define QUAL_CR_GPR(q) ((enum gpr)((q) >> 8 & 15))
#define QUAL_LMSW_SOURCE(q) ((q) >> 16 & 0xffff)

enum cr_access {
	CR_ACCESS_MOV_TO,
	CR_ACCESS_MOV_FROM,
	CR_ACCESS_CLTS,
	CR_ACCESS_LMSW
};

/* MOV DR, table 27-4. */
#define QUAL_DR_NUMBER(q) ((unsigned int)((q)&7))
#define QUAL_DR_FROM BIT(4)
#define QUAL_DR_GPR(q) ((enum gpr)((q) >> 8 & 15))

/* I/O instructions, table 27-5. */
#define QUAL_IO_SIZE(q) ((unsigned int)((q)&7) + 1)
#define QUAL_IO_IN BIT(3)
#define QUAL_IO_STRING BIT(4)
#define QUAL_IO_REP BIT(5)
#define QUAL_IO_PORT(q) ((u16)((q) >> 16))

/* Task switches, table 27-2. */
#define QUAL_TASK_SELECTOR(q) ((unsigned int)((q)&0xffff))
#define QUAL_TASK_SOURCE(q) ((q) >> 30 & 3)

/* Debug exceptions, table 27-1: the bits are those of DR6. */
#define DR6_B0_B3 BITS(3, 0)
#define DR6_BD BIT(13)
#define DR6_BS BIT(14)
#define DR6_RESET 0xffff0ff0ULL
#define DR7_GD BIT(13)

/*
 * Returns DR6 after the delivery of a #DB: B0 to B3 describe this #DB alone;
 * the other bits stay set until software clears them (SDM vol. 3B, 17.2.3).
 */
static inline u64 dr6_after_debug(u64 dr6, u64 qualification)
{
	return (dr6 & ~DR6_B0_B3) |
	       (qualification & (DR6_B0_B3 | DR6_BD | DR6_BS));
}

/* VM-exit instruction information of INS and OUTS, table 27-8. */
#define IO_INFO_ADDRESS_BYTES(i) (2U << ((i) >> 7 & 7)) /* 2, 4 or 8 */
#define IO_INFO_SEGMENT(i) ((enum segment)((i) >> 15 & 7))

/* Interruption information, tables 24-14, 24-16 and 24-17. */
#define VMX_INTR_VECTOR BITS(7, 0)
#define VMX_INTR_TYPE BITS(10, 8)
#define VMX_INTR_ERROR_CODE BIT(11)
#define VMX_INTR_NMI_UNBLOCKED BIT(12) /* of an exit: IRET has unblocked NMIs */
#define VMX_INTR_VALID BIT(31)

enum vmx_intr_type {
	INTR_EXTERNAL = 0,
	INTR_NMI = 2,
	INTR_HARDWARE_EXCEPTION = 3,
	INTR_SOFTWARE_INTERRUPT = 4,
	INTR_PRIVILEGED_SOFTWARE_EXCEPTION = 5, /* INT1 */
	INTR_SOFTWARE_EXCEPTION = 6, /* INT3, INTO */
	INTR_OTHER_EVENT = 7
};

/* The interruption information of an event that has no error code. */
#define VMX_INTR(type, vector) (VMX_INTR_VALID | (u32)(type) << 8 | (vector))

static inline enum vmx_intr_type vmx_intr_type(u32 info)
{
	return (enum vmx_intr_type)(info >> 8 & 7);
}

/*
 * Returns true if an instruction raises the event and ends with it: INT n,
 * INT1, INT3, INTO.
 */
static inline bool vmx_intr_is_software(u32 info)
{
	return vmx_intr_type(info) >= INTR_SOFTWARE_INTERRUPT &&
	       vmx_intr_type(info) <= INTR_SOFTWARE_EXCEPTION;
}

/* Interruptibility state, table 24-3. */
#define BLOCKING_BY_STI BIT(0)
#define BLOCKING_BY_MOV_SS BIT(1)
#define BLOCKING_BY_SMI BIT(2)
#define BLOCKING_BY_NMI BIT(3)

#endif
