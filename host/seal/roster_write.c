/* A roster that is changed, signed and written. */
#include "seal/roster_lines.h"

#include "base/auto.h"
#include "base/mem.h"

#include <sodium.h>
#include <string.h>

struct roster *roster_new(void)
{
	struct roster *roster = mem_alloc(sizeof *roster);

	randombytes_buf(roster->cluster, sizeof roster->cluster);
	roster->least = 1;
	return roster;
}

static struct roster_member copy_member(const struct roster_member *member)
{
	struct roster_member copy = *member;

	copy.name = mem_text(member->name);
	copy.by = mem_text(member->by);
	return copy;
}

struct roster *roster_copy(const struct roster *roster)
{
	struct roster *copy = mem_alloc(sizeof *copy);

	*copy = *roster;
	copy->signer = mem_text(roster->signer);
	copy->head = mem_text(roster->head);
	copy->members = mem_array(roster->member_count + 1, sizeof *copy->members);
	copy->member_size = roster->member_count + 1;
	for (size_t i = 0; i < roster->member_count; i++)
		copy->members[i] = copy_member(&roster->members[i]);
	return copy;
}

static bool is_head(enum roster_kind kind)
{
	return kind != ROSTER_MEMBER && kind != ROSTER_JOINED;
}

/* What was signed is not what is there any more. */
static void changed(struct roster *roster, enum roster_kind kind)
{
	if (!is_head(kind))
		return;
	free(roster->head);
	free(roster->signer);
	roster->head = roster->signer = NULL;
}

static void drop_at(struct roster *roster, size_t i)
{
	roster_member_clear(&roster->members[i]);
	memmove(&roster->members[i], &roster->members[i + 1], (roster->member_count - i - 1) * sizeof *roster->members);
	roster->member_count--;
}

bool roster_drop(struct roster *roster, enum roster_kind kind, const char *name)
{
	for (size_t i = 0; i < roster->member_count; i++)
		if (roster->members[i].kind == kind && strcmp(roster->members[i].name, name) == 0) {
			drop_at(roster, i);
			changed(roster, kind);
			return true;
		}
	return false;
}

/* Revoked lines are told apart by their keys: a name may have had several. */
static void put_copy(struct roster *roster, struct roster_member copy)
{
	size_t at = 0;

	roster->members = mem_grow(roster->members, &roster->member_size, roster->member_count + 1, sizeof *roster->members);
	while (at < roster->member_count && roster_line_compare(&roster->members[at], &copy) < 0)
		at++;
	memmove(&roster->members[at + 1], &roster->members[at], (roster->member_count - at) * sizeof *roster->members);
	roster->members[at] = copy;
	roster->member_count++;
	changed(roster, copy.kind);
}

void roster_put(struct roster *roster, const struct roster_member *member)
{
	struct roster_member copy = copy_member(member);

	if (copy.kind == ROSTER_REVOKED && roster_is_revoked(roster, copy.sign)) {
		roster_member_clear(&copy);
		return;
	}
	if (copy.kind != ROSTER_REVOKED)
		roster_drop(roster, copy.kind, copy.name);
	put_copy(roster, copy);
}

bool roster_revoke(struct roster *roster, const char *name)
{
	const struct roster_member *member = roster_member(roster, name);
	struct roster_member revoked = {.kind = ROSTER_REVOKED};

	if (!member)
		return false;
	revoked.has_sign = member->has_sign;
	memcpy(revoked.sign, member->sign, sizeof revoked.sign);
	revoked.name = mem_text(name);
	roster_drop(roster, ROSTER_INVITED, name);
	roster_drop(roster, member->kind, name);
	if (revoked.has_sign)
		put_copy(roster, revoked);
	else
		roster_member_clear(&revoked);
	return true;
}

/* Of two lines about one name, the one of the head counts; nobody's word counts for more than a line of the head that is gone. */
static bool still_fits(const struct roster *roster, const struct roster_member *line)
{
	for (size_t i = 0; i < roster->member_count; i++)
		if (&roster->members[i] != line && is_head(roster->members[i].kind) && roster->members[i].kind != ROSTER_INVITED &&
		    roster->members[i].kind != ROSTER_REVOKED && strcmp(roster->members[i].name, line->name) == 0)
			return false;
	return !roster_is_revoked(roster, line->sign) && roster_line_verify(roster, line, NULL) == HST_OK;
}

