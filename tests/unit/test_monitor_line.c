/* SPDX-License-Identifier: MIT */
/* The monitor's keys, the line at its prompt, and the words of a line. */
#include "monitor_world.h"

/* --- The keys --------------------------------------------------------------- */

static void keys_for_umbra(void **state)
{
	static const struct {
		u8 key;
		enum console_request request;
	} keys[] = { { 'h', REQUEST_HELP },
		     { 's', REQUEST_STATISTICS },
		     { 'm', REQUEST_MONITOR },
		     { 'x', REQUEST_END },
		     { '?', REQUEST_HELP } };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct console_keys k = { 0 };

		assert_true(keys_pass(&k, keys[i].key));
		assert_false(keys_pass(&k, 1));
		assert_int_equal(k.request, REQUEST_NONE);
		assert_false(keys_pass(&k, keys[i].key));
		assert_int_equal(k.request, keys[i].request);
		assert_true(keys_pass(&k, keys[i].key));
	}
}

static void two_are_one_for_the_guest(void **state)
{
	struct console_keys k = { 0 };

	assert_false(keys_pass(&k, 1));
	assert_true(keys_pass(&k, 1));
	assert_true(keys_pass(&k, 'x'));
	assert_int_equal(k.request, REQUEST_NONE);
}

/* --- The line --------------------------------------------------------------- */

static struct line line;
static char echo[TYPED_ECHO_SIZE];

/* Returns true if the last byte has finished the line. */
static bool type(const char *bytes)
{
	bool done = false;

	for (; *bytes; bytes++) {
		assert_false(done);
		done = line_add(&line, (u8)*bytes, echo);
	}
	return done;
}

static void line_is_edited(void **state)
{
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	assert_false(type("wall\x7fk\x08\x08lk"));
	assert_string_equal(line.text, "walk");
	assert_string_equal(echo, "k");
	assert_false(type("\x7f"));
	assert_string_equal(echo, "\r" MONITOR_PROMPT "wal\x1b[K");
	assert_string_equal(line.text, "wal");
	assert_false(type("\x15"));
	assert_string_equal(line.text, "");
	assert_string_equal(echo, "\r" MONITOR_PROMPT "\x1b[K");
	/* Nothing to erase, and control characters without effect. */
	assert_false(type("\x7f\x02\t"));
	assert_string_equal(line.text, "");
	assert_true(type("cont\r"));
	assert_string_equal(echo, "\n");
	assert_string_equal(line.text, "cont");
}

static void line_is_not_too_long(void **state)
{
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	for (int i = 0; i < 2 * TYPED_SIZE; i++)
		assert_false(type("x"));
	assert_int_equal(strlen(line.text), TYPED_SIZE - 1);
	assert_string_equal(echo, "");
	assert_false(type("\x7f"));
	assert_int_equal(strlen(line.text), TYPED_SIZE - 2);
	/* The longest that is shown: all of it, and the cursor at its begin. */
	assert_false(type("x\x1b[Hy"));
	assert_int_equal(strlen(line.text), TYPED_SIZE - 1);
	assert_non_null(strstr(echo, "x\x1b[K\x1b[63D"));
}

static void last_line_comes_back(void **state)
{
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	assert_true(type("mmu\n"));
	line_begin(&line);
	assert_true(type("\n")); /* an empty line is none */
	line_begin(&line);
	assert_false(type("x\x1b[A"));
	assert_string_equal(line.text, "mmu");
	assert_false(type("\x1b[A")); /* there is none before */
	assert_string_equal(line.text, "mmu");
	assert_false(type("\x1b[B"));
	assert_string_equal(line.text, "");
	/* Other keys: F5, Alt and a letter. */
	assert_false(type("a\x1b[15~\x1bzb"));
	assert_string_equal(line.text, "ab");
}

