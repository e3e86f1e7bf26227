#include "supervise/roster.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/conf.h"
#include "os/failure.h"
#include "os/files.h"
#include "schema/manifest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LINE "hostler-roster "

static char *roster_path(const struct conf *conf)
{
	return files_join(conf->state_dir, "roster");
}

static int write_roster(const struct conf *conf, const struct roster *roster, const struct accounts *accounts, hst_error *err)
{
	AUTO_FREE char *path = roster_path(conf);
	AUTO_FREE char *text = roster_write(roster);
	int code = files_replace(path, text, strlen(text), accounts->root ? 0640 : 0600, true, err);

	if (code == HST_OK && accounts->root && chown(path, geteuid(), accounts->group) < 0)
		code = failure_of(errno, err, "give to the group " ACCOUNT_GROUP, path);
	return code;
}

static int read_believed(const char *path, struct roster **ret, hst_error *err)
{
	struct roster *roster = NULL;
	hst_error why = {{0}, {0}};
	int code = roster_read_file(path, &roster, &why);

	if (code == HST_OK)
		code = roster_verify_first(roster, &why);
	if (code == HST_OK) {
		*ret = roster;
		return HST_OK;
	}
	roster_free(roster);
	if (code == HST_NOT_FOUND)
		return hst_fail(err, HST_NOT_FOUND, "%s", why.text);
	return hst_fail_as(err, (hst_code)code, why.reason,
	                   "%s%s%s: put it back from a backup, or move it away: then a new cluster begins, and everything has to be "
	                   "sealed again",
	                   strstr(why.text, path) ? "" : path, strstr(why.text, path) ? "" : ": ", why.text);
}

/* ---- The first one. ---- */

/* What older versions wrote: `peer` lines of operators, who have no keys to seal with. */
static int add_older(const char *path, const char *bytes, size_t length, struct roster *draft, hst_error *err)
{
	struct key_ring ring = {0};
	int code = keys_parse(&ring, path, bytes, length, err);

	for (size_t i = 0; i < ring.peer_count && code == HST_OK; i++) {
		const struct key_peer *peer = &ring.peers[i];
		struct roster_member line = {.kind = ROSTER_OPERATOR, .name = peer->name, .has_wire = true, .rights = peer->rights};

		if (strncmp(peer->name, "operator/", 9) != 0 || !roster_name_is_fit(peer->name + 9) || peer->rights == RIGHT_NONE) {
			log_warning("%s of the older roster is no operator that a roster can have", peer->name);
			continue;
		}
		memcpy(line.wire, peer->public_key, KEY_BYTES);
		roster_put(draft, &line);
	}
	keys_clear(&ring);
	return code;
}

static void add_machine(struct roster *draft, const uint8_t seed[SEED_BYTES])
{
	struct roster_member line = {.kind = ROSTER_MACHINES, .name = (char *)ROSTER_MACHINE, .has_sign = true};
	struct seal_pairs pairs;

	seal_pairs_derive(seed, ROSTER_MACHINE, &pairs);
	memcpy(line.sign, pairs.sign_public, SEAL_KEY_BYTES);
	roster_put(draft, &line);
	seal_pairs_wipe(&pairs);
}

int house_roster_first(const struct conf *conf, const uint8_t seed[SEED_BYTES], const struct operator_asked *asked, bool *ret_made,
                       hst_error *err)
{
	AUTO_FREE char *path = roster_path(conf);
	AUTO_FREE char *bytes = NULL;
	struct roster *draft, *roster = NULL;
	size_t length = 0;
	int code = files_read(path, ROSTER_BYTES_MAX, &bytes, &length, err);

	*ret_made = false;
	if (code != HST_NOT_FOUND && (code != HST_OK || strncmp(bytes, FIRST_LINE, strlen(FIRST_LINE)) == 0))
		return code;
	draft = roster_new();
	add_machine(draft, seed);
	code = bytes ? add_older(path, bytes, length, draft, err) : HST_OK;
	if (code == HST_OK)
		code = operator_first_roster(asked, draft, &roster, err);
	if (code == HST_OK)
		code = write_roster(conf, roster, asked->accounts, err);
	*ret_made = code == HST_OK;
	roster_free(draft);
	roster_free(roster);
	return code;
}

/* ---- The one that is believed. ---- */

