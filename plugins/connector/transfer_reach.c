#include "transfer_reach.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Of either version, in the order of the network: what the sixth says of one of the fourth is that one. */
struct place {
	unsigned char bytes[16];
	size_t n; /* 4 or 16; 0: of another kind */
};

static const unsigned char translated[12] = {0x00, 0x64, 0xff, 0x9b};

static struct place place_of(const struct sockaddr *address)
{
	struct place place = {.n = 0};
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof four);
		memcpy(place.bytes, &four.sin_addr, place.n = 4);
	} else if (address->sa_family == AF_INET6) {
		memcpy(&six, address, sizeof six);
		memcpy(place.bytes, &six.sin6_addr, place.n = 16);
		if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) || IN6_IS_ADDR_V4COMPAT(&six.sin6_addr) ||
		    memcmp(place.bytes, translated, sizeof translated) == 0)
			memmove(place.bytes, place.bytes + 12, place.n = 4);
	}
	return place;
}

static bool is_loopback(const struct place *place)
{
	static const unsigned char six[16] = {[15] = 1};

	return place->n == 4 ? place->bytes[0] == 127 : memcmp(place->bytes, six, sizeof six) == 0;
}

/* Of no machine, or of one that has been given no address of its own. */
static bool is_nobody(const struct place *place)
{
	static const unsigned char none[16];

	if (place->n == 4)
		return place->bytes[0] == 0 || (place->bytes[0] == 169 && place->bytes[1] == 254);
	return memcmp(place->bytes, none, sizeof none) == 0 || (place->bytes[0] == 0xfe && (place->bytes[1] & 0xc0) == 0x80);
}

static bool is_within(const struct place *place, const struct ifaddrs *of)
{
	struct place own = place_of(of->ifa_addr), mask = {.n = 0};
	bool masks = false, same = true;

	if (own.n != place->n)
		return false;
	if (memcmp(own.bytes, place->bytes, own.n) == 0)
		return true;
	if (of->ifa_netmask && of->ifa_netmask->sa_family == AF_INET && own.n == 4) {
		mask = place_of(of->ifa_netmask);
	} else if (of->ifa_netmask && of->ifa_netmask->sa_family == AF_INET6 && own.n == 16) {
		/* A mask is no address: as one it could be taken for another one's. */
		memcpy(mask.bytes, (const char *)of->ifa_netmask + offsetof(struct sockaddr_in6, sin6_addr), mask.n = 16);
	}
	for (size_t i = 0; i < mask.n; i++) {
		masks = masks || mask.bytes[i];
		same = same && ((own.bytes[i] ^ place->bytes[i]) & mask.bytes[i]) == 0;
	}
	return masks && same;
}

bool transfer_reaches(enum transfer_reach reach, const struct sockaddr *address, const struct ifaddrs *own)
{
	struct place place;

	if (reach == TRANSFER_ANYWHERE)
		return true;
	place = place_of(address);
	if (!place.n || reach == TRANSFER_LOOPBACK)
		return place.n && is_loopback(&place);
	for (; own; own = own->ifa_next)
		if (own->ifa_addr && is_within(&place, own))
			return false;
	return !is_loopback(&place) && !is_nobody(&place);
}
