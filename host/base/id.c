#include "base/id.h"

#include <string.h>

/* The digits are in the order of their bytes, so names sort as the numbers they stand for. */
static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { ID_DIGITS = ID_SIZE - 3 };

void id_make(char to[ID_SIZE], int64_t wall_us, struct draw draw)
{
	uint64_t ms = wall_us > 0 ? (uint64_t)wall_us / 1000 : 0;
	uint64_t high = ms << 16 | (draw.high & 0xffff);
	uint64_t low = draw.low;

	to[0] = 'r';
	to[1] = '-';
	for (int i = ID_DIGITS - 1; i >= 0; i--) {
		to[2 + i] = digits[low & 31];
		low = low >> 5 | high << 59;
		high >>= 5;
	}
	to[ID_SIZE - 1] = '\0';
}

bool id_valid(const char *id)
{
	/* 26 digits are 130 bits for 128: the first has three. */
	return strnlen(id, ID_SIZE) == ID_SIZE - 1 && id[0] == 'r' && id[1] == '-' && id[2] >= '0' &&
	       id[2] <= '7' && strspn(id + 2, digits) == ID_DIGITS;
}
