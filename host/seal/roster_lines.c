#include "seal/roster_lines.h"

#include "base/mem.h"
#include "schema/types.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(ROSTER_CLUSTER_TEXT == sodium_base64_ENCODED_LEN(ROSTER_CLUSTER_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING) &&
                       ROSTER_SIGNATURE_TEXT ==
                               sodium_base64_ENCODED_LEN(SEAL_SIGNATURE_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
               "texts of what stands in a line");

/*
 * What stands in a line behind its word, a letter each: n the name without `prefix`, N the name with its kind, w o s the keys of
 * the wire, to open with and to sign with, r rights, u until when, b the machine that says so, g the signature.
 */
static const struct {
	const char *word, *letters, *prefix, *form;
} forms[] = {
	[ROSTER_OPERATOR] = {"operator", "nwosr", "operator/", "operator NAME WIRE SEAL SIGN RIGHTS"},
	[ROSTER_MACHINES] = {"machine", "ns", "machine/", "machine NAME SIGN"},
	[ROSTER_GATEWAY] = {"gateway", "nwos", "gateway/", "gateway NAME WIRE SEAL SIGN"},
	[ROSTER_INVITED] = {"invited", "nsu", "gateway/", "invited NAME SIGN UNTIL"},
	[ROSTER_REVOKED] = {"revoked", "Ns", "", "revoked NAME SIGN"},
	[ROSTER_MEMBER] = {"member", "Nosbg", "", "member NAME SEAL SIGN MACHINE SIGNATURE"},
	[ROSTER_JOINED] = {"joined", "nwosg", "gateway/", "joined NAME WIRE SEAL SIGN SIGNATURE"},
};

enum { FORMS = sizeof forms / sizeof *forms, WORDS_MAX = 6 };

