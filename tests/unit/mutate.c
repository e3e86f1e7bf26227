#include "mutate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHANGES_MAX = 8, RANGE_MAX = 40 };

/* What is likely to mean something to somebody. */
static const struct {
	const char *bytes;
	size_t length;
} words[] = {
#define WORD(text) {text, sizeof(text) - 1}
	WORD("\""), WORD("\\"), WORD("{"), WORD("}"), WORD("["), WORD("]"), WORD(":"), WORD(","), WORD("\n"), WORD("\r\n"), WORD("\0"),
	WORD("="), WORD("#"), WORD(";"), WORD("|\n"), WORD("${"), WORD("$${"), WORD("..."), WORD("null"), WORD("true"), WORD("-1"), WORD("0"),
	WORD("9223372036854775808"), WORD("1e999"), WORD("0.0000000000000000001"), WORD("\xff"), WORD("\xc0\x80"), WORD("\xed\xa0\x80"),
	WORD("\xf4\x90\x80\x80"), WORD("\\u0000"), WORD("\\ud800"), WORD("\033[2J"), WORD("  "), WORD("\t"), WORD("/"), WORD("../"),
	WORD("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["), WORD("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"), WORD("name"), WORD("type"), WORD("event"), WORD("[step "),
	WORD("%s%n"), WORD("secret:"), WORD("and not ("),
#undef WORD
};

void mutate_begin(struct mutate *mutate, const char *what)
{
	const char *given = getenv("HOSTLER_FUZZ_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 20261122;

	print_message("%s: HOSTLER_FUZZ_SEED=%llu\n", what, (unsigned long long)seed);
	mutate->state = seed * 0x9e3779b97f4a7c15u | 1;
}

uint64_t mutate_below(struct mutate *mutate, uint64_t n)
{
	mutate->state ^= mutate->state << 13;
	mutate->state ^= mutate->state >> 7;
	mutate->state ^= mutate->state << 17;
	return n ? (mutate->state >> 11) % n : 0;
}

static void cut(struct mutate *mutate, size_t at, size_t n)
{
	if (n > mutate->length - at)
		n = mutate->length - at;
	memmove(mutate->bytes + at, mutate->bytes + at + n, mutate->length - at - n);
	mutate->length -= n;
}

static void insert(struct mutate *mutate, size_t at, const char *bytes, size_t n)
{
	char copy[2 * RANGE_MAX];

	if (n > sizeof copy || mutate->length + n > MUTATE_BYTES_MAX)
		return;
	memcpy(copy, bytes, n); /* it may be a part of what is moved */
	memmove(mutate->bytes + at + n, mutate->bytes + at, mutate->length - at);
	memcpy(mutate->bytes + at, copy, n);
	mutate->length += n;
}

static void change(struct mutate *mutate)
{
	size_t at = mutate_below(mutate, mutate->length + 1), n = 1 + mutate_below(mutate, RANGE_MAX), from;
	size_t word = mutate_below(mutate, sizeof words / sizeof words[0]);

	switch (mutate_below(mutate, 6)) {
	case 0:
		if (at < mutate->length)
			mutate->bytes[at] = (char)mutate_below(mutate, 256);
		break;
	case 1:
		cut(mutate, at, n);
		break;
	case 2:
		from = mutate_below(mutate, mutate->length + 1);
		insert(mutate, at, mutate->bytes + from, n < mutate->length - from ? n : mutate->length - from);
		break;
	case 3:
	case 4:
		insert(mutate, at, words[word].bytes, words[word].length);
		break;
	default:
		if (mutate_below(mutate, 8) == 0)
			mutate->length = at;
		break;
	}
}

void mutate_make(struct mutate *mutate, const void *bytes, size_t length)
{
	/* Mostly one: what is broken all over is refused by whoever looks first. */
	size_t changes = mutate_below(mutate, 4) ? 1 : 1 + mutate_below(mutate, CHANGES_MAX);

	assert_true(length <= MUTATE_BYTES_MAX);
	memcpy(mutate->bytes, bytes, length);
	mutate->length = length;
	for (size_t i = 0; i < changes; i++)
		change(mutate);
	mutate->bytes[mutate->length] = '\0';
}
