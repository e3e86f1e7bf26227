#include "seal/sealed_standing.h"

#include "base/arena.h"
#include "seal/envelope_house.h"

#include <string.h>

/* `remedy` has the name of the secret for its %s, where it has one. */
static const struct {
	const char *word, *remedy;
} standings[] = {
	[SEALED_READY] = {"ready", ""},
	[SEALED_MISSING] = {"missing", "`hostler seal %s` makes it"},
	[SEALED_UNREADABLE] = {"unreadable", "its owner has to let everybody read it (chmod a+r)"},
	[SEALED_DAMAGED] = {"damaged", "`hostler seal %s` makes it anew"},
	[SEALED_REFUSED] = {"refused", "`hostler seal %s`, said by an operator with \"control\" or \"admin\", makes it anew (not --again: the secret has to be given)"},
};

const char *sealed_standing_word(enum sealed_standing standing)
{
	return standings[standing].word;
}

const char *sealed_remedy(hst_arena *arena, enum sealed_standing standing, const char *name)
{
	const char *remedy = standings[standing].remedy, *at = strstr(remedy, "%s");

	return at ? arena_printf(arena, "%.*s%s%s", (int)(at - remedy), remedy, name, at + 2) : remedy;
}

static int check_name(const struct envelope_header *header, const char *path, const char *name, hst_error *err)
{
	if (header->kind != ENVELOPE_SECRET)
		return hst_fail_as(err, HST_INVALID, "EnvelopeForm", "%s has no named secret in it", path);
	if (strcmp(header->name, name) != 0)
		return hst_fail_as(err, HST_INVALID, "EnvelopeForm", "%s has the secret \"%.64s\" in it", path, header->name);
	return HST_OK;
}

enum sealed_standing sealed_stands(const char *path, const char *name, const struct roster *roster, struct sealed_file **ret, hst_error *err)
{
	int code = sealed_file_read(path, ret, err);
	struct envelope_house house;

	if (code == HST_OK)
		code = check_name(&(*ret)->envelope.header, path, name, err);
	if (code != HST_OK) {
		sealed_file_free(*ret);
		*ret = NULL;
		return code == HST_NOT_FOUND ? SEALED_MISSING : code == HST_INVALID ? SEALED_DAMAGED : SEALED_UNREADABLE;
	}
	if (!roster || (*ret)->envelope.header.epoch > roster->epoch)
		return SEALED_READY;
	envelope_house_init(&house, roster);
	return envelope_believed(&(*ret)->envelope, &house, err) == HST_OK ? SEALED_READY : SEALED_REFUSED;
}

static bool has_sink(const struct envelope *envelope, const char *sink)
{
	for (size_t i = 0; i < envelope->header.sink_count; i++)
		if (strcmp(envelope->header.sinks[i], sink) == 0)
			return true;
	return false;
}

bool sealed_serves(const struct sealed_file *file, const struct roster *roster, const char *sink, const char *name)
{
	const struct roster_member *member = roster_member(roster, name);

	return member && member->has_open && has_sink(&file->envelope, sink) && envelope_find(&file->envelope, member->open);
}
