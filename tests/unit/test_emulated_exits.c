/* SPDX-License-Identifier: MIT */
/*
 * Exits that Umbra answers by way of the emulator: port I/O, string I/O, task
 * switches, and the write of a table. The guest is unpaged, of 32-bit code.
 */
#include "fake_processor.h"

#include "vmx/gdb/debug.c"
#include "vmx/events/skip.c"
#include "vmx/state.c"
#include "vmx/events/inject.c"
#include "vmx/exits/memory.c"
#include "vmx/exits/emulation.c"
#include "vmx/exits/exit_io.c"
#include "vmx/exits/exit_task.c"

#include "exit_world.h"

#define SCRATCH 0x3ff /* COM1's scratch register, which keeps a byte */
#define DATA32 (AR_P | AR_S | AR_WRITABLE | AR_ACCESSED | AR_DB | AR_G)
#define DATA 0x4000ULL
#define SEGMENT(reg) (VMCS_GUEST_ES_SELECTOR + 2 * (reg))
#define LIMIT(reg) (VMCS_GUEST_ES_LIMIT + 2 * (reg))
#define RIGHTS(reg) (VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * (reg))
/* Instruction information: 32-bit addresses, DS. */
#define INFO (1 << 7 | SEG_DS << 15)

static int set_up_32(void **state)
{
	set_up(state);
	for (enum segment reg = SEG_ES; reg < SEG_COUNT; reg++) {
		vmwrite(RIGHTS(reg), DATA32);
		vmwrite(LIMIT(reg), 0xffffffff);
	}
	vmwrite(VMCS_GUEST_CS_ACCESS_RIGHTS, CODE32);
	vmwrite(VMCS_VM_EXIT_INSTRUCTION_INFORMATION, INFO);
	capabilities.basic = BASIC_INS_OUTS_INFORMATION;
	mmu_set_state(&vcpu->paging, CR0_PE, 0, 0, 0, NULL);
	return 0;
}

static u8 *ram_at(gpa_t gpa)
{
	return &world_ram[gpa / PAGE_SIZE][gpa % PAGE_SIZE];
}

static void io_exit(u64 flags, u16 port, u32 size)
{
	vcpu->exit.qualification = flags | (u64)port << 16 | (size - 1);
	vcpu->exit.rip = RIP;
	vcpu_redeliver(vcpu);
	vmx_handle_io(vcpu);
}

static void in_and_out(void **state)
{
	gpr[RAX] = 0x1122334455667788;
	io_exit(0, SCRATCH, 1);
	assert_done();
	assert_int_equal(devices_changed, 1);
	gpr[RAX] = 0x1122334455667700;
	io_exit(QUAL_IO_IN, SCRATCH, 1);
	assert_done();
	assert_int_equal(gpr[RAX], 0x1122334455667788);
	/* A port where nothing is: 32 bits clear the upper half. */
	io_exit(QUAL_IO_IN, 0x2f8, 4);
	assert_done();
	assert_int_equal(gpr[RAX], 0xffffffff);
}

static void port_breakpoint(void **state)
{
	vmwrite(VMCS_GUEST_DR7, BIT(0) | 2 << 16);
	fake.dr[0] = SCRATCH;
	vcpu->paging.cr4 |= CR4_DE;
	io_exit(0, SCRATCH, 1);
	assert_int_equal(vcpu->event.info, FAULT(VECTOR_DB));
	assert_int_equal(fake.dr[6] & DR6_B0_B3, 1);
}

static void string_io_goes(void **state)
{
	memcpy(ram_at(DATA), "xyz", 3);
	gpr[RDX] = SCRATCH;
	gpr[RSI] = DATA;
	io_exit(QUAL_IO_STRING, SCRATCH, 1);
	assert_done();
	assert_int_equal(gpr[RSI], DATA + 1);
	gpr[RDI] = DATA + 0x100;
	gpr[RCX] = 2;
	io_exit(QUAL_IO_STRING | QUAL_IO_IN | QUAL_IO_REP, SCRATCH, 1);
	while (vmread(VMCS_GUEST_RIP) == RIP)
		io_exit(QUAL_IO_STRING | QUAL_IO_IN | QUAL_IO_REP, SCRATCH, 1);
	assert_done();
	assert_int_equal(gpr[RCX], 0);
	assert_int_equal(gpr[RDI], DATA + 0x102);
	assert_memory_equal(ram_at(DATA + 0x100), "xx", 3);
}

