/* SPDX-License-Identifier: MIT */
/* Words in a line of the log, with commas; as many lines as they need. */
#ifndef VMX_REPORT_LIST_H
#define VMX_REPORT_LIST_H

#define LIST_LINE 73 /* of 80 columns, less "umbra: " */

struct list {
	const char *head; /* of each line */
	char line[LIST_LINE + 1];
};

/* A word longer than a line is cut off. */
void list_add(struct list *list, const char *word);

/* Prints the last line; if there was no word, @none. NULL: no line then. */
void list_end(struct list *list, const char *none);

#endif
