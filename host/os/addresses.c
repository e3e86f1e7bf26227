#include "os/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* 127.0.0.0/8 and what a machine gives itself when nobody gives it one, 169.254.0.0/16. */
static bool is_reachable4(const struct sockaddr_in *address)
{
	uint32_t number = ntohl(address->sin_addr.s_addr);

	return number >> 24 != 127 && number >> 16 != 0xa9fe;
}

static bool is_reachable6(const struct sockaddr_in6 *address)
{
	return !IN6_IS_ADDR_LOOPBACK(&address->sin6_addr) && !IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr);
}

static bool write_address(const struct sockaddr *address, int family, char to[ADDRESS_TEXT])
{
	if (!address || address->sa_family != family)
		return false;
	if (family == AF_INET)
		return is_reachable4((const void *)address) &&
		       inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, to, ADDRESS_TEXT);
	return is_reachable6((const void *)address) &&
	       inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, to, ADDRESS_TEXT);
}

size_t addresses_own(char to[ADDRESSES_MAX][ADDRESS_TEXT])
{
	static const int families[] = {AF_INET, AF_INET6};
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs(&all) != 0)
		return 0;
	for (size_t f = 0; f < 2; f++)
		for (const struct ifaddrs *each = all; each && n < ADDRESSES_MAX; each = each->ifa_next)
			if ((each->ifa_flags & IFF_UP) && write_address(each->ifa_addr, families[f], to[n]))
				n++;
	freeifaddrs(all);
	return n;
}
