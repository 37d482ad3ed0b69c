/* SPDX-License-Identifier: MIT */
/*
 * The controls: SDM vol. 3C, 26.2.1, in the order of its bullets.
 */
#include "vmx/doctor/rules.h"

/* What the capability MSR says of a field of controls. */
static u64 allowed(const struct doctor *d, enum vmcs_field field)
{
	for (int set = 0; set < CONTROL_SETS; set++)
		if (control_tables[set].field == field)
			return d->capabilities->allowed[set];
	return 0;
}

#define DEFINE_CONTROL_FIELD(name, field)                                      \
	static bool name##_required(const struct doctor *d, u64 value,         \
				    unsigned int n)                            \
	{                                                                      \
		return !((u32)allowed(d, field) & ~value);                     \
	}                                                                      \
                                                                               \
	static bool name##_allowed(const struct doctor *d, u64 value,          \
				   unsigned int n)                             \
	{                                                                      \
		return !(value & ~(allowed(d, field) >> 32));                  \
	}

DEFINE_CONTROL_FIELD(pin, VMCS_PIN)
DEFINE_CONTROL_FIELD(cpu, VMCS_CPU)
DEFINE_CONTROL_FIELD(cpu2, VMCS_CPU2)
DEFINE_CONTROL_FIELD(exit, VMCS_VM_EXIT_CONTROLS)
DEFINE_CONTROL_FIELD(entry, VMCS_VM_ENTRY_CONTROLS)

#define CONTROL_RULES(number, name, f, condition, msr)                         \
	{ number,                                                              \
	  VMCS_##f,                                                            \
	  .expected = "every bit 1 that is 1 in bits 31:0 of " msr,            \
	  .when = (condition),                                                 \
	  .holds = name##_required,                                            \
	  BROKEN_BY(CHANGE(REQUIRED, f, 0)) },                                 \
	{                                                                      \
		number, VMCS_##f,                                              \
			.expected =                                            \
				"every bit 0 that is 0 in bits 63:32 of " msr, \
			.when = (condition), .holds = name##_allowed,          \
			BROKEN_BY(CHANGE(FORBIDDEN, f, 0))                     \
	}

/* --- Conditions, by control ------------------------------------------------- */

#define DEFINE_WHEN(name, field, bits)                                         \
	static bool name(const struct doctor *d, unsigned int n)               \
	{                                                                      \
		return has(d, field, bits);                                    \
	}
#define DEFINE_WHEN_CPU2(name, bits)                                           \
	static bool name(const struct doctor *d, unsigned int n)               \
	{                                                                      \
		return has_cpu2(d, bits);                                      \
	}

DEFINE_WHEN(secondary, VMCS_CPU, CPU_SECONDARY_CONTROLS)
DEFINE_WHEN(io_bitmaps, VMCS_CPU, CPU_IO_BITMAPS)
DEFINE_WHEN(msr_bitmaps, VMCS_CPU, CPU_MSR_BITMAPS)
DEFINE_WHEN(tpr_shadow, VMCS_CPU, CPU_TPR_SHADOW)
DEFINE_WHEN(nmi_window, VMCS_CPU, CPU_NMI_WINDOW_EXITING)
DEFINE_WHEN(virtual_nmis, VMCS_PIN, PIN_VIRTUAL_NMIS)
DEFINE_WHEN(posted_interrupts, VMCS_PIN, PIN_POSTED_INTERRUPTS)
DEFINE_WHEN(save_timer, VMCS_VM_EXIT_CONTROLS, EXIT_SAVE_PREEMPTION_TIMER)
DEFINE_WHEN_CPU2(apic_accesses, CPU2_APIC_ACCESSES)
DEFINE_WHEN_CPU2(x2apic_mode, CPU2_X2APIC_MODE)
DEFINE_WHEN_CPU2(virtual_interrupts, CPU2_VIRTUAL_INTERRUPTS)
DEFINE_WHEN_CPU2(vpid, CPU2_VPID)
DEFINE_WHEN_CPU2(ept, CPU2_EPT)
DEFINE_WHEN_CPU2(needs_ept, CPU2_UNRESTRICTED)
DEFINE_WHEN_CPU2(shadow_vmcs, CPU2_SHADOW_VMCS)

static bool no_tpr_shadow(const struct doctor *d, unsigned int n)
{
	return secondary(d, 0) && !tpr_shadow(d, 0);
}

static bool tpr_threshold(const struct doctor *d, unsigned int n)
{
	return tpr_shadow(d, 0) && !virtual_interrupts(d, 0);
}

