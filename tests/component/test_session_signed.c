/*
 * hostler-session as a gateway meets it that may not be trusted: only files that an administrator has signed are given what is sealed,
 * and those files are what runs.
 */
#include "making_roster.h"
#include "session_house.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "desktop/package.h"
#include "os/files.h"
#include "seal/envelope.h"
#include "seal/items.h"
#include "seal/signed_package.h"
#include "supervise/keys.h"
#include "wire/believed.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PIN "canary-51c7"
#define GATEWAY "gateway/ts-01"

/* A house with a session process, and who has which key there. */
struct signing {
	struct session_house *house;
	struct roster *roster;
	struct seal_pairs ada, bob, gateway;
	uint8_t seed[SEED_BYTES];
	char *keys;
	char digest[65];
};

static void make_roster(struct signing *signing, unsigned rights_of_bob)
{
	hst_error err = {0};

	signing->roster = roster_new();
	seal_pairs_random(&signing->ada);
	seal_pairs_random(&signing->bob);
	roster_add(signing->roster, ROSTER_OPERATOR, "operator/ada", &signing->ada, RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);
	roster_add(signing->roster, ROSTER_OPERATOR, "operator/bob", &signing->bob, rights_of_bob);
	roster_add_machine(signing->roster, signing->seed);
	roster_add_member(signing->roster, signing->seed, GATEWAY, &signing->gateway);
	must(roster_sign(signing->roster, "operator/ada", &signing->ada, &err), &err);
}

/* The package as the gateway has it: under its digest. */
static void place(struct signing *signing)
{
	struct session_house *house = signing->house;
	hst_arena *arena = arena_new();
	struct package_file *files = NULL;
	AUTO_FREE char *folder = NULL;
	hst_error err = {0};
	size_t n = 0;

	must(package_list_files(arena, house->package, &files, &n, &err), &err);
	package_digest(files, n, signing->digest);
	arena_free(arena);
	folder = mem_printf("%s/gateway/packages/%s", house->state_dir, signing->digest);
	assert_int_equal(rename(house->package, folder), 0);
	free(house->package);
	house->package = take(folder);
	house->digest = signing->digest;
}

static void begin(struct signing *signing, struct session_house *house, unsigned rights_of_bob)
{
	AUTO_FREE char *text = NULL;

	*signing = (struct signing){.house = house, .seed = {7}};
	make_roster(signing, rights_of_bob);
	text = roster_write(signing->roster);
	signing->keys = keys_with_roster(keys_for_hold(signing->seed, GATEWAY, GATEWAY), text);
	house->keys = signing->keys;
	session_house_configure(house, "null", "");
	session_house_package(house, "[input pin]\ntype = secret\n[output length]\ntype = integer\n[output where]\ntype = text\n",
			      "pin=$(hostler-event input pin); hostler-event output length ${#pin}; hostler-event output where $HOSTLER_PACKAGE\n");
	place(signing);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
}

static void end(struct signing *signing)
{
	session_house_say(signing->house, WORD_close, 3);
	session_house_hear(signing->house, WORD_closed);
	assert_int_equal(session_house_wait(signing->house), 0);
	roster_free(signing->roster);
	keys_forget(signing->keys);
}

/* The flow's pin, sealed to the gateway. */
static uint8_t *seal(const struct signing *signing, size_t *ret_length)
{
	static const char *const sinks[] = {"desktop/test.pin"};
	const struct envelope_header header = {.kind = ENVELOPE_SECRET, .name = "pin", .run = "", .sinks = sinks, .sink_count = 1,
					       .epoch = signing->roster->epoch, .created_us = clock_wall_us(), .serial = 1, .signer = "operator/ada"};
	struct envelope_header whole = header;
	struct envelope_recipient to[] = {{.name = GATEWAY}, {.name = "operator/ada"}};
	hst_secret *secret = NULL;
	uint8_t *bytes = NULL;
	hst_error err = {0};

	memcpy(whole.cluster, signing->roster->cluster, sizeof whole.cluster);
	memcpy(to[0].key, signing->gateway.open_public, sizeof to[0].key);
	memcpy(to[1].key, signing->ada.open_public, sizeof to[1].key);
	must(secret_new(PIN, strlen(PIN), &secret, &err), &err);
	must(envelope_seal(&whole, secret, to, 2, &signing->ada, &bytes, ret_length, &err), &err);
	secret_free(secret);
	return bytes;
}

static struct signed_package signed_by(const struct signing *signing, const char *name, const struct seal_pairs *pairs)
{
	struct signed_package package = {.name = "test", .version = "0", .at = 1790000000};

	memcpy(package.cluster, signing->roster->cluster, sizeof package.cluster);
	memcpy(package.digest, signing->digest, sizeof package.digest);
	snprintf(package.signer, sizeof package.signer, "%s", name);
	signed_package_sign(&package, pairs);
	return package;
}

/* NULL: without a signature. */
static const struct session_heard *launch(const struct signing *signing, int64_t step, const struct signed_package *signature)
{
	AUTO_FREE uint8_t *envelope = NULL;
	AUTO(text) struct text text, sealed;
	struct message message;
	hst_error err = {0};
	size_t length = 0;
	struct item items[2];

	envelope = seal(signing, &length);
	text_init(&text, SIGNED_PACKAGE_BYTES_MAX);
	text_init(&sealed, SEALED_BYTES_MAX);
	items[0] = (struct item){.name = "pin", .bytes = envelope, .length = length};
	if (signature) {
		signed_package_write(&text, signature);
		items[1] = (struct item){.name = "desktop/test", .bytes = (const uint8_t *)text.s, .length = text.length};
	}
	must(items_write(&sealed, items, signature ? 2 : 1, &err), &err);
	session_house_launch_of(signing->house, step, 60000, "{\"pin\":{\"sealed\":\"pin\"}}", &message);
	message_set_sealed(&message, sealed.s, sealed.length);
	session_house_send(signing->house, &message);
	return session_house_hear(signing->house, WORD_finished);
}

