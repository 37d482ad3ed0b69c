/* SPDX-License-Identifier: MIT */
/* The command line: every kind of option, and every fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot/cmdline.h"
#include "tests/unit/fault_text.h"

static bool flag;
static u64 number, ranged;
static unsigned int choice;
static char text[8];
static struct cmdline_error error;

static const char *const choices[] = { "red", "green", "blue", NULL };

static const struct option table[] = {
	{ .name = "flag",
	  .kind = OPTION_BOOL,
	  .destination = &flag,
	  .help = "yes or no" },
	{ .name = "number",
	  .kind = OPTION_U64,
	  .destination = &number,
	  .help = "a number" },
	{ .name = "ranged",
	  .kind = OPTION_U64,
	  .destination = &ranged,
	  .min = 2,
	  .max = 10,
	  .help = "a small number" },
	{ .name = "mmu.choice",
	  .kind = OPTION_CHOICE,
	  .destination = &choice,
	  .choices = choices,
	  .help = "a colour" },
	{ .name = "text",
	  .kind = OPTION_STRING,
	  .destination = text,
	  .size = sizeof(text),
	  .help = "a short text" },
};

static const char *parse(const char *line)
{
	return cmdline_parse(line, table, ARRAY_SIZE(table), &error);
}

static int setup(void **state)
{
	flag = false;
	number = ranged = choice = 0;
	memset(text, 0, sizeof(text));
	return 0;
}

static void test_empty(void **state)
{
	assert_fault(parse(""), CMDLINE_OK);
	assert_fault(parse("   \t "), CMDLINE_OK);
}

static void test_bool(void **state)
{
	static const char *const yes[] = { "flag", "flag=1", "flag=on",
					   "flag=yes" };
	static const char *const no[] = { "flag=0", "flag=off", "flag=no" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		flag = false;
		assert_fault(parse(yes[i]), CMDLINE_OK);
		assert_true(flag);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		flag = true;
		assert_fault(parse(no[i]), CMDLINE_OK);
		assert_false(flag);
	}
	assert_fault(parse("flag=maybe"), CMDLINE_BAD_VALUE);
	assert_fault(parse("flag="), CMDLINE_BAD_VALUE);
}

static void test_u64(void **state)
{
	static const struct {
		const char *line;
		u64 value;
	} good[] = {
		{ "number=0", 0 },
		{ "number=12345", 12345 },
		{ "number=0xfF", 255 },
		{ "number=4k", 4096 },
		{ "number=0x10M", 16 * MIB },
		{ "number=2G", 2 * GIB },
		{ "number=18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = { "number=x",	"number=0x",
					   "number=1q", "number=1kk",
					   "number=-1", "number=k" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_fault(parse(good[i].line), CMDLINE_OK);
		assert_true(number == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_fault(parse(bad[i]), CMDLINE_BAD_VALUE);
	assert_fault(parse("number=1 k"), CMDLINE_UNKNOWN);
	assert_fault(parse("number=18446744073709551616"),
		     CMDLINE_OUT_OF_RANGE);
	assert_fault(parse("number=17179869184G"), CMDLINE_OUT_OF_RANGE);
	assert_fault(parse("ranged=1"), CMDLINE_OUT_OF_RANGE);
	assert_fault(parse("ranged=11"), CMDLINE_OUT_OF_RANGE);
	assert_fault(parse("ranged=10"), CMDLINE_OK);
	assert_fault(parse("number"), CMDLINE_NO_VALUE);
	assert_fault(parse("number="), CMDLINE_NO_VALUE);
}

static void test_choice(void **state)
{
	assert_fault(parse("mmu.choice=blue"), CMDLINE_OK);
	assert_int_equal(choice, 2);
	assert_fault(parse("mmu.choice=pink"), CMDLINE_BAD_VALUE);
	assert_int_equal(choice, 2);
	assert_ptr_equal(error.option, &table[3]);
	assert_string_equal(error.word, "mmu.choice=pink");
}

static void test_string(void **state)
{
	assert_fault(parse("text=\"a b\" flag"), CMDLINE_OK);
	assert_string_equal(text, "a b");
	assert_true(flag);
	assert_fault(parse("\"text=c d\""), CMDLINE_OK);
	assert_string_equal(text, "c d");
	assert_fault(parse("text=\\\"x\\\\"), CMDLINE_OK);
	assert_string_equal(text, "\"x\\");
	assert_fault(parse("text=1234567"), CMDLINE_OK);
	assert_fault(parse("text=12345678"), CMDLINE_TOO_LONG);
	assert_string_equal(text, "1234567");
	assert_fault(parse("text="), CMDLINE_OK);
	assert_string_equal(text, "");
	assert_fault(parse("text=a=b"), CMDLINE_OK);
	assert_string_equal(text, "a=b");
}

static void test_faults(void **state)
{
	static char word[CMDLINE_WORD_MAX + 10];

	assert_fault(parse("flagg"), CMDLINE_UNKNOWN);
	assert_null(error.option);
	assert_fault(parse("=1"), CMDLINE_UNKNOWN);
	assert_fault(parse("text=\"a"), CMDLINE_QUOTE);
	memset(word, 'x', sizeof(word) - 1);
	assert_fault(parse(word), CMDLINE_TOO_LONG);
	assert_int_equal(strlen(error.word), CMDLINE_WORD_MAX - 1);
}

/* The message is for the first fault; words after it count nevertheless. */
static void test_nearest(void **state)
{
	static const struct {
		const char *line, *nearest;
	} cases[] = {
		{ "flagg", "flag" },
		{ "lag", "flag" },
		{ "fang=1", "flag" },
		{ "mmu.choise=red", "mmu.choice" },
		{ "choice=red", "mmu.choice" },
		{ "raged", "ranged" },
		{ "nubmer=4", "number" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_fault(parse(cases[i].line), CMDLINE_UNKNOWN);
		assert_string_equal(
			cmdline_nearest(table, ARRAY_SIZE(table), error.word)
				->name,
			cases[i].nearest);
	}
}

static void test_after_fault(void **state)
{
	assert_fault(parse("nonsense number=x flag"), CMDLINE_UNKNOWN);
	assert_string_equal(error.word, "nonsense");
	assert_true(flag);
	cmdline_explain(&error, table, ARRAY_SIZE(table));
	assert_fault(parse("flag=x nonsense"), CMDLINE_BAD_VALUE);
	assert_ptr_equal(error.option, &table[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_empty, setup),
		cmocka_unit_test_setup(test_bool, setup),
		cmocka_unit_test_setup(test_u64, setup),
		cmocka_unit_test_setup(test_choice, setup),
		cmocka_unit_test_setup(test_string, setup),
		cmocka_unit_test_setup(test_faults, setup),
		cmocka_unit_test_setup(test_nearest, setup),
		cmocka_unit_test_setup(test_after_fault, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