static bool tpr_compared(const struct doctor *d, unsigned int n)
{
	return tpr_threshold(d, 0) && !apic_accesses(d, 0);
}

static bool exit_area_used(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_VM_EXIT_MSR_STORE_COUNT + 2 * n);
}

static bool entry_area_used(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_VM_ENTRY_MSR_LOAD_COUNT);
}

static bool injecting(const struct doctor *d, unsigned int n)
{
	return d->read(d, VMCS_EVENT) & VMX_INTR_VALID;
}

static bool injecting_error(const struct doctor *d, unsigned int n)
{
	return has(d, VMCS_EVENT, VMX_INTR_VALID | VMX_INTR_ERROR_CODE);
}

static bool injecting_software(const struct doctor *d, unsigned int n)
{
	return injects(d, INTR_SOFTWARE_INTERRUPT) ||
	       injects(d, INTR_PRIVILEGED_SOFTWARE_EXCEPTION) ||
	       injects(d, INTR_SOFTWARE_EXCEPTION);
}

/* --- Predicates ------------------------------------------------------------- */

static bool enough_targets(const struct doctor *d, u64 value, unsigned int n)
{
	return value <= MISC_CR3_TARGETS(d->capabilities->misc);
}

static bool threshold_is_priority(const struct doctor *d, u64 value,
				  unsigned int n)
{
	return !(value & BITS(31, 4));
}

/* VTPR is byte 80h of the virtual-APIC page; its priority, bits 7:4. */
static bool threshold_reached(const struct doctor *d, u64 value, unsigned int n)
{
	u64 page = d->read(d, VMCS_VIRTUAL_APIC_ADDRESS);

	return !doctor_is_page(d, page, 0) ||
	       (value & 15) <= (d->read_memory(d, page + 0x80) >> 4 & 15);
}

static bool nmis_exit(const struct doctor *d, u64 value, unsigned int n)
{
	return value & PIN_NMI_EXITING;
}

static bool nmis_are_virtual(const struct doctor *d, u64 value, unsigned int n)
{
	return virtual_nmis(d, 0);
}

static bool no_apic_virtualization(const struct doctor *d, u64 value,
				   unsigned int n)
{
	return !(value & (CPU2_X2APIC_MODE | CPU2_APIC_REGISTERS |
			  CPU2_VIRTUAL_INTERRUPTS));
}

static bool no_apic_accesses(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & CPU2_APIC_ACCESSES);
}

static bool interrupts_exit(const struct doctor *d, u64 value, unsigned int n)
{
	return has(d, VMCS_PIN, PIN_EXTERNAL_INTERRUPT_EXITING);
}

static bool posting_possible(const struct doctor *d, u64 value, unsigned int n)
{
	return virtual_interrupts(d, 0) &&
	       has(d, VMCS_VM_EXIT_CONTROLS, EXIT_ACKNOWLEDGE);
}

static bool not_zero(const struct doctor *d, u64 value, unsigned int n)
{
	return value;
}

/* Memory type UC or WB, a page walk of 4, bits 11:7 reserved (24.6.11). */
static bool is_eptp(const struct doctor *d, u64 value, unsigned int n)
{
	return ((value & 7) == 0 || (value & 7) == 6) &&
	       (value >> 3 & 7) == 3 && !(value & BITS(11, 7)) &&
	       in_width(d, value);
}

static bool ept_is_on(const struct doctor *d, u64 value, unsigned int n)
{
	return value & CPU2_EPT;
}

static bool timer_is_on(const struct doctor *d, u64 value, unsigned int n)
{
	return has(d, VMCS_PIN, PIN_PREEMPTION_TIMER);
}

static bool area_fits(const struct doctor *d, u64 address, u64 count)
{
	return !(address & 15) && in_width(d, address) &&
	       in_width(d, address + 16 * count - 1);
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
	u64 cpu = d->capabilities->allowed[CONTROLS_CPU];

	if (type == INTR_OTHER_EVENT)
		return cpu & BIT(32 + 27); /* "monitor trap flag" */
	return type != 1;
}

static bool vector_fits_type(const struct doctor *d, u64 value, unsigned int n)
{
	u8 vector = value & VMX_INTR_VECTOR;

	switch (vmx_intr_type(value)) {
	case INTR_NMI:
		return vector == VECTOR_NMI;
	case INTR_HARDWARE_EXCEPTION:
		return vector < VECTOR_EXCEPTIONS;
	case INTR_OTHER_EVENT:
		return vector == 0;
	default:
		return true;
	}
}

