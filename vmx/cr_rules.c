/* SPDX-License-Identifier: MIT */
#include "vmx/cr_rules.h"

bool cr0_load_valid(const struct cr_state *state, u64 value)
{
	bool turns_on = (value & CR0_PG) && !(state->cr0 & CR0_PG);
	bool turns_off = !(value & CR0_PG) && (state->cr0 & CR0_PG);

	if (value >> 32)
		return false;
	if ((value & CR0_PG) && !(value & CR0_PE))
		return false;
	if ((value & CR0_NW) && !(value & CR0_CD))
		return false;
	if (turns_on && (state->efer & EFER_LME) &&
	    (!(state->cr4 & CR4_PAE) || state->cs_long))
		return false;
	return !(turns_off && (state->efer & EFER_LMA) && state->cs_long);
}

bool cr3_load_valid(const struct cr_state *state, u64 value, u8 maxphyaddr)
{
	/* Outside long mode the upper half can't even be given. */
	if (!(state->efer & EFER_LMA))
		return true;
	return !(value >> maxphyaddr);
}

bool cr4_load_valid(const struct cr_state *state, u64 value,
		    const struct cr_features *features)
{
	if (value & ~features->cr4)
		return false;
	return !(state->efer & EFER_LMA) || (value & CR4_PAE);
}

bool efer_load_valid(const struct cr_state *state, u64 value,
		     const struct cr_features *features)
{
	if (value & ~(features->efer | EFER_LMA))
		return false;
	/* LME can't change while paging is on. */
	return !(state->cr0 & CR0_PG) || !((value ^ state->efer) & EFER_LME);
}

u64 efer_after_cr0(u64 efer, u64 cr0)
{
	if ((cr0 & CR0_PG) && (efer & EFER_LME))
		return efer | EFER_LMA;
	return efer & ~EFER_LMA;
}