/* The keys of a line, as terminals send them. */
static void the_cursor_moves(void **state)
{
	static const struct {
		const char *keys, *text;
		size_t cursor;
	} cases[] = {
		{ "\x1b[D\x1b[Dx", "wxlk", 2 }, /* Left */
		{ "\x1b[DX\x1b[Cy", "wlXky", 5 }, /* Right */
		{ "\x1b[C!", "wlk!", 4 }, /* ... at the end */
		{ "\x1b[H\x1b[D0", "0wlk", 1 }, /* Home */
		{ "\x1b[1~0\x1b[4~1", "0wlk1", 5 },
		{ "\x1b[7~0\x1b[8~1", "0wlk1", 5 },
		{ "\x1bOH0\x1bOF1", "0wlk1", 5 },
		{ "\x1b[1;5D0", "wl0k", 3 }, /* with Ctrl */
		{ "\x1b[D\x7f", "wk", 1 },
		{ "\x1b[H\x7f", "wlk", 0 },
		{ "\x1b[3~", "wlk", 3 }, /* Delete, at the end */
		{ "\x1b[H\x1b[3~\x1b[3~", "k", 0 },
		{ "\x1b[D\x1b[21~", "wlk", 2 }, /* F10, F11, F12: nothing */
		{ "\x1b[D\x1b[23~", "wlk", 2 },
		{ "\x1b[D\x1b[24~", "wlk", 2 },
		{ "\x1b[D\x15", "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&line, 0, sizeof(line));
		line_begin(&line);
		assert_false(type("wlk"));
		assert_false(type(cases[i].keys));
		assert_string_equal(line.text, cases[i].text);
		assert_int_equal(line.cursor, cases[i].cursor);
		assert_int_equal(line.length, strlen(cases[i].text));
	}
	/* The line again, and back to the cursor. */
	assert_false(type("alk\x1b[D\x1b[D\x1b[D\x1b[Dw\x1b[C"));
	assert_string_equal(echo, "\r" MONITOR_PROMPT "walk\x1b[K\x1b[2D");
	/* Return finishes the whole line, also within a key's sequence. */
	assert_true(type("\x1b[\r"));
	assert_string_equal(line.text, "walk");
	/* Down; then the typed text is added at the end of the line. */
	line_begin(&line);
	assert_false(type("\x1b[A\x1b[D\x1b[A\x1b[B\x1b[A 0"));
	assert_string_equal(line.text, "walk 0");
}

static void history_is_a_ring(void **state)
{
	char text[] = "0\n", expected[] = "0";

	memset(&line, 0, sizeof(line));
	for (int i = 0; i <= HISTORY; i++, text[0]++) {
		line_begin(&line);
		assert_true(type(text));
	}
	line_begin(&line);
	for (int i = HISTORY; i > 0; i--) {
		expected[0] = (char)('0' + i);
		assert_false(type("\x1b[A"));
		assert_string_equal(line.text, expected);
	}
	assert_false(type("\x1b[A")); /* "0" is forgotten */
	assert_string_equal(line.text, "1");
	assert_false(type("\x1b[B"));
	assert_string_equal(line.text, "2");
	assert_string_equal(echo, "\r" MONITOR_PROMPT "2\x1b[K");
}

/* Types @text and Tab. */
static void completes(const char *text, const char *expected)
{
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	type(text);
	log_text[0] = '\0';
	monitor_complete(&line, echo);
	assert_string_equal(line.text, expected);
	assert_int_equal(line.length, strlen(expected));
	assert_non_null(strstr(echo, expected));
}

static void tab_completes(void **state)
{
	const char *listed;

	completes("re", "re"); /* regs, reset */
	completes("wa", "walk ");
	completes("pow", "poweroff ");
	completes("mm", "mmu ");
	completes("mmu by", "mmu bypass ");
	completes("mmu vt", "mmu vtlb ");
	completes("vmcs GUEST_CR", "vmcs GUEST_CR");
	completes("vmcs GUEST_RI", "vmcs GUEST_RIP ");
	completes("trace unsh", "trace unshadow ");
	completes("help exi", "help exits ");
	completes("mmu prefe", "mmu prefetch ");
	/* These have no names as arguments, or none of that kind. */
	memset(&line, 0, sizeof(line));
	line_begin(&line);
	type("walk b");
	monitor_complete(&line, echo);
	assert_string_equal(line.text, "walk b");
	assert_string_equal(echo, "");
	completes("mmu unsh", "mmu unsh");
	completes("nothing", "nothing");
	completes("", "");
	/* A rung, a switch and kinds of records have the same name. */
	completes("trace op", "trace open ");
	completes("mmu c", "mmu c");
	listed = strstr(log_text, "  cache\n");
	assert_non_null(listed);
	assert_null(strstr(listed + 1, "  cache\n"));
	/*
	 * Completes the word before the cursor, which is after its last letter.
	 */
	completes("mmu vt=1\x1b[D\x1b[D", "mmu vtlb =1");
	assert_int_equal(line.cursor, strlen("mmu vtlb "));
}

/* --- The words -------------------------------------------------------------- */

static void words_are_cut(void **state)
{
	char text[] = "  walk  ffff ", many[] = "a b c", none[] = "  ";
	char *words[2];

	assert_int_equal(parse_words(text, words, 2), 2);
	assert_string_equal(words[0], "walk");
	assert_string_equal(words[1], "ffff");
	/* The last one is the rest. */
	assert_int_equal(parse_words(many, words, 2), 2);
	assert_string_equal(words[1], "b c");
	assert_int_equal(parse_words(none, words, 2), 0);
}

static void numbers_are_hexadecimal(void **state)
{
	static const char *const wrong[] = {
		"",    "0x", "g", "-1", "1 ", "0x0x1", "10000000000000000",
		"12/", "1:"
	};
	u64 value;

	assert_true(parse_hex("ffffffff81Ab0000", &value));
	assert_int_equal(value, 0xffffffff81ab0000);
	assert_true(parse_hex("0X10", &value));
	assert_int_equal(value, 16);
	assert_true(parse_hex("ffffffffffffffff", &value));
	assert_int_equal(value, ~0ULL);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(parse_hex(wrong[i], &value));
}

static bool change_policy(const char *text, struct mmu_policy *policy)
{
	char copy[TYPED_SIZE], *words[2] = { NULL, NULL };

	snprintf(copy, sizeof(copy), "%s", text);
	return parse_words(copy, words, 2) &&
	       parse_policy(words[0], words[1], policy);
}

static void policy_by_word(void **state)
{
	static const char *const wrong[] = {
		"",	     "bypas=0",	     "cache",	  "bypass=2",
		"cache=",    "vtlb=1",	     "mmu.cache", "prefetch=513",
		"rung=fast", "mmu.update=x", "rung",	  "prefetch=on",
	};
	struct mmu_policy policy = mmu_rung_policies[MMU_TARGETS], before;

	assert_true(change_policy("mmu.bypass=0", &policy));
	assert_false(policy.bypass);
	assert_true(policy.targets);
	assert_true(change_policy("bypass on", &policy));
	assert_true(policy.bypass);
	assert_true(change_policy("bypass off", &policy));
	assert_false(policy.bypass);
	assert_true(change_policy("bypass=1", &policy));
	assert_true(change_policy("prefetch=17", &policy));
	assert_int_equal(policy.prefetch, 16);
	before = policy;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(change_policy(wrong[i], &policy));
	assert_memory_equal(&policy, &before, sizeof(policy));
	assert_true(change_policy("rung vtlb", &policy));
	assert_memory_equal(&policy, &mmu_rung_policies[MMU_VTLB],
			    sizeof(policy));
	assert_true(change_policy("update", &policy));
	assert_memory_equal(&policy, &mmu_rung_policies[MMU_UPDATE],
			    sizeof(policy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_for_umbra),
		cmocka_unit_test(two_are_one_for_the_guest),
		cmocka_unit_test(line_is_edited),
		cmocka_unit_test(line_is_not_too_long),
		cmocka_unit_test(last_line_comes_back),
		cmocka_unit_test(history_is_a_ring),
		cmocka_unit_test(the_cursor_moves),
		cmocka_unit_test(tab_completes),
		cmocka_unit_test(words_are_cut),
		cmocka_unit_test(numbers_are_hexadecimal),
		cmocka_unit_test(policy_by_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
