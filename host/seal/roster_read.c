/* The strict reader: what it takes is what roster_write would write, byte for byte. */
#include "seal/roster_lines.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/table.h"
#include "os/files.h"
#include "schema/types.h"

#include <stdio.h>
#include <string.h>

#define MAGIC "hostler-roster 1"

/* The text that is being read, a line at a time. */
struct reading {
	struct roster *roster;
	const char *bytes, *at, *end;
	char line[ROSTER_LINE_MAX + 1];
	const char *line_start;
	int number;
};

/* HST_NOT_FOUND: there is none any more. */
static int next_line(struct reading *reading, hst_error *err)
{
	const char *newline;
	size_t n;

	if (reading->at == reading->end)
		return hst_fail(err, HST_NOT_FOUND, "the roster ends too early");
	reading->number++;
	newline = memchr(reading->at, '\n', (size_t)(reading->end - reading->at));
	if (!newline)
		return hst_fail(err, HST_INVALID, "the last line has no end; the text was cut");
	n = (size_t)(newline - reading->at);
	if (n > ROSTER_LINE_MAX)
		return hst_fail(err, HST_INVALID, "a line has at most %d characters", ROSTER_LINE_MAX);
	for (size_t i = 0; i < n; i++)
		if (reading->at[i] < ' ' || reading->at[i] > '~')
			return hst_fail(err, HST_INVALID, "a line has printable characters and blanks alone");
	memcpy(reading->line, reading->at, n);
	reading->line[n] = '\0';
	reading->line_start = reading->at;
	reading->at = newline + 1;
	return HST_OK;
}

