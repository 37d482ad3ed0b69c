/* SPDX-License-Identifier: MIT */
/*
 * Instructions to which a hypervisor must have an answer: those in CPUID work,
 * others are undefined; each as in the manual's vol. 2. In 32-bit code. The
 * same on the bare machine, except MSRs that do not exist, which Bochs allows,
 * and the effects of IA32_MISC_ENABLE there (msrs=0).
 */
#include "arch/x86/cpuid.h"
#include "tests/guests/paging.h"

#define ANSWERED 0xc0ffee
#define NO_COUNTER 0x3fff
#define CPUID_COUNTERS 0xa
#define DR6_B0 BIT(0)
#define DR6_BD BIT(13)
#define DR7_L0 BIT(0)
#define DR7_WRITE0 BIT(16)
#define DR7_4_BYTES0 (3U << 18)
#define DR7_FIXED BIT(10)
#define DR7_GD BIT(13)
#define MSR_TSC_AUX 0xc0000103
#define MSR_NONE 0x1fff
#define MSR_PAT 0x277
#define MSR_MTRRCAP 0xfe
#define MSR_MTRR_PHYSBASE1 0x202
#define MSR_MTRR_FIX4K_C0000 0x268
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MSR_MISC_ENABLE 0x1a0
#define MISC_ENABLE_LIMIT_CPUID BIT(22)
#define MISC_ENABLE_XD_DISABLE_HIGH BIT(34 - 32)
#define MSR_EFER 0xc0000080

#define PIC_VECTORS 0x18 /* vectors of exceptions that never come */
#define PIC_EOI 0x20

u32 insn_ecx, insn_eax, insn_edx, insn_result;
static u32 watched;

/* A function that runs the code and returns 1 to show that it has run. */
#define INSN(name, code)                                                       \
	void name(void);                                                       \
	__asm__(".text\n" #name ":\n"                                          \
		"pushl %ebx\n"                                                 \
		"movl insn_ecx, %ecx\n"                                        \
		"movl insn_eax, %eax\n"                                        \
		"movl insn_edx, %edx\n" code "\n"                              \
		"movl %eax, insn_result\n"                                     \
		"movl $0xc0ffee, %eax\n"                                       \
		"popl %ebx\n"                                                  \
		"ret\n")

INSN(do_rdpmc, "rdpmc");
INSN(do_monitor, ".byte 0x0f, 0x01, 0xc8");
INSN(do_wbinvd, "wbinvd");
INSN(do_invd, "invd");
INSN(do_rdpid, ".byte 0xf3, 0x0f, 0xc7, 0xf8");
INSN(do_rdtscp, "rdtscp\nmovl %ecx, %eax");
INSN(do_rdrand, "rdrand %eax");
INSN(do_rdseed, "rdseed %eax");
INSN(do_xgetbv, "xgetbv");
INSN(do_xsetbv, "xsetbv");
INSN(do_vmxoff, "vmxoff");
INSN(do_vmread, "vmread %eax, %eax");
INSN(do_getsec, ".byte 0x0f, 0x37");
INSN(do_invpcid, ".byte 0x66, 0x0f, 0x38, 0x82, 0x05; .long insn_eax");
INSN(do_rdmsr, "rdmsr");
INSN(do_wrmsr, "wrmsr");
INSN(do_read_dr0, "movl %dr0, %eax");
INSN(do_read_dr4, "movl %dr4, %eax");
INSN(do_read_dr6, "movl %dr6, %eax");
INSN(do_write_dr0, "movl %eax, %dr0");
INSN(do_write_dr6, "movl %eax, %dr6");
INSN(do_write_dr7, "movl %eax, %dr7");
INSN(do_touch, "movl %eax, (%ecx)\nnop");
/* 1/0, unmasked, and an instruction that finds the error pending. */
#define DIVIDE_BY_ZERO                                                         \
	"movl $0x037b, insn_edx\n"                                             \
	"fninit; fldcw insn_edx; fld1; fldz; fdivrp\n"
