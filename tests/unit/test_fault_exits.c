/* SPDX-License-Identifier: MIT */
/* Page-fault exits of a 64-bit guest: each answer to one. */
#include "fake_processor.h"

#include "vmx/gdb/debug.c"
#include "vmx/events/skip.c"
#include "vmx/state.c"
#include "vmx/events/inject.c"
#include "vmx/exits/memory.c"
#include "vmx/exits/emulation.c"
#include "vmx/exits/page_fault.c"

#include "exit_world.h"

/* Frames 0 to 3 are the tables of the lowest 2 MiB; gva == gpa except these. */
enum { PT = 3 };
#define WINDOW 0x9000ULL /* the page table itself */
#define DEVICE 0xa000ULL /* a page after the RAM */
#define DEVICE_GPA 0xfee00000ULL /* the local APIC */
#define UNMAPPED 0xb000ULL
#define ENTRY(i) (WINDOW + 8 * (i))

static int set_up_paged(void **state)
{
	set_up(state);
	for (gfn_t level = 0; level < PT; level++)
		*world_gpte(level, 0) = (level + 1) << PAGE_SHIFT | LINKED;
	for (u64 i = 4; i < WINDOW / PAGE_SIZE; i++)
		*world_gpte(PT, i) = i << PAGE_SHIFT | LINKED;
	*world_gpte(PT, WINDOW / PAGE_SIZE) = (u64)PT << PAGE_SHIFT | LINKED;
	*world_gpte(PT, DEVICE / PAGE_SIZE) = DEVICE_GPA | LINKED;
	vcpu->filter = mmu_filter(&vcpu->paging);
	return 0;
}

static void fault_exit(gva_t gva, u32 error_code)
{
	vcpu->exit.interruption = CODED(VECTOR_PF);
	vcpu->exit.interruption_error = error_code;
	vcpu->exit.qualification = gva;
	vcpu->exit.rip = vmread(VMCS_GUEST_RIP);
	vcpu_redeliver(vcpu);
	vmx_handle_page_fault(vcpu);
}

static void put_code(const char *code, size_t len)
{
	memcpy(&world_ram[RIP / PAGE_SIZE][RIP % PAGE_SIZE], code, len);
}

/* The processor fetches the instruction, for which the table gets a shadow. */
static void fetch_instruction(void)
{
	mmu_root(&vcpu->paging);
	fault_exit(RIP, PFEC_P | PFEC_RSVD);
	assert_event(0, 0);
	assert_int_equal(world_mmu->frames[PT].shadowed, 1);
}

/* A page that the guest has mapped: the instruction runs again. */
static void filled(void **state)
{
	fault_exit(0x5000, PFEC_P | PFEC_RSVD);
	assert_event(0, 0);
	assert_int_equal(mmu_stats(world_mmu)->fills, 1);
	assert_int_equal(vm.stats.unfiltered, 0);
}

static void injected(void **state)
{
	fault_exit(UNMAPPED + 5, PFEC_P | PFEC_RSVD | PFEC_W);
	assert_event(CODED(VECTOR_PF), PFEC_W);
	assert_int_equal(fake.cr2, UNMAPPED + 5);
	/* The filter should have kept this one from exiting. */
	vcpu->filter.intercept = true;
	vcpu->filter.mask = vcpu->filter.match = PFEC_P;
	fault_exit(UNMAPPED, 0);
	assert_event(CODED(VECTOR_PF), 0);
	assert_int_equal(vm.stats.unfiltered, 1);
}

/* MOV [RCX], EAX into the guest's page table. */
static void table_written(void **state)
{
	put_code("\x89\x01", 2);
	gpr[RCX] = ENTRY(20);
	gpr[RAX] = 0x5000 | LINKED;
	fetch_instruction();
	fault_exit(ENTRY(20), PFEC_P | PFEC_W);
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP + 2);
	assert_int_equal(*world_gpte(PT, 20), 0x5000 | LINKED);
	assert_int_equal(mmu_stats(world_mmu)->table_writes, 1);
}

/*
 * FXSAVE [RCX], which the emulator does not know, into the table that leads to
 * the table itself: it is tried again, but not for ever.
 */
static void table_write_unknown(void **state)
{
	put_code("\x0f\xae\x01", 3);
	gpr[RCX] = ENTRY(64);
	for (u32 i = 0; i < MAX_RETRIES; i++) {
		fetch_instruction();
		fault_exit(ENTRY(64), PFEC_P | PFEC_W);
		assert_event(0, 0);
	}
	fetch_instruction();
	fault_exit(ENTRY(64), PFEC_P | PFEC_W);
	assert_string_equal(stopped,
			    "an instruction that Umbra cannot emulate writes a "
			    "page table that it needs itself");
}

/* The processor pushes an event's frame onto a table; no instruction writes. */
static void frame_on_table(void **state)
{
	put_code("\x89\x01", 2);
	gpr[RCX] = ENTRY(20);
	gpr[RAX] = 0x12345678;
	fetch_instruction();
	vcpu->exit.idt_vectoring = VMX_INTR(INTR_EXTERNAL, 0x40);
	fault_exit(ENTRY(20), PFEC_P | PFEC_W);
	assert_event(VMX_INTR(INTR_EXTERNAL, 0x40), 0);
	assert_int_equal(*world_gpte(PT, 20), 0);
}

static void device_read(void **state)
{
	put_code("\x8b\x01", 2); /* MOV EAX, [RCX] */
	gpr[RCX] = DEVICE + 0x30;
	fault_exit(DEVICE + 0x30, PFEC_P | PFEC_RSVD);
	assert_int_equal(vmread(VMCS_GUEST_RIP), RIP + 2);
	assert_int_equal(gpr[RAX] & 0xff, 0x14); /* the APIC's version */
	put_code("\x0f\xae\x01", 3);
	vmwrite(VMCS_GUEST_RIP, RIP);
	fault_exit(DEVICE + 0x30, PFEC_P | PFEC_RSVD | PFEC_W);
	assert_string_equal(stopped,
			    "an instruction that Umbra cannot emulate accesses "
			    "guest-physical 0xfee00030, which is not RAM");
}

static void device_fetch(void **state)
{
	vmwrite(VMCS_GUEST_RIP, DEVICE);
	fault_exit(DEVICE, PFEC_P | PFEC_RSVD | PFEC_I);
	assert_string_equal(stopped, "instruction fetch at guest-physical "
				     "0xfee00000, which is not RAM");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up_paged)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(filled),	      TEST(injected),
		TEST(table_written),  TEST(table_write_unknown),
		TEST(frame_on_table), TEST(device_read),
		TEST(device_fetch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
