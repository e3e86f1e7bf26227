#include "supervise/guest.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/conf.h"
#include "os/files.h"
#include "seal/roster_lines.h"
#include "supervise/keys.h"
#include "wire/invitation.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIN_FILE_MAX = 1024 };

#define PIN "pin "

static char *path_of(const struct conf *conf, const char *name)
{
	return files_join(conf->state_dir, name);
}

/* ---- Whom this machine believes. ---- */

/* "pin CLUSTER SIGN INVITATION", cut in place. */
static int read_pin(struct guest *guest, char *line, hst_error *err)
{
	char *invitation = strrchr(line, ' ');
	uint8_t key[SEAL_KEY_BYTES];
	int code;

	if (strncmp(line, PIN, strlen(PIN)) != 0 || invitation < line + strlen(PIN))
		return hst_fail(err, HST_INVALID, "its line reads \"pin CLUSTER SIGN INVITATION\"");
	*invitation++ = '\0';
	code = pinned_pin_read(line + strlen(PIN), &guest->pinned.pin, err);
	if (code == HST_OK)
		code = seal_key_read(invitation, key, err);
	if (code == HST_OK) {
		guest->pinned.has_pin = true;
		seal_key_text(key, guest->invitation);
	}
	return code;
}

static void open_pin(struct guest *guest, const struct conf *conf)
{
	AUTO_FREE char *path = path_of(conf, "pin");
	AUTO_FREE char *line = NULL;
	hst_error err = {0};
	int code = files_read(path, PIN_FILE_MAX, &line, NULL, &err);

	if (code == HST_OK) {
		line[strcspn(line, "\n")] = '\0';
		code = read_pin(guest, line, &err);
	}
	if (code != HST_OK && code != HST_NOT_FOUND)
		log_error("%s: %s: invite this machine again", path, err.text);
}

/* Nobody but hostlerd has written it, so it is what was proved before. */
static void open_roster(struct guest *guest, const struct conf *conf)
{
	AUTO_FREE char *path = path_of(conf, "roster");
	hst_error err = {0};
	int code = roster_read_file(path, &guest->pinned.roster, &err);

	if (code != HST_OK && code != HST_NOT_FOUND)
		log_error("%s: nothing can be sealed or opened here: invite this machine again", err.text);
}

void guest_open(struct guest *guest, const struct conf *conf)
{
	*guest = (struct guest){.invitation = ""};
	open_pin(guest, conf);
	open_roster(guest, conf);
	guest_look(guest, conf);
}

void guest_clear(struct guest *guest)
{
	pinned_clear(&guest->pinned);
}

bool guest_look(struct guest *guest, const struct conf *conf)
{
	AUTO_FREE char *from = path_of(conf, "gateway/roster");
	AUTO_FREE char *to = path_of(conf, "roster");
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};
	bool changed = false;
	int code = files_read(from, ROSTER_BYTES_MAX, &bytes, &length, &err);

	if (code == HST_OK)
		code = pinned_take(&guest->pinned, bytes, length, &changed, &err);
	if (code == HST_OK && changed)
		code = files_replace(to, bytes, length, 0644, true, &err);
	if (code != HST_OK && code != HST_NOT_FOUND)
		log_warning("the roster that the gateway was told is not believed: %s", err.text);
	return changed;
}

char *guest_derived(const struct guest *guest, const struct conf *conf)
{
	return mem_printf("gateway/%s%s%s", conf->gateway_name, *guest->invitation ? " " : "", guest->invitation);
}

/* ---- An invitation. ---- */

/* What was believed goes on being believed where whoever invites has a say in it; else everything begins anew. */
static void forget_others(struct guest *guest, const struct conf *conf)
{
	AUTO_FREE char *believed = path_of(conf, "roster");
	AUTO_FREE char *told = path_of(conf, "gateway/roster");
	const struct pinned *pinned = &guest->pinned;
	const struct roster *roster = pinned->roster;

	for (size_t i = 0; roster && i < roster->member_count; i++)
		if (roster->members[i].kind == ROSTER_OPERATOR && (roster->members[i].rights & RIGHT_ADMIN) && roster->members[i].has_sign &&
		    memcmp(roster->cluster, pinned->pin.cluster, ROSTER_CLUSTER_BYTES) == 0 &&
		    memcmp(roster->members[i].sign, pinned->pin.sign, SEAL_KEY_BYTES) == 0)
			return;
	unlink(believed);
	unlink(told);
	roster_free(guest->pinned.roster);
	guest->pinned.roster = NULL;
}

static int keep_pin(const struct guest *guest, const struct conf *conf, hst_error *err)
{
	AUTO_FREE char *path = path_of(conf, "pin");
	AUTO_FREE char *line = NULL;
	char pin[PIN_TEXT];

	pinned_pin_text(&guest->pinned.pin, pin);
	line = mem_printf(PIN "%s %s\n", pin, guest->invitation);
	return files_replace(path, line, strlen(line), 0644, true, err);
}

/* The line that lets this gateway into the roster, signed with the one-time key. */
static char *join_line(const struct guest *guest, const struct conf *conf, const struct seal_pairs *signing, const uint8_t seed[SEED_BYTES])
{
	AUTO_FREE char *name = mem_printf("gateway/%s", conf->gateway_name);
	AUTO_FREE char *derived = guest_derived(guest, conf);
	struct roster_member line;
	struct seal_pairs own;
	struct key_pair wire;
	struct text text;

	keys_derive(seed, name, &wire);
	seal_pairs_derive(seed, derived, &own);
	roster_join(guest->pinned.pin.cluster, signing->sign_secret, name, wire.public_key, own.open_public, own.sign_public, &line);
	text_init(&text, ROSTER_LINE_MAX);
	roster_line_write(&text, &line);
	roster_member_clear(&line);
	seal_pairs_wipe(&own);
	sodium_memzero(&wire, sizeof wire);
	return text_take(&text);
}

/* An invitation of a house without a roster is handed on as it is. */
static char *use(struct guest *guest, const struct conf *conf, const uint8_t seed[SEED_BYTES], struct invitation *invitation)
{
	AUTO_FREE char *joins = NULL;
	struct seal_pairs signing;
	hst_error err = {0};
	char *line, *both;

	if (invitation->signs) {
		seal_pairs_from_seed(invitation->seed, &signing);
		seal_key_text(signing.sign_public, guest->invitation);
		guest->pinned.pin = invitation->pin;
		guest->pinned.has_pin = true;
		forget_others(guest, conf);
		if (keep_pin(guest, conf, &err) == HST_OK)
			joins = join_line(guest, conf, &signing, seed);
		else
			log_error("whom the invitation says to believe cannot be kept: %s", err.text);
		seal_pairs_wipe(&signing);
	}
	invitation->signs = false;
	line = invitation_write(invitation);
	both = joins ? mem_printf("enrol %s\njoins %s\n", line, joins) : mem_printf("enrol %s\n", line);
	invitation_forget(line);
	return both;
}

char *guest_invited(struct guest *guest, const struct conf *conf, const uint8_t seed[SEED_BYTES])
{
	AUTO_FREE char *path = path_of(conf, "invitation");
	struct invitation invitation;
	char *line = keys_invitation(path), *lines;

	if (!line)
		return mem_text("");
	/* What cannot be read is the gateway's to complain of. */
	if (invitation_read(line, &invitation, NULL) == HST_OK)
		lines = use(guest, conf, seed, &invitation);
	else
		lines = mem_printf("enrol %s\n", line);
	invitation_clear(&invitation);
	keys_forget(line);
	return lines;
}
