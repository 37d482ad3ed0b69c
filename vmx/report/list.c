/* SPDX-License-Identifier: MIT */
#include "lib/log.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vmx/report/list.h"

void list_add(struct list *list, const char *word)
{
	/* With ", " before the word and "," after it. */
	if (list->line[0] &&
	    strlen(list->head) + strlen(list->line) + strlen(word) + 3 >
		    LIST_LINE) {
		log_info("%s%s,", list->head, list->line);
		list->line[0] = '\0';
	}
	snappend(list->line, sizeof(list->line), "%s%s",
		 list->line[0] ? ", " : "", word);
}

void list_end(struct list *list, const char *none)
{
	if (list->line[0] || none)
		log_info("%s%s", list->head, list->line[0] ? list->line : none);
}
