/* doctor: whether this machine and this house have what they need, with what to do where they have not. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/print.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBLEMS_SHOWN = 20 };

static void say_problems(struct doctor *doctor, const char *path, const struct problems *problems)
{
	for (size_t i = 0; i < problems->n && i < PROBLEMS_SHOWN; i++) {
		AUTO_FREE char *line = problem_line(&problems->at[i]);

		doctor_problem(doctor, "configuration", "Mend the line; `hostler check` says whether it is right.", "%s", line);
	}
	if (problems->n + problems->dropped > PROBLEMS_SHOWN)
		doctor_problem(doctor, "configuration", "`hostler check` lists them all.", "%s has %zu more errors", path,
			       problems->n + problems->dropped - PROBLEMS_SHOWN);
}

/* Of a file that cannot be read at all, the house may still run with what was right before. */
static struct definitions *read_in_force(struct doctor *doctor, const char *path)
{
	struct conf *conf = conf_load_in_force(path);
	struct definitions *definitions = NULL;
	struct problems unsaid;

	problems_init(&unsaid);
	if (conf)
		definitions = definitions_load(conf, &unsaid);
	if (definitions)
		doctor_note(doctor, "configuration", NULL, "what follows is about what is in force");
	problems_clear(&unsaid);
	return definitions;
}

/* A house belongs to whom its state_dir belongs. */
static void find_owner(struct doctor *doctor)
{
	struct stat found;

	doctor->owner = geteuid();
	if (doctor->conf && doctor->conf->state_dir && stat(doctor->conf->state_dir, &found) == 0)
		doctor->owner = found.st_uid;
	doctor->guest = doctor->owner != geteuid() && geteuid() != 0;
}

/* The configuration with all it names. NULL: there is none. */
static struct definitions *read_all(struct doctor *doctor)
{
	AUTO_FREE char *path = conf_find(options_value(&doctor->cli->options, "conf"));
	struct definitions *definitions = NULL;
	struct problems problems;
	struct conf *conf;

	if (!path) {
		doctor_problem(doctor, "configuration", "Name one with -c FILE, or write ./hostler.ini.",
			       "there is no configuration");
		return NULL;
	}
	problems_init(&problems);
	conf = conf_load_for_check(path, &problems);
	if (conf)
		definitions = definitions_load(conf, &problems);
	problems_sort(&problems);
	say_problems(doctor, path, &problems);
	if (!definitions)
		definitions = read_in_force(doctor, path);
	if (definitions && problems.n == 0)
		doctor_good(doctor, "configuration", "%s has no errors", path);
	problems_clear(&problems);
	return definitions;
}

static void print_finding(hst_arena *arena, const hst_value *finding)
{
	const char *state = value_text(value_get(finding, "state"));
	bool bad = strcmp(state, "problem") == 0;

	print_tone(stdout, bad ? TONE_BAD : strcmp(state, "ok") == 0 ? TONE_GOOD : TONE_STRONG);
	printf("%-8s", state);
	print_tone(stdout, TONE_PLAIN);
	printf("  %s: %s\n", print_member(arena, finding, "area"), print_sentence(arena, finding, "text"));
	if (value_kind(value_get(finding, "remedy")) == HST_VALUE_TEXT)
		printf("          remedy: %s\n", print_sentence(arena, finding, "remedy"));
}

static void print_findings(const struct doctor *doctor)
{
	for (size_t i = 0; i < value_count(doctor->findings); i++)
		print_finding(doctor->arena, value_at(doctor->findings, i));
	if (doctor->problems)
		printf("%zu problem%s\n", doctor->problems, doctor->problems == 1 ? "" : "s");
	else
		puts("no problems");
}

/* Whoever asks first wants to know what is wrong now; whether the machine is right comes behind it. */
static void begin_with_alerts(struct doctor *doctor)
{
	const hst_value *others = doctor->findings;

	if (!doctor->running || !doctor->conf->has_host)
		return;
	doctor->findings = value_make_list(doctor->arena);
	doctor_alerts(doctor);
	for (size_t i = 0; i < value_count(others); i++)
		value_append(doctor->findings, value_at(others, i));
}

int doctor_command(struct cli *cli)
{
	struct doctor doctor = {.cli = cli, .arena = cli->arena, .findings = value_make_list(cli->arena)};
	struct definitions *definitions = read_all(&doctor);

	doctor.definitions = definitions;
	doctor.conf = definitions ? definitions->conf : NULL;
	find_owner(&doctor);
	if (definitions)
		doctor_processes(&doctor);
	doctor_machine(&doctor);
	doctor_limits(&doctor);
	if (definitions) {
		doctor_folders(&doctor);
		doctor_plugins(&doctor);
		doctor_house(&doctor);
		begin_with_alerts(&doctor);
	}
	definitions_free(definitions);
	if (cli->json)
		cli_print_json(doctor.findings);
	else
		print_findings(&doctor);
	return doctor.problems ? CLI_FAILED : CLI_DONE;
}