/* Who has joined since. */
static bool take_joined(const struct conf *conf, struct roster *roster)
{
	AUTO_FREE char *path = mem_printf("%s/admitted/rosters/%lld", conf->state_dir, (long long)roster->epoch);
	struct roster *told = NULL;
	bool changed = roster_read_file(path, &told, NULL) == HST_OK && roster_verify_next(roster, told, NULL) == HST_OK &&
	               roster_adopt(roster, told);

	roster_free(told);
	return changed;
}

/* One after the other, since each is believed by the one before. The engine could have put anything there. */
static bool take_newer(const struct conf *conf, struct roster **roster)
{
	hst_error err = {{0}, {0}};
	bool taken = take_joined(conf, *roster);
	int code = HST_OK;

	while (code == HST_OK) {
		AUTO_FREE char *path = mem_printf("%s/admitted/rosters/%lld", conf->state_dir, (long long)(*roster)->epoch + 1);
		struct roster *newer = NULL;

		code = roster_read_file(path, &newer, &err);
		if (code == HST_OK)
			code = roster_verify_next(*roster, newer, &err);
		if (code == HST_OK) {
			roster_free(*roster);
			*roster = newer;
			taken = true;
			continue;
		}
		roster_free(newer);
		if (code != HST_NOT_FOUND)
			log_warning("%s is not taken over: %s", path, err.text);
	}
	return taken;
}

/* Who is in the head has keys that an operator was given. */
static bool certify(struct roster *roster, const uint8_t seed[SEED_BYTES], const char *name)
{
	const struct roster_member *there = roster_member(roster, name);
	struct seal_pairs machine, own;
	struct roster_member line;
	bool changed = false;

	if (there && there->kind != ROSTER_MEMBER)
		return false;
	seal_pairs_derive(seed, ROSTER_MACHINE, &machine);
	seal_pairs_derive(seed, name, &own);
	roster_certify(roster->cluster, ROSTER_MACHINE, &machine, name, &own, &line);
	if (!roster_is_revoked(roster, line.sign) &&
	    (!there || memcmp(there->signature, line.signature, SEAL_SIGNATURE_BYTES) != 0)) {
		roster_put(roster, &line);
		changed = true;
	}
	roster_member_clear(&line);
	seal_pairs_wipe(&machine);
	seal_pairs_wipe(&own);
	return changed;
}

/* One of this machine's own; where the roster has another key for it, the host was given another seed. */
static bool has_own_machine(const struct roster *roster, const uint8_t seed[SEED_BYTES])
{
	const struct roster_member *machine = roster_member(roster, ROSTER_MACHINE);
	struct seal_pairs pairs;
	bool own;

	seal_pairs_derive(seed, ROSTER_MACHINE, &pairs);
	own = machine && memcmp(machine->sign, pairs.sign_public, SEAL_KEY_BYTES) == 0;
	seal_pairs_wipe(&pairs);
	return own;
}

static bool certify_all(const struct conf *conf, struct roster *roster, const uint8_t seed[SEED_BYTES])
{
	bool changed = false;

	for (size_t i = 0; i < conf->instance_count; i++) {
		const struct conf_instance *instance = &conf->instances[i];
		AUTO_FREE char *name = mem_printf("%s/%s", manifest_kind_name(instance->kind), instance->name);

		if (instance->kind == HST_TRIGGER || instance->kind == HST_CONNECTOR)
			changed = certify(roster, seed, name) || changed;
	}
	if (conf->has_gateway && conf->gateway_name) {
		AUTO_FREE char *name = mem_printf("gateway/%s", conf->gateway_name);

		changed = certify(roster, seed, name) || changed;
	}
	return changed;
}

int house_roster(const struct conf *conf, const uint8_t seed[SEED_BYTES], const struct accounts *accounts, struct roster **ret,
                 hst_error *err)
{
	AUTO_FREE char *path = roster_path(conf);
	struct roster *roster = NULL;
	bool changed;
	int code = read_believed(path, &roster, err);

	if (code != HST_OK)
		return code;
	changed = take_newer(conf, &roster);
	if (has_own_machine(roster, seed))
		changed = certify_all(conf, roster, seed) || changed;
	else
		log_warning("%s has another key for this machine than host.seed gives: nothing can be sealed to its instances", path);
	if (changed)
		code = write_roster(conf, roster, accounts, err);
	if (code == HST_OK)
		*ret = roster;
	else
		roster_free(roster);
	return code;
}
