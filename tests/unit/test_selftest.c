/* SPDX-License-Identifier: MIT */
/*
 * The self-test's judgement of a processor. The processor here executes the
 * self-test's guest: it walks the tables from CR3, and faults by the rules of
 * the SDM (vol. 3A, 4.6 and 4.7; vol. 3C, 25.2); faults of a processor, or of a
 * hypervisor below, can be chosen. The entry doctor examines each entry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "vmx_machine.h"
#include "log_checks.h"

#define log_info log_to_text
#include "vmx/state.c"
#include "vmx/doctor/entry_check.c"
#include "vmx/start/vmcs_setup.c"
#include "vmx/start/selftest.c"
#undef log_info

const u8 image_start[1], image_end[1];

#define PHYSICAL_MAX 52 /* bits of an address in an entry */
#define ADDRESS BITS(PHYSICAL_MAX - 1, 12)
#define KEY_SHIFT 59
#define VMCALL "\x0f\x01\xc1"
#define PKS BIT(24) /* of CR4 */
/* The bits of an address in a large page's entry, SDM vol. 3A, tables 4-15,
 * 4-17. */
#define LARGE_RESERVED(level) ((level) == 3 ? BITS(29, 13) : BITS(20, 13))

/* The processor's, or what lies between. */
static struct {
	u8 bits; /* of physical addresses: those that are not reserved */
	u64 pkrs;
	bool key_for_user; /* a user's access shows the key that denies it */
	bool ignores_filter; /* each fault exits */
	bool filters_all; /* none does */
	bool forces_bitmap; /* bit 14 of the exception bitmap is 1 */
	u8 blind_level; /* no bit is reserved there */
	bool hides_rsvd; /* in the error code */
	bool entry_fails;
	bool gets_stuck; /* exits for another reason */
	u32 interrupts; /* that come before the first instruction */
} cpu;

static u32 entries;

/* --- The processor ---------------------------------------------------------- */

static bool write_msr(u32 msr, u64 value)
{
	if (msr != IA32_PKRS)
		return false;
	cpu.pkrs = value;
	return true;
}

static bool is_nxe(void)
{
	return fake.vmcs[VMCS_GUEST_IA32_EFER] & EFER_NXE;
}

static bool is_reserved(u64 entry, u8 level)
{
	if (level == cpu.blind_level)
		return false;
	if (entry & BITS(PHYSICAL_MAX - 1, 0) & ~(BIT(cpu.bits) - 1))
		return true;
	if (!is_nxe() && (entry & PTE_NX))
		return true;
	if (level == 4)
		return entry & PTE_PS;
	return level > 1 && (entry & PTE_PS) && (entry & LARGE_RESERVED(level));
}

struct answer {
	bool faults;
	u32 error_code;
	hpa_t hpa;
};

static struct answer answer_fault(u32 access, u32 why)
{
	u32 shown_access = is_nxe() ? access : access & ~PFEC_I;

	if (cpu.hides_rsvd)
		why &= ~PFEC_RSVD;
	return (struct answer){ .faults = true,
				.error_code = shown_access | why };
}

/* @rights: of all entries combined; @entry: the last one. */
static struct answer answer_by_rights(gva_t gva, u32 access, u64 rights,
				      u64 entry)
{
	u64 pkrs = cpu.pkrs >> 2 * (entry >> KEY_SHIFT & 15);
	bool by_key = fake.vmcs[VMCS_GUEST_CR4] & PKS && !(rights & PTE_U) &&
		      !(access & PFEC_I) &&
		      (pkrs & 1 || (access & PFEC_W && pkrs & 2));
	bool denied = (access & PFEC_U && !(rights & PTE_U)) ||
		      (access & PFEC_W && !(rights & PTE_W)) ||
		      (access & PFEC_I && rights & PTE_NX);

	if (by_key && !(access & PFEC_U))
		return answer_fault(access, PFEC_P | PFEC_PK);
	if (denied)
		return answer_fault(access, by_key && cpu.key_for_user
						    ? PFEC_P | PFEC_PK
						    : PFEC_P);
	return (struct answer){ .hpa = (entry & ADDRESS) | (gva & ~PAGE_MASK) };
}

static struct answer translate(gva_t gva, u32 access)
{
	hpa_t table = fake.vmcs[VMCS_GUEST_CR3];
	u64 rights = PTE_W | PTE_U, entry = 0;

