; SPDX-License-Identifier: MIT
;
; The multiboot2 header that GRUB looks for, and the first instructions: the way
; from 32-bit protected mode without paging to 64-bit mode and kmain.
;
; GRUB loads the image at any place with room, so the 32-bit code does not know
; its own addresses: EBP holds the address of the image's first byte, and PHYS()
; gives the distance of a symbol from there. The 64-bit code runs at the
; linker's addresses.

IMAGE_BASE equ 0xffffffff80000000	; as in arch/x86/paging.h
LINK_LOAD_BASE equ 0x200000		; as in linker.ld
%define PHYS(symbol) (symbol) - IMAGE_BASE

STACK_TOP equ 4096 + 16384	; of the first of the stacks: arch/x86/gdt.h

; Multiboot2 Specification, section 3.1.
MB2_HEADER_MAGIC equ 0xe85250d6
MB2_ARCH_I386 equ 0
MB2_BOOT_MAGIC equ 0x36d76289
MB2_OPTIONAL equ 1
MB2_TAG_LOAD_BASE equ 21

PTE_P equ 1
PTE_W equ 2
PTE_PS equ 0x80
PTE_TABLE equ PTE_P + PTE_W
PTE_LARGE equ PTE_P + PTE_W + PTE_PS
LARGE_PAGE equ 0x200000

CR0_PE equ 1 << 0
CR0_ET equ 1 << 4
CR0_PG equ 1 << 31
CR4_PAE equ 1 << 5
IA32_EFER equ 0xc0000080
EFER_LME equ 1 << 8
EFLAGS_ID equ 1 << 21
CPUID_EXT_MAX equ 0x80000000
CPUID_EXT_FEATURES equ 0x80000001
CPUID_EXT_EDX_LM equ 29

COM1 equ 0x3f8
COM_LCR equ 3
COM_LSR equ 5
COM_LSR_THRE equ 0x20
VGA_TEXT equ 0xb8000
VGA_WHITE equ 0x0f

extern kmain
extern stacks
extern image_load_base
; With types and sizes: a backtrace ends in entry64.
global entry32:function (no_long_mode - entry32)
global entry64:function (entry64_end - entry64)

section .multiboot2 progbits alloc noexec nowrite align=8
bits 32
header:
	dd MB2_HEADER_MAGIC, MB2_ARCH_I386, header_end - header
	dd -(MB2_HEADER_MAGIC + MB2_ARCH_I386 + (header_end - header)) & 0xffffffff
.request:			; the tags that Umbra reads
	dw 1, MB2_OPTIONAL
	dd .request_end - .request
	dd 1, 3, 6, 8, 9, 14, 15, MB2_TAG_LOAD_BASE
.request_end:
	align 8, db 0
	dw 4, MB2_OPTIONAL	; console: EGA text will do
	dd 12, 2
	align 8, db 0
	dw 5, MB2_OPTIONAL	; a framebuffer: of any size, 32 bits a pixel
	dd 20, 0, 0, 32
	align 8, db 0
	dw 6, 0			; modules at page boundaries
	dd 8
	align 8, db 0
	dw 10, 0		; relocatable: away from where guests live
	dd 24
	dd 0x100000, 0xffffffff, LARGE_PAGE
	dd 2			; as high as possible
	align 8, db 0
	dw 0, 0
	dd 8
header_end:

section .text
bits 32
entry32:
	mov edi, eax		; the loader's magic and information are
	mov esi, ebx		; kmain's two arguments
	mov ebp, LINK_LOAD_BASE
	cmp eax, MB2_BOOT_MAGIC
	jne .based
	add ebx, 8		; skip the information's header
.tag:
	mov eax, [ebx]
	test eax, eax
	jz .based
	cmp eax, MB2_TAG_LOAD_BASE
	je .load_base
	mov eax, [ebx + 4]
	add eax, 7
	and eax, ~7
	jz .based		; a tag without size: kmain will complain
	add ebx, eax
	jmp .tag
.load_base:
	mov ebp, [ebx + 8]
.based:
	lea esp, [ebp + PHYS(stacks + STACK_TOP)]

	; If EFLAGS.ID can be set, there is a CPUID instruction (SDM vol. 1,
	; 20.1). All other flags are 0 from here on. 64-bit mode needs an
	; extended leaf with LM=1.
	push EFLAGS_ID
	popfd
	pushfd
	pop eax
	test eax, EFLAGS_ID
	jz no_long_mode
	mov eax, CPUID_EXT_MAX
	cpuid
	cmp eax, CPUID_EXT_FEATURES
	jb no_long_mode
	mov eax, CPUID_EXT_FEATURES
	cpuid
	bt edx, CPUID_EXT_EDX_LM
	jnc no_long_mode

	; The first tables. Four page directories map 4 GiB at three places: at
	; address 0, for the code that switches, at the direct map, and at the
	; devices' map. A fifth one maps the image by pages of 2 MiB, which its
	; alignment permits.
	lea ebx, [ebp + PHYS(boot_directories)]
	mov eax, PTE_LARGE
	xor ecx, ecx
