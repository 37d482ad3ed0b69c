# SPDX-License-Identifier: MIT
#
# Mutants, all or a few; and soak: the tests that take too long for make test or
# nearly repeat a part of it. The model has other guests each time.

.PHONY: mutants mutants-sample soak

SOAK_SECONDS ?= 600

# On two processors those outside of mmu/ take two minutes, a sample of both lists
# takes one.
mutants-files mutants-sample-files: | $(B)/.deps-test

mutants: mutants-files
	tests/mutants/run.py

mutants-sample: mutants-sample-files
	tests/mutants/run.py --sample 6

soak-files: $(B)/unit/test_model scenario-files $(INSTALLER) $(FULL_KERNELS)
soak: soak-files
	MODEL_SECONDS=$(SOAK_SECONDS) MODEL_SEED=$$(date +%s) $(B)/unit/test_model
	$(MAKE) mutants
	$(MAKE) labs-check
	$(MAKE) fuzz
	tests/scenarios/run.py --soak
	$(MAKE) test-nested FULL=1
