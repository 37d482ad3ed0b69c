/* SPDX-License-Identifier: MIT */
/*
 * The report of the option "probe": all that a person needs to know, or to pass
 * on, about whether and how Umbra can run on this machine. It fits on one
 * screen of 80 by 25.
 */
#ifndef VMX_REPORT_PROBE_H
#define VMX_REPORT_PROBE_H

struct boot_info;
struct selftest_result;

/*
 * Prints the machine's features. Called before vmx_start(), which names the
 * lacks.
 */
void probe_print(const struct boot_info *info);

/*
 * Says that Umbra can run, and what it would use. Called after the self-test.
 */
void probe_conclude(const struct selftest_result *selftest);

#endif