INSN(do_x87_error, DIVIDE_BY_ZERO "fwait; fninit");
INSN(do_x87_interrupt, DIVIDE_BY_ZERO "sti; fwait; nop; cli; fninit");
INSN(do_fwait, "fwait; fwait");
INSN(do_fnclex, "fnclex; fwait");
INSN(do_ud0, ".byte 0x0f, 0xff, 0xc0");
INSN(do_icebp, ".byte 0xf1");

static bool runs(void (*code)(void), u32 ecx, u32 eax, u32 edx)
{
	insn_ecx = ecx;
	insn_eax = eax;
	insn_edx = edx;
	tried.gva = (u32)code;
	tried.kind = TRY_CALL;
	tried.user = tried.ac = 0;
	try();
	return !tried.trapped && tried.value == ANSWERED;
}

static bool faulted(u32 vector)
{
	return tried.trapped && tried.vector == vector &&
	       (vector != VECTOR_GP || tried.error_code == 0);
}

static void check(bool ok, const char *what)
{
	if (check_failed(ok))
		print("  %s (trapped %u, vector %x, error %x; eax %x)\n", what,
		      tried.trapped, tried.vector, tried.error_code,
		      insn_result);
}

/* An instruction that CPUID shows runs; another one raises #UD. */
static void check_told(bool told, void (*code)(void), const char *name)
{
	check(runs(code, 0, 0, 0) ? told : !told && faulted(VECTOR_UD), name);
}

static void check_by_cpuid(void)
{
	struct cpuid_result one = cpuid(CPUID_FEATURES),
			    seven = cpuid(CPUID_FEATURES_7);

	if (cpuid(CPUID_VENDOR).eax < CPUID_FEATURES_7)
		memset(&seven, 0, sizeof(seven));
	check_told(one.ecx & CPUID_1_ECX_MONITOR, do_monitor, "MONITOR");
	check_told(one.ecx & CPUID_1_ECX_RDRAND, do_rdrand, "RDRAND");
	check_told(seven.ebx & CPUID_7_EBX_RDSEED, do_rdseed, "RDSEED");
	check_told(cpuid(CPUID_EXT_FEATURES).edx & CPUID_EXT_EDX_RDTSCP,
		   do_rdtscp, "RDTSCP");
	check_told(seven.ecx & CPUID_7_ECX_RDPID, do_rdpid, "RDPID");
	check_told(one.ecx & CPUID_1_ECX_OSXSAVE, do_xgetbv, "XGETBV");
	/* CR4.VMXE and CR4.SMXE are never set. */
	check(!runs(do_vmxoff, 0, 0, 0) && faulted(VECTOR_UD), "VMXOFF");
	check(!runs(do_vmread, 0, 0, 0) && faulted(VECTOR_UD), "VMREAD");
	check(!runs(do_getsec, 0, 0, 0) && faulted(VECTOR_UD), "GETSEC");
	check(!runs(do_ud0, 0, 0, 0) && faulted(VECTOR_UD), "UD0");
	if (!(seven.ebx & CPUID_7_EBX_INVPCID))
		check(!runs(do_invpcid, 0, 0, 0) && faulted(VECTOR_UD),
		      "INVPCID");
}

static void check_counters(void)
{
	u32 counters = 0;

	if (cpuid(CPUID_VENDOR).eax >= CPUID_COUNTERS)
		counters = cpuid(CPUID_COUNTERS).eax >> 8 & 0xff;
	check(runs(do_rdpmc, 0, 0, 0) ? counters
				      : !counters && faulted(VECTOR_GP),
	      "RDPMC of the first counter");
	check(!runs(do_rdpmc, NO_COUNTER, 0, 0) && faulted(VECTOR_GP),
	      "RDPMC of none");
}

/* INVD may drop the contents of the caches, but not a guest's writes. */
static void check_caches(void)
{
	watched = 0x12345678;
	check(runs(do_wbinvd, 0, 0, 0), "WBINVD");
	check(runs(do_invd, 0, 0, 0) && watched == 0x12345678, "INVD");
}

