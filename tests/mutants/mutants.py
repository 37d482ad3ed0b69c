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

LISTS = {"mmu": mutants_mmu.MUTANTS, "rungs": mutants_rungs.MUTANTS,
         "vmx": mutants_vmx.MUTANTS, "exits": mutants_exits.MUTANTS,
         "guest": mutants_guest.MUTANTS, "reports": mutants_reports.MUTANTS,
         "machine": mutants_machine.MUTANTS}

# The shadow MMU's: its unit tests and the model must catch them.
MUTANTS_MMU = LISTS["mmu"] + LISTS["rungs"]

# The others name the tests that must catch them.
MUTANTS_ELSEWHERE = [mutant for name, mutants in LISTS.items()
                     if name not in ("mmu", "rungs") for mutant in mutants]
