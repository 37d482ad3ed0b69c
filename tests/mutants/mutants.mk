# SPDX-License-Identifier: MIT
#
# Mutants, all or a few; and soak: the tests that take too long for make test or
# nearly repeat a part of it. The model has other guests each time. Soak can be
# interrupted, and goes on there.

.PHONY: mutants mutants-sample soak

SOAK_SECONDS ?= 600

# On two processors those outside of mmu/ take two minutes, a sample of both lists
# takes one.
mutants-files mutants-sample-files: | $(B)/.deps-test

mutants: mutants-files
	tests/mutants/run.py

mutants-sample: mutants-sample-files
	tests/mutants/run.py --sample 6

soak-files: unit-files fuzz-files scenario-files test-nested-files $(INSTALLER) $(FULL_KERNELS)
soak: soak-files
	tests/soak --model $(SOAK_SECONDS) --fuzz $(FUZZ_LONG_SECONDS)
