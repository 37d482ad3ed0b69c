/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 2. `make lab N=2` puts it into the tree. */

/* In tests/unit/vmcs_mend.c: */

struct check_write vmcs_mend(unsigned int patient)
{
	static const struct check_write mends[PATIENTS] = {
		/* Lab 2: { VMCS_..., value }, one line for each patient. */
		{ 0 },
	};

	return mends[patient - 1];
}