static void bytes_text(const uint8_t *bytes, size_t n, char *to, size_t size)
{
	sodium_bin2base64(to, size, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static int bytes_read(const char *text, uint8_t *ret, size_t n, const char *what, hst_error *err)
{
	size_t length = 0;

	if (sodium_base642bin(ret, n, text, strlen(text), NULL, &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    length != n)
		return hst_fail(err, HST_INVALID, "%s is %zu bytes as base64url without padding", what, n);
	return HST_OK;
}

void roster_cluster_text(const uint8_t cluster[ROSTER_CLUSTER_BYTES], char to[ROSTER_CLUSTER_TEXT])
{
	bytes_text(cluster, ROSTER_CLUSTER_BYTES, to, ROSTER_CLUSTER_TEXT);
}

int roster_cluster_read(const char *text, uint8_t ret[ROSTER_CLUSTER_BYTES], hst_error *err)
{
	return bytes_read(text, ret, ROSTER_CLUSTER_BYTES, "a cluster", err);
}

void roster_signature_text(const uint8_t signature[SEAL_SIGNATURE_BYTES], char to[ROSTER_SIGNATURE_TEXT])
{
	bytes_text(signature, SEAL_SIGNATURE_BYTES, to, ROSTER_SIGNATURE_TEXT);
}

int roster_signature_read(const char *text, uint8_t ret[SEAL_SIGNATURE_BYTES], hst_error *err)
{
	return bytes_read(text, ret, SEAL_SIGNATURE_BYTES, "a signature", err);
}

bool roster_name_is_fit(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= ROSTER_NAME_MAX && !strchr("-.@+$", name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@+$") == n;
}

static int name_read(const char *kind, const char *name, char **ret, hst_error *err)
{
	if (!roster_name_is_fit(name))
		return hst_fail(err, HST_INVALID, "\"%.80s\": a name has 1 to %d letters, digits, \"_\", \"-\", \".\", \"@\", \"+\" and \"$\"",
		                name, ROSTER_NAME_MAX);
	free(*ret);
	*ret = mem_printf("%s%s", kind, name);
	return HST_OK;
}

/* A name with its kind, which is one that such a line may speak of. */
static int whole_name_read(enum roster_kind line, const char *name, char **ret, hst_error *err)
{
	static const char *const of_members[] = {"trigger/", "connector/", "gateway/", NULL};
	static const char *const of_revoked[] = {"operator/", "machine/", "gateway/", "trigger/", "connector/", NULL};
	const char *const *kinds = line == ROSTER_MEMBER ? of_members : of_revoked;

	for (; *kinds; kinds++)
		if (strncmp(name, *kinds, strlen(*kinds)) == 0)
			return name_read(*kinds, name + strlen(*kinds), ret, err);
	return hst_fail(err, HST_INVALID, "\"%.80s\" is no name that such a line can speak of", name);
}

static int key_read(const char *word, bool may_lack, uint8_t key[SEAL_KEY_BYTES], bool *ret_has, hst_error *err)
{
	if (may_lack && strcmp(word, "-") == 0)
		return HST_OK;
	*ret_has = true;
	return seal_key_read(word, key, err);
}

static int until_read(const char *word, int64_t *ret_us, hst_error *err)
{
	hst_time time = {0};
	int code = type_read_date(word, &time, err);

	if (code == HST_OK && (time.us <= 0 || time.us % 1000000))
		return hst_fail(err, HST_INVALID, "a time is of whole seconds, after 1970");
	*ret_us = time.us;
	return code;
}

static int word_read(char letter, const char *word, struct roster_member *to, hst_error *err)
{
	bool may_lack = to->kind == ROSTER_OPERATOR;

	switch (letter) {
	case 'n':
		return name_read(forms[to->kind].prefix, word, &to->name, err);
	case 'N':
		return whole_name_read(to->kind, word, &to->name, err);
	case 'w':
		return key_read(word, false, to->wire, &to->has_wire, err);
	case 'o':
		return key_read(word, may_lack, to->open, &to->has_open, err);
	case 's':
		return key_read(word, may_lack, to->sign, &to->has_sign, err);
	case 'r':
		return rights_read(word, &to->rights, err);
	case 'u':
		return until_read(word, &to->until_us, err);
	case 'b':
		return name_read("machine/", word, &to->by, err);
	default:
		return roster_signature_read(word, to->signature, err);
	}
}

static void key_write(struct text *to, bool has, const uint8_t key[SEAL_KEY_BYTES])
{
	char text[SEAL_KEY_TEXT] = "-";

	if (has)
		seal_key_text(key, text);
	text_add(to, text);
}

static void word_write(char letter, struct text *to, const struct roster_member *from)
{
	char text[ROSTER_SIGNATURE_TEXT];

	switch (letter) {
	case 'n':
		text_add(to, from->name + strlen(forms[from->kind].prefix));
		return;
	case 'N':
		text_add(to, from->name);
		return;
	case 'w':
		key_write(to, from->has_wire, from->wire);
		return;
	case 'o':
		key_write(to, from->has_open, from->open);
		return;
	case 's':
		key_write(to, from->has_sign, from->sign);
		return;
	case 'b':
		text_add(to, from->by + strlen("machine/"));
		return;
	case 'r':
		rights_text(from->rights, text, sizeof text);
		break;
	case 'u':
		type_write_date((hst_time){from->until_us}, text, sizeof text);
		break;
	default:
		roster_signature_text(from->signature, text);
	}
	text_add(to, text);
}

static void line_write(struct text *to, const struct roster_member *member, const char *without)
{
	text_add(to, forms[member->kind].word);
	for (const char *letter = forms[member->kind].letters; *letter; letter++) {
		if (strchr(without, *letter))
			continue;
		text_add(to, " ");
		word_write(*letter, to, member);
	}
}

void roster_line_write(struct text *to, const struct roster_member *member)
{
	line_write(to, member, "");
}

void roster_line_signed(struct text *to, const uint8_t cluster[ROSTER_CLUSTER_BYTES], const struct roster_member *member)
{
	char text[ROSTER_CLUSTER_TEXT];

	roster_cluster_text(cluster, text);
	text_addf(to, "hostler-%s 1\ncluster %s\n", forms[member->kind].word, text);
	line_write(to, member, "g");
	text_add(to, "\n");
}

static int words_read(char *line, struct roster_member *to, hst_error *err)
{
	const char *letters = forms[to->kind].letters;
	char *rest = line, *word = strsep(&rest, " ");
	int code = HST_OK;

	for (; *letters && code == HST_OK; letters++) {
		word = strsep(&rest, " ");
		if (!word)
			return hst_fail(err, HST_INVALID, "such a line reads \"%s\"", forms[to->kind].form);
		code = word_read(*letters, word, to, err);
	}
	if (code == HST_OK && rest)
		code = hst_fail(err, HST_INVALID, "such a line reads \"%s\"", forms[to->kind].form);
	if (code == HST_OK && to->kind == ROSTER_OPERATOR && to->has_open != to->has_sign)
		code = hst_fail(err, HST_INVALID, "an operator has both keys for sealing or none (\"- -\")");
	if (code == HST_OK && to->kind == ROSTER_OPERATOR && to->rights == RIGHT_NONE)
		code = hst_fail(err, HST_INVALID, "an operator has at least one right");
	return code;
}

static bool begins_with_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	return strncmp(line, word, n) == 0 && line[n] == ' ';
}

int roster_line_read(const char *line, struct roster_member *ret, hst_error *err)
{
	struct roster_member member = {0};
	size_t kind = 0;
	char words[ROSTER_LINE_MAX + 1], again[ROSTER_LINE_MAX + 1];
	struct text written;
	int code;

	while (kind < FORMS && !begins_with_word(line, forms[kind].word))
		kind++;
	if (kind == FORMS)
		return hst_fail(err, HST_INVALID, "a line begins with operator, machine, gateway, invited, revoked, signed, member or joined");
	member.kind = (enum roster_kind)kind;
	snprintf(words, sizeof words, "%s", line);
	code = words_read(words, &member, err);
	text_init(&written, sizeof again);
	if (code == HST_OK)
		roster_line_write(&written, &member);
	/* There is one way to write each. */
	if (code == HST_OK && strcmp(written.s, line) != 0)
		code = hst_fail(err, HST_INVALID, "this is to be written \"%.300s\"", written.s);
	text_clear(&written);
	if (code == HST_OK)
		*ret = member;
	else
		roster_member_clear(&member);
	return code;
}

int roster_line_compare(const void *a, const void *b)
{
	const struct roster_member *left = a, *right = b;
	int order = (int)left->kind - (int)right->kind;

	if (!order)
		order = strcmp(left->name, right->name);
	return order ? order : memcmp(left->sign, right->sign, SEAL_KEY_BYTES);
}

void roster_top_write(struct text *to, const struct roster *roster)
{
	char cluster[ROSTER_CLUSTER_TEXT];

	roster_cluster_text(roster->cluster, cluster);
	text_addf(to, "hostler-roster 1\ncluster %s\nepoch %lld\nleast %lld\n", cluster, (long long)roster->epoch,
	          (long long)roster->least);
}

void roster_member_clear(struct roster_member *member)
{
	free(member->name);
	free(member->by);
	*member = (struct roster_member){0};
}
