/*
 * What is sealed of an offer, on its way to who uses it: the password of its connection goes with `open`, everything else with
 * `launch`. The password's item is called like its sink, "connection/NAME.password", which no input can be.
 */
#include "gateway/gateway.h"

#include "base/log.h"
#include "seal/items.h"

#include <string.h>

static const char front[] = "connection/";

static bool is_password(const struct item *item)
{
	return strncmp(item->name, front, sizeof front - 1) == 0;
}

void offer_items(const struct admission_run *run, bool password, struct text *to)
{
	struct item chosen[ITEMS_MAX], item;
	struct items items;
	hst_error err = {{0}, {0}};
	size_t n = 0;

	if (!run->sealed_length)
		return;
	items_begin(&items, run->sealed, run->sealed_length);
	while (n < ITEMS_MAX && items_next(&items, &item, &err) >= 0 && item.name)
		if (is_password(&item) == password)
			chosen[n++] = item;
	if (n && items_write(to, chosen, n, &err) < 0)
		log_warning("what is sealed for step %lld cannot be passed on: %s", (long long)run->step, err.text);
}

/* Not over its name: two connections may have one secret. What is sealed anew, because it was rotated, has another sum. */
void offer_login(const struct message *offer, char ret[SUM_SIZE])
{
	struct items items;
	struct item item;
	struct sum sum;
	hst_error err = {{0}, {0}};
	bool any = false;

	ret[0] = '\0';
	if (!offer->sealed_length)
		return;
	sum_begin(&sum);
	items_begin(&items, offer->sealed, offer->sealed_length);
	while (items_next(&items, &item, &err) >= 0 && item.name) {
		if (!is_password(&item))
			continue;
		sum_add(&sum, item.bytes, item.length);
		any = true;
	}
	if (any)
		sum_end(&sum, ret);
}
