/* SPDX-License-Identifier: MIT */
/*
 * Exits of instructions: each ends with the instruction skipped, with a fault
 * for the guest, or with the guest stopped.
 */

#include "fake_processor.h"

#include "vmx/gdb/debug.c"
#include "vmx/events/skip.c"
#include "vmx/state.c"
#include "vmx/events/inject.c"
#include "vmx/exits/exit_cr.c"
#include "vmx/exits/exit_dr.c"
#include "vmx/exits/exit_msr.c"
#include "vmx/exits/exit_misc.c"
#include "vmx/exits/exit.c"

#include "exit_world.h"
#include "exit_left_out.h"

static void at_cpl(u32 cpl)
{
	vmwrite(VMCS_GUEST_SS_ACCESS_RIGHTS, cpl << 5);
}

/* --- Instructions that are skipped ------------------------------------------ */

static void skipped(void **state)
{
	run_exit(EXIT_INVD, 0);
	assert_done();
	/* RF ends with the instruction; a single step comes after it. */
	fake.dr[6] = DR6_RESET;
	vmwrite(VMCS_GUEST_DR7, DR7_GD);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_RF | RFLAGS_TF);
	run_exit(EXIT_INVD, 0);
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS), RFLAGS_FIXED | RFLAGS_TF);
	assert_int_equal(vcpu->event.info, FAULT(VECTOR_DB));
	assert_int_equal(fake.dr[6], DR6_RESET | DR6_BS);
	assert_int_equal(vmread(VMCS_GUEST_DR7), 0);
}

/* While no breakpoint is enabled DR7 is not read, and MOV DR exits. */
static void breakpoints_known(void **state)
{
	vmwrite(VMCS_GUEST_DR7, DR7_RESET | DR7_GD);
	assert_int_equal(vcpu_dr7(vcpu), 0);
	assert_true(vmx_has(&vcpu->controls, CONTROLS_CPU, CPU_MOV_DR_EXITING));
	fake.traffic.reads = 0;
	assert_int_equal(vcpu_dr7(vcpu), 0);
	assert_int_equal(fake.traffic.reads, 0);
	/* The guest repeats its MOV, which does not exit any more. */
	run_exit(EXIT_MOV_DR, 7);
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP);
	vmwrite(VMCS_GUEST_DR7, DR7_RESET | BIT(7));
	assert_int_equal(vcpu_dr7(vcpu), DR7_RESET | BIT(7));
	assert_int_equal(
		vmread(VMCS_PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS) &
			CPU_MOV_DR_EXITING,
		0);
}

/* RF lasts for one instruction (SDM vol. 3B, 17.3.1.1). */
static void rf_ends(void **state)
{
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_RF);
	run_exit(EXIT_CPUID, 0);
	assert_done();
	assert_int_equal(vmread(VMCS_GUEST_RFLAGS), RFLAGS_FIXED);
}

static void rip_wraps(void **state)
{
	vmwrite(VMCS_GUEST_CS_ACCESS_RIGHTS, CODE32);
	vmwrite(VMCS_GUEST_RIP, 0xfffffffe);
	run_exit(EXIT_INVD, 0);
	assert_int_equal(vmread(VMCS_GUEST_RIP), 1);
}

static void undefined(void **state)
{
	static const enum vmx_exit_reason reasons[] = {
		EXIT_GETSEC, EXIT_RSM,	   EXIT_VMCLEAR, EXIT_VMXON,
		EXIT_MWAIT,  EXIT_MONITOR, EXIT_INVEPT,	 EXIT_INVVPID,
	};

	for (u32 i = 0; i < ARRAY_SIZE(reasons); i++) {
		run_exit(reasons[i], 0);
		assert_event(FAULT(VECTOR_UD), 0);
	}
	run_exit(EXIT_RDPMC, 0);
	assert_event(CODED(VECTOR_GP), 0);
	run_exit(EXIT_EPT_VIOLATION, 0);
	assert_string_equal(stopped, "an exit that Umbra does not expect");
}

