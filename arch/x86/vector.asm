; SPDX-License-Identifier: MIT
;
; XMM and YMM registers by their number. Umbra's own code uses none of them, so
; they hold the guest's values; see arch/x86/vector.h.

bits 64

%define CODE_SIZE 16		; of each register's few instructions

; BY_NUMBER name, instruction, operands: XMM or YMM in the operands stands for
; the register whose number is in EDI.
%macro BY_NUMBER 3+
global %1
%1:
	and	edi, 15
	shl	edi, 4		; CODE_SIZE
	lea	rax, [rel %%code]
	add	rax, rdi
	jmp	rax
	align	CODE_SIZE
%%code:
%assign n 0
%rep 16
%xdefine XMM xmm %+ n
%xdefine YMM ymm %+ n
	%2	%3
	ret
	align	CODE_SIZE
%assign n n + 1
%endrep
; Otherwise the next use's operand would already be the last register.
%undef XMM
%undef YMM
%endmacro

section .text

BY_NUMBER vector_read16, movups, [rsi], XMM
BY_NUMBER vector_read32, vmovups, [rsi], YMM
BY_NUMBER vector_write16, movups, XMM, [rsi]
BY_NUMBER vector_write16_vex, vmovups, XMM, [rsi]
BY_NUMBER vector_write32, vmovups, YMM, [rsi]

; The host tests link this, too.
section .note.GNU-stack noalloc noexec nowrite progbits
