/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/trace/filter.h"
#include "vmx/trace/trace.h"

/* clang-format off */
#define NAMES(N) \
	N("all", TRACE_ALL) \
	N("on", TRACE_ALL) \
	N("none", 0) \
	N("off", 0) \
	N("exit", BIT(TRACE_EXIT)) \
	N("inject", BIT(TRACE_INJECT)) \
	N("mmu", TRACE_ALL & ~(BIT(TRACE_MMU) - 1)) \
	N("fill", BIT(TRACE_MMU + MMU_EVENT_FILL)) \
	N("write", BIT(TRACE_MMU + MMU_EVENT_WRITE)) \
	N("open", BIT(TRACE_MMU + MMU_EVENT_OPEN)) \
	N("close", BIT(TRACE_MMU + MMU_EVENT_CLOSE)) \
	N("unshadow", BIT(TRACE_MMU + MMU_EVENT_UNSHADOW)) \
	N("reclaim", BIT(TRACE_MMU + MMU_EVENT_RECLAIM)) \
	N("root", BIT(TRACE_MMU + MMU_EVENT_ROOT)) \
	N("place", BIT(TRACE_MMU + MMU_EVENT_PLACE)) \
	N("target", BIT(TRACE_MMU + MMU_EVENT_TARGET))
/* clang-format on */

#define NAME_LINE(name, kinds) { name, kinds },
#define NAME_WORD(name, kinds) " " name

static const struct {
	const char *name;
	u32 kinds;
} names[] = { NAMES(NAME_LINE) };

const char trace_kind_names[] = NAMES(NAME_WORD);

const char *trace_kind_name(size_t number)
{
	return number < ARRAY_SIZE(names) ? names[number].name : NULL;
}

/* Returns true if @list begins with @name and that is a whole word of it. */
static bool begins(const char *list, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(list, name, length) &&
	       (!list[length] || list[length] == ',');
}

bool trace_parse_kinds(const char *list, u32 *kinds)
{
	u32 sum = 0;

	for (;;) {
		size_t i = 0;

		while (i < ARRAY_SIZE(names) && !begins(list, names[i].name))
			i++;
		if (i == ARRAY_SIZE(names))
			return false;
		sum |= names[i].kinds;
		list += strlen(names[i].name);
		if (!*list++)
			break;
	}
	*kinds = sum;
	return true;
}

bool trace_kinds_suffice(u64 exits, u32 kinds, const char *list)
{
	if (!exits || !(~kinds & TRACE_PRINTED))
		return true;
	log_info(LOG_ERROR
		 "trace=%lu: trace.kinds=%s needs exit and inject, too",
		 exits, list);
	return false;
}
