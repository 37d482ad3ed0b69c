; SPDX-License-Identifier: MIT
;
; Into the guest and out of it. VMX switches RIP, RSP, RFLAGS, the segments
; and the control registers; the other general registers are swapped here.
;
; vmx_enter() in vmcs.h calls it, with RDI = regs, SIL = launched and RDX =
; host_rsp. Returns AL = true after a VM exit, with the guest's registers in
; *regs; false if the entry failed before any guest state was loaded:
; VM_INSTRUCTION_ERROR says why (SDM vol. 3C, 26.1). It keeps RBP, R14, R15.

bits 64

VMCS_HOST_RSP equ 6c14h

; struct cpu_regs.gpr is in the order of the registers' encoding.
%define GPR(n) (8 * n)

section .text

global vmx_enter_guest
vmx_enter_guest:
	push	rbp
	push	r14
	push	r15
	push	rdi			; [rsp]: regs, for the way out

	; An exit finds this very stack. The run loop enters at the same depth
	; each time, so the field has the value already: a hypervisor below
	; makes an exit of a VMWRITE to it.
	cmp	[rdx], rsp
	je	.stack_is_set
	mov	[rdx], rsp
	mov	rax, VMCS_HOST_RSP
	vmwrite	rax, rsp
.stack_is_set:
	test	sil, sil		; flags survive the loads below
	mov	rax, [rdi + GPR(0)]
	mov	rcx, [rdi + GPR(1)]
	mov	rdx, [rdi + GPR(2)]
	mov	rbx, [rdi + GPR(3)]
	mov	rbp, [rdi + GPR(5)]
	mov	rsi, [rdi + GPR(6)]
	mov	r8, [rdi + GPR(8)]
	mov	r9, [rdi + GPR(9)]
	mov	r10, [rdi + GPR(10)]
	mov	r11, [rdi + GPR(11)]
	mov	r12, [rdi + GPR(12)]
	mov	r13, [rdi + GPR(13)]
	mov	r14, [rdi + GPR(14)]
	mov	r15, [rdi + GPR(15)]
	mov	rdi, [rdi + GPR(7)]
	jz	.launch
	vmresume
	jmp	.failed
.launch:
	vmlaunch
.failed:
	xor	eax, eax		; the registers are as they went in
	jmp	vmx_exit_point.out

; HOST_RIP, where every VM exit continues: RSP is as set above, all other
; general registers are the guest's.
global vmx_exit_point
vmx_exit_point:
	push	rdi
	mov	rdi, [rsp + 8]		; regs
	mov	[rdi + GPR(0)], rax
	mov	[rdi + GPR(1)], rcx
	mov	[rdi + GPR(2)], rdx
	mov	[rdi + GPR(3)], rbx
	mov	[rdi + GPR(5)], rbp
	mov	[rdi + GPR(6)], rsi
	mov	[rdi + GPR(8)], r8
	mov	[rdi + GPR(9)], r9
	mov	[rdi + GPR(10)], r10
	mov	[rdi + GPR(11)], r11
	mov	[rdi + GPR(12)], r12
	mov	[rdi + GPR(13)], r13
	mov	[rdi + GPR(14)], r14
	mov	[rdi + GPR(15)], r15
	pop	qword [rdi + GPR(7)]
	mov	eax, 1
.out:
	add	rsp, 8			; regs
	pop	r15
	pop	r14
	pop	rbp
	ret