static void refused(const struct session_heard *heard, const char *why)
{
	assert_string_equal(message_text(&heard->message, "reason"), "PackageUnsigned");
	if (!strstr(heard->payload, why))
		fail_msg("\"%s\" does not say \"%s\"", heard->payload, why);
}

#define SIGNING(rights_of_bob)                    \
	struct session_house *house = *(state);   \
	struct signing signing;                   \
	if (!house)                               \
		skip();                           \
	begin(&signing, house, rights_of_bob)

static void what_is_signed_runs_from_a_copy_of_its_own(void **state)
{
	SIGNING(RIGHT_LOOK);
	struct signed_package right = signed_by(&signing, "operator/ada", &signing.ada);
	const struct session_heard *heard;

	for (int64_t step = 1; step <= 2; step++) {
		heard = launch(&signing, step, &right);
		assert_string_equal(message_text(&heard->message, "state"), "succeeded");
		if (!strstr(heard->payload, "\"length\":11") || strstr(heard->payload, house->package) || !strstr(heard->payload, "/state/work/"))
			fail_msg("%s", heard->payload);
	}
	end(&signing);
}

static void what_is_not_signed_gets_nothing(void **state)
{
	SIGNING(RIGHT_LOOK | RIGHT_CONTROL);
	struct signed_package wrong = signed_by(&signing, "operator/bob", &signing.bob);

	refused(launch(&signing, 1, NULL), "nobody has signed it");
	refused(launch(&signing, 2, &wrong), "bob, who has not the right");
	wrong = signed_by(&signing, "operator/ada", &signing.bob);
	refused(launch(&signing, 3, &wrong), "not of the key that ada has");
	wrong = signed_by(&signing, "operator/ada", &signing.ada);
	wrong.digest[5] = wrong.digest[5] == '0' ? '1' : '0';
	refused(launch(&signing, 4, &wrong), "or was changed");
	signed_package_sign(&wrong, &signing.ada);
	refused(launch(&signing, 5, &wrong), "what was signed is another one");
	wrong = signed_by(&signing, "operator/ada", &signing.ada);
	snprintf(wrong.name, sizeof wrong.name, "other");
	signed_package_sign(&wrong, &signing.ada);
	refused(launch(&signing, 6, &wrong), "another name");
	end(&signing);
}

/* Without anything that was sealed for it, it runs as ever. */
static void what_is_given_no_secrets_needs_no_signature(void **state)
{
	SIGNING(RIGHT_LOOK);

	session_house_launch(house, 1, 60000, "{}");
	assert_string_equal(message_text(&session_house_hear(house, WORD_finished)->message, "state"), "succeeded");
	end(&signing);
}

static void what_was_changed_on_the_device_gets_nothing(void **state)
{
	static const char added[] = "#";
	SIGNING(RIGHT_LOOK);
	struct signed_package right = signed_by(&signing, "operator/ada", &signing.ada);
	AUTO_FREE char *script = files_join(house->package, "flow.sh"), *more = files_join(house->package, "more");
	struct stat status;

	assert_int_equal(stat(script, &status), 0);
	assert_int_equal(chmod(script, 0755), 0);
	refused(launch(&signing, 1, &right), "on this device, in gateway/packages/");
	assert_int_equal(chmod(script, status.st_mode & 07777), 0);
	assert_int_equal(files_append(more, added, 1, 0644, false, NULL), HST_OK);
	refused(launch(&signing, 2, &right), "on this device, in gateway/packages/");
	assert_int_equal(unlink(more), 0);
	assert_string_equal(message_text(&launch(&signing, 3, &right)->message, "state"), "succeeded");
	end(&signing);
}

static void a_link_in_the_package_shows_nothing(void **state)
{
	SIGNING(RIGHT_LOOK);
	struct signed_package right = signed_by(&signing, "operator/ada", &signing.ada);
	AUTO_FREE char *link = files_join(house->package, "more");
	const struct session_heard *heard;

	assert_int_equal(symlink("/etc/hostname", link), 0);
	heard = launch(&signing, 1, &right);
	assert_string_equal(message_text(&heard->message, "reason"), "FlowNotInstalled");
	assert_non_null(strstr(heard->payload, "symbolic links are not allowed"));
	end(&signing);
}

static void what_a_revoked_key_has_signed_is_signed_no_more(void **state)
{
	SIGNING(RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);
	struct signed_package by_bob = signed_by(&signing, "operator/bob", &signing.bob);
	struct message message;
	AUTO_FREE char *text = NULL;
	hst_error err = {0};

	assert_string_equal(message_text(&launch(&signing, 1, &by_bob)->message, "state"), "succeeded");
	assert_true(roster_revoke(signing.roster, "operator/bob"));
	must(roster_sign(signing.roster, "operator/ada", &signing.ada, &err), &err);
	believed_message(signing.roster, &message, &text);
	message.id = 50;
	session_house_send(house, &message);
	assert_int_equal(session_house_hear(house, WORD_done)->message.id, 50);
	refused(launch(&signing, 2, &by_bob), "bob, who is no operator");
	end(&signing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_signed_runs_from_a_copy_of_its_own),
		CASE(what_is_not_signed_gets_nothing),
		CASE(what_is_given_no_secrets_needs_no_signature),
		CASE(what_was_changed_on_the_device_gets_nothing),
		CASE(a_link_in_the_package_shows_nothing),
		CASE(what_a_revoked_key_has_signed_is_signed_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
