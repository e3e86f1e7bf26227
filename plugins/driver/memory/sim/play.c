#include "play.h"

#include <string.h>

static struct person *person_of(struct play *play, const struct script_line *line)
{
	struct person *person = play->people;

	while (person < play->people + play->n && strcmp(person->key, line->key) != 0)
		person++;
	if (person < play->people + play->n)
		return person;
	if (play->n == SCRIPT_USERS_MAX)
		return NULL;
	play->people[play->n++] = (struct person){.user = line->user, .key = line->key};
	return person;
}

const struct person *play_person(const struct play *play, const char *key)
{
	for (size_t i = 0; i < play->n; i++)
		if (strcmp(play->people[i].key, key) == 0)
			return &play->people[i];
	return NULL;
}

/* What has to be so before it can happen; 0 in `connected` and `locked`: it need not be looked at. */
static const struct {
	bool there, absent;
	int connected, locked; /* 1: has to be, -1: must not be */
	const char *wrong;
} before[] = {
	[SIGNS_IN] = {.absent = true, .wrong = "is signed in already"},
	[LOCKS] = {.there = true, .connected = 1, .locked = -1, .wrong = "has no unlocked session to lock"},
	[UNLOCKS] = {.there = true, .connected = 1, .locked = 1, .wrong = "has no locked session to unlock"},
	[DISCONNECTS] = {.there = true, .connected = 1, .wrong = "has no connected session"},
	[COMES_BACK] = {.there = true, .connected = -1, .wrong = "has no disconnected session to come back to"},
	[OP_WORKS] = {0}, /* the others can happen at any time */
};

static bool may_happen(const struct person *person, const struct script_line *line)
{
	const bool locked = person->locked == HST_YES, connected = person->connected == HST_YES;
	const size_t i = (size_t)line->what;

	return !(before[i].there && !person->there) && !(before[i].absent && person->there) &&
	       !(before[i].connected && (before[i].connected == 1) != connected) &&
	       !(before[i].locked && (before[i].locked == 1) != locked);
}

static void change(struct person *person, const struct script_line *line)
{
	switch (line->what) {
	case THROWS_OUT:
		*person = (struct person){.user = person->user, .key = person->key, .there = true, .connected = HST_YES, .by = line->by,
					  .why = person->why};
		break;
	case SIGNS_IN:
		*person = (struct person){.user = line->user, .key = person->key, .there = true, .connected = HST_YES, .why = person->why};
		break;
	case SIGNS_OUT:
		*person = (struct person){.user = person->user, .key = person->key, .why = person->why};
		break;
	case LOCKS:
	case UNLOCKS:
		person->locked = line->what == LOCKS ? HST_YES : HST_NO;
		break;
	case DISCONNECTS:
		person->connected = HST_NO;
		person->locked = HST_YES;
		break;
	case COMES_BACK:
		person->connected = HST_YES;
		person->locked = HST_NO;
		break;
	case LOCK_UNKNOWN:
	case LOCK_KNOWN:
		person->unknown = line->what == LOCK_UNKNOWN;
		break;
	case SIGN_IN_FAILS:
	case SIGN_IN_WORKS:
		person->why = line->why;
		break;
	default:
		break;
	}
}

bool play_line(struct play *play, const struct script_line *line, const char **ret_wrong)
{
	struct person *person;

	if (line->what == OP_TAKES) {
		play->takes_ms[line->op] = line->ms;
	} else if (line->what == OP_FAILS || line->what == OP_WORKS) {
		play->fails[line->op] = line->why;
	} else {
		person = person_of(play, line);
		*ret_wrong = person ? before[line->what].wrong : "is one user too many";
		if (!person || !may_happen(person, line))
			return false;
		/* Nobody but the user signs out of what is not there: it may be a session of hostler's. */
		*ret_wrong = "is not signed in";
		if (line->what == SIGNS_OUT && !line->by && !person->there)
			return false;
		change(person, line);
	}
	return true;
}

void play_until(struct play *ret, const struct script *script, int64_t at_ms)
{
	const char *wrong;

	*ret = (struct play){0};
	for (size_t i = 0; i < script->n && script->lines[i].at_ms <= at_ms; i++)
		play_line(ret, &script->lines[i], &wrong);
}
