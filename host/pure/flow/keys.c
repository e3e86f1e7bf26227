#include "pure/flow/keys.h"

#include <stdbool.h>
#include <string.h>

static const struct flow_key keys[] = {
	{"flow", "name", "a name", "what the flow is called", FLOW_KEY_REQUIRED},
	{"flow", "summary", "text", "one line that says what it is for", FLOW_KEY_OPTIONAL},
	{"flow", "on", "triggers",
	 "the triggers that start it, with commas between; left out: started by hand alone",
	 FLOW_KEY_OPTIONAL},
	{"flow", "label", "template", "what its runs are called in lists, from the trigger's event",
	 FLOW_KEY_OPTIONAL},
	{"flow", "concurrency", "1 to 10000", "how many runs of it may run at once; left out: no limit",
	 FLOW_KEY_OPTIONAL},

	{"step", "use", "`connector:INSTANCE.ACTION` or `desktop:NAME`", "what the step does",
	 FLOW_KEY_REQUIRED},
	{"step", "when", "condition", "the step is skipped unless this holds", FLOW_KEY_OPTIONAL},
	{"step", "input.", "template", "`input.NAME`: the value of one input", FLOW_KEY_OPTIONAL},
	{"step", "timeout", "duration",
	 "how long it may run; left out: what the package or the action says, else 24h", FLOW_KEY_OPTIONAL},
	{"step", "connection", "a connection",
	 "desktop flows: the account and where it runs (required there)", FLOW_KEY_OPTIONAL},
	{"step", "mode", "`attended` or `unattended`",
	 "desktop flows: with a person at the screen or without (required there)", FLOW_KEY_OPTIONAL},
	{"step", "priority", "`high` or `normal`",
	 "desktop flows: its place in the queue; `normal` if left out", FLOW_KEY_OPTIONAL},
	{"step", "queue_timeout", "duration", "desktop flows: how long it may wait for a device",
	 FLOW_KEY_OPTIONAL},
	{"step", "on_lost", "`ask`, `fail` or `again`",
	 "what follows when nobody knows how the step ended; `ask` if left out", FLOW_KEY_OPTIONAL},

	{"step", "secure_inputs", "`yes` or `no`",
	 "every input may take secure values, and counts as secure; `no` if left out", FLOW_KEY_OPTIONAL},
	{"step", "secure_outputs", "`yes` or `no`",
	 "every output is sealed where it is made; `no` if left out", FLOW_KEY_OPTIONAL},
	{"step", "declassify.", "a reason, in a few words",
	 "`declassify.NAME`: a secure value may be readable in this input, and why", FLOW_KEY_OPTIONAL},

	{"step", "retry", "", "repeat a failed step", FLOW_KEY_LATER},
	{"step", "retry_delay", "", "the pause before it", FLOW_KEY_LATER},
	{"step", "on_error", "", "what follows a failed step", FLOW_KEY_LATER},
	{"step", "for_each", "", "once for every item of a list", FLOW_KEY_LATER},
	{"step", "parallel", "", "several items at once", FLOW_KEY_LATER},
	{"step", "after", "", "another order of steps", FLOW_KEY_LATER},
};

#define KEYS (sizeof keys / sizeof *keys)

_Static_assert(KEYS < FLOW_SECTION_KEYS_MAX, "every section's names fit, with the NULL behind them");

const struct flow_key *flow_keys(size_t *ret_n)
{
	*ret_n = KEYS;
	return keys;
}

static bool key_answers(const struct flow_key *key, const char *name)
{
	size_t length = strlen(key->name);

	if (key->name[length - 1] == '.')
		return strncmp(key->name, name, length) == 0;
	return strcmp(key->name, name) == 0;
}

const struct flow_key *flow_key_named(const char *section, const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].section, section) == 0 && key_answers(&keys[i], name))
			return &keys[i];
	return NULL;
}

void flow_key_names(const char *section, const char *ret[FLOW_SECTION_KEYS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].section, section) == 0 && keys[i].kind != FLOW_KEY_LATER)
			ret[n++] = keys[i].name;
	ret[n] = NULL;
}