static bool error_code_fits(const struct doctor *d, u64 value, unsigned int n)
{
	u32 with_code = BIT(VECTOR_DF) | BIT(VECTOR_TS) | BIT(VECTOR_NP) |
			BIT(VECTOR_SS) | BIT(VECTOR_GP) | BIT(VECTOR_PF) |
			BIT(VECTOR_AC);
	u8 vector = value & VMX_INTR_VECTOR;
	bool protected = !unrestricted(d) ||
			 (d->read(d, VMCS_GUEST_CR0) & CR0_PE);
	bool wants = protected &&
		     vmx_intr_type(value) == INTR_HARDWARE_EXCEPTION &&
		     vector < VECTOR_EXCEPTIONS && (with_code & BIT(vector));

	return !!(value & VMX_INTR_ERROR_CODE) == wants;
}

static bool event_reserved_clear(const struct doctor *d, u64 value,
				 unsigned int n)
{
	return !(value & BITS(30, 12));
}

static bool is_error_code(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & BITS(31, 15));
}

static bool is_length(const struct doctor *d, u64 value, unsigned int n)
{
	return value ? value <= 15
		     : d->capabilities->misc & MISC_INJECT_LENGTH_0;
}

static bool no_smm(const struct doctor *d, u64 value, unsigned int n)
{
	return !(value & (ENTRY_TO_SMM | ENTRY_NO_DUAL_MONITOR));
}

/* --- The rules -------------------------------------------------------------- */

#define ZERO_PAGE ((uintptr_t)doctor_zero_page)
#define PAGE_EXPECTED "bits 11:0 are 0, and it is within MAXPHYADDR"
#define AREA_EXPECTED "a multiple of 16, and the area is within MAXPHYADDR"
/* No page, and not beyond what 32 bits hold. */
#define NO_PAGE 0x800

