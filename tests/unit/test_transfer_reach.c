/* Which addresses a transfer may connect to: with interfaces as a machine could have them. */
#include "../../plugins/connector/transfer_reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct sockaddr_storage read_address(const char *text)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in *four = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		storage.ss_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
		storage.ss_family = AF_INET6;
	}
	return storage;
}

static const struct {
	const char *address;
	bool loopback, abroad;
} tries[] = {
	{"198.51.100.7", false, true},
	{"2001:db8:5::1", false, true},
	{"127.0.0.1", true, false},
	{"127.9.9.9", true, false},
	{"::1", true, false},
	{"::ffff:127.0.0.1", true, false},
	{"::127.0.0.1", true, false},
	{"64:ff9b::7f00:1", true, false},
	{"0.0.0.0", false, false},
	{"0.1.2.3", false, false},
	{"::", false, false},
	{"::ffff:0.0.0.0", false, false},
	{"169.254.169.254", false, false},
	{"::ffff:169.254.169.254", false, false},
	{"fe80::1", false, false},
	{"febf::1", false, false},
	/* This machine by its own addresses, and who is beside it. */
	{"192.0.2.2", false, false},
	{"::ffff:192.0.2.2", false, false},
	{"192.0.2.254", false, false},
	{"192.0.3.2", false, true},
	{"203.0.113.5", false, false},
	{"203.0.113.6", false, true},
	{"2001:db8:1::2", false, false},
	{"2001:db8:1::ffff", false, false},
	{"2001:db8:2::2", false, true},
	{"2001:db8:9::9", false, false},
	{"2001:db8:9::a", false, true},
};

static void a_machine_is_kept_out_by_all_of_its_addresses(void **state)
{
	static const char *const own[][2] = {{"127.0.0.1", "255.0.0.0"}, {"192.0.2.2", "255.255.255.0"}, {"203.0.113.5", "255.255.255.255"},
					     {"2001:db8:1::2", "ffff:ffff:ffff:ffff::"}, {"198.18.0.1", "0.0.0.0"}, {"2001:db8:9::9", NULL}};
	enum { OWN = sizeof own / sizeof own[0] };
	struct sockaddr_storage addresses[OWN], masks[OWN];
	struct ifaddrs list[OWN + 1] = {{0}};

	(void)state;
	/* The last one is an interface without an address. */
	for (size_t i = 0; i < OWN; i++) {
		addresses[i] = read_address(own[i][0]);
		list[i] = (struct ifaddrs){.ifa_next = &list[i + 1], .ifa_addr = (struct sockaddr *)&addresses[i]};
		if (own[i][1]) {
			masks[i] = read_address(own[i][1]);
			list[i].ifa_netmask = (struct sockaddr *)&masks[i];
		}
	}
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		struct sockaddr_storage address = read_address(tries[i].address);
		const struct sockaddr *to = (const struct sockaddr *)&address;

		if (!transfer_reaches(TRANSFER_ANYWHERE, to, list) || transfer_reaches(TRANSFER_LOOPBACK, to, list) != tries[i].loopback ||
		    transfer_reaches(TRANSFER_ABROAD, to, list) != tries[i].abroad)
			fail_msg("%s", tries[i].address);
	}
}

static void what_is_no_address_of_the_internet_is_not_reached(void **state)
{
	const struct sockaddr socket = {.sa_family = AF_UNIX};

	(void)state;
	assert_false(transfer_reaches(TRANSFER_LOOPBACK, &socket, NULL));
	assert_false(transfer_reaches(TRANSFER_ABROAD, &socket, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_is_kept_out_by_all_of_its_addresses),
		cmocka_unit_test(what_is_no_address_of_the_internet_is_not_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
