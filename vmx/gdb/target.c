/* SPDX-License-Identifier: MIT */
/*
 * Addresses are linear ones, translated by the guest's tables whatever the
 * rights are; devices' registers are neither read nor written.
 */
#include "arch/x86/console/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/emulator/linear.h"
#include "lib/printf.h"
#include "mmu/view.h"
#include "vmx/gdb/debug.h"
#include "vmx/gdb/target.h"
#include "vmx/guest_mode.h"
#include "vmx/monitor/commands.h"
#include "vmx/state.h"
#include "vmx/vm.h"

/* gdb changes no others: VM entry refuses some combinations (26.3.1.4). */
#define RFLAGS_WRITABLE (RFLAGS_ARITH | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC)

static const u8 gprs[] = {
	[GDB_rax] = RAX, [GDB_rbx] = RBX, [GDB_rcx] = RCX, [GDB_rdx] = RDX,
	[GDB_rsi] = RSI, [GDB_rdi] = RDI, [GDB_rbp] = RBP, [GDB_rsp] = RSP,
	[GDB_r8] = R8,	 [GDB_r9] = R9,	  [GDB_r10] = R10, [GDB_r11] = R11,
	[GDB_r12] = R12, [GDB_r13] = R13, [GDB_r14] = R14, [GDB_r15] = R15,
};

static const u8 segments[] = {
	[GDB_cs - GDB_cs] = SEG_CS, [GDB_ss - GDB_cs] = SEG_SS,
	[GDB_ds - GDB_cs] = SEG_DS, [GDB_es - GDB_cs] = SEG_ES,
	[GDB_fs - GDB_cs] = SEG_FS, [GDB_gs - GDB_cs] = SEG_GS,
};

static bool read_register(void *ctx, enum gdb_register reg, u64 *value)
{
	const struct vcpu *vcpu = &((struct vm *)ctx)->vcpu;

	if (reg == GDB_rsp)
		*value = vmread(VMCS_GUEST_RSP);
	else if (reg <= GDB_r15)
		*value = vcpu->regs.gpr[gprs[reg]];
	else if (reg == GDB_rip)
		*value = vmread(VMCS_GUEST_RIP);
	else if (reg == GDB_eflags)
		*value = vmread(VMCS_GUEST_RFLAGS);
	else if (reg >= GDB_cs && reg <= GDB_gs)
		*value = vmread(VMCS_GUEST_ES_SELECTOR +
				2 * segments[reg - GDB_cs]);
	else if (reg == GDB_fs_base)
		*value = vmread(VMCS_GUEST_FS_BASE);
	else if (reg == GDB_gs_base)
		*value = vmread(VMCS_GUEST_GS_BASE);
	else if (reg == GDB_cr0)
		*value = vcpu_cr0(vcpu);
	else if (reg == GDB_cr2)
		*value = cr2_read();
	else if (reg == GDB_cr3)
		*value = vcpu->mmu.cr3;
	else if (reg == GDB_cr4)
		*value = vcpu_cr4(vcpu);
	else if (reg == GDB_efer)
		*value = vcpu->mmu.efer;
	else
		return false;
	return true;
}

/* VM entry demands it of RIP (SDM vol. 3C, 26.3.1.4). */
static bool rip_can_be(const struct vcpu *vcpu, u64 value)
{
	u32 rights = vmread(VMCS_GUEST_CS_ACCESS_RIGHTS);

	return code_mode(vcpu->mmu.efer, rights) == INSN_MODE_64
		       ? is_canonical(value)
		       : !(value >> 32);
}

static bool write_register(void *ctx, enum gdb_register reg, u64 value)
{
	struct vcpu *vcpu = &((struct vm *)ctx)->vcpu;
	u64 rflags = vmread(VMCS_GUEST_RFLAGS);

	if (reg == GDB_rsp)
		vmwrite(VMCS_GUEST_RSP, value);
	else if (reg <= GDB_r15)
		vcpu->regs.gpr[gprs[reg]] = value;
	else if (reg == GDB_rip && rip_can_be(vcpu, value))
		vmwrite(VMCS_GUEST_RIP, value);
	else if (reg == GDB_eflags)
		vcpu_set_rflags(rflags, (rflags & ~RFLAGS_WRITABLE) |
						(value & RFLAGS_WRITABLE));
	else
		return false;
	return true;
}

/* Returns false if no access can have that address. */
static bool address_can_be(const struct vm *vm, u64 address)
{
	return vm->vcpu.mmu.format.mode == PAGING_4LEVEL ? is_canonical(address)
							 : !(address >> 32);
}

static size_t read_memory(void *ctx, u64 address, void *buf, size_t len)
{
	struct vm *vm = ctx;

	return address_can_be(vm, address)
		       ? mmu_peek(&vm->vcpu.mmu, address, buf, len)
		       : 0;
}

/* A write to one page; the shadow of a table follows by mmu_write. */
static bool write_page(struct vm *vm, u64 address, const void *buf, size_t len)
{
	struct mmu_view view;

	if (!address_can_be(vm, address))
		return false;
	mmu_view(&vm->vcpu.mmu, address, &view);
	if (view.guest.status != WALK_OK || !vm_is_ram(vm, view.guest.gpa))
		return false;
	mmu_write(&vm->vcpu.mmu, view.guest.gpa, buf, len);
	return true;
}

static bool write_memory(void *ctx, u64 address, const void *buf, size_t len)
{
	size_t part = MIN(len, PAGE_SIZE - (address & ~PAGE_MASK));

	/* A packet has no more than two pages. */
	return write_page(ctx, address, buf, part) &&
	       (part == len || write_page(ctx, address + part,
					  (const u8 *)buf + part, len - part));
}

static bool insert(void *ctx, enum gdb_point kind, u64 address, u64 length)
{
	struct vm *vm = ctx;

	return points_insert(&vm->gdb.points, kind, address, length);
}

static void remove(void *ctx, enum gdb_point kind, u64 address, u64 length)
{
	struct vm *vm = ctx;

	points_remove(&vm->gdb.points, kind, address, length);
}

/* A line of Umbra's goes to gdb's own console ("O"), too. */
static void say(void *ctx, const char *text, size_t length)
{
	struct vm *vm = ctx;
	struct gdb_reply reply = { .text = "O", .length = 1 };

	gdb_reply_bytes(&reply, text, length);
	gdb_send(&vm->gdb.link, reply.text, reply.length);
}

static void monitor(void *ctx, char *command)
{
	console_copy_log(say, ctx);
	monitor_command(ctx, command);
	console_copy_log(NULL, NULL);
}

const struct gdb_target gdb_guest = {
	.read_register = read_register,
	.write_register = write_register,
	.read = read_memory,
	.write = write_memory,
	.insert = insert,
	.remove = remove,
	.monitor = monitor,
};
