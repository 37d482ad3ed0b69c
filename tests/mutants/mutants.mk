# SPDX-License-Identifier: MIT
#
# The shadow MMU under suspicion: mutants of it, all or a few, and the model for
# as long as one likes, each time with other guests.

.PHONY: mutants mutants-sample soak

SOAK_SECONDS ?= 600

mutants: | $(B)/.deps
	tests/mutants/run.py

mutants-sample: | $(B)/.deps
	tests/mutants/run.py --sample 6

soak: $(B)/unit/test_model
	MODEL_SECONDS=$(SOAK_SECONDS) MODEL_SEED=$$(date +%s) $<
