#include "seal/vault.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "seal/composition.h"
#include "seal/envelope_house.h"
#include "seal/items.h"
#include "seal/sealed_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an operator may see on their own screen, where no direction says more. */
static const char *const operators_sink[] = {"operator"};

void vault_init(struct vault *vault, const char *name, const struct seal_pairs *pairs, const struct pinned *believed)
{
	*vault = (struct vault){.name = name, .pairs = pairs, .believed = believed};
	envelope_memory_init(&vault->memory);
}

void vault_clear(struct vault *vault)
{
	envelope_memory_clear(&vault->memory);
	free(vault->serials);
}

void vault_keep_serials(struct vault *vault, const char *path)
{
	hst_error err = {0};
	int code = envelope_memory_read(&vault->memory, path, &err);

	if (code != HST_OK && code != HST_NOT_FOUND)
		log_warning("which serials of secrets were opened before is not known: %s", err.text);
	free(vault->serials);
	vault->serials = mem_text(path);
}

/* What was opened stays open if this fails: somebody with a full disk has other sorrows. */
static void keep_serials(struct vault *vault)
{
	hst_error err = {0};

	if (!vault->serials || !vault->memory.unkept)
		return;
	if (envelope_memory_write(&vault->memory, vault->serials, &err) != HST_OK)
		log_warning("an older secret may be taken after the next start: %s", err.text);
}

/* Whose log tells more. */
static const char *process_of(const struct vault *vault, char *to, size_t size)
{
	if (!vault->name)
		return "this process";
	if (strncmp(vault->name, "gateway/", 8) == 0)
		snprintf(to, size, "a session process on device %.100s", vault->name + 8);
	else
		snprintf(to, size, "the worker of %.100s", vault->name);
	return to;
}

/* Which of the checks failed is for who looks after this machine, and nobody else. */
static int refuse(const struct vault *vault, const char *what, const hst_error *why, hst_error *err)
{
	char process[160];

	log_error("%s: %s%s%s", what, why->reason, *why->reason ? ": " : "", why->text);
	if (strcmp(why->reason, "MemlockTooSmall") == 0)
		return hst_fail_as(err, HST_DENIED, why->reason, "%s", why->text);
	return hst_fail_as(err, HST_DENIED, "SecretUnusable", "%s cannot be opened by %s; its log says why", what, process_of(vault, process, sizeof process));
}

static int is_ready(const struct vault *vault, hst_error *err)
{
	if (!vault->name)
		return hst_fail(err, HST_DENIED, "this process has no keys to seal and open with");
	if (!vault->pairs)
		return secret_no_room(err);
	if (!vault->believed->roster)
		return hst_fail(err, HST_DENIED, "this process believes no roster yet, so it trusts nobody's signature");
	return HST_OK;
}

static char *state_sink(const struct vault *vault, const char *name)
{
	return mem_printf("%s.state.%s", vault->name, name);
}

static int open_item(struct vault *vault, const struct vault_opening *opening, hst_secret **ret, hst_error *err)
{
	struct envelope_house house;
	struct envelope_check check = {.house = &house,
	                               .run = opening->run,
	                               .sink = opening->sink,
	                               .now_us = clock_wall_us(),
	                               .memory = &vault->memory,
	                               .use = opening->use};
	int code = is_ready(vault, err);

	if (code != HST_OK)
		return code;
	envelope_house_init(&house, vault->believed->roster);
	return composition_open(opening->bytes, opening->length, &check, vault->pairs, ret, err);
}

int vault_open(struct vault *vault, const struct vault_opening *opening, hst_secret **ret, hst_error *err)
{
	hst_error why = {0};

	if (open_item(vault, opening, ret, &why) != HST_OK)
		return refuse(vault, opening->what, &why, err);
	keep_serials(vault);
	return HST_OK;
}

int vault_open_file(struct vault *vault, const char *path, const char *sink, const char *what, hst_secret **ret, hst_error *err)
{
	struct sealed_file *file = NULL;
	hst_error why = {0};
	int code;

	if (sealed_file_read(path, &file, &why) != HST_OK)
		return refuse(vault, what, &why, err);
	code = vault_open(vault, &(struct vault_opening){.bytes = file->bytes, .length = file->length, .sink = sink, .what = what}, ret, err);
	sealed_file_free(file);
	return code;
}

static int add_recipient(const struct roster_member *member, const char *name, struct envelope_recipient *to, size_t *n, hst_error *err)
{
	if (!member || !member->has_open)
		return hst_fail(err, HST_DENIED, "%s is not in the roster, or was revoked, so nothing is sealed to it", name);
	to[*n].name = member->name;
	memcpy(to[*n].key, member->open, SEAL_KEY_BYTES);
	++*n;
	return HST_OK;
}

/* Everybody who is to be able to open it; `to` has room for all. */
static int find_recipients(const struct roster *roster, const struct direction *direction, struct envelope_recipient *to, size_t *ret_n,
                           hst_error *err)
{
	const struct roster_member *operators[ROSTER_OPERATORS_MAX];
	size_t n = roster_escrow(roster, operators);
	int code = HST_OK;

	*ret_n = 0;
	for (size_t i = 0; direction && i < direction->to_count && code == HST_OK; i++)
		code = add_recipient(roster_member(roster, direction->to[i]), direction->to[i], to, ret_n, err);
	for (size_t i = 0; i < n && code == HST_OK; i++)
		code = add_recipient(operators[i], operators[i]->name, to, ret_n, err);
	return code;
}

