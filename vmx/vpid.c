/* SPDX-License-Identifier: MIT */
#include "arch/x86/emulator/linear.h"
#include "vmx/vpid.h"

const char *vpid_objection(const struct vmx_capabilities *capabilities,
			   enum vpid_wish wish, bool below)
{
	const u64 *allowed = capabilities->allowed;
	u64 cap = capabilities->ept_vpid;

	if (!(allowed[CONTROLS_CPU] >> 32 & CPU_SECONDARY_CONTROLS) ||
	    !(allowed[CONTROLS_CPU2] >> 32 & CPU2_ENABLE_VPID))
		return "\"enable VPID\" can't be 1 (bit 37 of MSR 48Bh)";
	if (!(cap & EPT_VPID_CAP_INVVPID) ||
	    !(cap & (EPT_VPID_CAP_TYPE(INVVPID_CONTEXT) |
		     EPT_VPID_CAP_TYPE(INVVPID_ALL_CONTEXTS))))
		return "no INVVPID of a context (bits 32, 41, 42 of MSR 48Ch)";
	if (wish == VPID_OFF)
		return "off (vpid=0)";
	if (wish == VPID_AUTO && below)
		return "each INVVPID would exit to the hypervisor below";
	return NULL;
}

/*
 * Returns true if one INVVPID of an address does @more, and @flush if that has
 * one.
 */
static bool is_one_address(const struct tlb_flush *flush,
			   const struct tlb_flush *more)
{
	/* INVVPID of an address that is not canonical fails (30.3). */
	return is_canonical(more->gva) &&
	       (flush->scope != TLB_ADDRESS || flush->gva == more->gva);
}

void tlb_flush_merge(struct tlb_flush *flush, struct tlb_flush more)
{
	if (more.scope == TLB_ADDRESS && !is_one_address(flush, &more))
		more.scope = TLB_SHADOW;
	if (more.scope > flush->scope)
		*flush = more;
}

void invvpid_types(u64 ept_vpid, u8 types[TLB_SCOPES])
{
	u8 type = ept_vpid & EPT_VPID_CAP_TYPE(INVVPID_CONTEXT)
			  ? INVVPID_CONTEXT
			  : INVVPID_ALL_CONTEXTS;

	types[TLB_ALL] = type;
	if (ept_vpid & EPT_VPID_CAP_TYPE(INVVPID_CONTEXT_RETAINING_GLOBALS))
		type = INVVPID_CONTEXT_RETAINING_GLOBALS;
	types[TLB_SHADOW] = type;
	if (ept_vpid & EPT_VPID_CAP_TYPE(INVVPID_ADDRESS))
		type = INVVPID_ADDRESS;
	types[TLB_ADDRESS] = type;
}