bool roster_adopt(struct roster *roster, const struct roster *other)
{
	bool changed = false;

	for (size_t i = 0; i < other->member_count; i++) {
		const struct roster_member *line = &other->members[i];

		if (line->kind != ROSTER_JOINED || roster_member(roster, line->name) || !still_fits(roster, line))
			continue;
		roster_put(roster, line);
		changed = true;
	}
	return changed;
}

static void write_head(struct text *to, const struct roster *roster)
{
	roster_top_write(to, roster);
	for (size_t i = 0; i < roster->member_count; i++) {
		if (!is_head(roster->members[i].kind))
			continue;
		roster_line_write(to, &roster->members[i]);
		text_add(to, "\n");
	}
}

int roster_sign(struct roster *roster, const char *signer, const struct seal_pairs *pairs, hst_error *err)
{
	struct roster *checked = NULL;
	AUTO(text) struct text head;
	AUTO_FREE char *text = NULL;
	int code;

	for (size_t i = roster->member_count; i-- > 0;)
		if (!is_head(roster->members[i].kind) && !still_fits(roster, &roster->members[i]))
			drop_at(roster, i);
	roster->epoch++;
	text_init(&head, ROSTER_BYTES_MAX);
	write_head(&head, roster);
	crypto_sign_detached(roster->signature, NULL, (const uint8_t *)head.s, head.length, pairs->sign_secret);
	changed(roster, ROSTER_OPERATOR);
	roster->signer = mem_text(signer);
	roster->head = text_take(&head);
	text = roster_write(roster);
	code = roster_read(text, strlen(text), "the new roster", &checked, err);
	roster_free(checked);
	return code;
}

char *roster_write(const struct roster *roster)
{
	char signature[ROSTER_SIGNATURE_TEXT];
	struct text text;

	text_init(&text, ROSTER_BYTES_MAX + ROSTER_LINE_MAX);
	roster_signature_text(roster->signature, signature);
	text_add(&text, roster->head);
	text_addf(&text, "signed %s %s\n", roster->signer + strlen("operator/"), signature);
	for (size_t i = 0; i < roster->member_count; i++) {
		if (is_head(roster->members[i].kind))
			continue;
		roster_line_write(&text, &roster->members[i]);
		text_add(&text, "\n");
	}
	return text_take(&text);
}

static void sign_line(const uint8_t cluster[ROSTER_CLUSTER_BYTES], const uint8_t secret[SEAL_SIGN_SECRET_BYTES], struct roster_member *member)
{
	AUTO(text) struct text text;

	text_init(&text, 2 * ROSTER_LINE_MAX);
	roster_line_signed(&text, cluster, member);
	crypto_sign_detached(member->signature, NULL, (const uint8_t *)text.s, text.length, secret);
}

void roster_certify(const uint8_t cluster[ROSTER_CLUSTER_BYTES], const char *machine, const struct seal_pairs *machine_pairs,
                    const char *name, const struct seal_pairs *pairs, struct roster_member *ret)
{
	*ret = (struct roster_member){.kind = ROSTER_MEMBER, .has_open = true, .has_sign = true};
	ret->name = mem_text(name);
	ret->by = mem_text(machine);
	memcpy(ret->open, pairs->open_public, sizeof ret->open);
	memcpy(ret->sign, pairs->sign_public, sizeof ret->sign);
	sign_line(cluster, machine_pairs->sign_secret, ret);
}

void roster_join(const uint8_t cluster[ROSTER_CLUSTER_BYTES], const uint8_t invitation[SEAL_SIGN_SECRET_BYTES], const char *name,
                 const uint8_t wire[SEAL_KEY_BYTES], const uint8_t open[SEAL_KEY_BYTES], const uint8_t sign[SEAL_KEY_BYTES],
                 struct roster_member *ret)
{
	*ret = (struct roster_member){.kind = ROSTER_JOINED, .has_wire = true, .has_open = true, .has_sign = true};
	ret->name = mem_text(name);
	memcpy(ret->wire, wire, sizeof ret->wire);
	memcpy(ret->open, open, sizeof ret->open);
	memcpy(ret->sign, sign, sizeof ret->sign);
	sign_line(cluster, invitation, ret);
}