static void string_io_faults(void **state)
{
	vmwrite(LIMIT(SEG_DS), DATA - 1);
	gpr[RSI] = DATA;
	io_exit(QUAL_IO_STRING, SCRATCH, 1);
	assert_event(CODED(VECTOR_GP), 0);
	assert_int_equal(gpr[RSI], DATA);
	/* A processor that does not tell the operand. */
	capabilities.basic = 0;
	io_exit(QUAL_IO_STRING, SCRATCH, 1);
	assert_string_not_equal(stopped, "");
}

#define APIC_VERSION 0x030
#define APIC_TPR 0x080
/* VMREADs of CS's base, its rights, RFLAGS, and the blocking of events. */
#define SHORT_READS 4

/*
 * Executes @code, of @length bytes, which accesses the local APIC at @offset.
 * Returns the number of VMREADs.
 */
static u64 access_apic(const char *code, u32 length, u32 offset, u32 access)
{
	u64 reads;
	const gpa_t gpa = GUEST_LAPIC_GPA + offset;
	const struct guest_walk walk = { .gva = gpa, .gpa = gpa };

	memcpy(ram_at(RIP), code, length);
	vmwrite(VMCS_GUEST_RIP, RIP);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_RF);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	vcpu->exit.rip = RIP;
	/* An earlier exit has found that there are no breakpoints. */
	vcpu_dr7(vcpu);
	memset(&fake.traffic, 0, sizeof(fake.traffic));
	assert_true(vcpu_emulate(vcpu, &walk, access, true));
	reads = fake.traffic.reads;
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP + length);
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS), RFLAGS_FIXED);
	assert_int_equal(vcpu->event.info, 0);
	return reads;
}

static void device_page(void **state)
{
	const struct guest_walk walk = { .gva = GUEST_LAPIC_GPA,
					 .gpa = GUEST_LAPIC_GPA };

	gpr[RCX] = GUEST_LAPIC_GPA + APIC_VERSION;
	gpr[RAX] = ~0ULL;
	/* MOV EAX, [ECX] */
	assert_int_equal(access_apic("\x8b\x01", 2, APIC_VERSION, 0),
			 SHORT_READS);
	assert_int_equal(gpr[RAX], 0x50014);
	assert_int_equal(devices_changed, 0);
	/* A store changes the next event of the devices, a load does not. */
	gpr[RCX] = GUEST_LAPIC_GPA + APIC_TPR;
	gpr[RAX] = 0x1122334455667730;
	/* MOV [ECX], EAX */
	assert_int_equal(access_apic("\x89\x01", 2, APIC_TPR, PFEC_W),
			 SHORT_READS);
	assert_int_equal(lapic_cr8(&vm.devices.lapic), 3);
	assert_int_equal(devices_changed, 1);
	/* MOV DWORD [ECX], 50h */
	access_apic("\xc7\x01\x50\0\0\0", 6, APIC_TPR, PFEC_W);
	assert_int_equal(lapic_cr8(&vm.devices.lapic), 5);
	assert_int_equal(devices_changed, 2);
	/* The long way: XCHG [ECX], EAX; MOV AL, [ECX]; a segment's base. */
	access_apic("\x87\x01", 2, APIC_TPR, PFEC_W);
	assert_int_equal(gpr[RAX], 0x50);
	assert_int_equal(lapic_cr8(&vm.devices.lapic), 3);
	gpr[RAX] = ~0ULL;
	access_apic("\x8a\x01", 2, APIC_TPR, 0);
	assert_int_equal(gpr[RAX], ~0ULL << 8 | 0x30);
	vmwrite(VMCS_GUEST_DS_BASE, 0x1000);
	gpr[RCX] -= 0x1000;
	assert_true(access_apic("\x8b\x01", 2, APIC_TPR, 0) > SHORT_READS);
	assert_int_equal(gpr[RAX], 0x30);
	/* MOV ESP, [ECX]: that register is in the VMCS. */
	gpr[RCX] += 0x1000;
	vmwrite(VMCS_GUEST_DS_BASE, 0);
	access_apic("\x8b\x21", 2, APIC_TPR, 0);
	assert_int_equal(vmread(VMCS_GUEST_RSP), 0x30);
	/* An instruction that the emulator does not know: nothing changes. */
	memcpy(ram_at(RIP), "\x0f\x0b", 2);
	vmwrite(VMCS_GUEST_RIP, RIP);
	assert_false(vcpu_emulate(vcpu, &walk, 0, true));
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP);
}

