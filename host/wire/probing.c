#include "wire/probing.h"

#include "base/auto.h"
#include "base/mem.h"
#include "seal/items.h"

#include <string.h>

static int open_it(struct vault *vault, const char *front, const struct message *probe, hst_error *why)
{
	struct vault_opening opening = {.what = "a secret that was asked about"};
	AUTO(secret) hst_secret *secret = NULL;
	struct item item = {0};
	struct items items;

	items_begin(&items, probe->sealed, probe->sealed_length);
	if (items_next(&items, &item, why) != HST_OK || !item.name)
		return hst_fail_as(why, HST_INVALID, "SecretUnusable", "nothing sealed came with the question");
	if (front && strncmp(item.name, front, strlen(front)) != 0)
		return hst_fail_as(why, HST_DENIED, "SecretUnusable", "%s is no place of this process", item.name);
	opening.bytes = item.bytes;
	opening.length = item.length;
	opening.sink = item.name;
	return vault_open(vault, &opening, &secret, why);
}

void probing_answer(struct vault *vault, const char *front, const struct message *probe, struct message *ret, hst_error *why)
{
	int code = open_it(vault, front, probe, why);

	message_init(ret, WORD_probed, probe->id);
	message_set_text(ret, "reason", code == HST_OK ? "" : why->reason);
	if (code != HST_OK)
		message_set_payload(ret, why->text, strlen(why->text));
}
