/* plugin test: the contract of plugins, tried on one by hostler-worker, which loads it. */
#include "cli/plugin.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "cli/print.h"
#include "os/files.h"
#include "os/spawn.h"
#include "schema/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 1 << 20, ANSWER_MS = 300000 };

/* --option K=V becomes -o K=V, --input K=V becomes -i K=V. Caller frees. */
static char **arguments(const struct cli *cli, const char *path)
{
	const struct options *options = &cli->options;
	char **argv = mem_array(4 + 2 * options->given_count, sizeof *argv);
	size_t n = 0;

	argv[n++] = (char *)"hostler-worker";
	argv[n++] = (char *)"test";
	argv[n++] = (char *)path;
	for (size_t i = 0; i < options->given_count; i++) {
		const char *name = options->given[i].option->name;

		if (strcmp(name, "option") != 0 && strcmp(name, "input") != 0)
			continue;
		argv[n++] = (char *)(name[0] == 'o' ? "-o" : "-i");
		argv[n++] = (char *)options->given[i].value;
	}
	return argv;
}

/* Lines of JSON become a list. */
static hst_value *read_lines(hst_arena *arena, char *output)
{
	hst_value *list = value_make_list(arena);
	char *rest = NULL;

	for (char *line = strtok_r(output, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const hst_value *record = NULL;

		if (value_parse_json(arena, line, strlen(line), &record, NULL) == HST_OK)
			value_append(list, record);
	}
	return list;
}

static void print_cases(hst_arena *arena, const hst_value *cases)
{
	static const struct {
		const char *outcome, *word;
		enum print_tone tone;
	} words[] = {{"passed", "ok", TONE_GOOD}, {"failed", "FAILED", TONE_BAD}, {"skipped", "skipped", TONE_FAINT}};

	for (size_t i = 0; i < value_count(cases); i++) {
		const hst_value *one = value_at(cases, i);
		const char *outcome = value_text(value_get(one, "outcome"));

		for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
			if (strcmp(words[w].outcome, outcome) != 0)
				continue;
			print_tone(stdout, words[w].tone);
			printf("%-8s", words[w].word);
			print_tone(stdout, TONE_PLAIN);
		}
		printf("%s\n", print_member(arena, one, "case"));
		if (*value_text(value_get(one, "text")))
			printf("        %s\n", print_member(arena, one, "text"));
	}
}

int plugin_test(struct cli *cli)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostler-worker");
	AUTO_FREE char *output = NULL;
	AUTO_FREE char **argv = NULL;
	int status = CLI_DONE, ended = 0, code;
	const char *path = plugin_file(cli, cli->options.arguments[1], &status);
	hst_error err = {0};
	hst_value *cases;

	if (!path)
		return status;
	argv = arguments(cli, path);
	code = spawn_capture(&(struct spawn){.path = program, .argv = argv}, NULL, ANSWER_BYTES_MAX, ANSWER_MS, &output, &ended, &err);
	if (code != HST_OK)
		return cli_fail_as(cli, code, &err);
	cases = read_lines(cli->arena, output);
	if (cli->json)
		cli_print_json(cases);
	else
		print_cases(cli->arena, cases);
	return ended == 0 && value_count(cases) ? CLI_DONE : CLI_FAILED;
}
