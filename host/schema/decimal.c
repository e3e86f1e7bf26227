#include "schema/decimal.h"

#include "schema/types.h"

#include <ctype.h>

/* The whole number behind the "e", held within the ceiling. */
static int64_t read_exponent(const char *text, size_t length)
{
	bool negative = length && text[0] == '-';
	int64_t exponent = 0;

	for (size_t at = 0; at < length; at++) {
		if (!isdigit((unsigned char)text[at]))
			continue;
		exponent = 10 * exponent + (text[at] - '0');
		if (exponent > DECIMAL_EXPONENT_MAX)
			exponent = DECIMAL_EXPONENT_MAX;
	}
	return negative ? -exponent : exponent;
}

bool decimal_read(const char *text, size_t length, struct decimal *ret)
{
	struct decimal decimal = {.sign = 1};
	size_t at, point, end = 0, first, last;

	if (!type_is_number(text, length))
		return false;
	if (text[0] == '-')
		decimal.sign = -1;
	at = text[0] == '-';
	while (end < length && text[end] != 'e' && text[end] != 'E')
		end++;
	for (point = at; point < end && text[point] != '.'; point++)
		;
	for (first = at; first < end && (text[first] == '0' || text[first] == '.'); first++)
		;
	if (first == end) {
		*ret = (struct decimal){0};
		return true;
	}
	for (last = end; text[last - 1] == '0' || text[last - 1] == '.'; last--)
		;
	decimal.digits = text + first;
	decimal.length = last - first;
	/* Digits in front of the point raise the exponent; zeros between it and the first digit lower it. */
	decimal.exponent = first < point ? (int64_t)(point - first) : -(int64_t)(first - point - 1);
	if (end < length)
		decimal.exponent += read_exponent(text + end + 1, length - end - 1);
	*ret = decimal;
	return true;
}

/* The next digit, the point stepped over; '0' behind the last. */
static char next_digit(const struct decimal *decimal, size_t *at)
{
	if (*at < decimal->length && decimal->digits[*at] == '.')
		++*at;
	return *at < decimal->length ? decimal->digits[(*at)++] : '0';
}

static int compare_sizes(const struct decimal *a, const struct decimal *b)
{
	size_t at_a = 0, at_b = 0;

	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	while (at_a < a->length || at_b < b->length) {
		char digit_a = next_digit(a, &at_a), digit_b = next_digit(b, &at_b);

		if (digit_a != digit_b)
			return digit_a < digit_b ? -1 : 1;
	}
	return 0;
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
	if (a->sign != b->sign)
		return a->sign < b->sign ? -1 : 1;
	return a->sign * compare_sizes(a, b);
}