const struct doctor_rule doctor_control_rules[] = {
	CONTROL_RULES("26.2.1.1", pin, PIN_BASED_VM_EXECUTION_CONTROLS, NULL,
		      "IA32_VMX_(TRUE_)PINBASED_CTLS"),
	CONTROL_RULES("26.2.1.1", cpu,
		      PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, NULL,
		      "IA32_VMX_(TRUE_)PROCBASED_CTLS"),
	CONTROL_RULES("26.2.1.1", cpu2,
		      SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS,
		      secondary, "IA32_VMX_PROCBASED_CTLS2"),
	{ "26.2.1.1", VMCS_CR3_TARGET_COUNT,
	  .expected = "at most what IA32_VMX_MISC[24:16] allows",
	  .holds = enough_targets,
	  BROKEN_BY(CHANGE(SET, CR3_TARGET_COUNT, 512)) },
	{ "26.2.1.1", VMCS_ADDRESS_OF_IO_BITMAP_A, .registers = 3,
	  .expected = PAGE_EXPECTED, .when = io_bitmaps,
	  .holds = doctor_is_page,
	  BROKEN_BY(CHANGE(OR, CPU, CPU_IO_BITMAPS),
		    CHANGE_EACH(SET, ADDRESS_OF_IO_BITMAP_A, NO_PAGE)) },
	{ "26.2.1.1", VMCS_ADDRESS_OF_MSR_BITMAPS, .expected = PAGE_EXPECTED,
	  .when = msr_bitmaps, .holds = doctor_is_page,
	  BROKEN_BY(CHANGE(OR, ADDRESS_OF_MSR_BITMAPS, NO_PAGE)) },
	{ "26.2.1.1", VMCS_VIRTUAL_APIC_ADDRESS, .expected = PAGE_EXPECTED,
	  .when = tpr_shadow, .holds = doctor_is_page,
	  BROKEN_BY(CHANGE(OR, CPU, CPU_TPR_SHADOW),
		    CHANGE(SET, VIRTUAL_APIC_ADDRESS, NO_PAGE)) },
	{ "26.2.1.1", VMCS_TPR_THRESHOLD, .expected = "bits 31:4 are 0",
	  .when = tpr_threshold, .holds = threshold_is_priority,
	  BROKEN_BY(CHANGE(OR, CPU, CPU_TPR_SHADOW),
		    CHANGE(POINT_AT, VIRTUAL_APIC_ADDRESS, ZERO_PAGE),
		    CHANGE(SET, TPR_THRESHOLD, 0x10)) },
	{ "26.2.1.1", VMCS_TPR_THRESHOLD,
	  .expected = "at most the priority in the virtual-APIC page's VTPR",
	  .when = tpr_compared, .holds = threshold_reached,
	  BROKEN_BY(CHANGE(OR, CPU, CPU_TPR_SHADOW),
		    CHANGE(POINT_AT, VIRTUAL_APIC_ADDRESS, ZERO_PAGE),
		    CHANGE(SET, TPR_THRESHOLD, 1)) },
	{ "26.2.1.1", VMCS_PIN,
	  .expected = "with \"virtual NMIs\", \"NMI exiting\" is 1",
	  .when = virtual_nmis, .holds = nmis_exit,
	  BROKEN_BY(CHANGE(OR, PIN, PIN_VIRTUAL_NMIS),
		    CHANGE(CLEAR, PIN, PIN_NMI_EXITING)) },
	{ "26.2.1.1", VMCS_CPU,
	  .expected = "with \"NMI-window exiting\", \"virtual NMIs\" is 1",
	  .when = nmi_window, .holds = nmis_are_virtual,
	  BROKEN_BY(CHANGE(OR, CPU, CPU_NMI_WINDOW_EXITING),
		    CHANGE(CLEAR, PIN, PIN_VIRTUAL_NMIS)) },
	{ "26.2.1.1", VMCS_APIC_ACCESS_ADDRESS, .expected = PAGE_EXPECTED,
	  .when = apic_accesses, .holds = doctor_is_page,
	  BROKEN_BY(CHANGE(OR, CPU2, CPU2_APIC_ACCESSES),
		    CHANGE(SET, APIC_ACCESS_ADDRESS, NO_PAGE)) },
	{ "26.2.1.1", VMCS_CPU2,
	  .expected = "without \"use TPR shadow\" no x2APIC mode, "
		      "APIC-register virtualization or virtual-interrupt "
		      "delivery",
	  .when = no_tpr_shadow, .holds = no_apic_virtualization,
	  BROKEN_BY(CHANGE(OR, CPU2, CPU2_X2APIC_MODE)) },
	{ "26.2.1.1", VMCS_CPU2,
	  .expected = "not both \"virtualize x2APIC mode\" and \"virtualize "
		      "APIC accesses\"",
	  .when = x2apic_mode, .holds = no_apic_accesses,
	  BROKEN_BY(CHANGE(OR, CPU, CPU_TPR_SHADOW),
		    CHANGE(POINT_AT, VIRTUAL_APIC_ADDRESS, ZERO_PAGE),
		    CHANGE(OR, CPU2, CPU2_X2APIC_MODE | CPU2_APIC_ACCESSES),
		    CHANGE(POINT_AT, APIC_ACCESS_ADDRESS, ZERO_PAGE)) },
	{ "26.2.1.1", VMCS_PIN,
	  .expected = "with \"virtual-interrupt delivery\", "
		      "\"external-interrupt exiting\" is 1",
	  .when = virtual_interrupts, .holds = interrupts_exit,
	  BROKEN_BY(CHANGE(OR, CPU, CPU_TPR_SHADOW),
		    CHANGE(POINT_AT, VIRTUAL_APIC_ADDRESS, ZERO_PAGE),
		    CHANGE(OR, CPU2, CPU2_VIRTUAL_INTERRUPTS),
		    CHANGE(CLEAR, PIN, PIN_EXTERNAL_INTERRUPT_EXITING)) },
	{ "26.2.1.1", VMCS_PIN,
	  .expected = "with \"process posted interrupts\", \"virtual-interrupt "
		      "delivery\" and \"acknowledge interrupt on exit\" are 1",
	  .when = posted_interrupts, .holds = posting_possible,
	  BROKEN_BY(CHANGE(OR, PIN, PIN_POSTED_INTERRUPTS)) },
	{ "26.2.1.1", VMCS_VIRTUAL_PROCESSOR_IDENTIFIER, .expected = "not 0",
	  .when = vpid, .holds = not_zero,
	  BROKEN_BY(CHANGE(OR, CPU2, CPU2_VPID)) },
	{ "26.2.1.1", VMCS_EPT_POINTER,
	  .expected = "memory type 0 or 6, page-walk length 4, bits 11:7 0, "
		      "within MAXPHYADDR",
	  .when = ept, .holds = is_eptp,
	  BROKEN_BY(CHANGE(OR, CPU2, CPU2_EPT)) },
	{ "26.2.1.1", VMCS_CPU2,
	  .expected = "with \"unrestricted guest\", \"enable EPT\" is 1",
	  .when = needs_ept, .holds = ept_is_on,
	  BROKEN_BY(CHANGE(OR, CPU2, CPU2_UNRESTRICTED)) },
	{ "26.2.1.1", VMCS_VMREAD_BITMAP_ADDRESS, .registers = 3,
	  .expected = PAGE_EXPECTED, .when = shadow_vmcs,
	  .holds = doctor_is_page,
	  BROKEN_BY(CHANGE(OR, CPU2, CPU2_SHADOW_VMCS),
		    CHANGE_EACH(SET, VMREAD_BITMAP_ADDRESS, NO_PAGE)) },

	CONTROL_RULES("26.2.1.2", exit, VM_EXIT_CONTROLS, NULL,
		      "IA32_VMX_(TRUE_)EXIT_CTLS"),
	{ "26.2.1.2", VMCS_VM_EXIT_CONTROLS,
	  .expected = "with \"save VMX-preemption timer value\", \"activate "
		      "VMX-preemption timer\" is 1",
	  .when = save_timer, .holds = timer_is_on,
	  BROKEN_BY(CHANGE(OR, VM_EXIT_CONTROLS, EXIT_SAVE_PREEMPTION_TIMER)) },
	{ "26.2.1.2", VMCS_VM_EXIT_MSR_STORE_ADDRESS, .registers = 3,
	  .expected = AREA_EXPECTED, .when = exit_area_used,
	  .holds = exit_area_fits,
	  BROKEN_BY(CHANGE_EACH(SET, VM_EXIT_MSR_STORE_COUNT, 1),
		    CHANGE_EACH(OR, VM_EXIT_MSR_STORE_ADDRESS, 8)) },

	CONTROL_RULES("26.2.1.3", entry, VM_ENTRY_CONTROLS, NULL,
		      "IA32_VMX_(TRUE_)ENTRY_CTLS"),
	{ "26.2.1.3", VMCS_EVENT, .expected = "a type that exists (bits 10:8)",
	  .when = injecting, .holds = type_exists,
	  BROKEN_BY(CHANGE(SET, EVENT, VMX_INTR_VALID | 1 << 8)) },
	{ "26.2.1.3", VMCS_EVENT,
	  .expected = "an NMI's vector is 2, a hardware exception's at most "
		      "31, another event's 0",
	  .when = injecting, .holds = vector_fits_type,
	  BROKEN_BY(CHANGE(SET, EVENT,
			   VMX_INTR_VALID | INTR_NMI << 8 | VECTOR_BP)) },
	{ "26.2.1.3", VMCS_EVENT,
	  .expected = "an error code (bit 11) for the hardware exceptions that "
		      "have one, and for nothing else",
	  .when = injecting, .holds = error_code_fits,
	  BROKEN_BY(CHANGE(SET, EVENT,
			   VMX_INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 |
				   VECTOR_GP)) },
	{ "26.2.1.3", VMCS_EVENT, .expected = "bits 30:12 are 0",
	  .when = injecting, .holds = event_reserved_clear,
	  BROKEN_BY(CHANGE(SET, EVENT,
			   VMX_INTR_VALID | BIT(12) | INTR_NMI << 8 |
				   VECTOR_NMI)) },
	{ "26.2.1.3", VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE,
	  .expected = "bits 31:15 are 0", .when = injecting_error,
	  .holds = is_error_code,
	  BROKEN_BY(CHANGE(SET, EVENT,
			   VMX_INTR_VALID | VMX_INTR_ERROR_CODE |
				   INTR_HARDWARE_EXCEPTION << 8 | VECTOR_GP),
		    CHANGE(SET, VM_ENTRY_EXCEPTION_ERROR_CODE, BIT(16))) },
	{ "26.2.1.3", VMCS_VM_ENTRY_INSTRUCTION_LENGTH,
	  .expected = "1 to 15; 0 if IA32_VMX_MISC[30] is 1",
	  .when = injecting_software, .holds = is_length,
	  BROKEN_BY(CHANGE(SET, EVENT,
			   VMX_INTR_VALID | INTR_SOFTWARE_EXCEPTION << 8 |
				   VECTOR_BP),
		    CHANGE(SET, VM_ENTRY_INSTRUCTION_LENGTH, 16)) },
	{ "26.2.1.3", VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, .expected = AREA_EXPECTED,
	  .when = entry_area_used, .holds = entry_area_fits,
	  BROKEN_BY(CHANGE(SET, VM_ENTRY_MSR_LOAD_COUNT, 1),
		    CHANGE(SET, VM_ENTRY_MSR_LOAD_ADDRESS, 8)) },
	{ "26.2.1.3", VMCS_VM_ENTRY_CONTROLS,
	  .expected = "outside SMM no \"entry to SMM\" and no \"deactivate "
		      "dual-monitor treatment\"",
	  .holds = no_smm,
	  BROKEN_BY(CHANGE(OR, VM_ENTRY_CONTROLS, ENTRY_TO_SMM)) },
	{ 0 },
};
