/* Which known word somebody meant, found by offering the known ones one after another. nearest_word in
 * section.h does a list. */
#ifndef HOST_SCHEMA_NEAREST_H
#define HOST_SCHEMA_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word; /* the wrong one */
	const char *best; /* NULL: none so far is near enough to be meant */
	size_t distance;
};

void nearest_init(struct nearest *nearest, const char *word);
void nearest_offer(struct nearest *nearest, const char *known); /* `known` must live as long as `nearest` */

#endif
