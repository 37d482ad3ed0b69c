# SPDX-License-Identifier: MIT
#
# What each tests/unit/test_<name>.c is linked with, besides cmocka and
# host_log.c: UNIT_<name>_SRCS, and UNIT_<name>_LIBS if it needs a library.

# printf.c is included by its test.
UNIT_printf_SRCS :=

UNIT_insn_SRCS := arch/x86/insn.c arch/x86/insn_tables.c \
	tests/unit/insn_random.c tests/unit/insn_zydis.c
UNIT_insn_LIBS := -lZydis

UNIT_emulate_SRCS := arch/x86/emulate.c arch/x86/insn.c \
	arch/x86/insn_tables.c tests/unit/emulate_host.c \
	tests/unit/insn_random.c
