; SPDX-License-Identifier: MIT
;
; The processor itself does the arithmetic of the emulator. Each operation of
; each size is one instruction on registers here; before it the guest's
; arithmetic flags are loaded, and after it they are read back. So results and
; flags are right by construction, even the flags that the manual leaves
; undefined.
;
; LAHF, SAHF, SETO and an addition that overflows move the flags: POPF would be
; slow, and could change more flags.

bits 64

%define SLOT_SIZE 8		; of each thunk
%define RFLAGS_OF_BIT 11
%define RFLAGS_ARITH 8d5h	; OF, SF, ZF, AF, PF, CF

%macro SLOT 1+
	align	SLOT_SIZE
	%1
	ret
%endmacro

; The thunk of one size: V is the destination, S the source. Outside they must
; be undefined: otherwise they would be replaced before they come here.
%macro SIZED 3+
%define V %1
%define S %2
	SLOT	%3
%undef V
%undef S
%endmacro

; Thunks of 2, 4 and 8 bytes.
%macro LARGE 1+
	SIZED	si, dx, %1
	SIZED	esi, edx, %1
	SIZED	rsi, rdx, %1
%endmacro

; The same, after a slot for 1 byte that is never used.
%macro WORDS 1+
	SLOT	ud2
	LARGE	%1
%endmacro

; Thunks of 1, 2, 4 and 8 bytes.
%macro SIZES 1+
	SIZED	sil, dl, %1
	LARGE	%1
%endmacro

section .text

; u64 emul_thunk(u64 number, u64 value, u64 src, u8 count, u64 *rflags)
; See emulate_internal.h.
global emul_thunk
emul_thunk:
	lea	r9, [rel thunks]
	lea	rdi, [r9 + rdi * SLOT_SIZE]
	mov	eax, [r8]
	bt	eax, RFLAGS_OF_BIT
	mov	ah, al
	setc	al
	add	al, 7fh			; OF
	sahf				; SF, ZF, AF, PF, CF
	call	rdi
	lahf
	seto	al
	movzx	edx, ah
	movzx	eax, al
	shl	eax, RFLAGS_OF_BIT
	and	edx, RFLAGS_ARITH
	or	eax, edx
	and	dword [r8], ~RFLAGS_ARITH
	or	[r8], eax
	mov	rax, rsi
	ret

; In the order of enum insn_op, from OP_ADD to OP_SET.
	align	16
thunks:
	SIZES	add	V, S
	SIZES	or	V, S
	SIZES	adc	V, S
	SIZES	sbb	V, S
	SIZES	and	V, S
	SIZES	sub	V, S
	SIZES	xor	V, S
	SIZES	cmp	V, S
	SIZES	test	V, S
	SIZES	not	V
	SIZES	neg	V
	SIZES	inc	V
	SIZES	dec	V
	SIZES	rol	V, cl
	SIZES	ror	V, cl
	SIZES	rcl	V, cl
	SIZES	rcr	V, cl
	SIZES	shl	V, cl
	SIZES	shr	V, cl
	SIZES	sar	V, cl
	WORDS	shld	V, S, cl
	WORDS	shrd	V, S, cl
	WORDS	imul	V, S
	WORDS	bsf	V, S
	WORDS	bsr	V, S
	WORDS	bt	V, S
	WORDS	bts	V, S
	WORDS	btr	V, S
	WORDS	btc	V, S
	; SETcc by the condition, in the low 4 bits of the opcode.
	SLOT	seto	sil
	SLOT	setno	sil
	SLOT	setb	sil
	SLOT	setae	sil
	SLOT	setz	sil
	SLOT	setnz	sil
	SLOT	setbe	sil
	SLOT	seta	sil
	SLOT	sets	sil
	SLOT	setns	sil
	SLOT	setp	sil
	SLOT	setnp	sil
	SLOT	setl	sil
	SLOT	setge	sil
	SLOT	setle	sil
	SLOT	setg	sil

; The host tests link this, too.
section .note.GNU-stack noalloc noexec nowrite progbits
