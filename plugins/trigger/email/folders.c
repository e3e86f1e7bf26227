#include "folders.h"

#include "../printable.h"

#include <stdio.h>
#include <string.h>

enum { NAMED_MAX = 20, LIST_BYTES = 260 };

/* "INBOX, Invoices, Sent, …" */
static void write_list(const clist *found, char *to, size_t size)
{
	size_t used = 0;
	int n = 0;

	to[0] = '\0';
	for (clistiter *cell = clist_begin(found); cell; cell = clist_next(cell)) {
		const struct mailimap_mailbox_list *folder = clist_content(cell);
		char name[80];

		printable(folder->mb_name ? folder->mb_name : "", name, sizeof name);
		if (n++ == NAMED_MAX || used + strlen(name) + 8 > size) {
			snprintf(to + used, size - used, ", …");
			return;
		}
		used += (size_t)snprintf(to + used, size - used, "%s%s", used ? ", " : "", name);
	}
}

int email_folders_missing(mailimap *session, const char *server, const char *folder, hst_error *err)
{
	char names[LIST_BYTES] = "", said[120];
	clist *found = NULL;

	printable(session->imap_response ? session->imap_response : "", said, sizeof said);
	if (mailimap_list(session, "", "*", &found) == MAILIMAP_NO_ERROR) {
		write_list(found, names, sizeof names);
		mailimap_list_result_free(found);
	}
	return hst_fail(err, HST_NOT_FOUND, "the mail server %s does not open the folder \"%s\": %s; see `folder`. There are: %s", server, folder,
			said, *names ? names : "none");
}
