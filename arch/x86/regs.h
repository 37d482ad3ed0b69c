/* SPDX-License-Identifier: MIT */
/*
 * The names of the processor's architectural bits: control registers, EFER,
 * RFLAGS, page-table entries, page-fault error codes and the exception
 * vectors. No instruction is in here, so mmu/ and the tests may include it.
 */
#ifndef ARCH_X86_REGS_H
#define ARCH_X86_REGS_H

#include "lib/types.h"

/* General-purpose registers as they are encoded (SDM vol. 2, 2.1.3). */
enum gpr {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	GPR_COUNT
};

/* Segment registers in the order of their encoding (SDM vol. 2, table B-8). */
enum segment { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_COUNT };

struct cpu_regs {
	u64 gpr[GPR_COUNT];
	u64 rip;
	u64 rflags;
};

/* CR0, SDM vol. 3A, 2.5. */
#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)
#define CR0_DEFINED                                                            \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP |        \
	 CR0_AM | CR0_NW | CR0_CD | CR0_PG)

/* CR4, SDM vol. 3A, 2.5. */
#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_LA57 BIT(12)
#define CR4_VMXE BIT(13)
#define CR4_SMXE BIT(14)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE BIT(22)
#define CR4_PKS BIT(24)

/* DR7, SDM vol. 3B, 17.2.4. */
#define DR7_RESET BIT(10) /* it is always 1 */

/* IA32_EFER, SDM vol. 3A, 2.2.1. */
#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

/* RFLAGS, SDM vol. 1, 3.4.3. */
#define RFLAGS_CF BIT(0)
#define RFLAGS_FIXED BIT(1) /* always 1 */
#define RFLAGS_PF BIT(2)
#define RFLAGS_AF BIT(4)
#define RFLAGS_ZF BIT(6)
#define RFLAGS_SF BIT(7)
#define RFLAGS_TF BIT(8)
#define RFLAGS_IF BIT(9)
#define RFLAGS_DF BIT(10)
#define RFLAGS_OF BIT(11)
#define RFLAGS_NT BIT(14)
#define RFLAGS_RF BIT(16)
#define RFLAGS_VM BIT(17)
#define RFLAGS_AC BIT(18)
#define RFLAGS_ARITH                                                           \
	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* Access rights of segments as VMX has them, SDM vol. 3C, table 24-2. */
#define AR_TYPE(ar) ((unsigned int)((ar)&15))
#define AR_TYPE_MASK BITS(3, 0)
#define AR_ACCESSED BIT(0)
#define AR_WRITABLE BIT(1) /* of code: readable */
#define AR_EXPAND_DOWN BIT(2) /* of code: conforming */
#define AR_CODE BIT(3)
#define AR_S BIT(4) /* code or data, no system segment */
#define AR_DPL_SHIFT 5
#define AR_DPL_MASK BITS(6, 5)
#define AR_DPL(ar) ((unsigned int)((ar) >> AR_DPL_SHIFT & 3))
#define AR_P BIT(7)
#define AR_L BIT(13)
#define AR_DB BIT(14)
#define AR_G BIT(15)
#define AR_UNUSABLE BIT(16)
#define AR_LDT 2 /* types of system segments */
#define AR_TSS16_BUSY 3
#define AR_TSS_BUSY 11

/* Paging-structure entries, SDM vol. 3A, 4.5 (tables 4-15 to 4-20). */
#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_PWT BIT(3)
#define PTE_PCD BIT(4)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7) /* in a PDE or PDPTE: maps a page */
#define PTE_G BIT(8)
#define PTE_PAT_LARGE BIT(12) /* in a PDE or PDPTE that maps a page */
#define PTE_NX BIT(63)
#define PTE_ADDR_MASK BITS(51, 12)
#define MAXPHYADDR_MAX 52 /* SDM vol. 3A, 4.1.4 */

/* Page-fault error code, SDM vol. 3A, 4.7. */
#define PFEC_P BIT(0)
#define PFEC_W BIT(1)
#define PFEC_U BIT(2)
#define PFEC_RSVD BIT(3)
#define PFEC_I BIT(4)
#define PFEC_PK BIT(5)

/* Exception vectors, SDM vol. 3A, table 6-1. */
enum vector {
	VECTOR_DE = 0,
	VECTOR_DB = 1,
	VECTOR_NMI = 2,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_BR = 5,
	VECTOR_UD = 6,
	VECTOR_NM = 7,
	VECTOR_DF = 8,
	VECTOR_TS = 10,
	VECTOR_NP = 11,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MF = 16,
	VECTOR_AC = 17,
	VECTOR_MC = 18,
	VECTOR_XM = 19,
	VECTOR_VE = 20,
	VECTOR_CP = 21,
	VECTOR_EXCEPTIONS = 32
};

#endif
