#include "cli/complete.h"

#include "base/arena.h"
#include "base/mem.h"
#include "cli/print.h"
#include "pure/queue/reasons.h"

#include <stdio.h>
#include <string.h>

void complete_offer(const struct completion *completion, const char *before, const char *word, const char *what)
{
	const char *typed = completion->typed;
	size_t length = strlen(before);

	if (strncmp(before, typed, strlen(typed) < length ? strlen(typed) : length) != 0)
		return;
	if (strlen(typed) > length && strncmp(word, typed + length, strlen(typed) - length) != 0)
		return;
	/* A name with a tab or a line end in it cannot be said this way, and is none that people choose. */
	if (strpbrk(word, "\t\n"))
		return;
	printf("%s%s%s%s\n", before, word, what ? "\t" : "",
	       what ? print_clean(completion->cli->arena, what, strlen(what)) : "");
}

static void offer_commands(const struct completion *completion)
{
	size_t n;
	const struct command *table = commands(&n);

	for (size_t i = 0; i < n; i++)
		if (table[i].since)
			complete_offer(completion, "", table[i].name, table[i].summary);
}

static void offer_options(const struct completion *completion, const struct command_option *options)
{
	for (; options && options->name; options++)
		if (options->since)
			complete_offer(completion, "--", options->name, options->summary);
}

/* The value of an option. */
static void offer_value(const struct completion *completion, const struct command_option *option)
{
	if (option->choices)
		for (size_t i = 0; option->choices[i]; i++)
			complete_offer(completion, "", option->choices[i], NULL);
	else if (strcmp(option->value, "FILE") == 0 || strcmp(option->value, "OUT") == 0)
		puts("FILES");
	else if (strcmp(option->value, "DIR") == 0)
		puts("FOLDERS");
	else
		complete_names(completion, option->value);
}

static void offer_reasons(const struct completion *completion)
{
	size_t n;
	const struct reason *table = reasons(&n);

	for (size_t i = 0; i < n; i++)
		complete_offer(completion, "", table[i].code, table[i].cause);
}

/* One of the words that may stand there. */
static void offer_word(const struct completion *completion, const char *word)
{
	if (strcmp(word, "DIR") == 0)
		puts("FOLDERS");
	else if (strcmp(word, "[FILE]") == 0 || (strcmp(word, "FILE") == 0 && strcmp(completion->command->name, "get") != 0))
		puts("FILES");
	else if (strcmp(word, "[CODE]") == 0)
		offer_reasons(completion);
	else if (word[0] >= 'a' && word[0] <= 'z' && !strchr(word, ':'))
		complete_offer(completion, "", word, NULL);
	else
		complete_names(completion, word);
}

enum { FORMS_MAX = 160 };

/* The words of the argument at the cursor: of "drain|resume NAME|host" drain and resume, then NAME and host. A form whose
 * words before are others is not meant. */
static void offer_alternatives(const struct completion *completion, char *form)
{
	char *rest = NULL, *argument = strtok_r(form, " ", &rest);

	for (size_t at = 0; argument && at < completion->argument_count; at++) {
		bool fixed = argument[0] >= 'a' && argument[0] <= 'z' && !strpbrk(argument, "|:");

		if (fixed && strcmp(argument, completion->arguments[at]) != 0)
			return;
		argument = strtok_r(NULL, " ", &rest);
	}
	for (char *more = NULL, *word = argument ? strtok_r(argument, "|", &more) : NULL; word;
	     word = strtok_r(NULL, "|", &more))
		offer_word(completion, word);
}

/* " | " stands between whole forms: "list | unblock NAME". */
static void offer_argument(const struct completion *completion)
{
	char forms[FORMS_MAX], *next;

	snprintf(forms, sizeof forms, "%s", completion->command->arguments);
	for (char *form = forms; form; form = next) {
		next = strstr(form, " | ");
		if (next) {
			*next = '\0';
			next += 3;
		}
		offer_alternatives(completion, form);
	}
}

/* What the words before the cursor mean: `open` still wants its value. */
static void read_before(struct completion *completion, const struct command_option **open, const char *word)
{
	const struct command_option *option = NULL;

	if (*open) {
		completion->cli->options.given[completion->cli->options.given_count++] = (struct option_given){*open, word};
		*open = NULL;
		return;
	}
	if (strncmp(word, "--", 2) == 0)
		option = command_option(completion->command, word + 2);
	else if (word[0] == '-' && word[1] && !word[2])
		option = command_option_letter(completion->command, word[1]);
	else if (word[0] != '-' && !completion->command)
		completion->command = command_named(word);
	else if (word[0] != '-' && completion->argument_count < COMPLETE_ARGUMENTS_MAX)
		completion->arguments[completion->argument_count++] = word;
	if (option && option->value)
		*open = option;
}

int complete_words(struct cli *cli, int count, char *const *words)
{
	struct completion completion = {.cli = cli, .typed = count > 0 ? words[count - 1] : ""};
	const struct command_option *open = NULL;
	hst_error unsaid = {0};

	cli->kept = &unsaid;
	cli->options.given = mem_array((size_t)count + 1, sizeof *cli->options.given);
	for (int i = 0; i + 1 < count; i++)
		read_before(&completion, &open, words[i]);
	if (open) {
		offer_value(&completion, open);
	} else if (completion.typed[0] == '-') {
		offer_options(&completion, completion.command ? completion.command->options : NULL);
		offer_options(&completion, command_options_of_all());
	} else if (!completion.command) {
		offer_commands(&completion);
	} else {
		offer_argument(&completion);
	}
	return CLI_DONE;
}