/* All of the header that follows from who seals, and when. */
static void sign_as(const struct vault *vault, struct envelope_header *header)
{
	const struct roster *roster = vault->believed->roster;

	memcpy(header->cluster, roster->cluster, sizeof header->cluster);
	header->epoch = roster->epoch;
	header->created_us = clock_wall_us();
	header->signer = vault->name;
}

static int seal(struct vault *vault, const hst_secret *secret, struct envelope_header *header, const struct direction *direction,
                uint8_t **ret, size_t *ret_length, hst_error *err)
{
	AUTO_FREE struct envelope_recipient *to = mem_array(DIRECTIONS_TO_MAX + ROSTER_OPERATORS_MAX, sizeof *to);
	size_t n = 0;
	int code = is_ready(vault, err);

	if (code != HST_OK)
		return code;
	sign_as(vault, header);
	if (header->kind != ENVELOPE_STATE) {
		code = find_recipients(vault->believed->roster, direction, to, &n, err);
	} else {
		to[n].name = vault->name;
		memcpy(to[n++].key, vault->pairs->open_public, SEAL_KEY_BYTES);
	}
	return code == HST_OK ? envelope_seal(header, secret, to, n, vault->pairs, ret, ret_length, err) : code;
}

int vault_seal_file(struct vault *vault, const void *bytes, size_t length, const char *name, const char *run, uint8_t **ret,
                    size_t *ret_length, hst_error *err)
{
	struct envelope_header header = {.kind = ENVELOPE_FILE, .name = name, .run = run, .sinks = operators_sink, .sink_count = 1};
	struct envelope_recipient to[ROSTER_OPERATORS_MAX];
	size_t n = 0;
	int code = is_ready(vault, err);

	if (code == HST_OK)
		code = find_recipients(vault->believed->roster, NULL, to, &n, err);
	if (code != HST_OK)
		return code;
	sign_as(vault, &header);
	return envelope_seal_file(&header, bytes, length, to, n, vault->pairs, ret, ret_length, err);
}

int vault_seal_value(struct vault *vault, const hst_secret *secret, const char *name, const char *run, const struct direction *direction,
                     uint8_t **ret, size_t *ret_length, hst_error *err)
{
	struct envelope_header header = {.kind = ENVELOPE_VALUE,
	                                 .name = name,
	                                 .run = run,
	                                 .sinks = direction ? direction->sinks : operators_sink,
	                                 .sink_count = direction ? direction->sink_count : 1};
	hst_error why = {0};
	char process[160];

	if (seal(vault, secret, &header, direction, ret, ret_length, &why) == HST_OK)
		return HST_OK;
	log_error("%s cannot be sealed: %s%s%s", name, why.reason, *why.reason ? ": " : "", why.text);
	return hst_fail_as(err, HST_DENIED, "SecretUnusable", "%s cannot be sealed by %s to those who need it; its log says why", name,
	                   process_of(vault, process, sizeof process));
}

/* The clock may be set back; serials still grow. */
int vault_seal_state(struct vault *vault, const hst_secret *secret, const char *name, uint8_t **ret, size_t *ret_length, hst_error *err)
{
	int64_t now_us = clock_wall_us();
	AUTO_FREE char *sink = NULL;
	struct envelope_header header = {.kind = ENVELOPE_STATE, .name = name, .run = "", .sink_count = 1};
	int code = is_ready(vault, err);

	if (code != HST_OK)
		return code;
	sink = state_sink(vault, name);
	header.sinks = (const char *const[]){sink};
	header.serial = now_us > vault->serial ? now_us : vault->serial + 1;
	code = seal(vault, secret, &header, NULL, ret, ret_length, err);
	if (code == HST_OK)
		vault->serial = header.serial;
	return code;
}

int vault_open_state(struct vault *vault, const void *bytes, size_t length, const char *name, hst_secret **ret, hst_error *err)
{
	AUTO_FREE struct envelope *envelope = mem_alloc(sizeof *envelope);
	AUTO_FREE char *what = mem_printf("the secret state \"%s\"", name);
	AUTO_FREE char *sink = NULL;
	struct vault_opening opening = {.bytes = bytes, .length = length, .what = what};
	hst_error why = {0};
	int code = is_ready(vault, &why);

	if (code == HST_OK)
		code = envelope_read(bytes, length, envelope, &why);
	if (code == HST_OK && (envelope->header.kind != ENVELOPE_STATE || strcmp(envelope->header.name, name) != 0))
		code = hst_fail_as(&why, HST_DENIED, "EnvelopeSink", "it is %s, and no state of that name", envelope->header.name);
	if (code != HST_OK)
		return refuse(vault, what, &why, err);
	sink = state_sink(vault, name);
	opening.sink = sink;
	code = vault_open(vault, &opening, ret, err);
	if (code == HST_OK && envelope->header.serial > vault->serial)
		vault->serial = envelope->header.serial;
	return code;
}
