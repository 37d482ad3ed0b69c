; SPDX-License-Identifier: MIT
;
; Operations that need 64-bit code: the chaos guest calls them in 64-bit mode,
; at CPL 0, with a random EAX. chaos_value is 64 random bits; chaos_memory is
; the address of memory that they may write.

%include "tests/guests/asm.inc"

extern mode_root, chaos_value, chaos_memory

%macro OP 1+
	section .rodata.chaos64 align=4
	dd	%%code
	section .text
%%code:
	mov	rsi, [chaos_value]
	mov	rdi, [chaos_memory]
	mov	ecx, eax
	mov	edx, eax
	%1
	ret
%endmacro

section .rodata.chaos64 align=4
global chaos64_ops
chaos64_ops:

bits 64
	OP	vmxon [rdi]
	OP	vmclear [rdi]
	OP	vmptrld [rdi]
	OP	vmptrst [rdi]
	OP	vmlaunch
	OP	vmresume
	OP	vmread rax, rsi
	OP	vmwrite rsi, rax
	OP	vmxoff
	OP	vmfunc
	OP	invept rax, [rdi]
	OP	invvpid rax, [rdi]
	OP	invpcid rax, [rdi]
	OP	vmcall
	OP	mov cr0, rsi
	OP	mov cr4, rsi
	OP	mov cr8, rsi
	OP	mov rax, cr8
	OP	mov dr6, rsi
	OP	rdfsbase rax
	OP	wrfsbase rsi
	OP	wrgsbase rsi
	OP	swapgs
	OP	rdtscp
	OP	mov rax, [rsi]
	OP	mov eax, [rdi + rsi]
	OP	invlpg [rsi]
	OP	clflush [rdi]
	OP	cmpxchg16b [rdi]
	OP	fxsave [rdi]
	OP	xsave [rdi]
	OP	ltr [rsi]
	OP	lldt [rsi]
	OP	monitor
	OP	mwait
	section .rodata.chaos64 align=4
	dd	load_cr3
	dd	load_dr7
	dd	0

section .text
; CR3 with bits that are reserved, or above all memory.
load_cr3:
	mov	esi, [mode_root]
	shl	rax, 40
	or	rax, rsi
	mov	rdx, cr3
	mov	cr3, rax
	mov	cr3, rdx
	ret
; GD stays 0, since it makes the next access to a debug register trap.
load_dr7:
	mov	rsi, [chaos_value]
	btr	rsi, 13
	mov	dr7, rsi
	ret
