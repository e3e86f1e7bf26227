/* Whose word a roster is, and whether it may replace the one that is pinned. */
#include "seal/roster_lines.h"

#include "base/auto.h"

#include <sodium.h>
#include <string.h>

static int verify_head(const struct roster *roster, const struct roster *believed, hst_error *err)
{
	const char *where = roster == believed ? " of its own" : " in the roster before it";
	const struct roster_member *signer = roster->signer ? roster_member(believed, roster->signer) : NULL;

	if (!signer || signer->kind != ROSTER_OPERATOR || !signer->has_sign || !(signer->rights & RIGHT_ADMIN))
		return hst_fail_as(err, HST_DENIED, "RosterSigner", "the roster is signed by %s, who is no operator with the right \"admin\"%s",
		                   roster->signer ? roster->signer : "nobody", where);
	if (crypto_sign_verify_detached(roster->signature, (const uint8_t *)roster->head, strlen(roster->head), signer->sign) != 0)
		return hst_fail_as(err, HST_DENIED, "RosterSignature", "the roster was changed after %s signed it, or it was never %s who did",
		                   roster->signer, roster->signer);
	return HST_OK;
}

/* Whose signature a line under the head must have; NULL: nobody's would do. */
static const uint8_t *certifier(const struct roster *roster, const struct roster_member *line)
{
	const struct roster_member *by = line->kind == ROSTER_MEMBER ? roster_member(roster, line->by) : roster_invited(roster, line->name);

	if (!by || (line->kind == ROSTER_MEMBER && by->kind != ROSTER_MACHINES))
		return NULL;
	return by->sign;
}

int roster_line_verify(const struct roster *roster, const struct roster_member *member, hst_error *err)
{
	const uint8_t *key = certifier(roster, member);
	AUTO(text) struct text text;

	text_init(&text, 2 * ROSTER_LINE_MAX);
	if (!key)
		return hst_fail_as(err, HST_DENIED, "RosterSigner", "%s is there on the word of %s, which the roster does not know", member->name,
		                   member->kind == ROSTER_MEMBER ? member->by : "an invitation");
	roster_line_signed(&text, roster->cluster, member);
	if (crypto_sign_verify_detached(member->signature, (const uint8_t *)text.s, text.length, key) != 0)
		return hst_fail_as(err, HST_DENIED, "RosterSignature", "the keys of %s are not what %s has signed", member->name,
		                   member->kind == ROSTER_MEMBER ? member->by : "the invitation");
	return HST_OK;
}

static int check_join(const struct roster *roster, const struct roster_member *line, const char *name, int64_t now_us, hst_error *err)
{
	const struct roster_member *invited = roster_invited(roster, name);

	if (line->kind != ROSTER_JOINED || strcmp(line->name, name) != 0)
		return hst_fail_as(err, HST_DENIED, "RosterSigner", "the line with which %s is to join is another's", name);
	if (roster_is_revoked(roster, line->sign))
		return hst_fail_as(err, HST_DENIED, "GatewayRevoked", "the keys of %s were revoked; a new invitation gives it others", name);
	if (invited && now_us >= invited->until_us)
		return hst_fail_as(err, HST_DENIED, "InvitationExpired", "the invitation of %s has expired", name);
	return roster_line_verify(roster, line, err);
}

int roster_read_join(const struct roster *roster, const char *text, const char *name, int64_t now_us, struct roster_member *ret,
                     hst_error *err)
{
	struct roster_member line = {.kind = ROSTER_JOINED};
	int code = roster_line_read(text, &line, err);

	if (code == HST_OK)
		code = check_join(roster, &line, name, now_us, err);
	if (code == HST_OK)
		*ret = line;
	else
		roster_member_clear(&line);
	return code;
}

static int verify_lines(const struct roster *roster, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < roster->member_count && code == HST_OK; i++)
		if (roster->members[i].kind == ROSTER_MEMBER || roster->members[i].kind == ROSTER_JOINED)
			code = roster_line_verify(roster, &roster->members[i], err);
	return code;
}

int roster_verify_first(const struct roster *roster, hst_error *err)
{
	int code = verify_head(roster, roster, err);

	return code == HST_OK ? verify_lines(roster, err) : code;
}

/* An invitation lets one machine in, once: a second one with the same key is somebody else. */
static int verify_joined(const struct roster *pinned, const struct roster *next, hst_error *err)
{
	for (size_t i = 0; i < next->member_count; i++) {
		const struct roster_member *line = &next->members[i], *known = NULL, *invited = NULL;

		if (line->kind != ROSTER_JOINED)
			continue;
		known = roster_member(pinned, line->name);
		invited = roster_invited(pinned, line->name);
		if (known && known->kind == ROSTER_JOINED && invited &&
		    memcmp(invited->sign, roster_invited(next, line->name)->sign, SEAL_KEY_BYTES) == 0 &&
		    (memcmp(known->sign, line->sign, SEAL_KEY_BYTES) != 0 || memcmp(known->open, line->open, SEAL_KEY_BYTES) != 0 ||
		     memcmp(known->wire, line->wire, SEAL_KEY_BYTES) != 0))
			return hst_fail_as(err, HST_DENIED, "RosterSignature", "%s has joined before with other keys", line->name);
	}
	return HST_OK;
}

int roster_verify_next(const struct roster *pinned, const struct roster *next, hst_error *err)
{
	bool same = next->epoch == pinned->epoch && pinned->head && next->head && strcmp(next->head, pinned->head) == 0 &&
	            memcmp(next->signature, pinned->signature, SEAL_SIGNATURE_BYTES) == 0;
	int code = HST_OK;

	if (memcmp(pinned->cluster, next->cluster, ROSTER_CLUSTER_BYTES) != 0)
		return hst_fail_as(err, HST_DENIED, "RosterCluster", "the roster is of another cluster than the one that is believed");
	if (!same && next->epoch <= pinned->epoch)
		return hst_fail_as(err, HST_DENIED, "RosterEpoch", "the roster is of epoch %lld, and one of epoch %lld is believed already",
		                   (long long)next->epoch, (long long)pinned->epoch);
	if (next->least < pinned->least)
		return hst_fail_as(err, HST_DENIED, "RosterEpoch", "the roster takes back that what is older than epoch %lld is refused",
		                   (long long)pinned->least);
	if (!same)
		code = verify_head(next, pinned, err);
	/* Whoever sees it first has no other to hold it against. */
	if (code == HST_OK && !same)
		code = verify_head(next, next, err);
	if (code == HST_OK)
		code = verify_lines(next, err);
	return code == HST_OK ? verify_joined(pinned, next, err) : code;
}