/* --- Control registers ---------------------------------------------------- */

#define MOV_TO(cr, reg) ((u64)(cr) | (u64)(reg) << 8)
#define MOV_FROM(cr, reg) (MOV_TO(cr, reg) | CR_ACCESS_MOV_FROM << 4)

static void cr3(void **state)
{
	/* RSP is in the VMCS. */
	vmwrite(VMCS_GUEST_RSP, 0x5000);
	gpr[RSP] = 0x6000;
	run_exit(EXIT_CR_ACCESS, MOV_TO(3, RSP));
	assert_done();
	assert_int_equal(vcpu->paging.cr3, 0x5000);
	run_exit(EXIT_CR_ACCESS, MOV_FROM(3, RBX));
	assert_done();
	assert_int_equal(gpr[RBX], 0x5000);
	vmwrite(VMCS_GUEST_RSP, 0);
	run_exit(EXIT_CR_ACCESS, MOV_FROM(3, RSP));
	assert_done();
	assert_int_equal(vmread(VMCS_GUEST_RSP), 0x5000);
	/* Bits beyond MAXPHYADDR are reserved. */
	gpr[RCX] = BIT(WORLD_MAXPHYADDR);
	run_exit(EXIT_CR_ACCESS, MOV_TO(3, RCX));
	assert_event(CODED(VECTOR_GP), 0);
	assert_int_equal(vcpu->paging.cr3, 0x5000);
}

/* Returns the VMREADs of an exit's handler, which skips the instruction. */
static u64 reads_of(enum vmx_exit_reason reason, u64 qualification)
{
	u64 reads;

	fake.traffic.reads = fake.unshadowed = 0;
	run_exit(reason, qualification);
	reads = fake.traffic.reads - 1; /* by run_exit() */
	assert_int_equal(fake.unshadowed, 0);
	assert_done();
	return reads;
}

/*
 * The frequent exits read few fields, and none that is an exit to KVM where it
 * gives Umbra a shadow VMCS: length, RFLAGS, and the blocking.
 */
static void few_fields(void **state)
{
	gpr[RCX] = PAGE;
	assert_int_equal(reads_of(EXIT_CR_ACCESS, MOV_TO(3, RCX)), 3);
	assert_int_equal(vcpu->paging.cr3, PAGE);
	assert_int_equal(reads_of(EXIT_CR_ACCESS, MOV_FROM(3, RBX)), 3);
	assert_int_equal(reads_of(EXIT_CPUID, 0), 3);
}

/* In compatibility mode the operand has 32 bits (SDM vol. 2B, MOV). */
static void cr3_from_32_bit_code(void **state)
{
	vmwrite(VMCS_GUEST_CS_ACCESS_RIGHTS, CODE32);
	vmwrite(VMCS_GUEST_RIP, PAGE);
	gpr[RCX] = 0xdead00000000 | PAGE;
	run_exit(EXIT_CR_ACCESS, MOV_TO(3, RCX));
	assert_int_equal(vcpu->paging.cr3, PAGE);
}

/* With PAE paging a reserved PDPTE refuses the load, and nothing changes. */
static void pdptes(void **state)
{
	vmwrite(VMCS_GUEST_CS_ACCESS_RIGHTS, CODE32);
	mmu_set_state(&vcpu->paging, CR0_PE | CR0_PG, 0x5000, CR4_PAE, 0,
		      (u64[PAE_PDPTES]){ 0 });
	vcpu_store_paging(vcpu);
	*world_gpte(6, 0) = 0x7000 | PTE_P;
	gpr[RAX] = 0x6000;
	run_exit(EXIT_CR_ACCESS, MOV_TO(3, RAX));
	assert_done();
	assert_int_equal(vcpu->paging.cr3, 0x6000);
	*world_gpte(5, 1) = PTE_P | PTE_U;
	gpr[RAX] = 0x5000;
	run_exit(EXIT_CR_ACCESS, MOV_TO(3, RAX));
	assert_event(CODED(VECTOR_GP), 0);
	assert_int_equal(vcpu->paging.cr3, 0x6000);
}

