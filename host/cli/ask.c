#include "cli/ask.h"

#include "cli/connect.h"

int ask_and_print(struct cli *cli, const char *what, const hst_value *filters,
		  void (*print)(struct cli *cli, const hst_value *answer))
{
	struct connect connect;
	const hst_value *answer = NULL;
	int status = connect_open(&connect, cli);

	if (!status)
		status = connect_ask(&connect, what, filters, &answer);
	connect_close(&connect);
	if (status)
		return status;
	if (cli->json)
		cli_print_json(answer);
	else
		print(cli, answer);
	return CLI_DONE;
}
