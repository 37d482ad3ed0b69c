; SPDX-License-Identifier: MIT
;
; A firmware whose ACPI tables lie above 4 GiB, in front of left_on.asm. If
; there is memory, it moves them there, wipes the old ones, and adds to the boot
; information an RSDP that leads to them by an XSDT. (ACPI, 5.2.5 to 5.2.9;
; multiboot 2, 3.6.)

CR0_PG equ 1 << 31
CR4_PAE equ 1 << 5
PDPTE_PRESENT equ 1
PDE_PAGE equ 1 << 7 | 3		; present, writable
LARGE_PAGE equ 2 << 20
PDES equ 512			; of one page directory

; In conventional memory, which is free: page tables, then boot information.
PDPT equ 0x50000
DIRECTORIES equ PDPT + 0x1000
INFO equ DIRECTORIES + 4 * 0x1000
STACK_TOP equ INFO + 0x10000

; Linear addresses above 3 GiB are the machine's from 4 to 5 GiB.
WINDOW equ 0xc0000000
XSDT equ WINDOW + 0x100000
TABLES equ XSDT + 0x1000

TAG_MEMORY equ 6
MEMORY_ENTRY_SIZE equ 8		; in that tag
MEMORY_ENTRIES equ 16
MEMORY_SIZE equ 8		; in an entry
TAG_RSDP_OLD equ 14
TAG_RSDP_NEW equ 15
TAG_HEAD equ 8
RSDP_CHECKSUM equ 8
RSDP_REVISION equ 15
RSDP_RSDT equ 16
RSDP_SIZE equ 20
RSDP_LENGTH equ 20		; from here on of revision 2
RSDP_XSDT equ 24
RSDP_CHECKSUM_2 equ 32
RSDP_SIZE_2 equ 36
NEW_TAG equ (TAG_HEAD + RSDP_SIZE_2 + 7) & ~7
LENGTH equ 4			; in the header of a table
CHECKSUM equ 9
HEADER_SIZE equ 36
FADT_DSDT equ 40
FADT_X_DSDT equ 140

extern left_on
global high_tables:function (high_tables_end - high_tables)

section .text
bits 32
high_tables:
	mov esp, STACK_TOP
	push eax
	push ebx
	call map
	mov eax, cr0
	or eax, CR0_PG
	mov cr0, eax
	mov eax, XSDT
	mov [eax], eax
	cmp [eax], eax
	jne .no_memory
	mov ebx, [esp]
	call find_rsdp
	jz .no_memory
	mov dword [esp], INFO
	mov ebx, [edx + RSDP_RSDT]
	call move_tables
	call take_memory
.no_memory:
	mov eax, cr0
	and eax, ~CR0_PG
	mov cr0, eax
	pop ebx
	pop eax
	jmp left_on

map:
	mov edi, PDPT
	mov eax, DIRECTORIES | PDPTE_PRESENT
	xor edx, edx
	mov ecx, 4
.pdpte:
	mov [edi], eax
	mov [edi + 4], edx
	add eax, 0x1000
	add edi, 8
	loop .pdpte
	mov edi, DIRECTORIES
	mov eax, PDE_PAGE
	mov ecx, 4 * PDES
	call fill_directory
	mov edi, DIRECTORIES + 3 * 0x1000
	mov eax, PDE_PAGE
	inc edx
	mov ecx, PDES
	call fill_directory
	mov eax, CR4_PAE
	mov cr4, eax
	mov eax, PDPT
	mov cr3, eax
	ret

; ECX entries of pages of 2 MiB from EDI on: EDX:EAX is the first.
fill_directory:
	mov [edi], eax
	mov [edi + 4], edx
	add eax, LARGE_PAGE
	add edi, 8
	loop fill_directory
	ret

; EBX: the boot information. EDX: a copy of the RSDP in a new one, with revision
; 2; ZF: there is none.
find_rsdp:
	lea esi, [ebx + TAG_HEAD]
.tag:
	mov eax, [esi]
	cmp eax, TAG_RSDP_OLD
	je .found
	cmp eax, TAG_RSDP_NEW
	je .found
	mov ecx, [esi + 4]
	lea esi, [esi + ecx + 7]
	and esi, ~7
	test eax, eax
	jnz .tag
	ret