static const char *behind(const char *line, const char *word)
{
	size_t n = strlen(word);

	return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static int read_number(struct reading *reading, const char *word, int64_t *ret, hst_error *err)
{
	const char *text;
	char again[32];
	int code = next_line(reading, err);

	if (code != HST_OK)
		return code;
	text = behind(reading->line, word);
	if (!text || !type_read_integer(text, ret) || *ret < 1)
		return hst_fail(err, HST_INVALID, "this line reads \"%s NUMBER\"", word);
	snprintf(again, sizeof again, "%lld", (long long)*ret);
	if (strcmp(again, text) != 0)
		return hst_fail(err, HST_INVALID, "this is to be written \"%s %s\"", word, again);
	return HST_OK;
}

static int read_top(struct reading *reading, hst_error *err)
{
	struct roster *roster = reading->roster;
	char cluster[ROSTER_CLUSTER_TEXT];
	const char *text = NULL;
	int code = next_line(reading, err);

	if (code == HST_OK && strcmp(reading->line, MAGIC) != 0)
		code = hst_fail(err, HST_INVALID, "a roster begins with the line \"" MAGIC "\"");
	if (code == HST_OK)
		code = next_line(reading, err);
	if (code == HST_OK) {
		text = behind(reading->line, "cluster");
		code = roster_cluster_read(text ? text : "", roster->cluster, err);
	}
	if (code == HST_OK) {
		roster_cluster_text(roster->cluster, cluster);
		if (strcmp(cluster, text) != 0)
			code = hst_fail(err, HST_INVALID, "this is to be written \"cluster %s\"", cluster);
	}
	if (code == HST_OK)
		code = read_number(reading, "epoch", &roster->epoch, err);
	if (code == HST_OK)
		code = read_number(reading, "least", &roster->least, err);
	if (code == HST_OK && roster->least > roster->epoch)
		code = hst_fail(err, HST_INVALID, "the least epoch is over the epoch");
	return code;
}

/* "signed OPERATOR SIGNATURE": what is above is the head. */
static int read_signed(struct reading *reading, hst_error *err)
{
	struct roster *roster = reading->roster;
	char again[ROSTER_SIGNATURE_TEXT], *rest = reading->line, *name;
	int code;

	strsep(&rest, " ");
	name = strsep(&rest, " ");
	if (!rest || !roster_name_is_fit(name))
		return hst_fail(err, HST_INVALID, "such a line reads \"signed OPERATOR SIGNATURE\"");
	code = roster_signature_read(rest, roster->signature, err);
	if (code != HST_OK)
		return code;
	roster_signature_text(roster->signature, again);
	if (strcmp(again, rest) != 0)
		return hst_fail(err, HST_INVALID, "the signature is to be written \"%s\"", again);
	roster->signer = mem_printf("operator/%s", name);
	roster->head = mem_copy(reading->bytes, (size_t)(reading->line_start - reading->bytes));
	return HST_OK;
}

static int add_line(struct reading *reading, hst_error *err)
{
	struct roster *roster = reading->roster;
	struct roster_member member = {0}, *last = roster->member_count ? &roster->members[roster->member_count - 1] : NULL;
	bool head;
	int code = roster_line_read(reading->line, &member, err);

	if (code != HST_OK)
		return code;
	head = member.kind != ROSTER_MEMBER && member.kind != ROSTER_JOINED;
	if (head != !roster->head)
		code = hst_fail(err, HST_INVALID, head ? "such a line stands above the line \"signed\"" : "such a line stands under the line \"signed\"");
	else if (last && roster_line_compare(last, &member) >= 0)
		code = hst_fail(err, HST_INVALID, "lines are sorted by kind and name, and none is there twice");
	else if (roster->member_count == ROSTER_LINES_MAX)
		code = hst_fail(err, HST_INVALID, "a roster has at most %d lines", ROSTER_LINES_MAX);
	if (code != HST_OK) {
		roster_member_clear(&member);
		return code;
	}
	roster->members = mem_grow(roster->members, &roster->member_size, roster->member_count + 1, sizeof *roster->members);
	roster->members[roster->member_count++] = member;
	return HST_OK;
}

static int read_lines(struct reading *reading, hst_error *err)
{
	int code = read_top(reading, err);

	while (code == HST_OK && reading->at < reading->end) {
		code = next_line(reading, err);
		if (code == HST_OK && behind(reading->line, "signed") && !reading->roster->head)
			code = read_signed(reading, err);
		else if (code == HST_OK)
			code = add_line(reading, err);
	}
	if (code == HST_OK && !reading->roster->head)
		code = hst_fail(err, HST_INVALID, "nobody has signed it; the text was cut");
	return code;
}

int roster_read(const char *bytes, size_t length, const char *where, struct roster **ret, hst_error *err)
{
	struct reading reading = {.roster = mem_alloc(sizeof(struct roster)), .bytes = bytes, .at = bytes, .end = bytes + length};
	hst_error why = {{0}, {0}};
	int code = length > ROSTER_BYTES_MAX ? hst_fail(&why, HST_INVALID, "a roster has at most %d bytes", ROSTER_BYTES_MAX)
	                                     : read_lines(&reading, &why);

	if (code == HST_OK)
		code = roster_check(reading.roster, &why);
	if (code == HST_OK) {
		*ret = reading.roster;
		return HST_OK;
	}
	roster_free(reading.roster);
	return hst_fail_as(err, HST_INVALID, "RosterForm", "%s:%d: error: %s", where, reading.number, why.text);
}

int roster_read_file(const char *path, struct roster **ret, hst_error *err)
{
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	int code = files_read(path, ROSTER_BYTES_MAX, &bytes, &length, err);

	return code == HST_OK ? roster_read(bytes, length, path, ret, err) : code;
}

/* ---- Between lines. ---- */

struct checking {
	const struct roster *roster;
	struct table names, keys; /* to the line that has it */
};

static bool holds_keys(const struct roster_member *member)
{
	return member->kind != ROSTER_REVOKED;
}

static int check_key(struct checking *checking, const char *use, const uint8_t key[SEAL_KEY_BYTES], struct roster_member *member,
                     hst_error *err)
{
	char text[SEAL_KEY_TEXT], entry[SEAL_KEY_TEXT + 8];
	const struct roster_member *other;

	seal_key_text(key, text);
	snprintf(entry, sizeof entry, "%s %s", use, text);
	other = table_get(&checking->keys, entry);
	if (other)
		return hst_fail(err, HST_INVALID, "%s and %s have the same key", other->name, member->name);
	table_set(&checking->keys, entry, member);
	return HST_OK;
}

static int check_keys(struct checking *checking, struct roster_member *member, hst_error *err)
{
	int code = HST_OK;

	if (member->has_wire)
		code = check_key(checking, "wire", member->wire, member, err);
	if (code == HST_OK && member->has_open)
		code = check_key(checking, "seal", member->open, member, err);
	if (code == HST_OK && member->has_sign)
		code = check_key(checking, "sign", member->sign, member, err);
	return code;
}

/* Invitations have names of their own: who was invited joins under the same one. */
static int check_line(struct checking *checking, struct roster_member *member, hst_error *err)
{
	const struct roster_member *other;

	if (member->kind != ROSTER_INVITED) {
		other = table_get(&checking->names, member->name);
		if (other)
			return hst_fail(err, HST_INVALID, "\"%s\" is there twice", member->name);
		table_set(&checking->names, member->name, member);
	}
	return check_keys(checking, member, err);
}

static int check_revoked(struct checking *checking, const struct roster_member *revoked, hst_error *err)
{
	char text[SEAL_KEY_TEXT], entry[SEAL_KEY_TEXT + 8];
	const struct roster_member *other;

	seal_key_text(revoked->sign, text);
	snprintf(entry, sizeof entry, "sign %s", text);
	other = table_get(&checking->keys, entry);
	/* A machine goes on saying what it said before one of its keys was revoked; that counts for nothing. */
	if (!other || other->kind == ROSTER_MEMBER || other->kind == ROSTER_JOINED)
		return HST_OK;
	return hst_fail(err, HST_INVALID, "the key of %s is revoked", other->name);
}

static int check_operators(const struct roster *roster, hst_error *err)
{
	size_t operators = 0, admins = 0;

	for (size_t i = 0; i < roster->member_count; i++) {
		operators += roster->members[i].kind == ROSTER_OPERATOR;
		admins += roster->members[i].kind == ROSTER_OPERATOR && (roster->members[i].rights & RIGHT_ADMIN) && roster->members[i].has_sign;
	}
	if (operators > ROSTER_OPERATORS_MAX)
		return hst_fail(err, HST_INVALID, "a roster has at most %d operators", ROSTER_OPERATORS_MAX);
	if (!admins)
		return hst_fail(err, HST_INVALID, "no operator with the right \"admin\" could sign the next roster");
	return HST_OK;
}

int roster_check(const struct roster *roster, hst_error *err)
{
	struct checking checking = {.roster = roster};
	int code = check_operators(roster, err);

	table_init(&checking.names);
	table_init(&checking.keys);
	for (size_t i = 0; i < roster->member_count && code == HST_OK; i++)
		if (holds_keys(&roster->members[i]))
			code = check_line(&checking, &roster->members[i], err);
	for (size_t i = 0; i < roster->member_count && code == HST_OK; i++)
		if (!holds_keys(&roster->members[i]))
			code = check_revoked(&checking, &roster->members[i], err);
	table_clear(&checking.names);
	table_clear(&checking.keys);
	return code;
}
