# SPDX-License-Identifier: MIT
#
# The built-in guest: linked by itself to a flat binary, which an object of
# Umbra's then carries. Included by the Makefile.

BUILTIN := $(B)/guest/builtin
# The part that every 64-bit guest is made of.
RUNTIME64_OBJS := $(patsubst %,$(BUILTIN)/%.o, \
	entry.asm console kernel paging string trap)
BUILTIN_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard guest/builtin/*.c)) \
	$(BUILTIN)/entry.asm.o

# It lives at 1 MiB, not in the last 2 GiB, and must be small. No loop may become
# a call of a library, which it doesn't have.
GUEST64_CFLAGS := -mcmodel=small -Os -fomit-frame-pointer \
	-fno-tree-loop-distribute-patterns
$(BUILTIN_OBJS): guest/builtin/builtin.mk
$(BUILTIN_OBJS): CFLAGS += $(GUEST64_CFLAGS)

LINK_GUEST64 = $(CC) $(LDFLAGS) -T guest/builtin/builtin.ld \
	$(filter %.o,$^) -o $@

$(BUILTIN)/guest.elf: $(BUILTIN_OBJS) guest/builtin/builtin.ld
	@echo "  LD      $@"
	$(Q)$(LINK_GUEST64)

$(BUILTIN)/guest.bin: $(BUILTIN)/guest.elf
	$(Q)objcopy -O binary $< $@

$(BUILTIN)/blob.asm.o: NASMFLAGS += -I$(BUILTIN)/
$(BUILTIN)/blob.asm.o: $(BUILTIN)/guest.bin

OBJS += $(BUILTIN)/blob.asm.o

-include $(BUILTIN_OBJS:.o=.d)