static void check_xcr0(void)
{
	u32 allowed = cpuid(CPUID_XSTATE).eax;

	if (!(cpuid(CPUID_FEATURES).ecx & CPUID_1_ECX_XSAVE)) {
		check(!runs(do_xsetbv, 0, 1, 0) && faulted(VECTOR_UD),
		      "XSETBV without XSAVE");
		return;
	}
	check(!runs(do_xsetbv, 0, 1, 0) && faulted(VECTOR_UD),
	      "XSETBV without CR4.OSXSAVE");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	check(cpuid(CPUID_FEATURES).ecx & CPUID_1_ECX_OSXSAVE,
	      "CPUID does not mirror CR4.OSXSAVE");
	check(runs(do_xsetbv, 0, allowed, 0), "XSETBV of all that is allowed");
	check(runs(do_xgetbv, 0, 0, 0) && insn_result == allowed, "XGETBV");
	check(!runs(do_xsetbv, 1, 1, 0) && faulted(VECTOR_GP),
	      "XSETBV of XCR1");
	check(!runs(do_xsetbv, 0, 0, 0) && faulted(VECTOR_GP),
	      "XSETBV without x87");
	check(!runs(do_xsetbv, 0, 5, 0) && faulted(VECTOR_GP),
	      "XSETBV of AVX without SSE");
	check(!runs(do_xsetbv, 0, allowed | BIT(30), 0) && faulted(VECTOR_GP),
	      "XSETBV of a reserved bit");
	check(!runs(do_xsetbv, 0, allowed, 1) && faulted(VECTOR_GP),
	      "XSETBV of a reserved bit above");
	check(runs(do_xgetbv, 0, 0, 0) && insn_result == allowed,
	      "XCR0 has changed");
	runs(do_xsetbv, 0, 1, 0);
	write_cr4(read_cr4() & ~(u32)CR4_OSXSAVE);
}

/* SDM vol. 3A, 11.12.4: a byte that is no memory type is refused. */
static void check_pat(void)
{
	u32 low = 0x00070406, high = 0x00010405;

	if (!(cpuid(CPUID_FEATURES).edx & CPUID_1_EDX_PAT))
		return;
	check(runs(do_wrmsr, MSR_PAT, low, high), "WRMSR of PAT");
	check(runs(do_rdmsr, MSR_PAT, 0, 0) && insn_result == low,
	      "PAT does not keep its value");
	check(!runs(do_wrmsr, MSR_PAT, 0x00020406, high) && faulted(VECTOR_GP),
	      "PAT with memory type 2");
	check(!runs(do_wrmsr, MSR_PAT, low, 0x08000000) && faulted(VECTOR_GP),
	      "PAT with memory type 8");
	check(runs(do_rdmsr, MSR_PAT, 0, 0) && insn_result == low,
	      "a refused PAT changed it");
	runs(do_wrmsr, MSR_PAT, low, 0x00070406);
}

/* SDM vol. 3A, 11.11.2: written values are kept, and checked. */
static void check_mtrrs(void)
{
	check(cpuid(CPUID_FEATURES).edx & CPUID_1_EDX_MTRR, "no MTRRs");
	check(runs(do_rdmsr, MSR_MTRRCAP, 0, 0) && (insn_result & 0xff) >= 2 &&
		      (insn_result & BIT(8)),
	      "MTRRCAP: two ranges, and fixed ones");
	check(!runs(do_wrmsr, MSR_MTRRCAP, 0, 0) && faulted(VECTOR_GP),
	      "WRMSR of MTRRCAP");
	check(runs(do_rdmsr, MSR_MTRR_DEF_TYPE, 0, 0), "RDMSR of DEF_TYPE");
	check(!runs(do_wrmsr, MSR_MTRR_DEF_TYPE, 0xc02, 0) &&
		      faulted(VECTOR_GP),
	      "a default of memory type 2");
	check(!runs(do_wrmsr, MSR_MTRR_FIX4K_C0000, 0x07060606, 0) &&
		      faulted(VECTOR_GP),
	      "a fixed range of memory type 7");
	/* The second variable range, which is not in use. */
	check(runs(do_wrmsr, MSR_MTRR_PHYSBASE1, 0x80000004, 0) &&
		      runs(do_rdmsr, MSR_MTRR_PHYSBASE1, 0, 0) &&
		      insn_result == 0x80000004,
	      "PHYSBASE1 does not keep its value");
	check(!runs(do_wrmsr, MSR_MTRR_PHYSBASE1, 3, 0) && faulted(VECTOR_GP),
	      "a variable range of memory type 3");
	check(!runs(do_wrmsr, MSR_MTRR_PHYSBASE1, 6, 0x80000000) &&
		      faulted(VECTOR_GP),
	      "a range beyond MAXPHYADDR");
	runs(do_wrmsr, MSR_MTRR_PHYSBASE1, 0, 0);
}