/* MOV [RDI], RSI in 64-bit mode, a kernel's write of a page-table entry. */
static void store_of_an_entry(void **state)
{
	const struct guest_walk walk = { .gva = DATA, .gpa = DATA };
	const struct guest_walk device = { .gva = DATA, .gpa = 0xfee00030 };
	const u64 value = 0x1122334455667788, rsp = 0x1234;

	vcpu->paging.efer = EFER_LMA;
	vmwrite(VMCS_GUEST_CS_ACCESS_RIGHTS, CODE64);
	vmwrite(VMCS_GUEST_RSP, rsp);
	/* As a fault's exit leaves it (SDM vol. 3C, 27.3.3). */
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_RF);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	memcpy(ram_at(RIP), "\x48\x89\x37", 3);
	gpr[RDI] = DATA;
	gpr[RSI] = value;
	vcpu->exit.rip = RIP;
	/* An earlier exit has found that there are no breakpoints. */
	assert_int_equal(vcpu_dr7(vcpu), 0);
	memset(&fake.traffic, 0, sizeof(fake.traffic));
	fake.unshadowed = 0;
	assert_true(vcpu_emulate(vcpu, &walk, PFEC_W, false));
	/* The mode, RFLAGS, and the blocking of events; then RIP and RF. */
	assert_int_equal(fake.traffic.reads, 3);
	assert_int_equal(fake.unshadowed, 0);
	assert_int_equal(fake.traffic.writes, 2);
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS), RFLAGS_FIXED);
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP + 3);
	assert_memory_equal(ram_at(DATA), &value, sizeof(value));
	assert_int_equal(vcpu->event.info, 0);
	/* XCHG [RDI], RSI: RSI gets the old value. */
	memcpy(ram_at(RIP), "\x48\x87\x37", 3);
	gpr[RSI] = 1;
	fake.traffic.writes = 0;
	assert_true(vcpu_emulate(vcpu, &walk, PFEC_W, false));
	assert_int_equal(fake.traffic.writes, 1);
	assert_int_equal(gpr[RSI], value);
	assert_int_equal(*(u64 *)ram_at(DATA), 1);
	memcpy(ram_at(RIP), "\x48\x89\x37", 3);
	/* A device's page is no RAM: the store goes to the device. */
	memset(ram_at(DATA), 0, sizeof(value));
	assert_true(vcpu_emulate(vcpu, &device, PFEC_W, true));
	assert_int_equal(*(u64 *)ram_at(DATA), 0);
	assert_int_equal(devices_changed, 1);
	/* By the long way, as the single step of TF is due. */
	gpr[RSI] = 0;
	vmwrite(VMCS_GUEST_RIP, RIP);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF);
	assert_true(vcpu_emulate(vcpu, &walk, PFEC_W, false));
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP + 3);
	assert_int_equal(vmread(VMCS_GUEST_RSP), rsp);
	assert_int_equal(*(u64 *)ram_at(DATA), 0);
	assert_int_equal(vcpu->event.info, FAULT(VECTOR_DB));
}

/* --- Task switches -------------------------------------------------------- */

