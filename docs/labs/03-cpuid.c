/* SPDX-License-Identifier: MIT */
/* The skeleton of lab 3. `make lab N=3` puts it into the tree. */

/* In guest/cpuid.c: */

static void tell_clocks(struct cpuid_regs *out, u64 tsc_hz)
{
	/* Lab 3, step 1: the ratio of the TSC to the crystal's clock. */
	out->eax = 1;
	out->ebx = 1;
	out->ecx = LAPIC_TIMER_HZ;
}

u32 cpuid_answering_leaf(u32 leaf, u64 misc_enable)
{
	/* Lab 3, step 2: a leaf beyond the last one of its range. */
	return leaf;
}

/* In vmx/exits/exit_misc.c: */

void vmx_cpuid_counters(const struct vm *vm, u32 leaf, u32 number,
			struct cpuid_regs *out)
{
	/* Lab 3, step 4: the counters as a leaf. */
}

static void fill_counters(const struct vm *vm,
			  struct hypercall_counters *counters)
{
	/* Lab 3, step 3. */
	*counters = (struct hypercall_counters){ 0 };
}