static bool is_same_cpuid(u32 a, u32 b)
{
	struct cpuid_result x = cpuid(a), y = cpuid(b);

	return x.eax == y.eax && x.ebx == y.ebx && x.ecx == y.ecx &&
	       x.edx == y.edx;
}

/* SDM vol. 2A, CPUID: a leaf beyond the last gives the last basic one. */
static void check_cpuid_limit(void)
{
	u32 last = cpuid(CPUID_VENDOR).eax;
	u32 last_extended = cpuid(CPUID_EXT_MAX).eax;

	check(is_same_cpuid(last, last + 1), "CPUID after the last basic leaf");
	check(is_same_cpuid(last, 0x3fffffff), "CPUID far from the last leaf");
	check(is_same_cpuid(last, last_extended + 1),
	      "CPUID after the last extended leaf");
}

/* EFER refuses a feature that IA32_MISC_ENABLE has taken out of CPUID. */
static void check_misc_enable(void)
{
	u32 enabled, efer;

	check(runs(do_rdmsr, MSR_MISC_ENABLE, 0, 0), "RDMSR of MISC_ENABLE");
	enabled = insn_result;
	runs(do_rdmsr, MSR_EFER, 0, 0);
	efer = insn_result;
	check(runs(do_wrmsr, MSR_MISC_ENABLE, enabled,
		   MISC_ENABLE_XD_DISABLE_HIGH),
	      "WRMSR of MISC_ENABLE: no XD");
	check(!(cpuid(CPUID_EXT_FEATURES).edx & CPUID_EXT_EDX_NX),
	      "CPUID still has XD");
	check(!runs(do_wrmsr, MSR_EFER, efer | EFER_NXE, 0) &&
		      faulted(VECTOR_GP),
	      "EFER.NXE without XD");
	check(runs(do_wrmsr, MSR_MISC_ENABLE, enabled | MISC_ENABLE_LIMIT_CPUID,
		   0),
	      "WRMSR of MISC_ENABLE: CPUID limited");
	check(cpuid(CPUID_VENDOR).eax == CPUID_CACHE_DESCRIPTORS,
	      "CPUID is not limited");
	runs(do_wrmsr, MSR_MISC_ENABLE, enabled, 0);
	check(cpuid(CPUID_VENDOR).eax > CPUID_CACHE_DESCRIPTORS &&
		      (cpuid(CPUID_EXT_FEATURES).edx & CPUID_EXT_EDX_NX),
	      "CPUID does not come back");
	check(runs(do_wrmsr, MSR_EFER, efer | EFER_NXE, 0), "EFER.NXE");
	runs(do_wrmsr, MSR_EFER, efer, 0);
}

static void check_msrs(bool strict)
{
	bool has_aux = cpuid(CPUID_EXT_FEATURES).edx & CPUID_EXT_EDX_RDTSCP;

	if (strict) {
		check(!runs(do_rdmsr, MSR_NONE, 0, 0) && faulted(VECTOR_GP),
		      "RDMSR of none");
		check(!runs(do_wrmsr, MSR_NONE, 0, 0) && faulted(VECTOR_GP),
		      "WRMSR of none");
		check_misc_enable();
	}
	check_pat();
	check_mtrrs();
	if (!has_aux)
		return;
	check(runs(do_wrmsr, MSR_TSC_AUX, 0x5aa5, 0), "WRMSR of TSC_AUX");
	check(runs(do_rdtscp, 0, 0, 0) && insn_result == 0x5aa5,
	      "RDTSCP gives another TSC_AUX");
}

