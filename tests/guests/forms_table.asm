; SPDX-License-Identifier: MIT
;
; The instruction forms of forms.c: each has one instruction, or a few that
; belong together, with its operand at EBP. String instructions have the operand
; at EDI, or with SOURCE at ESI, and the plain buffer at the other one. EAX and
; EDX may be the memory's value (EQUAL); EBX and EDX are also bit offsets.

%include "tests/guests/asm.inc"

; Flags that the manual leaves undefined after the instruction.
CF		equ 1 << 0
PF		equ 1 << 2
AF		equ 1 << 4
ZF		equ 1 << 6
SF		equ 1 << 7
OF		equ 1 << 11
LOGIC		equ AF
SHIFT		equ AF | OF
BIT_TEST	equ PF | AF | SF | OF
MULTIPLY	equ PF | AF | ZF | SF
SCAN		equ CF | PF | AF | SF | OF
; The attributes of forms.c.
EQUAL		equ 1 << 16		; EAX, EDX and EBX, ECX as cmpxchg wants
SOURCE		equ 1 << 17		; ESI is the operand's address
NO_MMIO		equ 1 << 18		; Umbra does not emulate it, so only tables
ALIGNED		equ 1 << 19		; the operand must be 16-byte aligned

%macro BEGIN 2
	section .rodata.names
%%name:	db	%2, 0
	section .rodata.forms align=4
	dd	%%name, %%code, %1
	section .text
%%code:
%endmacro

; FORM attributes, instruction
%macro FORM 2+
%defstr form_text %2
	BEGIN	%1, form_text
	%2
	ret
%endmacro

; The same with ESP as the operand's address; ESP becomes form_sp.
%macro STACK 2+
%defstr form_text %2
	BEGIN	%1, form_text
	mov	[form_esp], esp
	mov	esp, ebp
	%2
	mov	[form_sp], esp
	mov	esp, [form_esp]
	ret
%endmacro

; %1 with each size of operand: 8, 16, 32 bits of EAX
%macro SIZES 2
	FORM	%1, %2 [ebp], al
	FORM	%1, %2 [ebp], ax
	FORM	%1, %2 [ebp], eax
%endmacro

%macro UNARY 2
	FORM	%1, %2 byte [ebp]
	FORM	%1, %2 word [ebp]
	FORM	%1, %2 dword [ebp]
%endmacro

section .rodata.forms align=4
global forms
forms:

