; SPDX-License-Identifier: MIT
;
; A multiboot 2 header with demands that a loader must meet: command line,
; module, memory's size and map. Multiboot2 Specification 2.0, 3.1.

MB2_MAGIC	equ 0xe85250d6
MB2_I386	equ 0

section .multiboot align=8
header:
	dd MB2_MAGIC, MB2_I386, header_end - header
	dd -(MB2_MAGIC + MB2_I386 + (header_end - header))
.information:
	dw 1, 0
	dd .information_end - .information
	dd 1, 3, 4, 6
.information_end:
	align 8, db 0
	dw 6, 0			; modules on page boundaries
	dd 8
	dw 0, 0
	dd 8
header_end:
