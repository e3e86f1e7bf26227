/* The password that a session is opened with: it comes sealed with `open`, and ends when the driver has signed in. */
#include "session/hold_parts.h"

#include "desktop/masking.h"

#include <string.h>

static bool is_password(const char *name)
{
	static const char front[] = "connection/", back[] = ".password";
	size_t length = strlen(name);

	return length > sizeof front + sizeof back - 2 && strncmp(name, front, sizeof front - 1) == 0 &&
	       strcmp(name + length - (sizeof back - 1), back) == 0;
}

/* The only item that `open` has. */
static int find(const struct message *open, struct item *ret, hst_error *err)
{
	struct items items;
	struct item another = {0};
	int code;

	items_begin(&items, open->sealed, open->sealed_length);
	code = items_next(&items, ret, err);
	if (code == HST_OK)
		code = items_next(&items, &another, err);
	if (code == HST_OK && (!ret->name || another.name || !is_password(ret->name)))
		code = hst_fail(err, HST_INVALID, "something else than one password came with it");
	return code;
}

int hold_password(struct hold *hold, const struct message *open, hst_secret **ret, hst_error *err)
{
	struct vault_opening opening = {.what = "the password of the connection"};
	struct item item = {0};
	hst_error why = {0};
	int code;

	if (!open->sealed_length)
		return HST_OK;
	if (find(open, &item, &why) != HST_OK)
		return hst_fail_as(err, HST_DENIED, "SecretUnusable", "what is sealed in the message is not as it has to be: %s", why.text);
	/* Of connections a session process knows nothing for itself: one that is meant for another is refused by where it signs in. */
	opening.bytes = item.bytes;
	opening.length = item.length;
	opening.sink = item.name;
	opening.use = item.name;
	code = vault_open(&hold->vault, &opening, ret, err);
	return code == HST_OK ? masking_know(*ret, false, err) : code;
}

void hold_password_over(hst_error *err)
{
	masking_text(err->text, sizeof err->text);
	masking_call_over();
}
