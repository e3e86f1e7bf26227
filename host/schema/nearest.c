/* Which known word somebody meant: the fewest letters to change, leave out, add or swap, if they are few
 * enough. */
#include "schema/nearest.h"

#include "schema/section.h"

#include <string.h>

enum { NEAREST_LENGTH_MAX = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edit distance in which swapping two neighbours counts once (optimal string alignment). */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][NEAREST_LENGTH_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] =
				least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_length];
}

void nearest_init(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){.word = word, .distance = (size_t)-1};
}

void nearest_offer(struct nearest *nearest, const char *known)
{
	size_t word_length = strlen(nearest->word), known_length = strlen(known), far;

	/* A known word that ends in '.' stands for all words that start with it, so only that much is
	 * compared. */
	if (known_length && known[known_length - 1] == '.') {
		const char *dot = strchr(nearest->word, '.');

		if (dot)
			word_length = (size_t)(dot - nearest->word) + 1;
	}
	if (!word_length || word_length > NEAREST_LENGTH_MAX || known_length > NEAREST_LENGTH_MAX)
		return;
	far = distance(nearest->word, word_length, known, known_length);
	/* A third of the letters may be wrong, and always one; a whole word of two letters may not. */
	if (far > least(known_length, word_length) / 3 + (known_length > 2) || far >= nearest->distance)
		return;
	nearest->distance = far;
	nearest->best = known;
}

const char *nearest_word(const char *const *known, const char *word)
{
	struct nearest nearest;

	nearest_init(&nearest, word);
	for (; *known; known++)
		nearest_offer(&nearest, *known);
	return nearest.best;
}
