/* SPDX-License-Identifier: MIT */
/*
 * The comparison of the entry doctor's verdicts with the processor's: in the
 * image umbra-doctor.elf, which does nothing else, and not in umbra.elf.
 */
#ifndef VMX_DOCTOR_TEST_H
#define VMX_DOCTOR_TEST_H

/*
 * Breaks each rule of the doctor that this processor lets a VMCS break alone,
 * in the self-test's VMCS, and enters. Logs each rule for which the processor's
 * verdict is another one, and the sums. Returns the number of such rules. Needs
 * VMX root operation.
 */
int doctor_test_run(void) __attribute__((weak));

#endif