/* SDM vol. 3B, 17.2 and 17.3. */
static void check_debug(void)
{
	u32 watch = DR7_FIXED | DR7_L0 | DR7_WRITE0 | DR7_4_BYTES0;

	runs(do_write_dr6, 0, 0, 0);
	check(runs(do_read_dr6, 0, 0, 0) && (insn_result & 0xf) == 0,
	      "DR6 is not cleared");
	check(runs(do_write_dr0, 0, (u32)&watched, 0) &&
		      runs(do_read_dr0, 0, 0, 0) &&
		      insn_result == (u32)&watched,
	      "DR0 does not keep its value");
	runs(do_write_dr7, 0, watch, 0);
	check(!runs(do_touch, (u32)&watched, 7, 0) && faulted(VECTOR_DB) &&
		      watched == 7,
	      "a watched write: no #DB after it");
	runs(do_write_dr7, 0, DR7_FIXED, 0);
	check(runs(do_read_dr6, 0, 0, 0) && (insn_result & DR6_B0),
	      "a watched write: not in DR6");
	runs(do_write_dr6, 0, 0, 0);
	check(runs(do_touch, (u32)&watched, 8, 0),
	      "a write that nobody watches");

	runs(do_write_dr7, 0, DR7_FIXED | DR7_GD, 0);
	check(!runs(do_read_dr0, 0, 0, 0) && faulted(VECTOR_DB),
	      "general detect: no #DB");
	/* The #DB has cleared GD (17.2.4). */
	check(runs(do_read_dr6, 0, 0, 0) && (insn_result & DR6_BD),
	      "general detect: not in DR6");
	runs(do_write_dr6, 0, 0, 0);

	check(runs(do_read_dr4, 0, 0, 0), "DR4 is not DR6");
	write_cr4(read_cr4() | CR4_DE);
	check(!runs(do_read_dr4, 0, 0, 0) && faulted(VECTOR_UD),
	      "DR4 with CR4.DE: no #UD");
	write_cr4(read_cr4() & ~(u32)CR4_DE);
	check(!runs(do_icebp, 0, 0, 0) && faulted(VECTOR_DB), "INT1: no #DB");
}

static void start_8259s(void)
{
	static const u16 ports[] = { 0x20, 0xa0 };

	for (u32 i = 0; i < 2; i++) {
		port_write(ports[i], 0x11);
		port_write(ports[i] + 1, PIC_VECTORS);
		port_write(ports[i] + 1, i ? 2 : 4);
		port_write(ports[i] + 1, 1);
		port_write(ports[i] + 1, i ? (u8)~BIT(5) : (u8)~BIT(2));
	}
}

/* SDM vol. 1, 8.7: as an exception, or in the way of the first PCs. */
static void check_x87_errors(void)
{
	reg_t cr0 = read_cr0() & ~(CR0_EM | CR0_TS);

	write_cr0(cr0 | CR0_NE | CR0_MP);
	check(!runs(do_x87_error, 0, 0, 0) && faulted(VECTOR_MF),
	      "an x87 error with CR0.NE: no #MF");
	start_8259s();
	write_cr0((cr0 | CR0_MP) & ~CR0_NE);
	check(!runs(do_x87_interrupt, 0, 0, 0) && faulted(PIC_VECTORS + 5),
	      "an x87 error without CR0.NE: no IRQ 13");
	/* After the answer the error is ignored until it is cleared. */
	port_write(0xf0, 0);
	check(runs(do_fwait, 0, 0, 0), "FWAIT does not ignore the error");
	check(runs(do_fnclex, 0, 0, 0), "FNCLEX does not clear the error");
	port_write(0xa0, PIC_EOI);
	port_write(0x20, PIC_EOI);
	check(!runs(do_x87_interrupt, 0, 0, 0) && faulted(PIC_VECTORS + 5),
	      "a second x87 error: no IRQ 13");
	port_write(0xf0, 0);
	runs(do_fnclex, 0, 0, 0);
	port_write(0xa0, PIC_EOI);
	port_write(0x20, PIC_EOI);
	port_write(0x21, 0xff);
	port_write(0xa1, 0xff);
	write_cr0(cr0);
}

void main(const char *arguments)
{
	mode_enter(MODE_2LEVEL); /* for its IDT */
	check_by_cpuid();
	check_cpuid_limit();
	check_counters();
	check_caches();
	check_xcr0();
	check_msrs(argument(arguments, "msrs", 1));
	check_debug();
	check_x87_errors();
	mode_leave();
}
