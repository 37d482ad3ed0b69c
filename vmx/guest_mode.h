/* SPDX-License-Identifier: MIT */
/* The mode of the guest's code, by its registers. Pure. */
#ifndef VMX_GUEST_MODE_H
#define VMX_GUEST_MODE_H

#include "arch/x86/emulator/insn.h"
#include "arch/x86/regs.h"
#include "mmu/guest_walk.h"

/* Returns the mode in which code is decoded; @cs_rights: of CS. */
static inline enum insn_mode code_mode(u64 efer, u32 cs_rights)
{
	if ((efer & EFER_LMA) && (cs_rights & AR_L))
		return INSN_MODE_64;
	return cs_rights & AR_DB ? INSN_MODE_32 : INSN_MODE_16;
}

/*
 * Returns the linear address of the code at CS:RIP. CS has no base in 64-bit
 * mode (SDM vol. 1, 3.4.2.1); in other modes addresses wrap at 4 GiB (3.3.4).
 */
static inline gva_t linear_rip(enum insn_mode mode, u64 cs_base, u64 rip)
{
	return mode == INSN_MODE_64 ? rip : (u32)(cs_base + rip);
}

/* The part of a general register that MOV to or from a CR moves. */
static inline u64 mov_cr_value(enum insn_mode mode, u64 value)
{
	return mode == INSN_MODE_64 ? value : (u32)value;
}

/*
 * Returns the rights with which an instruction accesses its data: PFEC_U,
 * WALK_AC or 0 (SDM vol. 3A, 4.6.1).
 */
static inline u32 data_access(unsigned int cpl, u64 rflags)
{
	if (cpl == 3)
		return PFEC_U;
	return rflags & RFLAGS_AC ? WALK_AC : 0;
}

/*
 * Returns the access rights of TR for the next entry. A guest that enters long
 * mode keeps its TR, maybe a 16-bit TSS, but a VM entry in IA-32e mode demands
 * a 64-bit TSS (SDM vol. 3C, 26.3.1.2). The two differ in the type only.
 */
static inline u32 tr_rights_at_entry(u64 efer, u32 rights)
{
	if (!(efer & EFER_LMA) || AR_TYPE(rights) != AR_TSS16_BUSY)
		return rights;
	return (rights & ~AR_TYPE_MASK) | AR_TSS_BUSY;
}

#endif