.map_4g:
	mov [ebx + ecx * 8], eax
	add eax, LARGE_PAGE
	inc ecx
	cmp ecx, 4 * 512
	jb .map_4g

	lea eax, [ebp + PTE_LARGE]
	xor ecx, ecx
.map_image:
	mov [ebx + (4 * 512 + ecx) * 8], eax
	add eax, LARGE_PAGE
	inc ecx
	cmp ecx, 8
	jb .map_image

	lea edx, [ebp + PHYS(boot_pdpt)]
	lea eax, [ebx + PTE_TABLE]
	xor ecx, ecx
.link:
	mov [edx + ecx * 8], eax
	add eax, 4096
	inc ecx
	cmp ecx, 4
	jb .link
	lea ecx, [ebp + PHYS(boot_pdpt_high)]
	mov [ecx + 510 * 8], eax

	lea ebx, [ebp + PHYS(boot_pml4)]
	or edx, PTE_TABLE
	or ecx, PTE_TABLE
	mov [ebx], edx
	mov [ebx + 256 * 8], edx
	mov [ebx + 384 * 8], edx
	mov [ebx + 511 * 8], ecx

	; Into long mode (SDM vol. 3A, 9.8.5): PAE, CR3, LME, and then PG. CR4
	; and CR0 keep no bit that the firmware has set: with CR4.LA57=1 these
	; tables would lack a level. CR4 comes before CR0, since CR0.WP can't
	; become 0 while CR4.CET is 1.
	mov eax, CR4_PAE
	mov cr4, eax
	mov cr3, ebx
	mov ecx, IA32_EFER
	mov eax, EFER_LME
	xor edx, edx
	wrmsr
	mov eax, CR0_PE | CR0_ET | CR0_PG
	mov cr0, eax

	lea eax, [ebp + PHYS(boot_gdt)]
	mov [ebp + PHYS(boot_gdtr + 2)], eax
	lgdt [ebp + PHYS(boot_gdtr)]
	lea eax, [ebp + PHYS(entry64)]
	push 8			; the code segment of boot_gdt
	push eax
	retf

; Prints the reason on COM1 and on the screen, whether they exist or not.
no_long_mode:
	mov dx, COM1 + COM_LCR
	mov al, 0x80		; the divisor: 1, for 115200 baud
	out dx, al
	mov dx, COM1
	mov ax, 1
	out dx, al
	inc dx
	xchg al, ah
	out dx, al
	mov dx, COM1 + COM_LCR
	mov al, 3		; 8 bits, no parity, 1 stop bit
	out dx, al
	lea esi, [ebp + PHYS(no_long_mode_text)]
	mov edi, VGA_TEXT
.char:
	mov dx, COM1 + COM_LSR
	mov ecx, 0x10000	; a limit, longer than a byte takes
.wait:
	in al, dx
	test al, COM_LSR_THRE
	loopz .wait
	lodsb
	test al, al
	jz .halt
	mov dx, COM1
	out dx, al
	cmp al, ' '
	jb .char
	mov ah, VGA_WHITE
	stosw
	jmp .char
.halt:
	cli
	hlt
	jmp .halt

bits 64
entry64:
	mov rax, entry_high
	jmp rax
entry_high:
	xor eax, eax
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov fs, eax
	mov gs, eax
	mov ebp, ebp		; the upper halves are undefined after the
	mov edi, edi		; change of mode
	mov esi, esi
	mov [rel image_load_base], rbp
	mov rsp, stacks + STACK_TOP
	xor ebp, ebp		; the backtrace ends here
	call kmain
	ud2
entry64_end:

section .rodata
no_long_mode_text:
	db "umbra: this processor has no 64-bit mode "
	db "(CPUID.80000001h:EDX[29] is 0). "
	db "Umbra needs an Intel processor with VT-x and Intel 64; "
	db "under an emulator, choose a 64-bit CPU model.", 13, 10, 0

section .data
align 8
boot_gdt:
	dq 0
	dq 0x00209a0000000000	; code, 64 bits, ring 0
boot_gdtr:
	dw 15
	dq 0

section .bss nobits alloc write align=4096
boot_pml4: resb 4096
boot_pdpt: resb 4096
boot_pdpt_high: resb 4096
boot_directories: resb 5 * 4096
