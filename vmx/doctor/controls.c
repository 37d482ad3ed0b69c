/* SPDX-License-Identifier: MIT */
/*
 * The controls: SDM vol. 3C, 26.2.1, in the order of its bullets; and the
 * loading of MSRs, 26.4, from the area that the controls describe.
 */
#include "vmx/doctor/rules.h"

/* IA32_VMX_MISC, SDM vol. 3D, A.6. */
#define MISC_INJECT_LENGTH_0 BIT(30)
/* IA32_VMX_BASIC, A.1: hardware exceptions may have an error code or not. */
#define BASIC_ANY_ERROR_CODE BIT(56)

#define PIN_NMI_EXITING BIT(3)
#define CPU_MSR_BITMAPS BIT(28)
#define CPU_MAY_TRAP_MONITOR BIT(32 + 27)
#define TYPE_RESERVED 1
#define INSTRUCTION_LENGTH_MAX 15

/* An entry of an MSR area: the index, 32 reserved bits, the value (24.7.2). */
#define MSR_AREA_ENTRY 16
#define MSR_FS_BASE 0xc0000100U
#define MSR_GS_BASE 0xc0000101U

static bool enough_targets(const struct doctor *d, u64 value, unsigned int n)
{
	return value <= MISC_CR3_TARGETS(d->capabilities->misc);
}

static bool area_fits(const struct doctor *d, u64 address, u64 count)
{
	return !count ||
	       (address % MSR_AREA_ENTRY == 0 && doctor_in_width(d, address) &&
		doctor_in_width(d, address + MSR_AREA_ENTRY * count - 1));
}

static bool exit_area_fits(const struct doctor *d, u64 value, unsigned int n)
{
	return area_fits(d, value,
			 d->read(d, VMCS_VM_EXIT_MSR_STORE_COUNT + 2 * n));
}

static bool entry_area_fits(const struct doctor *d, u64 value, unsigned int n)
{
	return area_fits(d, value, d->read(d, VMCS_VM_ENTRY_MSR_LOAD_COUNT));
}

static bool type_exists(const struct doctor *d, u64 value, unsigned int n)
{
	enum vmx_intr_type type = vmx_intr_type(value);

	if (type == INTR_OTHER_EVENT)
		return d->capabilities->allowed[CONTROLS_CPU] &
		       CPU_MAY_TRAP_MONITOR;
	return type != TYPE_RESERVED;
}

static bool error_code_fits(const struct doctor *d, u64 value, unsigned int n)
{
	u32 with_code = BIT(VECTOR_DF) | BIT(VECTOR_TS) | BIT(VECTOR_NP) |
			BIT(VECTOR_SS) | BIT(VECTOR_GP) | BIT(VECTOR_PF) |
			BIT(VECTOR_AC);
	u8 vector = value & VMX_INTR_VECTOR;
	bool exception = vmx_intr_type(value) == INTR_HARDWARE_EXCEPTION;
	bool wants = exception && vector < VECTOR_EXCEPTIONS &&
		     (with_code & BIT(vector));

	return (exception && (d->capabilities->basic & BASIC_ANY_ERROR_CODE)) ||
	       !!(value & VMX_INTR_ERROR_CODE) == wants;
}

static bool is_length(const struct doctor *d, u64 value, unsigned int n)
{
	return value ? value <= INSTRUCTION_LENGTH_MAX
		     : d->capabilities->misc & MISC_INJECT_LENGTH_0;
}

#define INJECTING HAS(EVENT, VMX_INTR_VALID)
/* Types 4, 5 and 6: software interrupts and exceptions. */
#define INJECTS_SOFTWARE                                                       \
	HAS(EVENT, VMX_INTR_VALID | (u32)INTR_SOFTWARE_INTERRUPT << 8),        \
		DIFFERS(EVENT, VMX_INTR_TYPE, VMX_INTR_TYPE)
