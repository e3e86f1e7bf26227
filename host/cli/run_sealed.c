#include "cli/run_sealed.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/pin.h"
#include "seal/envelope_house.h"
#include "seal/envelope_open.h"

#include <string.h>

static const char ending[] = ".sealed";

bool run_is_sealed(const char *name)
{
	size_t length = strlen(name);

	/* A flow may call files of its own as it likes. */
	return strncmp(name, "screenshots/", 12) == 0 && length > sizeof ending - 1 && strcmp(name + length - (sizeof ending - 1), ending) == 0;
}

const char *run_unsealed_name(hst_arena *arena, const char *name)
{
	return run_is_sealed(name) ? arena_copy(arena, name, strlen(name) - (sizeof ending - 1)) : name;
}

/* Names in an envelope are for people: who has the key of one is found by that. */
static int not_for_us(const struct connect *connect, const char *name, const struct envelope *envelope)
{
	AUTO(text) struct text whom;

	text_init(&whom, 2000);
	for (size_t i = 0; i < envelope->recipient_count; i++)
		text_addf(&whom, "%s%s", i ? ", " : "", envelope->recipients[i].name);
	return cli_fail(connect->cli, CLI_FAILED, "SecretUnusable",
	                "%s is sealed to %s, and your key %s is that of none of them (it is %s): it opens for those operators with the right \"admin\" alone who had it when this was taken; ask one of them",
	                name, whom.s, connect->key_path, connect->key.name);
}

static int cannot(const struct connect *connect, const char *name, const hst_error *why)
{
	return cli_fail(connect->cli, CLI_FAILED, "SecretUnusable", "%s cannot be opened: %s%s%s", name, why->reason, *why->reason ? ": " : "",
	                why->text);
}

/* The session process has named it like its step and file; the host could send another one of the run. */
static int check_name(const struct connect *connect, const char *step, const char *name, const struct envelope *envelope)
{
	const char *slash = strrchr(name, '/');
	AUTO_FREE char *asked = mem_printf("%s.%s", step, slash ? slash + 1 : name);

	if (strcmp(envelope->header.name, asked) == 0)
		return CLI_DONE;
	return cli_fail(connect->cli, CLI_FAILED, "SecretUnusable", "%s of step %s cannot be opened: what the host has sent is sealed as \"%s\", not as \"%s\"",
	                name, step, envelope->header.name, asked);
}

int run_sealed_open(struct connect *connect, const char *run, const char *step, const char *name, const void *bytes, size_t length,
                    uint8_t **ret, size_t *ret_length)
{
	AUTO_FREE struct envelope *envelope = mem_alloc(sizeof *envelope);
	struct envelope_house house;
	struct envelope_check check = {.house = &house, .run = run, .sink = "operator", .now_us = clock_wall_us()};
	struct roster *roster = NULL;
	hst_error why = {{0}, {0}};
	int code, status;

	if (!connect->key.has_seed)
		return cli_fail(connect->cli, CLI_FAILED, "SecretUnusable",
		                "%s is sealed, and your key %s is of an older version, which opens nothing: have an operator let you in with `hostler operator new`",
		                name, connect->key_path);
	if (envelope_read(bytes, length, envelope, &why) != HST_OK)
		return cannot(connect, name, &why);
	status = check_name(connect, step, name, envelope);
	if (!status)
		status = pin_ask(connect, &roster);
	if (status)
		return status;
	envelope_house_init(&house, roster);
	code = envelope_open_file(envelope, &check, &connect->key.pairs, ret, ret_length, &why);
	if (code != HST_OK)
		status = strcmp(why.reason, "EnvelopeNotForUs") == 0 ? not_for_us(connect, name, envelope) : cannot(connect, name, &why);
	roster_free(roster);
	return status;
}
