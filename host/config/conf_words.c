/* Lists of words, and which words can be names. */
#include "config/conf_parts.h"

#include "base/mem.h"

#include <string.h>

char **conf_split(const char *text, size_t *ret_n)
{
	char **words = NULL;
	size_t n = 0, size = 0;

	while (*text) {
		size_t length = strcspn(text, ",\n"), first = strspn(text, " \t"), last = length;

		while (last > first && (text[last - 1] == ' ' || text[last - 1] == '\t'))
			last--;
		if (first < last) {
			words = mem_grow(words, &size, n + 1, sizeof *words);
			words[n++] = mem_copy(text + first, last - first);
		}
		text += length + (text[length] != '\0');
	}
	*ret_n = n;
	return words;
}

void conf_words_free(char **words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(words[i]);
	free(words);
}

bool conf_word_is_fit(const char *word)
{
	size_t n = strlen(word);

	return n >= 1 && n <= 32 && word[0] >= 'a' && word[0] <= 'z' &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

bool conf_name_is_fit(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= 64 && !strchr("_-.", name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}
