/*
 * Decimals compared as what they say, digit by digit, whatever their length: 0.10 equals 1e-1, and a number
 * of thirty digits is not rounded. Never through a double.
 */
#ifndef HOST_SCHEMA_DECIMAL_H
#define HOST_SCHEMA_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exponents beyond this count as this, so that all arithmetic on them fits. */
#define DECIMAL_EXPONENT_MAX INT64_C(1000000000)

/*
 * Points into the text it was read from. Its value is sign × 0.DIGITS × 10^exponent; the point among the
 * digits does not count.
 */
struct decimal {
	int sign;           /* -1, 0 or 1 */
	const char *digits; /* from the first to the last that is not 0 */
	size_t length;      /* bytes of them, with the point if it is among them */
	int64_t exponent;
};

/* False, and *ret untouched, when the text is no number by type_is_number. */
bool decimal_read(const char *text, size_t length, struct decimal *ret);

/* Less than, equal to or greater than 0, as a is to b. */
int decimal_compare(const struct decimal *a, const struct decimal *b);

#endif
