/* SPDX-License-Identifier: MIT */
/* The monitor's command for the trace. */
#include "lib/parse.h"
#include "lib/log.h"
#include "lib/string.h"
#include "vmx/monitor/commands.h"
#include "vmx/report/trace.h"
#include "vmx/trace/filter.h"
#include "vmx/vm.h"

#define EXITS_SHOWN 16

HANDLER(trace)
{
	u64 wanted = EXITS_SHOWN;
	u32 kinds;

	if (!strcmp(words[1], "show")) {
		if (count > 2 && !parse_hex(words[2], &wanted))
			return false;
		trace_print(vm, wanted, true);
		return true;
	}
	if (count > 2 || !trace_parse_kinds(words[1], &kinds))
		return false;
	if (trace_kinds_suffice(vm->shown_exits, kinds, words[1])) {
		trace_filter(&vm->trace, kinds);
		log_info("recorded from now on: %s", words[1]);
	}
	return true;
}
