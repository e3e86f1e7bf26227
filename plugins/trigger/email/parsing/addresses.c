#include "addresses.h"

#include <stdbool.h>
#include <string.h>

struct scan {
	bool quoted, bracketed, address;
	guint comments;
};

/* What a character makes of where one is. A comma ends an address only outside of everything, and where one was begun. */
static bool ends_address(struct scan *scan, char c)
{
	if (c == '"' && scan->comments == 0) {
		scan->quoted = !scan->quoted;
	} else if (scan->quoted) {
		return false;
	} else if (c == '(') {
		scan->comments++;
	} else if (c == ')') {
		scan->comments -= scan->comments > 0;
	} else if (scan->comments > 0) {
		return false;
	} else if (c == '<' || c == '>') {
		scan->bracketed = c == '<';
	} else if (c == '@') {
		scan->address = true;
	}
	return c == ',' && !scan->bracketed && scan->address;
}

gsize mail_addresses_piece(const char *list)
{
	struct scan scan = {0};
	gsize n = strnlen(list, MAIL_ADDRESSES_PIECE + 1), piece = 0;

	if (n <= MAIL_ADDRESSES_PIECE)
		return n;
	for (gsize i = 0; i < n; i++) {
		if (list[i] == '\\' && i + 1 < n) {
			i++;
		} else if (ends_address(&scan, list[i])) {
			piece = i + 1;
			scan.address = false;
		}
	}
	return piece;
}