	for (u8 level = 4; level > 0; level--) {
		u32 slot = gva >> (12 + 9 * (level - 1)) & 511;

		entry = ((u64 *)phys_to_virt(table))[slot];
		if (!(entry & PTE_P))
			return answer_fault(access, 0);
		if (is_reserved(entry, level))
			return answer_fault(access, PFEC_P | PFEC_RSVD);
		rights = (rights & entry & (PTE_W | PTE_U)) |
			 ((rights | entry) & PTE_NX);
		if (level > 1 && (entry & PTE_PS))
			break;
		table = entry & ADDRESS;
	}
	return answer_by_rights(gva, access, rights, entry);
}

/* Memory of the guest that must be mapped. */
static u8 *memory_at(gva_t gva, u32 access)
{
	struct answer a = translate(gva, access);

	if (a.faults)
		fail_msg("0x%lx: error code 0x%x", gva, a.error_code);
	return phys_to_virt(a.hpa);
}

static bool exit_by(enum vmx_exit_reason reason, u64 rip)
{
	struct vmx_exit *exit = &probe.vcpu.exit;

	memset(exit, 0xff, sizeof(*exit));
	exit->reason = reason;
	exit->rip = rip;
	return true;
}

static u32 cpl(void)
{
	return fake.vmcs[VMCS_GUEST_SS_ACCESS_RIGHTS] >> 5 & 3;
}

/* By the guest's gate, on the stack of ring 0. Returns the handler. */
static u64 deliver(u64 rip, u32 error_code)
{
	const struct tss *tss =
		(void *)memory_at(fake.vmcs[VMCS_GUEST_TR_BASE], 0);
	u64 rsp = cpl() ? tss->rsp[0] : fake.vmcs[VMCS_GUEST_RSP];
	const u64 frame[] = { error_code,
			      rip,
			      fake.vmcs[VMCS_GUEST_CS_SELECTOR],
			      fake.vmcs[VMCS_GUEST_RFLAGS],
			      fake.vmcs[VMCS_GUEST_RSP],
			      fake.vmcs[VMCS_GUEST_SS_SELECTOR] };
	const struct gate *gate;
	const u64 *descriptor;

	assert_true((VECTOR_PF + 1) * sizeof(*gate) - 1 <=
		    fake.vmcs[VMCS_GUEST_IDTR_LIMIT]);
	gate = (void *)memory_at(
		fake.vmcs[VMCS_GUEST_IDTR_BASE] + VECTOR_PF * sizeof(*gate), 0);
	assert_int_equal(gate->type, GATE_INTERRUPT);
	assert_true(gate->selector + 7ULL <= fake.vmcs[VMCS_GUEST_GDTR_LIMIT]);
	descriptor = (void *)memory_at(
		fake.vmcs[VMCS_GUEST_GDTR_BASE] + gate->selector, 0);
	assert_true(*descriptor == DESCRIPTOR_CODE64);
	rsp = (rsp & ~15ULL) - sizeof(frame);
	memcpy(memory_at(rsp, PFEC_W), frame, sizeof(frame));
	return gate->offset_low | (u64)gate->offset_middle << 16 |
	       (u64)gate->offset_high << 32;
}

static bool fault_exits(u32 error_code)
{
	bool bitmap = cpu.forces_bitmap ||
		      (fake.vmcs[VMCS_EXCEPTION_BITMAP] & BIT(VECTOR_PF));
	bool equal =
		(error_code & fake.vmcs[VMCS_PAGE_FAULT_ERROR_CODE_MASK]) ==
		fake.vmcs[VMCS_PAGE_FAULT_ERROR_CODE_MATCH];

	if (cpu.filters_all)
		return false;
	return cpu.ignores_filter || bitmap == equal;
}

/* Finds the instruction's access and length. Returns false if it has none. */
static bool decode(const u8 *code, u32 *access, u32 *length)
{
	*access = cpl() == 3 ? PFEC_U : 0;
	*length = 2;
	if (code[0] == 0xff && code[1] == 0xe7) /* JMP RDI */
		*access |= PFEC_I;
	else if (code[0] == 0x88 && code[1] == 7) /* MOV [RDI], AL */
		*access |= PFEC_W;
	else if (code[0] != 0x8a || code[1] != 7) /* MOV AL, [RDI] */
		return false;
	return true;
}

