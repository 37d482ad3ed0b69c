/* SPDX-License-Identifier: MIT */
/*
 * The report on this machine that the option "probe" asks for: what a person
 * needs to know, or to pass on, about whether and how Umbra can run there. It
 * fits on one screen of 80 by 25.
 */
#ifndef VMX_REPORT_PROBE_H
#define VMX_REPORT_PROBE_H

struct boot_info;
struct selftest_result;

/* Before vmx_start(), which says what is missing: what there is. */
void probe_print(const struct boot_info *info);

/* After the self-test: that Umbra can run, and what it would use. */
void probe_conclude(const struct selftest_result *selftest);

#endif