static void cr0_and_cr4(void **state)
{
	vcpu_store_paging(vcpu);
	gpr[RAX] = CR4_PAE | CR4_SMEP;
	run_exit(EXIT_CR_ACCESS, MOV_TO(4, RAX));
	assert_done();
	assert_int_equal(vmread(VMCS_CR4_READ_SHADOW), CR4_PAE | CR4_SMEP);
	assert_int_equal(vcpu_cr4(vcpu), CR4_PAE | CR4_SMEP);
	/* SMAP is not in this guest's CPUID. */
	gpr[RAX] = CR4_PAE | CR4_SMAP;
	run_exit(EXIT_CR_ACCESS, MOV_TO(4, RAX));
	assert_event(CODED(VECTOR_GP), 0);
	assert_int_equal(vmread(VMCS_CR4_READ_SHADOW), CR4_PAE | CR4_SMEP);
	/* CLTS: the guest owns TS, and has set it without an exit. */
	vmwrite(VMCS_GUEST_CR0, vmread(VMCS_GUEST_CR0) | CR0_TS | CR0_MP);
	run_exit(EXIT_CR_ACCESS, CR_ACCESS_CLTS << 4);
	assert_done();
	assert_int_equal(vcpu_cr0(vcpu) & (CR0_TS | CR0_MP), CR0_MP);
	gpr[RAX] = 0;
	vmwrite(VMCS_GUEST_CS_ACCESS_RIGHTS, CODE32);
	run_exit(EXIT_CR_ACCESS, MOV_TO(0, RAX));
	assert_string_not_equal(stopped, "");
}

static void cr8(void **state)
{
	gpr[RAX] = 5;
	run_exit(EXIT_CR_ACCESS, MOV_TO(8, RAX));
	assert_done();
	run_exit(EXIT_CR_ACCESS, MOV_FROM(8, RDX));
	assert_done();
	assert_int_equal(gpr[RDX], 5);
	gpr[RAX] = 16;
	run_exit(EXIT_CR_ACCESS, MOV_TO(8, RAX));
	assert_event(CODED(VECTOR_GP), 0);
}

/* --- MSRs, CPUID, XSETBV ---------------------------------------------------- */

/* The upper halves of the registers are not part of the value. */
static void write_value(u32 msr, u64 value)
{
	gpr[RCX] = 0xdead00000000 | msr;
	gpr[RAX] = 0xdead00000000 | (u32)value;
	gpr[RDX] = 0xdead00000000 | value >> 32;
	run_exit(EXIT_WRMSR, 0);
}

static u64 read_value(u32 msr)
{
	gpr[RCX] = 0xdead00000000 | msr;
	gpr[RAX] = gpr[RDX] = ~0ULL;
	run_exit(EXIT_RDMSR, 0);
	assert_done();
	return gpr[RDX] << 32 | gpr[RAX];
}

static void time_stamp_counter(void **state)
{
	fake.tsc = 1000;
	write_value(IA32_TIME_STAMP_COUNTER, 0x500000000);
	assert_done();
	assert_int_equal(vmread(VMCS_TSC_OFFSET), 0x500000000 - 1000);
	assert_int_equal(devices_changed, 1);
	fake.tsc = 1234;
	assert_int_equal(read_value(IA32_TIME_STAMP_COUNTER),
			 0x500000000 + 234);
	assert_int_equal(read_value(IA32_TSC_ADJUST), 0x500000000 - 1000);
	write_value(IA32_TSC_ADJUST, 7);
	assert_done();
	assert_int_equal(read_value(IA32_TIME_STAMP_COUNTER), 1241);
}

