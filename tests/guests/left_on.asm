; SPDX-License-Identifier: MIT
;
; A firmware that leaves everything on, except the MTRRs. It is linked in front
; of Umbra's own entry, sets all bits that the processor has in the control
; registers and the MSRs, and goes on there as the boot loader would. (SDM vol.
; 3A, 2.5, and vol. 4, table 2-2; the processor must have CPUID's leaf 7.)

CR0_PE equ 1 << 0
CR0_MP equ 1 << 1
CR0_EM equ 1 << 2
CR0_TS equ 1 << 3
CR0_ET equ 1 << 4
CR0_WP equ 1 << 16
CR0_AM equ 1 << 18
CR0_NW equ 1 << 29
CR0_CD equ 1 << 30
CR4_PCE equ 1 << 8	; of each processor
CR4_OSXSAVE_BIT equ 18

IA32_MISC_ENABLE equ 0x1a0
IA32_DEBUGCTL equ 0x1d9
IA32_PAT equ 0x277
IA32_MTRR_DEF_TYPE equ 0x2ff
IA32_EFER equ 0xc0000080
MISC_ENABLE_LIMIT_CPUID equ 1 << 22
MISC_ENABLE_XD_DISABLE_HIGH equ 1 << 2
DEBUGCTL_LBR equ 1
EFER_SCE equ 1

; The local APIC, at its address after a reset. An interrupt waits in it, like
; one of a device that is still on; its class is that of Umbra's timer.
APIC_SVR equ 0xfee000f0
APIC_ICR equ 0xfee00300
SVR_ENABLE equ 1 << 8
ICR_SELF equ 1 << 18 | 1 << 14
DEVICE_VECTOR equ 0xf8

; %4, bit %5, if CPUID.%1:%2[%3] is 1
%macro if_cpuid 5
	mov eax, %1
	xor ecx, ecx
	cpuid
	bt %2, %3
	jnc %%lacks
	or %4, 1 << %5
%%lacks:
%endmacro

extern entry32
global left_on:function (left_on_end - left_on)

section .text
bits 32
left_on:
	mov ebp, eax		; there is no stack
	mov esi, ebx
	mov eax, CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_WP | CR0_AM \
		| CR0_NW | CR0_CD
	mov cr0, eax

	mov edi, CR4_PCE
	if_cpuid 1, edx, 1, edi, 0	; VME
	if_cpuid 1, edx, 1, edi, 1	; PVI
	if_cpuid 1, edx, 4, edi, 2	; TSD
	if_cpuid 1, edx, 2, edi, 3	; DE
	if_cpuid 1, edx, 3, edi, 4	; PSE
	if_cpuid 1, edx, 6, edi, 5	; PAE
	if_cpuid 1, edx, 7, edi, 6	; MCE
	if_cpuid 1, edx, 13, edi, 7	; PGE
	if_cpuid 1, edx, 24, edi, 9	; OSFXSR
	if_cpuid 1, edx, 25, edi, 10	; OSXMMEXCPT
	if_cpuid 7, ecx, 2, edi, 11	; UMIP
	if_cpuid 7, ecx, 16, edi, 12	; LA57
	if_cpuid 7, ebx, 0, edi, 16	; FSGSBASE
	if_cpuid 1, ecx, 26, edi, CR4_OSXSAVE_BIT
	if_cpuid 7, ebx, 7, edi, 20	; SMEP
	if_cpuid 7, ebx, 20, edi, 21	; SMAP
	if_cpuid 7, ecx, 3, edi, 22	; PKE
	if_cpuid 7, ecx, 7, edi, 23	; CET
	if_cpuid 7, ecx, 31, edi, 24	; PKS
	mov cr4, edi
	bt edi, CR4_OSXSAVE_BIT
	jnc .no_xcr0
	mov eax, 0xd
	xor ecx, ecx
	cpuid			; EDX:EAX: all the features of XCR0
	xor ecx, ecx
	xsetbv
.no_xcr0:
	mov edi, EFER_SCE
	if_cpuid 0x80000001, edx, 20, edi, 11	; NXE
	if_cpuid 0x80000001, ecx, 2, edi, 12	; SVME, where it is SVM
	mov eax, edi
	xor edx, edx
	mov ecx, IA32_EFER
	wrmsr
	xor eax, eax		; UC in all eight
	mov ecx, IA32_PAT
	wrmsr
	mov ecx, IA32_MTRR_DEF_TYPE	; off
	wrmsr
	mov eax, DEBUGCTL_LBR
	mov ecx, IA32_DEBUGCTL
	wrmsr
	mov ecx, IA32_MISC_ENABLE
	rdmsr
	or eax, MISC_ENABLE_LIMIT_CPUID
	or edx, MISC_ENABLE_XD_DISABLE_HIGH
	wrmsr
	mov dword [APIC_SVR], SVR_ENABLE | 0xff
	mov dword [APIC_ICR], ICR_SELF | DEVICE_VECTOR
	mov eax, ebp
	mov ebx, esi
	jmp entry32
left_on_end:
