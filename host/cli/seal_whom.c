#include "cli/seal_whom.h"

#include "base/arena.h"
#include "schema/section.h"

#include <string.h>

static bool add(const char **list, size_t *n, size_t max, const char *word)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	if (*n == max)
		return false;
	list[(*n)++] = word;
	return true;
}

static bool add_sink(struct seal_whom *whom, const char *sink)
{
	return add(whom->sinks, &whom->sink_count, ENVELOPE_SINKS_MAX, sink);
}

static bool add_member(const struct seal_desk *desk, struct seal_whom *whom, const char *member)
{
	const struct roster_member *known = roster_member(desk->roster, member);

	return known && known->has_open ? add(whom->members, &whom->member_count, SEAL_MEMBERS_MAX, member)
	                                : add(whom->missing, &whom->missing_count, SEAL_MEMBERS_MAX, member);
}

static int too_much(const struct seal_desk *desk)
{
	return cli_fail(desk->cli, CLI_FAILED, "TooMuch", "one secret can be for %d places and %d who open it: use two secrets", ENVELOPE_SINKS_MAX,
	                SEAL_MEMBERS_MAX);
}

/* The gateway of this very file. */
static bool is_own(const struct seal_desk *desk, const char *member)
{
	const char *own = desk->definitions ? desk->definitions->conf->gateway_name : NULL;

	return own && strcmp(member + strlen("gateway/"), own) == 0;
}

static bool was_removed(const struct roster *roster, const char *name)
{
	for (size_t i = 0; i < roster->member_count; i++)
		if (roster->members[i].kind == ROSTER_REVOKED && strcmp(roster->members[i].name, name) == 0)
			return true;
	return false;
}

static int check(const struct seal_desk *desk, struct seal_whom *whom)
{
	whom->operator_count = roster_escrow(desk->roster, whom->operators);
	if (whom->member_count)
		return CLI_DONE;
	if (whom->missing_count && was_removed(desk->roster, whom->missing[0]))
		return cli_fail(desk->cli, CLI_FAILED, "NobodyCanOpen",
		                "%s was removed from this house, so nobody could open it where it is needed: have it join again (`hostler gateway invite`), or take "
		                "it out of the configuration, then seal",
		                whom->missing[0]);
	return cli_fail(desk->cli, CLI_FAILED, "NobodyCanOpen",
	                "%s has no key in this house yet, so nobody could open it where it is needed: %s", whom->missing_count ? whom->missing[0] : "nobody",
	                whom->missing_count && strncmp(whom->missing[0], "gateway/", 8) == 0 && !is_own(desk, whom->missing[0])
	                        ? "have the gateway join (`hostler gateway invite`), then seal"
	                        : "`hostler up`, `hostler reload` and `hostler init` give its instances their keys");
}

static int nobody_names_it(const struct seal_desk *desk, const char *secret)
{
	const char **names = arena_array(desk->cli->arena, desk->use_count + 1, sizeof *names); /* ends with NULL */
	const char *near;

	for (size_t i = 0; i < desk->use_count; i++)
		names[i] = desk->uses[i].secret;
	near = nearest_word(names, secret);
	if (desk->problems)
		return cli_fail(desk->cli, CLI_USAGE, "NotNamed",
		                "nothing that could be read in %s or its flows says secret:%s, but they have %zu errors, which `hostler check` lists",
		                desk->definitions->conf->path, secret, desk->problems);
	return cli_fail(desk->cli, CLI_USAGE, "NotNamed", "nothing in %s or its flows says secret:%s%s%s%s", desk->definitions->conf->path, secret,
	                near ? "; did you mean " : ": write it where it is needed, or say --for", near ? near : "", near ? "?" : "");
}

int seal_whom_named(const struct seal_desk *desk, const char *secret, struct seal_whom *ret)
{
	*ret = (struct seal_whom){.sink_count = 0};
	for (size_t i = 0; i < desk->use_count; i++) {
		const struct secret_use *use = &desk->uses[i];
		bool fits = true;

		if (strcmp(use->secret, secret) != 0)
			continue;
		fits &= add_sink(ret, use->sink);
		for (size_t m = 0; m < use->member_count; m++)
			fits &= add_member(desk, ret, use->members[m]);
		if (!fits)
			return too_much(desk);
	}
	return ret->sink_count ? check(desk, ret) : nobody_names_it(desk, secret);
}

/* "trigger/inbox" of "trigger/inbox.password"; NULL: the sink does not say who opens it. */
static const char *member_of(const struct seal_desk *desk, const char *sink)
{
	if (strncmp(sink, "trigger/", 8) != 0 && strncmp(sink, "connector/", 10) != 0)
		return NULL;
	return arena_copy(desk->cli->arena, sink, strcspn(sink, "."));
}

static int read_for(const struct seal_desk *desk, struct seal_whom *whom, const char *given)
{
	const char *equals = strchr(given, '='), *at = equals ? equals + 1 : "";
	const char *sink = arena_copy(desk->cli->arena, given, equals ? (size_t)(equals - given) : strlen(given));
	const char *member = member_of(desk, sink);
	bool fits = add_sink(whom, sink);

	if (!strchr(sink, '/') || !strchr(sink, '.') || (!*at && !member))
		return cli_fail(desk->cli, CLI_USAGE, "Usage",
		                "--for %.80s: say SINK=MEMBER, such as connection/bot.password=gateway/ts-01, desktop/enter.pin=gateway/ts-01,gateway/ts-02 or "
		                "connector/post.password",
		                given);
	if (!*at)
		fits &= add_member(desk, whom, member);
	while (*at) {
		size_t length = strcspn(at, ",");

		fits &= add_member(desk, whom, arena_copy(desk->cli->arena, at, length));
		at += length + (at[length] == ',');
	}
	return fits ? CLI_DONE : too_much(desk);
}

int seal_whom_given(const struct seal_desk *desk, struct seal_whom *ret)
{
	const struct options *options = &desk->cli->options;
	int status = CLI_DONE;

	*ret = (struct seal_whom){.sink_count = 0};
	for (size_t i = 0; !status && i < options->given_count; i++)
		if (strcmp(options->given[i].option->name, "for") == 0)
			status = read_for(desk, ret, options->given[i].value);
	return status ? status : check(desk, ret);
}

static struct envelope_recipient recipient(const struct roster_member *member)
{
	struct envelope_recipient to = {.name = member->name};

	memcpy(to.key, member->open, SEAL_KEY_BYTES);
	return to;
}

size_t seal_whom_recipients(const struct seal_desk *desk, const struct seal_whom *whom,
                            struct envelope_recipient ret[SEAL_MEMBERS_MAX + ROSTER_OPERATORS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < whom->member_count; i++)
		ret[n++] = recipient(roster_member(desk->roster, whom->members[i]));
	for (size_t i = 0; i < whom->operator_count; i++)
		ret[n++] = recipient(whom->operators[i]);
	return n;
}