/* Runs the guest until it exits. */
bool vcpu_enter(struct vcpu *vcpu)
{
	u64 rip = fake.vmcs[VMCS_GUEST_RIP];
	u32 access, length, fetch = PFEC_I | (cpl() == 3 ? PFEC_U : 0);
	struct answer a;
	const u8 *code = memory_at(rip, fetch);

	if (entry_check(vcpu->vmcs) != DOCTOR_GOOD)
		fail_msg("the processor refuses to enter:\n%s", log_text);
	entries++;
	if (cpu.entry_fails)
		return false;
	if (cpu.gets_stuck)
		return exit_by(EXIT_TRIPLE_FAULT, rip);
	if (cpu.interrupts) {
		cpu.interrupts--;
		return exit_by(EXIT_EXTERNAL_INTERRUPT, rip);
	}
	assert_true(decode(code, &access, &length));
	a = translate(vcpu->regs.gpr[RDI], access);
	if (!a.faults) {
		if (access & PFEC_I)
			return exit_by(EXIT_VMCALL, vcpu->regs.gpr[RDI]);
		assert_memory_equal(code + length, VMCALL, 3);
		return exit_by(EXIT_VMCALL, rip + length);
	}
	if (fault_exits(a.error_code)) {
		exit_by(EXIT_EXCEPTION_OR_NMI, rip);
		vcpu->exit.interruption =
			VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_PF) |
			VMX_INTR_ERROR_CODE;
		vcpu->exit.interruption_error = a.error_code;
		return true;
	}
	rip = deliver(rip, a.error_code);
	assert_memory_equal(memory_at(rip, PFEC_I), VMCALL, 3);
	return exit_by(EXIT_VMCALL, rip);
}

/* --- The processors ------------------------------------------------------- */

static struct selftest_result result;

static void make_machine(u8 shown_bits, u8 real_bits)
{
	start_machine(COMPLETE);
	fake_pages = 0;
	memset(&probe, 0, sizeof(probe));
	memset(&cpu, 0, sizeof(cpu));
	memset(&result, 0, sizeof(result));
	processor.maxphyaddr = shown_bits;
	cpu.bits = real_bits;
	fake.write_msr = write_msr;
	entries = 0;
	log_text[0] = '\0';
}

/* With 52 bits, as the first that have protection keys for the supervisor. */
static void make_machine_with_keys(void)
{
	make_machine(PHYSICAL_MAX, PHYSICAL_MAX);
	processor.features_7_ecx = BIT(31);
	capabilities.cr4_fixed1 |= PKS;
}

/* The filter by U works where the first one does, and TRAP has RSVD. */
static void assert_result(bool filter_works, bool leaf_trap, u64 cr4_added)
{
	bool user_filter = filter_works && leaf_trap && !cr4_added;

	assert_true(selftest_run(&result));
	if (result.filter_works != filter_works ||
	    result.leaf_trap_present != leaf_trap ||
	    result.user_filter_works != user_filter ||
	    result.cr4_added != cr4_added)
		fail_msg("filter %d, TRAP in a PTE %d, CR4 0x%lx:\n%.500s",
			 result.filter_works, result.leaf_trap_present,
			 result.cr4_added, log_text);
}

#define USES 6

static void good_processor(void **state)
{
	make_machine(40, 40);
	assert_result(true, true, 0);
	assert_string_equal(
		log_text, "self-test: not-present and denied faults reach the "
			  "guest; TRAP in a PTE is reserved\n");
	/* The first one; ABSENT and TRAP at each level, by each filter; MMIO in
	   a PTE. */
	assert_int_equal(entries, 1 + (2 * (4 + 4) + 1) * USES);
	/* Nothing is left in the tables. */
	for (u8 level = 4; level > 0; level--)
		for (u32 slot = 2 - (level > 1); slot < 512; slot++)
			assert_true(!probe.tables[level][slot] ||
				    (level == 1 && slot < 2));
}

static void narrowest_and_widest(void **state)
{
	make_machine(36, 36);
	assert_result(true, true, 0);
	/* One reserved bit is enough. */
	make_machine(51, 51);
	assert_result(true, true, 0);
}

/* A TRAP would be a translation there; nobody tries it. */
static void no_bit_is_reserved(void **state)
{
	make_machine(PHYSICAL_MAX, PHYSICAL_MAX);
	assert_result(true, false, 0);
	assert_log_has("TRAP in a PTE is impossible");
	assert_log_lacks("at level 1");
}

static void protection_keys(void **state)
{
	make_machine_with_keys();
	assert_result(true, true, PKS);
	assert_log_has("TRAP in a PTE has a key");
	assert_true(cpu.pkrs == SPTE_TRAP_PKRS);
	/* The manual leaves it open. */
	make_machine_with_keys();
	cpu.key_for_user = true;
	assert_result(true, true, PKS);
	/* VMX may not allow the bit of CR4. */
	make_machine_with_keys();
	capabilities.cr4_fixed1 &= ~PKS;
	assert_result(true, false, 0);
}

