/*
 * check --rehearse: what the flows of a configuration would do, without anything of it being done. One run is played through the
 * core of the house, its balancers and its strategies, on a clock of its own. Connectors answer with examples of what they declare;
 * desktop flows run for a minute each, on devices of driver sim that stand for the configured ones. Nothing is read but the
 * configuration, and nothing is written.
 */
#ifndef HOST_CLI_REHEARSE_H
#define HOST_CLI_REHEARSE_H

#include "base/text.h"
#include "cli/cli.h"
#include "policy/policy.h"

enum { REHEARSE_FLOW_MS = 60 * 1000 };

/* What all rehearsals of one command have in common. */
struct rehearsing {
	struct cli *cli;
	const struct definitions *definitions;
	struct policy_house house;
	struct core_policy policy;
	const struct balancers *balancers;
	const hst_plugin *sim;
	const char *people;	/* path of the script; NULL: nobody is there */
	struct problems warnings; /* of the script */
	const hst_value *given; /* fields of the event that somebody has said */
};

/* rehearse.c */
int rehearse_command(struct cli *cli, const struct definitions *definitions);

/* rehearse_people.c. The script that was named, if one was: a device that is not there is an error, a user a warning. */
int rehearse_people(struct rehearsing *rehearsing, hst_error *err);

/*
 * rehearse_run.c. Plays one run of the flow, as this trigger would start it (NULL: as somebody would by hand). *ret is a record in the
 * command's arena: flow, trigger, event, looked_at (what of it the flow uses), label, state, reason, text, took_ms, steps. On failure nothing could be played.
 */
int rehearse_run(const struct rehearsing *rehearsing, const struct flow *flow, const char *trigger, const hst_value **ret, hst_error *err);

/* rehearse_say.c. For people; `records` are those of rehearse_run. Returns how many have not succeeded. */
size_t rehearse_say(const struct cli *cli, const hst_value *records, const struct problems *warnings);

#endif
