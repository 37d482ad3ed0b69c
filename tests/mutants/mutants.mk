# SPDX-License-Identifier: MIT
#
# Mutants, all or a few, and soak, with all that takes too long for make test or
# repeats a part of it nearly; the model has other guests each time.

.PHONY: mutants mutants-sample soak

SOAK_SECONDS ?= 600

# On two processors those outside of mmu/ take two minutes, a sample of both lists
# takes one.
mutants: | $(B)/.deps
	tests/mutants/run.py

mutants-sample: | $(B)/.deps
	tests/mutants/run.py --sample 6

soak: $(B)/unit/test_model scenario-files
	MODEL_SECONDS=$(SOAK_SECONDS) MODEL_SEED=$$(date +%s) $<
	$(MAKE) mutants
	$(MAKE) fuzz
	tests/scenarios/run.py --soak
	$(MAKE) test-nested FULL=1
