# SPDX-License-Identifier: MIT
#
# What each tests/unit/test_<name>.c is linked with, besides cmocka and
# host_log.c: UNIT_<name>_SRCS, and UNIT_<name>_LIBS if it needs a library.

# printf.c is included by its test.
UNIT_printf_SRCS :=
