/* alerts: what is wrong in the house now, since when, with what to do, and who was told of it or could not be. */
#include "cli/cli.h"
#include "cli/doctor.h"

#include "base/arena.h"
#include "cli/connect.h"
#include "cli/print.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static const char *how_it_went(hst_arena *arena, const hst_value *notification)
{
	const char *state = value_text(value_get(notification, "state")), *told = print_time(arena, value_get(notification, "told"));
	const char *error = print_sentence(arena, notification, "error");
	const char *failed = print_member(arena, notification, "failed_attempts");

	if (strcmp(state, "told") == 0)
		return arena_printf(arena, "told %s", told);
	if (strcmp(state, "cannot") == 0)
		return arena_printf(arena, "cannot be told: %s", error);
	if (strcmp(state, "given up") == 0)
		return arena_printf(arena, "given up after %s attempts: %s", failed, error);
	if (strcmp(state, "failing") == 0)
		return arena_printf(arena, "%s attempt%s failed, the next is made %s: %s", failed, strcmp(failed, "1") == 0 ? "" : "s",
				    print_time(arena, value_get(notification, "next")), error);
	return strcmp(state, "due") == 0 ? "is told in a moment" : "is being told";
}

static void print_notification(hst_arena *arena, const hst_value *notification)
{
	printf("  %s (%s): %s\n", print_member(arena, notification, "alert"), print_member(arena, notification, "use"),
	       how_it_went(arena, notification));
}

static void print_alert(hst_arena *arena, const hst_value *alert)
{
	const hst_value *notifications = value_get(alert, "notifications");

	print_tone(stdout, TONE_BAD);
	fputs(print_member(arena, alert, "when"), stdout);
	print_tone(stdout, TONE_PLAIN);
	printf(": %s\n", print_sentence(arena, alert, "sentence"));
	printf("  since %s", print_time(arena, value_get(alert, "since")));
	if (value_length(value_get(alert, "remedy")))
		printf("; %s", print_sentence(arena, alert, "remedy"));
	putchar('\n');
	for (size_t i = 0; i < value_count(notifications); i++)
		print_notification(arena, value_at(notifications, i));
}

int look_alerts(struct cli *cli)
{
	struct connect connect;
	const hst_value *wrong = NULL;
	int status = connect_open(&connect, cli);

	if (!status)
		status = connect_ask(&connect, "alerts", NULL, &wrong);
	connect_close(&connect);
	if (status)
		return status;
	for (size_t i = 0; !cli->json && i < value_count(wrong); i++)
		print_alert(cli->arena, value_at(wrong, i));
	if (cli->json)
		cli_print_json(wrong);
	else if (!value_count(wrong))
		puts("nothing is wrong");
	return value_count(wrong) ? CLI_FAILED : CLI_DONE;
}

/* One that nobody could be told of is worse than one that somebody knows of already. */
static const char *untold(hst_arena *arena, const hst_value *alert)
{
	const hst_value *notifications = value_get(alert, "notifications");

	for (size_t i = 0; i < value_count(notifications); i++)
		if (value_length(value_get(value_at(notifications, i), "error")))
			return arena_printf(arena, "; [alert %s] could not tell of it: %s",
					    value_text(value_get(value_at(notifications, i), "alert")),
					    value_text(value_get(value_at(notifications, i), "error")));
	return "";
}

void doctor_alerts(struct doctor *doctor)
{
	const hst_value *wrong = NULL;
	hst_error said = {0};
	struct cli quiet = *doctor->cli;
	struct connect connect;

	quiet.kept = &said;
	if (connect_open(&connect, &quiet) == CLI_DONE && connect_ask(&connect, "alerts", NULL, &wrong) == CLI_DONE)
		for (size_t i = 0; i < value_count(wrong); i++) {
			const hst_value *alert = value_at(wrong, i);

			doctor_problem(doctor, "alert", value_text(value_get(alert, "remedy")), "%s: %s%s", value_text(value_get(alert, "when")),
				       value_text(value_get(alert, "sentence")), untold(doctor->arena, alert));
		}
	connect_close(&connect);
}
