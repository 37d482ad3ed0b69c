/* SPDX-License-Identifier: MIT */
/*
 * VPIDs (SDM vol. 3C, 28.1). Without one, each VM entry and each VM exit
 * flushes all that the processor has cached of the shadow (28.3.3.1). With one,
 * the processor keeps it until INVVPID says otherwise. The flushes that are
 * asked for between an exit and the next entry are merged into one INVVPID.
 * Pure.
 */
#ifndef VMX_VPID_H
#define VMX_VPID_H

#include "lib/types.h"
#include "vmx/controls.h"

/* The tag of the guest's mappings; that of Umbra's own is 0. */
#define GUEST_VPID 1

/* The option vpid; the order is that of its words. */
enum vpid_wish { VPID_OFF, VPID_ON, VPID_AUTO };

/*
 * Returns, in words, why no VPID is used; NULL: one is used. With VPID_ON the
 * only reason is a feature that the processor lacks. @below: there is a
 * hypervisor below.
 */
const char *vpid_objection(const struct vmx_capabilities *capabilities,
			   enum vpid_wish wish, bool below);

/* Parts of the cached translations of the guest, the smallest first. */
enum tlb_scope {
	TLB_NOTHING,
	TLB_ADDRESS, /* those that translate one address */
	TLB_SHADOW, /* all of the shadow, which has no global pages */
	TLB_ALL, /* those of other software with this VPID, too */
	TLB_SCOPES
};

/* The translations that the processor must forget before the next entry. */
struct tlb_flush {
	enum tlb_scope scope;
	gva_t gva; /* for TLB_ADDRESS: canonical */
};

/*
 * Adds @more to *@flush: the least single flush that does both. The address of
 * @more need not be canonical.
 */
void tlb_flush_merge(struct tlb_flush *flush, struct tlb_flush more);

/* The types of INVVPID, SDM vol. 3C, 30.3. */
enum invvpid_type {
	INVVPID_ADDRESS,
	INVVPID_CONTEXT,
	INVVPID_ALL_CONTEXTS,
	INVVPID_CONTEXT_RETAINING_GLOBALS
};

/* Bits of IA32_VMX_EPT_VPID_CAP, SDM vol. 3D, A.10. */
#define EPT_VPID_CAP_INVVPID BIT(32)
#define EPT_VPID_CAP_TYPE(type) BIT(40 + (type))

/*
 * Fills in @types[scope] with the narrowest type that does a flush of the
 * scope, which is not TLB_NOTHING. @ept_vpid: IA32_VMX_EPT_VPID_CAP of a
 * processor for which vpid_objection() returns NULL.
 */
void invvpid_types(u64 ept_vpid, u8 types[TLB_SCOPES]);

#endif
