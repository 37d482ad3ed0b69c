/* SPDX-License-Identifier: MIT */
/* Instructions as text: the texts are those of the manual's notation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/insn_random.h"
#include "vmx/report/insn_text.h"

#define BYTES(...)                                                             \
	(const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ })

static const struct {
	const char *text;
	const u8 *bytes;
	size_t size;
	enum insn_mode mode;
} cases[] = {
	{ "MOV QWORD [RDI], RAX", BYTES(0x48, 0x89, 0x07), INSN_MODE_64 },
	{ "MOV QWORD [RBP+4*R12-0x8], 0xfffffffffffffffe",
	  BYTES(0x4a, 0xc7, 0x44, 0xa5, 0xf8, 0xfe, 0xff, 0xff, 0xff),
	  INSN_MODE_64 },
	{ "MOV BYTE [RIP+0x10], 0xffffffffffffff80",
	  BYTES(0xc6, 0x05, 0x10, 0, 0, 0, 0x80), INSN_MODE_64 },
	{ "MOV BYTE [RAX], AH", BYTES(0x88, 0x20), INSN_MODE_64 },
	{ "MOV BYTE [RAX], SPL", BYTES(0x40, 0x88, 0x20), INSN_MODE_64 },
	{ "MOV BYTE [RAX], R12B", BYTES(0x44, 0x88, 0x20), INSN_MODE_64 },
	{ "MOV WORD [RAX], SP", BYTES(0x66, 0x89, 0x20), INSN_MODE_64 },
	{ "MOV DWORD [EAX], ESP", BYTES(0x89, 0x20), INSN_MODE_32 },
	{ "MOV DWORD GS:[0x10], EAX", BYTES(0x65, 0x89, 0x05, 0x10, 0, 0, 0),
	  INSN_MODE_32 },
	{ "MOV RAX, QWORD [8*RCX]", BYTES(0x48, 0x8b, 0x04, 0xcd, 0, 0, 0, 0),
	  INSN_MODE_64 },
	{ "LOCK AND QWORD [RAX], RDX", BYTES(0xf0, 0x48, 0x21, 0x10),
	  INSN_MODE_64 },
	{ "SHL DWORD [RAX], 1", BYTES(0xd1, 0x20), INSN_MODE_64 },
	{ "SHLD DWORD [RAX], EDX, CL", BYTES(0x0f, 0xa5, 0x10), INSN_MODE_64 },
	{ "SETNE BYTE [RAX]", BYTES(0x0f, 0x95, 0x00), INSN_MODE_64 },
	{ "REP STOS QWORD ES:[RDI], RAX", BYTES(0xf3, 0x48, 0xab),
	  INSN_MODE_64 },
	{ "bytes 0f 22 df", BYTES(0x0f, 0x22, 0xdf), INSN_MODE_64 },
};

static void texts(void **state)
{
	char text[INSN_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = insn_text(text, cases[i].bytes, cases[i].size,
					  cases[i].mode);

		assert_string_equal(text, cases[i].text);
		assert_int_equal(length,
				 strncmp(text, "bytes", 5) ? cases[i].size : 0);
	}
}

/* Every instruction that the decoder takes has a name, and fits. */
static void every_instruction_fits(void **state)
{
	struct choices choices = { .state = 1 };
	struct random_insn insn;
	char text[INSN_TEXT_MAX];

	for (int i = 0; i < 300000; i++) {
		enum insn_mode mode = i % 3;

		choose_insn(&choices, &insn, mode);
		insn_text(text, insn.bytes, sizeof(insn.bytes), mode);
		assert_true(strlen(text) < INSN_TEXT_MAX - 1);
		assert_null(strchr(text, '?'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(every_instruction_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
