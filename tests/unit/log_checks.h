/* SPDX-License-Identifier: MIT */
/* Checks of the lines in log_text; see host_log.h. */
#ifndef TESTS_UNIT_LOG_CHECKS_H
#define TESTS_UNIT_LOG_CHECKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "host_log.h"

static inline void assert_log_has(const char *text)
{
	if (!strstr(log_text, text))
		fail_msg("no \"%s\" in:\n%s", text, log_text);
}

static inline void assert_log_lacks(const char *text)
{
	if (strstr(log_text, text))
		fail_msg("\"%s\" in:\n%s", text, log_text);
}

#endif
