/* SPDX-License-Identifier: MIT */
/*
 * Addresses are linear ones, translated by the guest's tables whatever the
 * rights are; devices' registers are neither read nor written.
 */
#include "arch/x86/console/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/emulator/linear.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mmu/view/view.h"
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

static void write_rflags(u64 value)
{
	u64 before = vmread(VMCS_GUEST_RFLAGS);

	vcpu_set_rflags(before, (before & ~RFLAGS_WRITABLE) |
					(value & RFLAGS_WRITABLE));
	/* Else the entry wants a pending trap to go with TF (26.3.1.5). */
	if ((before ^ value) & RFLAGS_TF)
		vcpu_end_blocking();
}

static bool write_register(void *ctx, enum gdb_register reg, u64 value)
{
	struct vcpu *vcpu = &((struct vm *)ctx)->vcpu;

	if (reg == GDB_rsp)
		vmwrite(VMCS_GUEST_RSP, value);
	else if (reg <= GDB_r15)
		vcpu->regs.gpr[gprs[reg]] = value;
	else if (reg == GDB_rip && rip_can_be(vcpu, value))
		vmwrite(VMCS_GUEST_RIP, value);
	else if (reg == GDB_eflags)
		write_rflags(value);
	else
		return false;
	return true;
}

static size_t read_memory(void *ctx, u64 address, void *buf, size_t len)
{
	struct vm *vm = ctx;

	return mmu_peek(&vm->vcpu.mmu, address, buf, len);
}

/* A write to one page; the shadow of a table follows by mmu_write. */
static bool write_page(struct vm *vm, u64 address, const void *buf, size_t len)
{
	struct mmu_view view;

	if (!mmu_has_address(&vm->vcpu.mmu, address))
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

	/* A packet has no more than two pages; behind the last one is none. */
	return write_page(ctx, address, buf, part) &&
	       (part == len ||
		(address + part &&
		 write_page(ctx, address + part, (const u8 *)buf + part,
			    len - part)));
}

static bool insert_point(void *ctx, enum gdb_point kind, u64 address,
			 u64 length)
{
	struct vm *vm = ctx;

	if (!points_insert(&vm->gdb.points, kind, address, length))
		return false;
	if (debug_update(&vm->vcpu))
		return true;
	points_remove(&vm->gdb.points, kind, address, length);
	debug_update(&vm->vcpu);
	return false;
}

static void remove_point(void *ctx, enum gdb_point kind, u64 address,
			 u64 length)
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

/* Returns true for a command that lets the guest go on, or asks for keys. */
static bool is_for_prompt(const char *command)
{
	static const char *const names[] = { "cont", "run", "stop", "until",
					     "top" };

	while (*command == ' ')
		command++;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);

		if (!strncmp(command, names[i], length) &&
		    (command[length] == ' ' || !command[length]))
			return true;
	}
	return false;
}

static void monitor(void *ctx, char *command)
{
	console_copy_log(say, ctx);
	if (is_for_prompt(command))
		log_info("only at Umbra's prompt: use gdb's own commands");
	else
		monitor_command(ctx, command);
	console_copy_log(NULL, NULL);
}

const struct gdb_target gdb_guest = {
	.read_register = read_register,
	.write_register = write_register,
	.read = read_memory,
	.write = write_memory,
	.insert = insert_point,
	.remove = remove_point,
	.monitor = monitor,
};