.found:
	mov eax, esi
	mov esi, ebx
	mov edi, INFO
	mov ecx, [ebx]
	add dword [ebx], NEW_TAG
	rep movsb
	lea edx, [edi]		; the new tag is where the last one was
	mov dword [edi - TAG_HEAD], TAG_RSDP_NEW
	mov dword [edi - TAG_HEAD + 4], TAG_HEAD + RSDP_SIZE_2
	lea esi, [eax + TAG_HEAD]
	mov ecx, RSDP_SIZE
	rep movsb
	mov byte [edx + RSDP_REVISION], 2
	mov dword [edx + RSDP_LENGTH], RSDP_SIZE_2
	mov dword [edx + RSDP_XSDT], XSDT - WINDOW
	mov dword [edx + RSDP_XSDT + 4], 1
	mov dword [edx + RSDP_CHECKSUM_2], 0
	mov dword [edx + NEW_TAG - TAG_HEAD], 0
	mov dword [edx + NEW_TAG - TAG_HEAD + 4], TAG_HEAD
	mov esi, edx
	mov edi, RSDP_CHECKSUM
	mov ecx, RSDP_SIZE
	call set_checksum
	mov edi, RSDP_CHECKSUM_2
	mov ecx, RSDP_SIZE_2
	call set_checksum
	test esi, esi
	ret

; EBX: the RSDT.
move_tables:
	mov esi, ebx
	mov edi, XSDT
	mov ecx, HEADER_SIZE
	rep movsb
	mov byte [XSDT], 'X'
	mov byte [XSDT + 1], 'S'
	mov ebp, edi		; the entries
	mov edi, TABLES
	mov edx, [ebx + LENGTH]
	add edx, ebx		; the RSDT's end
	mov dword [ebx], 0
	add ebx, HEADER_SIZE
.table:
	mov esi, [ebx]
	call move_table
	mov ecx, eax
	sub ecx, WINDOW
	mov [ebp], ecx
	mov dword [ebp + 4], 1
	add ebp, 8
	cmp dword [eax], 'FACP'
	jne .next
	mov esi, [eax + FADT_DSDT]
	mov dword [eax + FADT_DSDT], 0
	push eax
	call move_table
	pop esi
	sub eax, WINDOW
	mov [esi + FADT_X_DSDT], eax
	mov dword [esi + FADT_X_DSDT + 4], 1
	call set_table_checksum
.next:
	add ebx, 4
	cmp ebx, edx
	jb .table
	mov esi, XSDT
	sub ebp, esi
	mov [esi + LENGTH], ebp
	call set_table_checksum
	ret

; ESI: a table; EDI: the destination. EAX: the new one; EDI: its end.
move_table:
	push esi
	mov eax, edi
	mov ecx, [esi + LENGTH]
	rep movsb
	add edi, 15
	and edi, ~15
	pop esi
	mov dword [esi], 0
	ret

; Their memory is no RAM any more: a large page at 4 GiB.
take_memory:
	mov esi, INFO + TAG_HEAD
.tag:
	mov edx, [esi + 4]
	cmp dword [esi], TAG_MEMORY
	je .found
	lea esi, [esi + edx + 7]
	and esi, ~7
	jmp .tag
.found:
	add edx, esi
	mov ecx, [esi + MEMORY_ENTRY_SIZE]
	add esi, MEMORY_ENTRIES
.entry:
	cmp dword [esi + 4], 1
	jne .next
	add dword [esi], LARGE_PAGE
	sub dword [esi + MEMORY_SIZE], LARGE_PAGE
	sbb dword [esi + MEMORY_SIZE + 4], 0
.next:
	add esi, ecx
	cmp esi, edx
	jb .entry
	ret

set_table_checksum:
	push edi
	mov edi, CHECKSUM
	mov ecx, [esi + LENGTH]
	call set_checksum
	pop edi
	ret

; ESI: the bytes to sum; ECX: its size; EDI: the offset of the checksum.
set_checksum:
	mov byte [esi + edi], 0
	xor al, al
.byte:
	sub al, [esi + ecx - 1]
	loop .byte
	mov [esi + edi], al
	ret
high_tables_end:
