# SPDX-License-Identifier: MIT
#
# FUZZ_<name>_SRCS: the sources that tests/fuzz/fuzz_<name>.c is linked with, besides
# libFuzzer and host_log.c; and FUZZ_<name>_LIBS if it needs a library.

FUZZ_insn_SRCS := $(INSN_SRCS) \
	tests/unit/insn_zydis.c
FUZZ_insn_LIBS := -lZydis

FUZZ_emulate_SRCS := $(EMULATE_SRCS) $(INSN_SRCS) $(LINEAR_SRCS) \
	tests/unit/emulate_host.c tests/unit/emulate_case.c \
	tests/unit/insn_random.c

FUZZ_multiboot2_SRCS := boot/multiboot2.c boot/regions.c
FUZZ_cmdline_SRCS := boot/cmdline.c
FUZZ_gdb_SRCS := vmx/gdb/packet.c vmx/gdb/protocol.c lib/parse.c
FUZZ_screen_SRCS := arch/x86/console/screen.c
FUZZ_devices_SRCS := $(UNIT_devices_SRCS)
FUZZ_loader_SRCS := $(LOADER_SRCS)
FUZZ_table_write_SRCS := $(MMU_SRCS) $(filter-out tests/model/run.c, \
	$(wildcard tests/model/*.c)) vmx/vpid.c
