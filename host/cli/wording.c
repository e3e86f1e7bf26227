#include "cli/wording.h"

#include "base/arena.h"
#include "schema/value.h"

#include <string.h>

/* What people are told of a thing that happens: a word, and which members of its detail follow it. */
static const struct wording {
	const char *what;
	const char *alone;	/* where none of the members is there */
	const char *before;	/* in front of them */
	const char *members[4]; /* those that are there, joined by ": " */
} wordings[] = {
	{"progress", "", "", {"subflow", "action", NULL}},
	{"accepted", "accepted", "accepted from ", {"trigger", NULL}},
	{"started", "started", "", {NULL}},
	{"blocked", "its connection is blocked", "its connection is blocked: ", {"connection", "reason", "text"}},
	{"queued", "waits", "waits for ", {"target", "reason", NULL}},
	{"offered", "offered", "offered to ", {"device", NULL}},
	{"refused", "not now", "not now: ", {"reason", "text", NULL}},
	{"preparing", "is prepared", "its session is made ready on ", {"device", NULL}},
	{"running", "runs", "runs on ", {"device", NULL}},
	{"lost", "lost", "lost: ", {"text", NULL}},
	{"withdrawn", "given back", "given back by ", {"device", NULL}},
	{"again", "once more", "once more, attempt ", {"attempt", NULL}},
	{"resolved", "resolved", "resolved as ", {"as", "who", NULL}},
	{"released", "released", "released by ", {"who", NULL}},
	{"top", "moved to the top", "moved to the top by ", {"who", NULL}},
	{"untop", "moved back to its place", "moved back to its place by ", {"who", NULL}},
	{"priority", "given another priority", "given another priority: ", {"priority", "who", NULL}},
	{"cancel", "cancelled", "cancelled by ", {"who", NULL}},
	{"stop", "told to stop", "told to stop by ", {"who", NULL}},
	{"stopping", "is being stopped", "is being stopped on ", {"device", NULL}},
	{"pause", "told to pause", "told to pause by ", {"who", NULL}},
	{"paused", "is paused", "is paused on ", {"device", NULL}},
	{"drained", "takes no new runs", "takes no new runs: ", {"name", "who", NULL}},
	{"undrained", "takes runs again", "takes runs again: ", {"name", "who", NULL}},
	{"disabled", "disabled", "disabled: ", {"name", "who", NULL}},
	{"enabled", "enabled", "enabled: ", {"name", "who", NULL}},
	{"not_started", "not started", "not started: ", {"flow", "reason", "trigger", "text"}},
	{"released", "what was held may start", "what was held may start: ", {"who", NULL}},
	{"device_online", "a device is online", "online: ", {"name", NULL}},
	{"device_offline", "a device is offline", "not heard of any more: ", {"name", NULL}},
	{"device_blind", "a device is blind", "its sessions are not known: ", {"name", NULL}},
	{"gateway_joined", "a gateway joined", "joined, by invitation: ", {"name", "who", NULL}},
	{"gateway_added", "a gateway was let in", "let in: ", {"name", "who", NULL}},
	{"roster_changed", "the roster was changed", "epoch ", {"name", "who", NULL}},
	{"gateway_removed", "a gateway was removed", "removed: ", {"name", "who", NULL}},
	{"declassified", "may be read", "a secure value may be read: ", {"input", "because", NULL}},
	{"resume", "told to go on", "told to go on by ", {"who", NULL}},
};

static const struct wording *wording_of(const char *what)
{
	for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++)
		if (strcmp(wordings[i].what, what) == 0)
			return &wordings[i];
	return NULL;
}

static bool has_text(const hst_value *body, const char *member)
{
	return value_kind(value_get(body, member)) == HST_VALUE_TEXT && *value_text(value_get(body, member));
}

/* "failed: FlowFailed: no display" */
static const char *ending_of(hst_arena *arena, const hst_value *body)
{
	const char *line = print_member(arena, body, "state");

	if (has_text(body, "reason"))
		line = arena_printf(arena, "%s: %s", line, print_member(arena, body, "reason"));
	if (has_text(body, "text"))
		line = arena_printf(arena, "%s: %s", line, print_sentence(arena, body, "text"));
	return line;
}

const char *wording_line(hst_arena *arena, const char *what, const hst_value *body)
{
	const struct wording *wording = wording_of(what);
	const char *detail = NULL;

	if (strcmp(what, "ended") == 0)
		return ending_of(arena, body);
	if (!wording)
		return print_clean(arena, what, strlen(what));
	for (size_t i = 0; i < 4 && wording->members[i]; i++) {
		const char *name = wording->members[i];
		const char *member = strcmp(name, "text") == 0 ? print_sentence(arena, body, name) : print_member(arena, body, name);

		if (has_text(body, name))
			detail = detail ? arena_printf(arena, "%s: %s", detail, member) : member;
	}
	return detail ? arena_printf(arena, "%s%s", wording->before, detail) : wording->alone;
}

enum print_tone wording_tone(const char *what, const hst_value *body)
{
	return strcmp(what, "ended") == 0 ? print_state_tone(value_text(value_get(body, "state")))
					  : TONE_PLAIN;
}
