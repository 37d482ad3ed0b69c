/* SPDX-License-Identifier: MIT */
#include "arch/x86/emulator/linear.h"
#include "mmu/view/view.h"
#include "vmx/gdb/memory.h"
#include "vmx/vm.h"

size_t gdb_read(void *ctx, u64 address, void *buf, size_t len)
{
	struct vm *vm = ctx;

	return mmu_peek(&vm->vcpu.paging, address, buf, len);
}

/* Writes to one page; false if it is no RAM. mmu_write() updates shadows. */
static bool write_page(struct vm *vm, u64 address, const void *buf, size_t len)
{
	struct mmu_view view;

	if (!mmu_has_address(&vm->vcpu.paging, address))
		return false;
	mmu_view(&vm->vcpu.paging, address, &view);
	if (view.guest.status != WALK_OK || !vm_is_ram(vm, view.guest.gpa))
		return false;
	mmu_write(&vm->vcpu.paging, view.guest.gpa, buf, len);
	return true;
}

bool gdb_write(void *ctx, u64 address, const void *buf, size_t len)
{
	size_t part = MIN(len, PAGE_SIZE - (address & ~PAGE_MASK));

	/* A packet fits in two pages; no page follows the last one of all. */
	return write_page(ctx, address, buf, part) &&
	       (part == len ||
		(address + part &&
		 write_page(ctx, address + part, (const u8 *)buf + part,
			    len - part)));
}