bits 32
	SIZES	0, mov
	FORM	0, mov al, [ebp]
	FORM	0, mov ax, [ebp]
	FORM	0, mov eax, [ebp]
	FORM	0, mov byte [ebp], 0x67
	FORM	0, mov word [ebp], 0x4567
	FORM	0, mov dword [ebp], 0x1234567
	FORM	0, movzx eax, byte [ebp]
	FORM	0, movzx eax, word [ebp]
	FORM	0, movsx ax, byte [ebp]
	FORM	0, movsx eax, word [ebp]
	FORM	0, cmovc eax, [ebp]
	FORM	0, cmovnc eax, [ebp]
	FORM	0, setc [ebp]
	FORM	NO_MMIO, xlatb
	SIZES	0, xchg

	SIZES	0, cmpxchg
	SIZES	EQUAL, cmpxchg
	SIZES	EQUAL, lock cmpxchg
	FORM	EQUAL, cmpxchg [ebp], ebx
	FORM	EQUAL, lock cmpxchg [ebp], ebx
	FORM	0, lock cmpxchg [ebp], ebx
	FORM	0, cmpxchg8b [ebp]
	FORM	EQUAL, cmpxchg8b [ebp]
	FORM	0, lock cmpxchg8b [ebp]
	FORM	EQUAL, lock cmpxchg8b [ebp]
	SIZES	0, xadd
	SIZES	0, lock xadd

	SIZES	0, add
	SIZES	0, adc
	SIZES	0, sub
	SIZES	0, sbb
	SIZES	0, cmp
	SIZES	LOGIC, and
	SIZES	LOGIC, or
	SIZES	LOGIC, xor
	SIZES	LOGIC, test
	SIZES	0, lock add
	SIZES	0, lock adc
	SIZES	0, lock sub
	SIZES	0, lock sbb
	SIZES	LOGIC, lock and
	SIZES	LOGIC, lock or
	SIZES	LOGIC, lock xor
	FORM	0, add eax, [ebp]
	FORM	0, sbb ax, [ebp]
	FORM	0, cmp al, [ebp]
	FORM	LOGIC, and eax, [ebp]
	FORM	LOGIC, or byte [ebp], 0x20
	FORM	LOGIC, and dword [ebp], -2
	FORM	LOGIC, lock and dword [ebp], ~0x42
	FORM	0, sub word [ebp], 0x1234
	FORM	LOGIC, test dword [ebp], 0x67
	UNARY	0, inc
	UNARY	0, dec
	UNARY	0, neg
	UNARY	0, not
	UNARY	0, lock inc
	UNARY	0, lock dec
	UNARY	0, lock neg
	UNARY	0, lock not

	FORM	BIT_TEST, bt dword [ebp], 5
	FORM	BIT_TEST, bts dword [ebp], 5
	FORM	BIT_TEST, btr word [ebp], 1
	FORM	BIT_TEST, btc dword [ebp], 31
	FORM	BIT_TEST, lock bts dword [ebp], 6
	FORM	BIT_TEST, lock btr dword [ebp], 0
	FORM	BIT_TEST, bt [ebp], edx
	FORM	BIT_TEST, bts [ebp], edx
	FORM	BIT_TEST, lock btr [ebp], edx
	FORM	BIT_TEST, lock btc [ebp], ebx
	FORM	BIT_TEST, bts [ebp], bx
	FORM	SCAN, bsf eax, [ebp]
	FORM	SCAN, bsr eax, [ebp]

	FORM	AF, shl byte [ebp], 1
	FORM	AF, shl dword [ebp], 1
	FORM	SHIFT, shr dword [ebp], 3
	FORM	SHIFT, sar word [ebp], cl
	FORM	SHIFT, rol dword [ebp], cl
	FORM	SHIFT, ror byte [ebp], 3
	FORM	SHIFT, rcl dword [ebp], 1
	FORM	SHIFT, rcr dword [ebp], cl
	FORM	SHIFT, shld [ebp], eax, cl
	FORM	SHIFT, shrd [ebp], eax, 7
	FORM	MULTIPLY, imul eax, [ebp]
	FORM	MULTIPLY, imul eax, [ebp], 0x1234

	FORM	0, movsb
	FORM	0, movsw
	FORM	0, movsd
	FORM	0, rep movsb
	FORM	0, rep movsw
	FORM	0, rep movsd
	FORM	SOURCE, movsb
	FORM	SOURCE, movsd
	FORM	SOURCE, rep movsb
	FORM	SOURCE, rep movsd
	FORM	0, stosb
	FORM	0, stosw
	FORM	0, stosd
	FORM	0, rep stosb
	FORM	0, rep stosw
	FORM	0, rep stosd
	FORM	SOURCE, lodsb
	FORM	SOURCE, lodsw
	FORM	SOURCE, lodsd
	FORM	SOURCE, rep lodsd
	FORM	0, scasb
	FORM	0, scasd
	FORM	0, repne scasb
	FORM	0, repe scasd
	FORM	0, cmpsb
	FORM	SOURCE, cmpsd
	FORM	0, repe cmpsb
	FORM	SOURCE, repne cmpsd

	BEGIN	NO_MMIO, "push dword [ebp]"
	push	dword [ebp]
	pop	eax
	ret
	BEGIN	NO_MMIO, "pop dword [ebp]"
	push	eax
	pop	dword [ebp]
	ret
	STACK	NO_MMIO, push eax
	STACK	NO_MMIO, push ax
	STACK	NO_MMIO, push 0x1234567
	STACK	NO_MMIO, push dword [ebp + 8]
	STACK	NO_MMIO, pop eax
	STACK	NO_MMIO, pop ax
	STACK	NO_MMIO, pop dword [ebp + 4]
	STACK	NO_MMIO, pushfd
	BEGIN	NO_MMIO, "call"
	mov	[form_esp], esp
	mov	esp, ebp
	call	.called