/* No NXE, so bit 63 is reserved, and no fetch is shown in an error code. */
static void processor_without_nx(void **state)
{
	make_machine(40, 40);
	processor.nx = false;
	assert_result(true, true, 0);
}

static void interrupts_come_first(void **state)
{
	make_machine(40, 40);
	cpu.interrupts = 3;
	assert_result(true, true, 0);
	assert_int_equal(entries, 3 + 1 + (2 * (4 + 4) + 1) * USES);
}

/* --- Processors that Umbra must not trust --------------------------------- */

static void cpuid_shows_too_few_bits(void **state)
{
	make_machine(40, PHYSICAL_MAX);
	assert_result(true, false, 0);
	assert_log_has(
		"self-test: at level 1, a read of TRAP translates with error "
		"code");
	assert_log_has("where the manual has: exits, 0x9");
}

static void filter_does_not_filter(void **state)
{
	make_machine(40, 40);
	cpu.ignores_filter = true;
	assert_result(false, true, 0);
	assert_log_has(
		"at level 4, a read of ABSENT exits with error code 0x0 (exit "
		"reason 0x0), where the manual has: goes to the guest, 0x0");
	assert_log_has("not-present faults must exit");
	/* The second filter was not tried. */
	assert_int_equal(fake.vmcs[VMCS_PAGE_FAULT_ERROR_CODE_MASK], PFEC_P);
}

/* A hypervisor below takes bit 14 of the bitmap for 1: the bypass alone works. */
static void only_one_filter(void **state)
{
	make_machine(40, 40);
	cpu.forces_bitmap = true;
	assert_true(selftest_run(&result));
	assert_true(result.filter_works && result.leaf_trap_present);
	assert_false(result.user_filter_works);
	assert_log_has("at level 4, a read of ABSENT goes to the guest with "
		       "error code 0x0");
}

static void faults_never_exit(void **state)
{
	make_machine(40, 40);
	cpu.filters_all = true;
	assert_result(false, false, 0);
	assert_log_has(
		"at level 4, a read of TRAP goes to the guest with error code "
		"0x9");
}

/* At one level of four, and in the upper tables only. */
static void reserved_bits_of_one_level(void **state)
{
	for (u8 level = 2; level <= 4; level++) {
		char where[40];

		make_machine(40, 40);
		cpu.blind_level = level;
		assert_result(false, true, 0);
		snprintf(where, sizeof(where), "at level %u, a", level);
		assert_log_has(where);
	}
	make_machine(40, 40);
	cpu.blind_level = 1;
	assert_result(true, false, 0);
}

/* The filter looks at P alone, but Umbra's faults would have a wrong code. */
static void reserved_bit_is_not_told(void **state)
{
	make_machine(40, 40);
	cpu.hides_rsvd = true;
	assert_result(false, false, 0);
	assert_log_has("a read of TRAP exits with error code 0x1");
}

static void key_that_denies_nothing(void **state)
{
	make_machine_with_keys();
	fake.write_msr = NULL; /* IA32_PKRS stays 0 */
	assert_result(true, false, 0);
	assert_log_has("a read of TRAP translates");
}

static void another_exit(void **state)
{
	make_machine(40, 40);
	cpu.gets_stuck = true;
	assert_result(false, false, 0);
	assert_log_has(
		"does something else with error code 0x0 (exit reason 0x2)");
}

static void no_entry(void **state)
{
	make_machine(40, 40);
	cpu.entry_fails = true;
	assert_false(selftest_run(&result));
	assert_log_has("no guest can be entered on this machine");
	assert_false(result.filter_works);
}

static void no_memory(void **state)
{
	make_machine(40, 40);
	fake_pages = FAKE_PAGES - 4;
	assert_false(selftest_run(&result));
	assert_log_has("no memory for the self-test");
	assert_int_equal(entries, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_processor),
		cmocka_unit_test(narrowest_and_widest),
		cmocka_unit_test(no_bit_is_reserved),
		cmocka_unit_test(protection_keys),
		cmocka_unit_test(processor_without_nx),
		cmocka_unit_test(interrupts_come_first),
		cmocka_unit_test(cpuid_shows_too_few_bits),
		cmocka_unit_test(filter_does_not_filter),
		cmocka_unit_test(only_one_filter),
		cmocka_unit_test(faults_never_exit),
		cmocka_unit_test(reserved_bits_of_one_level),
		cmocka_unit_test(reserved_bit_is_not_told),
		cmocka_unit_test(key_that_denies_nothing),
		cmocka_unit_test(another_exit),
		cmocka_unit_test(no_entry),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
