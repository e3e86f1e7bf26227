#include "cli/check_secrets.h"

#include "cli/connect.h"
#include "definitions/secret_uses.h"

#include <stdio.h>
#include <string.h>

struct asking {
	struct cli *cli;
	struct connect connect;
	struct problems *problems;
};

static void say(const struct asking *asking, const struct secret_use *use, const char *member, const char *what)
{
	if (!asking->cli->json)
		printf("secret %s: %s %s (%s)\n", use->secret, member, what, use->sink);
	fflush(stdout);
}

static void take_answer(struct asking *asking, const struct secret_use *use, const char *member, const struct connect_answer *answer)
{
	const char *reason = message_text(&answer->head, "reason");

	if (!*reason) {
		say(asking, use, member, "can open it");
	} else if (strcmp(reason, "NotAsked") == 0) {
		char what[160];

		snprintf(what, sizeof what, "was not asked: %.140s", answer->payload);
		say(asking, use, member, what);
	} else {
		problems_add(asking->problems, use->file, use->line, "secret %s: %s cannot open it for %s: %s: %s; `hostler seal %s --again` seals it for all who need it",
			     use->secret, member, use->sink, reason, answer->payload, use->secret);
	}
}

/* Without the right to ask, nobody is asked, as no connection is tried. */
static bool say_refused(const struct asking *asking, const hst_error *err)
{
	if (!asking->cli->json)
		printf("secrets: nobody was asked whether they can open them: %s\n", err->text);
	fflush(stdout);
	return false;
}

/* False: the house is gone, or this operator may not ask it, and nobody else need be asked. */
static bool ask(struct asking *asking, const struct secret_use *use, const char *member)
{
	struct connect_answer answer;
	struct message message;
	hst_error err = {{0}, {0}};
	struct cli silent = *asking->cli;
	int status;

	if (strlen(use->sink) > 200) {
		say(asking, use, member, "was not asked: its place has too long a name");
		return true;
	}
	message_init(&message, WORD_probe, 0);
	message_set_text(&message, "secret", use->secret);
	message_set_text(&message, "sink", use->sink);
	message_set_text(&message, "member", member);
	silent.kept = &err;
	asking->connect.cli = &silent;
	status = connect_request(&asking->connect, &message, CONNECT_ANSWER_MS, &answer);
	asking->connect.cli = asking->cli;
	if (status && strcmp(err.reason, "RightMissing") == 0)
		return say_refused(asking, &err);
	if (!status)
		take_answer(asking, use, member, &answer);
	else
		problems_add(asking->problems, use->file, use->line, "secret %s: %s was not asked: %s", use->secret, member, err.text);
	return status != CLI_AWAY;
}

/* One that was not sealed, or cannot be used by anybody, has been named before: those are the first problems. */
static bool ask_all(struct asking *asking, const struct secret_use *use, size_t said)
{
	bool there = true;

	for (size_t m = 0; m < use->member_count && there && !problems_know(asking->problems, said, use->file, use->line); m++)
		there = ask(asking, use, use->members[m]);
	return there;
}

void check_secrets(struct cli *cli, const struct definitions *definitions, struct problems *problems)
{
	struct asking asking = {.cli = cli, .problems = problems};
	const struct secret_use *uses = NULL;
	size_t n = secret_uses(definitions, cli->arena, &uses), said = problems->n;
	hst_error err = {{0}, {0}};
	struct cli silent = *cli;
	bool there = true;

	if (!n || !definitions->conf->has_host)
		return;
	silent.kept = &err;
	silent.hasty = true;
	if (connect_open(&asking.connect, &silent) != CLI_DONE) {
		if (!cli->json)
			printf("secrets: nobody was asked whether they can open them, since the host does not answer: %s\n", err.text);
		connect_close(&asking.connect);
		return;
	}
	for (size_t i = 0; i < n && there; i++)
		there = ask_all(&asking, &uses[i], said);
	asking.connect.cli = cli;
	connect_close(&asking.connect);
}