static void msrs(void **state)
{
	const u64 efer = EFER_LME | EFER_LMA;

	assert_int_equal(read_value(IA32_EFER), efer | EFER_NXE);
	write_value(IA32_EFER, EFER_LME | EFER_SCE);
	assert_done();
	assert_int_equal(read_value(IA32_EFER), efer | EFER_SCE);
	/* Long mode can't be left with paging on. */
	write_value(IA32_EFER, 0);
	assert_event(CODED(VECTOR_GP), 0);
	/* An MSR that is not there. */
	write_value(0x12345, 0);
	assert_event(CODED(VECTOR_GP), 0);
	gpr[RCX] = 0x12345;
	run_exit(EXIT_RDMSR, 0);
	assert_event(CODED(VECTOR_GP), 0);
	/* One of the processor's. */
	fake.msr = IA32_KERNEL_GS_BASE;
	write_value(IA32_KERNEL_GS_BASE, 0x1122334455667788);
	assert_done();
	assert_int_equal(read_value(IA32_KERNEL_GS_BASE), 0x1122334455667788);
}

/* The page of the local APIC moves over RAM: the shadows of both go. */
static void apic_moves(void **state)
{
	u64 flushes;

	mmu_root(&vcpu->paging);
	flushes = world_flushes;
	write_value(IA32_APIC_BASE, PAGE | BIT(8) | BIT(11));
	assert_done();
	assert_int_equal(lapic_page(&vm.devices.lapic), PAGE);
	assert_true(world_flushes > flushes);
}

static void xsetbv(void **state)
{
	gpr[RCX] = 0;
	gpr[RDX] = 0;
	gpr[RAX] = XCR0_X87 | XCR0_SSE;
	run_exit(EXIT_XSETBV, 0);
	assert_done();
	assert_int_equal(fake.xcr0, XCR0_X87 | XCR0_SSE);
	at_cpl(3);
	gpr[RAX] = XCR0_X87;
	run_exit(EXIT_XSETBV, 0);
	assert_event(CODED(VECTOR_GP), 0);
	assert_int_equal(fake.xcr0, XCR0_X87 | XCR0_SSE);
}

static void cpuid_answers(void **state)
{
	gpr[RAX] = ~0xffffffffULL | CPUID_FEATURES;
	gpr[RCX] = ~0xffffffffULL | 5;
	gpr[RBX] = gpr[RDX] = ~0ULL;
	run_exit(EXIT_CPUID, 0);
	assert_done();
	assert_int_equal(gpr[RAX], CPUID_FEATURES);
	assert_int_equal(gpr[RBX], 5);
	assert_int_equal(gpr[RCX], 0x11111111);
	assert_int_equal(gpr[RDX], 0x22222222);
	/* The guest has limited the leaves: the last one answers for others. */
	vm.cpuid.misc_enable = MISC_ENABLE_LIMIT_CPUID;
	gpr[RAX] = CPUID_FEATURES_7;
	run_exit(EXIT_CPUID, 0);
	assert_done();
	assert_int_equal(gpr[RAX], CPUID_CACHE_DESCRIPTORS);
	/* The counters, where the user shows them: this exit does not count. */
	vm.counters = true;
	vm.stats.exits_total = 0x700000001;
	gpr[RAX] = CPUID_COUNTERS;
	gpr[RCX] = 0;
	run_exit(EXIT_CPUID, 0);
	assert_done();
	assert_int_equal(gpr[RDX] << 32 | gpr[RAX], 0x700000000);
}

static u64 read_counter(u32 number)
{
	gpr[RAX] = CPUID_COUNTERS;
	gpr[RCX] = number;
	run_exit(EXIT_CPUID, 0);
	assert_done();
	return gpr[RDX] << 32 | gpr[RAX];
}

