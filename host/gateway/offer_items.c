/*
 * What is sealed of an offer, on its way to who uses it: the password of its connection goes with `open`, everything else with
 * `launch`. The password's item is called like its sink, "connection/NAME.password", which no input can be.
 */
#include "gateway/gateway.h"

#include "base/log.h"
#include "seal/items.h"

#include <string.h>

void offer_items(const struct admission_run *run, bool password, struct text *to)
{
	static const char front[] = "connection/";
	struct item chosen[ITEMS_MAX], item;
	struct items items;
	hst_error err = {{0}, {0}};
	size_t n = 0;

	if (!run->sealed_length)
		return;
	items_begin(&items, run->sealed, run->sealed_length);
	while (n < ITEMS_MAX && items_next(&items, &item, &err) >= 0 && item.name)
		if ((strncmp(item.name, front, sizeof front - 1) == 0) == password)
			chosen[n++] = item;
	if (n && items_write(to, chosen, n, &err) < 0)
		log_warning("what is sealed for step %lld cannot be passed on: %s", (long long)run->step, err.text);
}