#define CONTROLS(number, f, msr, ...)                                          \
	RULE(number, f, "as " msr " allows", .check = CHECK_FIXED,             \
	     ##__VA_ARGS__)
#define AREA_EXPECTED "a multiple of 16, and the area is within MAXPHYADDR"

const struct doctor_rule doctor_control_rules[] = {
	CONTROLS("26.2.1.1", PIN, "IA32_VMX_(TRUE_)PINBASED_CTLS"),
	CONTROLS("26.2.1.1", CPU, "IA32_VMX_(TRUE_)PROCBASED_CTLS"),
	CONTROLS("26.2.1.1", CPU2, "IA32_VMX_PROCBASED_CTLS2",
		 WHEN(HAS(CPU, CPU_SECONDARY_CONTROLS))),
	RULE("26.2.1.1", CR3_TARGET_COUNT,
	     "at most what IA32_VMX_MISC[24:16] allows",
	     HOLDS(enough_targets, ALL_BITS, 512)),
	RULE("26.2.1.1", ADDRESS_OF_MSR_BITMAPS,
	     "bits 11:0 are 0, and it is within MAXPHYADDR",
	     .check = CHECK_PAGE, WHEN(HAS(CPU, CPU_MSR_BITMAPS))),
	RULE("26.2.1.1", PIN, "with \"virtual NMIs\", \"NMI exiting\" is 1",
	     ONES(PIN_NMI_EXITING), WHEN(HAS(PIN, PIN_VIRTUAL_NMIS))),
	RULE("26.2.1.1", CPU,
	     "without \"virtual NMIs\", \"NMI-window exiting\" is 0",
	     ZERO(CPU_NMI_WINDOW_EXITING), WHEN(LACKS(PIN, PIN_VIRTUAL_NMIS))),

	RULE("26.2.1.1", VIRTUAL_PROCESSOR_IDENTIFIER,
	     "with \"enable VPID\", not 0", IS_NOT(ALL_BITS, 0),
	     WHEN(HAS(CPU, CPU_SECONDARY_CONTROLS),
		  HAS(CPU2, CPU2_ENABLE_VPID))),

	CONTROLS("26.2.1.2", VM_EXIT_CONTROLS, "IA32_VMX_(TRUE_)EXIT_CTLS"),
	RULE("26.2.1.2", VM_EXIT_MSR_STORE_ADDRESS, AREA_EXPECTED,
	     .registers = BITS(1, 0), HOLDS(exit_area_fits, 8, 8),
	     ALSO(IS(VM_EXIT_MSR_STORE_COUNT, 1))),

	CONTROLS("26.2.1.3", VM_ENTRY_CONTROLS, "IA32_VMX_(TRUE_)ENTRY_CTLS"),
	RULE("26.2.1.3", EVENT, "a type that exists (bits 10:8)",
	     HOLDS(type_exists, ALL_BITS, VMX_INTR(TYPE_RESERVED, 0)),
	     WHEN(INJECTING)),
	RULE("26.2.1.3", EVENT, "the vector of an NMI is 2",
	     EQUALS(VMX_INTR_VECTOR, VECTOR_NMI), WHEN(INJECTS(INTR_NMI))),
	RULE("26.2.1.3", EVENT,
	     "the vector of a hardware exception is below 32", ZERO(BITS(7, 5)),
	     WHEN(INJECTS(INTR_HARDWARE_EXCEPTION))),
	RULE("26.2.1.3", EVENT, "the vector of another event is 0",
	     ZERO(VMX_INTR_VECTOR), WHEN(INJECTS(INTR_OTHER_EVENT))),
	RULE("26.2.1.3", EVENT,
	     "an error code (bit 11) for the hardware exceptions that have "
	     "one, and for nothing else",
	     HOLDS(error_code_fits, ALL_BITS,
		   VMX_INTR(INTR_NMI, VECTOR_NMI) | VMX_INTR_ERROR_CODE),
	     WHEN(INJECTING)),
	RULE("26.2.1.3", EVENT, "bits 30:12 are 0", ZERO(BITS(30, 12)),
	     WHEN(INJECTING), ALSO(INJECTS_NMI)),
	RULE("26.2.1.3", VM_ENTRY_EXCEPTION_ERROR_CODE, "bits 31:16 are 0",
	     ZERO(BITS(31, 16)),
	     WHEN(HAS(EVENT, VMX_INTR_VALID | VMX_INTR_ERROR_CODE)),
	     ALSO(IS(EVENT, VMX_INTR(INTR_HARDWARE_EXCEPTION, VECTOR_GP) |
				    VMX_INTR_ERROR_CODE))),
	RULE("26.2.1.3", VM_ENTRY_INSTRUCTION_LENGTH,
	     "1 to 15; 0 if IA32_VMX_MISC[30] is 1",
	     HOLDS(is_length, ALL_BITS, INSTRUCTION_LENGTH_MAX + 1),
	     WHEN(INJECTS_SOFTWARE)),
	RULE("26.2.1.3", VM_ENTRY_MSR_LOAD_ADDRESS, AREA_EXPECTED,
	     HOLDS(entry_area_fits, 8, 8),
	     ALSO(IS(VM_ENTRY_MSR_LOAD_COUNT, 1))),
	{ 0 },
};

/* Returns true if the MSRs may be loaded, or the area breaks another rule. */
static bool can_be_loaded(const struct doctor *d, u64 address, unsigned int n)
{
	u64 count = d->read(d, VMCS_VM_ENTRY_MSR_LOAD_COUNT);

	for (u64 i = 0; i < count && address % MSR_AREA_ENTRY == 0; i++) {
		u64 index = d->read_memory(d, address + i * MSR_AREA_ENTRY);

		if (index >> 32 || index == MSR_FS_BASE || index == MSR_GS_BASE)
			return false;
	}
	return true;
}

static const u64 fs_base_area[2]
	__attribute__((aligned(MSR_AREA_ENTRY))) = { MSR_FS_BASE };

const struct doctor_rule doctor_msr_rules[] = {
	RULE("26.4", VM_ENTRY_MSR_LOAD_ADDRESS,
	     "each entry's bits 63:32 are 0, and it is neither IA32_FS_BASE "
	     "nor IA32_GS_BASE",
	     HOLDS(can_be_loaded, 0, 0),
	     ALSO(IS(VM_ENTRY_MSR_LOAD_COUNT, 1),
		  POINTS_AT(VM_ENTRY_MSR_LOAD_ADDRESS, fs_base_area))),
	{ 0 },
};
