/* SPDX-License-Identifier: MIT */
#include "arch/x86/console/console.h"
#include "arch/x86/cpu.h"
#include "arch/x86/emulator/linear.h"
#include "mmu/view/view.h"
#include "vmx/gdb/debug.h"
#include "vmx/gdb/memory.h"
#include "vmx/gdb/target.h"
#include "vmx/guest_mode.h"
#include "vmx/monitor/commands.h"
#include "vmx/state.h"
#include "vmx/vm.h"

/* The flags that gdb can change: VM entry refuses some others (26.3.1.4). */
#define RFLAGS_WRITABLE (RFLAGS_ARITH | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC)

static const u8 gprs[] = {
	[GDB_rax] = RAX, [GDB_rbx] = RBX, [GDB_rcx] = RCX, [GDB_rdx] = RDX,
	[GDB_rsi] = RSI, [GDB_rdi] = RDI, [GDB_rbp] = RBP, [GDB_rsp] = RSP,
	[GDB_r8] = R8,	 [GDB_r9] = R9,	  [GDB_r10] = R10, [GDB_r11] = R11,
	[GDB_r12] = R12, [GDB_r13] = R13, [GDB_r14] = R14, [GDB_r15] = R15,
};

/* The fields of the registers that are in the VMCS. */
static const u16 fields[GDB_REGISTERS] = {
	[GDB_rsp] = VMCS_GUEST_RSP,	    [GDB_rip] = VMCS_GUEST_RIP,
	[GDB_eflags] = VMCS_GUEST_RFLAGS,   [GDB_cs] = VMCS_GUEST_CS_SELECTOR,
	[GDB_ss] = VMCS_GUEST_SS_SELECTOR,  [GDB_ds] = VMCS_GUEST_DS_SELECTOR,
	[GDB_es] = VMCS_GUEST_ES_SELECTOR,  [GDB_fs] = VMCS_GUEST_FS_SELECTOR,
	[GDB_gs] = VMCS_GUEST_GS_SELECTOR,  [GDB_fs_base] = VMCS_GUEST_FS_BASE,
	[GDB_gs_base] = VMCS_GUEST_GS_BASE,
};

static bool read_register(void *ctx, enum gdb_register reg, u64 *value)
{
	const struct vcpu *vcpu = &((struct vm *)ctx)->vcpu;

	if (fields[reg])
		*value = vmread(fields[reg]);
	else if (reg <= GDB_r15)
		*value = vcpu->regs.gpr[gprs[reg]];
	else if (reg == GDB_cr0)
		*value = vcpu_cr0(vcpu);
	else if (reg == GDB_cr2)
		*value = cr2_read();
	else if (reg == GDB_cr3)
		*value = vcpu->paging.cr3;
	else if (reg == GDB_cr4)
		*value = vcpu_cr4(vcpu);
	else if (reg == GDB_efer)
		*value = vcpu->paging.efer;
	else
		return false;
	return true;
}

/* Returns true if VM entry accepts the value (SDM vol. 3C, 26.3.1.4). */
static bool rip_can_be(const struct vcpu *vcpu, u64 value)
{
	u32 rights = vmread(VMCS_GUEST_CS_ACCESS_RIGHTS);

	return code_mode(vcpu->paging.efer, rights) == INSN_MODE_64
		       ? is_canonical(value)
		       : !(value >> 32);
}

static void write_rflags(u64 value)
{
	u64 before = vmread(VMCS_GUEST_RFLAGS);

	vcpu_set_rflags(before, (before & ~RFLAGS_WRITABLE) |
					(value & RFLAGS_WRITABLE));
	/* Otherwise an entry with TF needs a pending trap (26.3.1.5). */
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

/* Sends a line of Umbra's log to gdb's console, too ("O"). */
static void send_line(void *ctx, const char *text, size_t length)
{
	struct vm *vm = ctx;
	struct gdb_reply reply = { .text = "O", .length = 1 };

	gdb_reply_bytes(&reply, text, length);
	gdb_send(&vm->gdb.link, reply.text, reply.length);
}

static void run_command(void *ctx, char *command)
{
	console_copy_log(send_line, ctx);
	monitor_command(ctx, command, false);
	console_copy_log(NULL, NULL);
}

const struct gdb_target gdb_guest = {
	.read_register = read_register,
	.write_register = write_register,
	.read = gdb_read,
	.write = gdb_write,
	.insert = insert_point,
	.remove = remove_point,
	.monitor = run_command,
};
