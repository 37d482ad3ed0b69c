/* SPDX-License-Identifier: MIT */
/*
 * Instructions that a hypervisor carries out must end as the processor's own
 * do: with their single-step trap and their faults, and with the registers that
 * CPUID promises.
 */
#include "arch/x86/cpuid.h"
#include "tests/guests/check/check.h"

#define NON_CANONICAL BIT(47)
#define STEPS_MAX 8

/* DR6, SDM vol. 3B, 17.2.3. */
#define DR6_BD BIT(13)
#define DR6_BS BIT(14)

static u32 steps;
static u64 step_rip[STEPS_MAX];
static u64 step_dr6[STEPS_MAX];

static u64 read_dr6(void)
{
	u64 value;

	__asm__ volatile("mov %%dr6, %0" : "=r"(value));
	return value;
}

static void write_dr6(u64 value)
{
	__asm__ volatile("mov %0, %%dr6" : : "r"(value));
}

static bool record_step(struct trap_frame *frame)
{
	if (steps == STEPS_MAX) {
		frame->rflags &= ~RFLAGS_TF;
		return true;
	}
	step_rip[steps] = frame->rip;
	step_dr6[steps] = read_dr6();
	steps++;
	return true;
}

static void begin_steps(u64 dr6)
{
	steps = 0;
	traps.debug = record_step;
	write_dr6(dr6);
}

/* TF takes effect after the instruction that follows POPF. */
#define STEP_ON "pushfq; orl $0x100, (%%rsp); popfq\n"
#define STEP_OFF "pushfq; andl $~0x100, (%%rsp); popfq\n"

void check_single_step(void)
{
	static const u8 bytes[3];
	const u8 *from = bytes;
	u64 after_out, after_cpuid, outs, after_outs, count = sizeof(bytes);

	begin_steps(DR6_FIXED | DR6_BD | BIT(2));
	__asm__ volatile("lea 1f(%%rip), %0; lea 2f(%%rip), %1\n" STEP_ON
			 "outb %%al, $0x80\n"
			 "1: cpuid\n"
			 "2:" STEP_OFF
			 : "=&r"(after_out), "=&r"(after_cpuid)
			 :
			 : "rax", "rbx", "rcx", "rdx", "memory", "cc");
	require(steps >= 2 && step_rip[0] == after_out, "no step after OUT");
	require(steps >= 2 && step_rip[1] == after_cpuid,
		"no step after CPUID");
	/* BS is added, BD stays, B0 to B3 are of this exception alone. */
	require(step_dr6[0] == (DR6_FIXED | DR6_BD | DR6_BS),
		"DR6 is wrong after a step");

	begin_steps(DR6_FIXED);
	__asm__ volatile("lea 1f(%%rip), %0; lea 2f(%%rip), %1\n" STEP_ON
			 "1: rep outsb\n"
			 "2:" STEP_OFF
			 : "=&r"(outs), "=&r"(after_outs), "+S"(from),
			   "+c"(count)
			 : "d"(PORT_DELAY)
			 : "memory", "cc");
	traps.debug = NULL;
	require(steps >= 3 && step_rip[0] == outs && step_rip[1] == outs &&
			step_rip[2] == after_outs,
		"REP OUTS does not step at each element");
}

void check_int1(void)
{
	u64 after;

	begin_steps(DR6_FIXED);
	__asm__ volatile("lea 1f(%%rip), %0\n"
			 ".byte 0xf1\n"
			 "1:"
			 : "=r"(after)
			 :
			 : "memory");
	traps.debug = NULL;
	require(steps == 1 && step_rip[0] == after,
		"INT1 does not trap, or not after itself");
}

static u64 outs(u64 address)
{
	__asm__ volatile("outsb" : "+S"(address) : "d"(PORT_DELAY) : "memory");
	return 0;
}

static u64 ins(u64 address)
{
	__asm__ volatile("insl" : "+D"(address) : "d"(PORT_DELAY) : "memory");
	return 0;
}

/* It must fault with error code 0, and with RF set as by a fault. */
static void require_fault(u64 (*function)(u64), u64 argument, u8 vector,
			  const char *what)
{
	traps.catch = true;
	require(run_kernel(function, argument) && traps.vector == vector &&
			!traps.error_code && traps.rflags & RFLAGS_RF,
		what);
	traps.catch = false;
}

void check_string_io_faults(void)
{
	require_fault(outs, NON_CANONICAL, VECTOR_GP,
		      "OUTS of a non-canonical address: no #GP(0)");
	require_fault(ins, NON_CANONICAL - 1, VECTOR_GP,
		      "INS across the end of canonical addresses: no #GP(0)");
}

static u64 load_cr4(u64 value)
{
	write_cr4(value);
	return 0;
}

static u64 load_xcr0(u64 value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
	return 0;
}

static void check_xcr0(u64 cr4)
{
	struct cpuid_result r = cpuid(CPUID_XSTATE);
	u64 all = (u64)r.edx << 32 | r.eax;

	write_cr4(cr4 | CR4_OSXSAVE);
	require_fault(load_xcr0, 0, VECTOR_GP, "XCR0 takes 0");
	require_fault(load_xcr0, all | BIT(62), VECTOR_GP,
		      "XCR0 takes what CPUID does not show");
	traps.catch = true;
	require(!run_kernel(load_xcr0, all),
		"XCR0 does not take what CPUID shows");
	traps.catch = false;
	load_xcr0(BIT(0));
	write_cr4(cr4);
}

/* A bit of CR4 with a feature of CPUID, and whether CPUID shows it. */
struct cr4_bit {
	u64 bit;
	bool shown;
};

static void check_cr4_bit(u64 cr4, struct cr4_bit bit)
{
	traps.catch = true;
	require(run_kernel(load_cr4, cr4 | bit.bit) == !bit.shown,
		"CR4 and CPUID disagree");
	traps.catch = false;
	write_cr4(cr4);
}

/* A feature can be enabled if CPUID shows it. */
void check_cr4(void)
{
	u64 cr4 = read_cr4();
	struct cpuid_result one = cpuid(CPUID_FEATURES), seven = { 0 };
	u32 i;

	if (cpuid(0).eax >= CPUID_FEATURES_7)
		seven = cpuid(CPUID_FEATURES_7);

	const struct cr4_bit bits[] = {
		{ CR4_UMIP, seven.ecx & CPUID_7_ECX_UMIP },
		{ CR4_FSGSBASE, seven.ebx & CPUID_7_EBX_FSGSBASE },
		{ CR4_SMEP, seven.ebx & CPUID_7_EBX_SMEP },
		{ CR4_SMAP, seven.ebx & CPUID_7_EBX_SMAP },
		{ CR4_PKE, seven.ecx & CPUID_7_ECX_PKU },
		{ CR4_OSXSAVE, one.ecx & CPUID_1_ECX_XSAVE },
		{ CR4_PCIDE, one.ecx & CPUID_1_ECX_PCID },
		{ CR4_VMXE, one.ecx & CPUID_1_ECX_VMX },
		{ CR4_SMXE, one.ecx & CPUID_1_ECX_SMX },
	};

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		check_cr4_bit(cr4, bits[i]);
	if (one.ecx & CPUID_1_ECX_XSAVE)
		check_xcr0(cr4);
}
