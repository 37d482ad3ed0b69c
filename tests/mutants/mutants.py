# SPDX-License-Identifier: MIT
"""All mutants, by the tests that catch them. A mutant's name is in one of the files
mutants_*.py beside this one.
"""

import mutants_exits
import mutants_guest
import mutants_machine
import mutants_mmu
import mutants_reports
import mutants_rungs
import mutants_vmx

# The shadow MMU's: its unit tests and the model must catch them.
MUTANTS_MMU = mutants_mmu.MUTANTS + mutants_rungs.MUTANTS

# The others name the tests that must catch them.
MUTANTS_ELSEWHERE = (mutants_vmx.MUTANTS + mutants_exits.MUTANTS +
                     mutants_guest.MUTANTS + mutants_reports.MUTANTS +
                     mutants_machine.MUTANTS)
