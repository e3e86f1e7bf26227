/* What a report leaves out: canaries in all places where people have put secrets, and what must stay readable. */
#include "cli/report_clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *cleaned(const char *lines)
{
	struct text text;

	text_init(&text, 1 << 20);
	report_clean(&text, lines);
	return text_take(&text);
}

static void secrets_are_left_out(void **state)
{
	static const char *const lines[] = {
		"password = canary", "Password=canary", "imap_password = canary", "smtp.passwd: canary", "token = canary two words",
		"header.Authorization = Bearer canary", "access-token: canary", "key = canary", "host_key = canary",
		"passphrase = canary", "set-cookie: canary", "client_secret = canary", "url = https://example.org/?a=b&token=canary",
		"url = imaps://anna:canary@mail.example.org/", "url = ftp://canary@example.org",
		"connecting to amqp://guest:canary@127.0.0.1:5672 failed", "{\"user\":\"anna\",\"password\":\"canary\"}",
		"password =\n    canary\n    canary\nuser = anna", "password = first\n\tcanary\n",
		"hsj1.FXRjcDovLzEwLjAuMC41Ojg0MjEFdHMtMDEAAAcanary", "peer operator/anna canaryZ4jP0cVQm1uX7tYk2sWn9rB5eLhDfGaKoTiUx8v look",
		"seed 00112233445566778899aabbccddeeffcanary00112233445566778899AABBCCDDEEFF11",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char *clean = cleaned(lines[i]);

		if (strstr(clean, "canary"))
			fail_msg("%s", clean);
		assert_non_null(strstr(clean, "(left out)"));
		free(clean);
	}
}

static void hexadecimal_keys_are_left_out(void **state)
{
	char *clean = cleaned("seed is 00112233445566778899aabbccddeeff, said hostlerd");

	(void)state;
	assert_string_equal(clean, "seed is (left out), said hostlerd\n");
	free(clean);
}

static void the_rest_stays_as_it_is(void **state)
{
	static const char lines[] = "[connection bot]\n"
				    "target = device:here\n"
				    "password = secret:bot1\n"
				    "user = bot1\n"
				    "run_dir = /var/lib/hostler/a/very/long/Path/with/Many/parts/2026/and/more/of/them\n"
				    "listen = tcp://10.0.0.5:8421\n"
				    "#12 r-01m80x79gx2vzgz656s6pame95 failed: FlowFailed\n"
				    "problem  keyboard: none; monkeys\n"
				    "\n"
				    "  indented = lines stay\n";
	char *clean = cleaned(lines);

	(void)state;
	assert_string_equal(clean, lines);
	free(clean);
}

static void what_continues_a_secret_goes_with_it(void **state)
{
	char *clean = cleaned("[driver d]\npassword = a\n  b\n  c\nuser = anna\n  and more");

	(void)state;
	assert_string_equal(clean, "[driver d]\npassword = (left out)\nuser = anna\n  and more\n");
	free(clean);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_left_out),
		cmocka_unit_test(hexadecimal_keys_are_left_out),
		cmocka_unit_test(the_rest_stays_as_it_is),
		cmocka_unit_test(what_continues_a_secret_goes_with_it),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