/* Each counter by its number, and no more of them. */
static void cpuid_counters(void **state)
{
	struct mmu_stats *mmu = &world_mmu->stats;
	u32 count = sizeof(struct hypercall_counters) / sizeof(u64);

	vm.counters = true;
	vm.stats.exits[EXIT_EXTERNAL_INTERRUPT] = 3;
	mmu->faults_not_present = 5;
	mmu->faults_protection = 0x600000000;
	mmu->faults_trap = 7;
	vm.stats.root_ticks[EXIT_CPUID] = 8;
	vm.stats.root_ticks[EXIT_VMCALL] = 9;
	if (read_counter(1) >> 32)
		fail_msg("EDX is the upper half of a counter, and is not 0 for "
			 "a small one");
	if (read_counter(1) != 3)
		fail_msg("counter 1 is the number of the machine's interrupts");
	if (read_counter(2) != 0x60000000c)
		fail_msg("counter 2 is the number of page faults that have "
			 "exited, of all three kinds, in 64 bits, EDX:EAX");
	if (read_counter(7) != 17)
		fail_msg("counter 7 is the sum of the ticks of all exits");
	/* Beyond the last counter the policy answers, as for any other leaf. */
	for (u32 number = count; number <= count + 1; number++)
		if (read_counter(number) !=
		    (0x22222222ULL << 32 | CPUID_COUNTERS))
			fail_msg("there are %u counters, and number %u has an "
				 "answer: stack, shown to a guest?",
				 count, number);
	gpr[RAX] = CPUID_HYPERVISOR;
	run_exit(EXIT_CPUID, 0);
	if (gpr[RAX] != CPUID_COUNTERS)
		fail_msg("leaf 40000000h must tell that 40000001h is the last "
			 "leaf of its range");
}

/* --- Hypercalls ----------------------------------------------------------- */

static u64 vmcall(u32 number, u64 rdi, u64 rsi)
{
	gpr[RAX] = number;
	gpr[RDI] = rdi;
	gpr[RSI] = rsi;
	run_exit(EXIT_VMCALL, 0);
	assert_done();
	return gpr[RAX];
}

static void hypercalls(void **state)
{
	char *name = (char *)world_ram[PAGE / PAGE_SIZE];
	u64 *log = (u64 *)name + 8;

	assert_int_equal(vmcall(HYPERCALL_RUNG, MMU_OPEN, PAGE), 0);
	assert_string_equal(name, "open");
	assert_true(mmu_policy(vm.mmu)->open);
	assert_int_equal(vmcall(HYPERCALL_RUNG, MMU_RUNGS, PAGE), 1);
	/* The name's last byte is outside RAM: nothing happens. */
	assert_int_equal(
		vmcall(HYPERCALL_RUNG, MMU_VTLB, WORLD_FRAMES * PAGE_SIZE - 15),
		1);
	assert_int_equal(vmcall(HYPERCALL_RUNG, MMU_VTLB, ~0ULL - 2), 1);
	assert_true(mmu_policy(vm.mmu)->open);
	assert_int_equal(vmcall(HYPERCALL_DIRTY_LOG_TAKE, 0, PAGE + 64), 1);
	assert_int_equal(vmcall(HYPERCALL_DIRTY_LOG, 1, 0), 0);
	vmcall(HYPERCALL_RUNG, MMU_OPEN, PAGE);
	assert_int_equal(vmcall(HYPERCALL_DIRTY_LOG_TAKE, 0, PAGE + 64), 0);
	assert_int_equal(*log, BIT(PAGE / PAGE_SIZE));
	assert_int_equal(vmcall(HYPERCALL_COUNTERS, PAGE, 0), 0);
}

static void no_hypercalls(void **state)
{
	gpr[RAX] = 0x1234;
	run_exit(EXIT_VMCALL, 0);
	assert_event(FAULT(VECTOR_UD), 0);
	at_cpl(3);
	gpr[RAX] = HYPERCALL_DIRTY_LOG;
	run_exit(EXIT_VMCALL, 0);
	assert_event(FAULT(VECTOR_UD), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(skipped),
		TEST(breakpoints_known),
		TEST(few_fields),
		TEST(rf_ends),
		TEST(rip_wraps),
		TEST(undefined),
		TEST(cr3),
		TEST(cr3_from_32_bit_code),
		TEST(pdptes),
		TEST(cr0_and_cr4),
		TEST(cr8),
		TEST(time_stamp_counter),
		TEST(msrs),
		TEST(apic_moves),
		TEST(xsetbv),
		TEST(cpuid_answers),
		TEST(cpuid_counters),
		TEST(hypercalls),
		TEST(no_hypercalls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
