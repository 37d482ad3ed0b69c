/* SPDX-License-Identifier: MIT */
/* A list of words in the log: commas between, as many lines as they need. */
#ifndef VMX_REPORT_LIST_H
#define VMX_REPORT_LIST_H

#define LIST_LINE 73 /* 80 columns, without "umbra: " */

struct list {
	const char *head; /* of each line */
	char line[LIST_LINE + 1];
};

/* Adds a word. A word longer than a line is cut off. */
void list_add(struct list *list, const char *word);

/* Prints the last line; @none if there was no word, nothing if that is NULL. */
void list_end(struct list *list, const char *none);

#endif