#define GDT 0x1000ULL
#define OLD_TSS 0x2000ULL
#define NEW_TSS 0x3000ULL
enum { CODE = 0x08, FLAT = 0x10, OLD = 0x18, NEW = 0x20, GDT_END = 0x28 };
#define DESCRIPTOR(base, rights) (0x67 | (base) << 16 | (u64)(rights) << 40)
#define TSS_EIP 0x20
#define TSS_EFLAGS 0x24
#define TSS_CS 0x4c

static void set_up_tasks(void)
{
	static const u32 segments[] = { FLAT, CODE, FLAT, FLAT, FLAT, FLAT };
	const u64 gdt[] = { 0, 0xcf9b000000ffff, 0xcf93000000ffff,
			    DESCRIPTOR(OLD_TSS, 0x8b),
			    DESCRIPTOR(NEW_TSS, 0x89) };

	memcpy(ram_at(GDT), gdt, sizeof(gdt));
	memcpy(ram_at(NEW_TSS + TSS_EIP), &(u32[]){ 0x1234, RFLAGS_FIXED }, 8);
	memcpy(ram_at(NEW_TSS + TSS_CS - 4), segments, sizeof(segments));
	vmwrite(VMCS_GUEST_GDTR_BASE, GDT);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, GDT_END - 1);
	vmwrite(VMCS_GUEST_TR_SELECTOR, OLD);
	vmwrite(VMCS_GUEST_TR_BASE, OLD_TSS);
	vmwrite(VMCS_GUEST_TR_LIMIT, 0x67);
	vmwrite(VMCS_GUEST_TR_ACCESS_RIGHTS, 0x8b);
	vmwrite(VMCS_GUEST_DR7, DR7_LOCAL | BIT(1));
}

static void switch_task(enum task_source source)
{
	vcpu->exit.qualification = NEW | (u64)source << 30;
	vcpu->exit.rip = RIP;
	vcpu_redeliver(vcpu);
	vmx_handle_task_switch(vcpu);
}

static void task_switches(void **state)
{
	u32 eip;

	set_up_tasks();
	switch_task(TASK_JMP);
	assert_int_equal(vcpu->event.info, 0);
	assert_int_equal(vmread(VMCS_GUEST_RIP), 0x1234);
	assert_int_equal(vmread(VMCS_GUEST_TR_SELECTOR), NEW);
	assert_int_equal(vmread(VMCS_GUEST_TR_BASE), NEW_TSS);
	assert_int_equal(vmread(SEGMENT(SEG_CS)), CODE);
	assert_int_equal(vmread(SEGMENT(SEG_SS)), FLAT);
	assert_true(vmread(VMCS_GUEST_CR0) & CR0_TS);
	assert_int_equal(vmread(VMCS_GUEST_DR7), BIT(1));
	assert_int_equal(vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE), 0);
	/* The old task goes on after its JMP. */
	memcpy(&eip, ram_at(OLD_TSS + TSS_EIP), sizeof(eip));
	assert_int_equal(eip, RIP + LENGTH);
}

/* A task gate for an interrupt, and a CS that is data: #TS in the new task. */
static void task_faults(void **state)
{
	set_up_tasks();
	*ram_at(NEW_TSS + TSS_CS) = FLAT;
	vcpu->exit.idt_vectoring = VMX_INTR(INTR_EXTERNAL, 0x40);
	switch_task(TASK_GATE);
	assert_int_equal(vcpu->event.info, CODED(VECTOR_TS));
	assert_int_equal(vcpu->event.error_code, FLAT | ERROR_CODE_EXT);
	assert_int_equal(vmread(VMCS_GUEST_RIP), 0x1234);
	assert_int_equal(vmread(VMCS_GUEST_TR_SELECTOR), NEW);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up_32)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_and_out),     TEST(port_breakpoint),
		TEST(string_io_goes), TEST(string_io_faults),
		TEST(device_page),    TEST(store_of_an_entry),
		TEST(task_switches),  TEST(task_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
