#include "wire/refusals.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"

/* Addresses are chosen by those who connect: beyond this many kinds all further ones are counted as one. */
enum { REFUSALS_MAX = 2000 };

void refusals_init(struct refusals *refusals)
{
	table_init(&refusals->counts);
}

void refusals_clear(struct refusals *refusals)
{
	TABLE_EACH (&refusals->counts, entry)
		free(entry->value);
	table_clear(&refusals->counts);
}

static bool refusals_told(uint64_t count)
{
	while (count % 10 == 0)
		count /= 10;
	return count == 1;
}

void refusals_note(struct refusals *refusals, const char *peer, const char *cause, const char *text)
{
	AUTO_FREE char *kind = mem_printf("%s %s", peer, cause);
	const char *key =
		refusals->counts.n < REFUSALS_MAX || table_get(&refusals->counts, kind) ? kind : "others";
	uint64_t *count = table_get(&refusals->counts, key);

	if (!count) {
		count = mem_alloc(sizeof *count);
		table_set(&refusals->counts, key, count);
	}
	++*count;
	if (*count == 1)
		log_warning("refused %s: %s: %s", peer, cause, text);
	else if (refusals_told(*count))
		log_warning("refused %s: %s: %s (for the %lluth time)", peer, cause, text,
			    (unsigned long long)*count);
}
