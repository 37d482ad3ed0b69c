# SPDX-License-Identifier: MIT
#
# The labs (docs/labs/): N is the number of one. The check of all labs is a part of
# soak, a sample of it a part of make test.

.PHONY: lab grade lab-pack labs-check labs-sample

lab:
	tools/labs/lab put $(N)

# The time limit is each test program's. Code that does not compile is graded, too.
grade: | $(B)/.deps-test
	tools/labs/lab grade $(N)

labs-check-files labs-sample-files: unit-files
labs-check: labs-check-files
	tools/labs/lab check

labs-sample: labs-sample-files
	tools/labs/lab check --sample

# LABS: numbers; the others keep the tree's own code.
lab-pack:
	tools/labs/lab pack $(LABS)
