/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 1. `make lab N=1` puts it into the tree. */

/* In vmx/platform.c: */

enum feature_control feature_control_judge(u64 value)
{
	/* Lab 1, step 1. */
	return FEATURE_CONTROL_OFF;
}

/* In vmx/controls.c: */

static bool choose(enum control_set set, u64 capability, u32 *value,
		   struct control_refusal *refusal)
{
	/* Lab 1, step 3: the wishes of the table, as far as they are allowed. */
	*value = 0;
	return true;
}

/* In vmx/vmx.c: */

static bool enter_vmx_root(void)
{
	u32 *region = frames_alloc(1);

	if (!region)
		panic("no memory for the VMXON region");
	/* Lab 1, step 2: the region and the control registers. */
	return vmxon(virt_to_phys(region));
}
