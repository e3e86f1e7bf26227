/* alerts: what is wrong in the house and needs somebody, with what to do; what `watch` shows as wrong. */
#include "cli/cli.h"

#include "cli/connect.h"
#include "cli/print.h"
#include "schema/value.h"

#include <stdio.h>

static void print_alert(hst_arena *arena, const hst_value *alert)
{
	print_tone(stdout, TONE_BAD);
	fputs(print_member(arena, alert, "subject"), stdout);
	print_tone(stdout, TONE_PLAIN);
	printf(": %s\n", print_sentence(arena, alert, "sentence"));
	if (value_length(value_get(alert, "remedy")))
		printf("  %s\n", print_sentence(arena, alert, "remedy"));
}

int look_alerts(struct cli *cli)
{
	struct connect connect;
	const hst_value *answer = NULL, *wrong;
	int status = connect_open(&connect, cli);

	if (!status)
		status = connect_ask(&connect, "watch", NULL, &answer);
	connect_close(&connect);
	if (status)
		return status;
	wrong = value_get(answer, "wrong");
	for (size_t i = 0; !cli->json && i < value_count(wrong); i++)
		print_alert(cli->arena, value_at(wrong, i));
	if (cli->json)
		cli_print_json(wrong);
	else if (!value_count(wrong))
		puts("nothing needs anybody");
	return CLI_DONE;
}