.called:
	mov	[form_sp], esp
	mov	esp, [form_esp]
	ret
	BEGIN	NO_MMIO, "call, ret"
	mov	[form_esp], esp
	mov	esp, ebp
	call	.there
	mov	[form_sp], esp
	mov	esp, [form_esp]
	ret
.there:
	ret

	FORM	0, movd [ebp], xmm0
	FORM	0, movq [ebp], xmm0
	FORM	0, movss [ebp], xmm0
	FORM	0, movsd [ebp], xmm0
	FORM	0, movlps [ebp], xmm0
	FORM	0, movhps [ebp], xmm0
	FORM	0, movups [ebp], xmm0
	FORM	0, movdqu [ebp], xmm0
	FORM	ALIGNED, movaps [ebp], xmm0
	FORM	ALIGNED, movapd [ebp], xmm0
	FORM	ALIGNED, movdqa [ebp], xmm0
	FORM	ALIGNED, movntps [ebp], xmm0
	FORM	ALIGNED, movntdq [ebp], xmm0
	FORM	0, movnti [ebp], eax
	FORM	0, clflush [ebp]
	FORM	NO_MMIO, maskmovdqu xmm0, xmm1
	FORM	0, movd xmm0, [ebp]
	FORM	0, movq xmm0, [ebp]
	FORM	0, movups xmm0, [ebp]
	FORM	0, movhps xmm0, [ebp]
	FORM	ALIGNED, movdqa xmm0, [ebp]
	FORM	ALIGNED | NO_MMIO, pxor xmm0, [ebp]
	FORM	ALIGNED | NO_MMIO, pand xmm0, [ebp]
	FORM	ALIGNED | NO_MMIO, andnps xmm0, [ebp]
	FORM	ALIGNED | NO_MMIO, orpd xmm0, [ebp]
	FORM	NO_MMIO, fnstcw [ebp]
	FORM	NO_MMIO, fnstsw [ebp]
	FORM	NO_MMIO, sgdt [ebp]
	FORM	NO_MMIO, sidt [ebp]
	FORM	NO_MMIO, sldt [ebp]
	FORM	NO_MMIO, str [ebp]
	FORM	NO_MMIO, smsw [ebp]
	FORM	NO_MMIO, mov [ebp], gs

section .rodata.forms
	dd	0, 0, 0

; struct form_state in forms.c
struc state
.regs		resd 7			; EAX, EBX, ECX, EDX, ESI, EDI, EBP
.flags		resd 1
.xmm		resd 4
endstruc

; void form_run(void): a form's code on form_state
section .text
extern form_state, form_code
global form_run
form_run:
	pushad
	mov	[form_outer], esp
	movups	xmm0, [form_state + state.xmm]
	movups	xmm1, [form_mask]
	mov	eax, [form_state]
	mov	ebx, [form_state + 4]
	mov	ecx, [form_state + 8]
	mov	edx, [form_state + 12]
	mov	esi, [form_state + 16]
	mov	edi, [form_state + 20]
	mov	ebp, [form_state + 24]
	mov	[form_sp], ebp
	push	dword [form_state + state.flags]
	popfd
	call	[form_code]
	pushfd
	pop	dword [form_state + state.flags]
	mov	[form_state], eax
	mov	[form_state + 4], ebx
	mov	[form_state + 8], ecx
	mov	[form_state + 12], edx
	mov	[form_state + 16], esi
	mov	[form_state + 20], edi
	mov	[form_state + 24], ebp
	movups	[form_state + state.xmm], xmm0
	mov	esp, [form_outer]
	cld
	popad
	ret

section .rodata
align 4
; MASKMOVDQU stores the bytes whose top bit is set here.
form_mask:	dd 0x80ff0080, 0, 0x00808000, 0xff0000ff

section .bss
global form_sp
form_sp:	resd 1
form_esp:	resd 1
form_outer:	resd 1
