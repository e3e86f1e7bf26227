#include "supervise/internal.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/conf.h"
#include "config/conf_changes.h"
#include "os/files.h"
#include "supervise/carried.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MAX = 1 << 20, CHECK_LATE_MS = 120000, LOAD_LATE_MS = 120000, START_LATE_MS = 30000 };

static void write_answer(struct supervisor *supervisor, const char *state)
{
	struct reload *reload = &supervisor->reload;
	AUTO_FREE char *text =
		mem_printf("%llu %s\n%s", (unsigned long long)reload->serial, state, reload->said.s);
	hst_error err = {0};

	if (files_replace(reload->path, text, strlen(text), 0640, false, &err) != HST_OK)
		log_warning("%s", err.text);
}

void reload_say(struct supervisor *supervisor, const char *line)
{
	text_addf(&supervisor->reload.said, "%s\n", line);
}

static void tell(struct supervisor *supervisor, const char *word, enum reload_answer to, enum reload_answer answer)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->answer != to)
			continue;
		child->answer = answer;
		if (!process_tell(child->process, word))
			log_warning("%s cannot be told to %s the configuration", child->child.name, word);
	}
}

static bool any(const struct supervisor *supervisor, enum reload_answer answer)
{
	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->answer == answer)
			return true;
	return false;
}

/* "take" to those of a part that have loaded it. */
static void tell_part(struct supervisor *supervisor, enum plan_part part, const char *lines)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->plan.part != part || child->answer != ANSWER_LOADED)
			continue;
		child->answer = ANSWER_AWAITED;
		/* One that cannot be told is of no use with the old configuration; started anew it reads the new one. */
		if (!process_tell(child->process, lines)) {
			log_error("%s does not hear that it is to take the configuration, and is started anew", child->child.name);
			process_signal(child->process, SIGKILL);
		}
	}
}

static void forget(struct supervisor *supervisor)
{
	struct reload *reload = &supervisor->reload;

	loop_cancel(supervisor->loop, &reload->late);
	conf_free(take(reload->conf));
	for (size_t i = 0; i < supervisor->n; i++)
		supervisor->children[i]->answer = ANSWER_NONE;
	reload->stage = RELOAD_NONE;
}

void reload_finish(struct supervisor *supervisor, int status)
{
	static const char *const states[] = {"0", "1", "2", "1+"};

	/* Who has read it and may not have it forgets it. */
	tell(supervisor, "drop", ANSWER_LOADED, ANSWER_NONE);
	tell(supervisor, "drop", ANSWER_AWAITED, ANSWER_NONE);
	forget(supervisor);
	write_answer(supervisor, states[status]);
	if (status == STATUS_DONE)
		log_info(supervisor->reload.upgrade ? "the programs were replaced"
						    : "the configuration was read again and is in force");
	else if (status == STATUS_HALF || supervisor->reload.upgrade)
		log_error("the programs were to be replaced, %s:\n%s",
			  status == STATUS_HALF ? "and not all are" : "and are those they were", supervisor->reload.said.s);
	else
		log_error("the configuration was read again and is not in force; nothing was changed:\n%s",
			  supervisor->reload.said.s);
}

static void on_late(void *arg)
{
	struct supervisor *supervisor = arg;

	supervisor->reload.late = NULL;
	if (supervisor->reload.stage == RELOAD_STARTING) {
		supervisor->reload.patient = false;
		return;
	}
	reload_say(supervisor, "not every process of the host has read the configuration in time; the log says more");
	reload_finish(supervisor, STATUS_FAILED);
}

/* The checks that only the one who knows both configurations can make. */
static bool may_follow(struct supervisor *supervisor, struct problems *problems)
{
	conf_check_fixed(supervisor->conf, supervisor->reload.conf, problems);
	for (size_t i = 0; i < problems->n; i++) {
		AUTO_FREE char *line = problem_line(&problems->at[i]);

		reload_say(supervisor, line);
	}
	return problems->n == 0;
}

static bool read_conf(struct supervisor *supervisor)
{
	AUTO(problems) struct problems problems;

	problems_init(&problems);
	supervisor->reload.conf = conf_load(supervisor->arguments->file, &problems);
	if (supervisor->reload.conf)
		return may_follow(supervisor, &problems);
	for (size_t i = 0; i < problems.n; i++) {
		AUTO_FREE char *line = problem_line(&problems.at[i]);

		reload_say(supervisor, line);
	}
	return false;
}

static void begin_loading(struct supervisor *supervisor)
{
	supervisor->reload.stage = RELOAD_LOADING;
	supervisor->reload.late = loop_in(supervisor->loop, LOAD_LATE_MS, on_late, supervisor);
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->plan.part != PLAN_WORKER && child_is_ready(&child->child) && process_tell(child->process, "load"))
			child->answer = ANSWER_AWAITED;
	}
}

static void on_checked(void *arg, int status, const char *said)
{
	struct supervisor *supervisor = arg;
	bool wrong = WIFEXITED(status) && WEXITSTATUS(status) != 0;
	/* 1: nothing but plugins, without which the rest can work. */
	bool good = status == 0 || (wrong && WEXITSTATUS(status) == 1);

	/* What it printed is what is wrong. */
	if (status != 0)
		text_add(&supervisor->reload.said, said);
	if (!wrong && status != 0)
		reload_say(supervisor, "`hostler check` did not come to an end");
	if (!good)
		reload_finish(supervisor, wrong ? STATUS_BAD : STATUS_FAILED);
	else if (!read_conf(supervisor))
		reload_finish(supervisor, STATUS_BAD);
	else
		begin_loading(supervisor);
}

static void begin_checking(struct supervisor *supervisor)
{
	struct reload *reload = &supervisor->reload;
	char *const argv[] = {"hostler", "check", "-c", (char *)supervisor->arguments->file, NULL};
	hst_error err = {0};

	reload->stage = RELOAD_CHECKING;
	reload->check = (struct trial){.loop = supervisor->loop, .done = on_checked, .arg = supervisor};
	if (trial_start(&reload->check, supervisor->processes,
			&(struct trial_spec){.name = "check", .program = "hostler", .argv = argv, .late_ms = CHECK_LATE_MS},
			&err) == HST_OK)
		return;
	reload_say(supervisor, err.text);
	reload_finish(supervisor, STATUS_FAILED);
}

void reload_ask(struct supervisor *supervisor, bool upgrade)
{
	struct reload *reload = &supervisor->reload;

	if (reload->stage != RELOAD_NONE) {
		reload->again = true;
		reload->again_upgrade |= upgrade;
		return;
	}
	reload->upgrade = upgrade || reload->again_upgrade;
	reload->again = reload->again_upgrade = false;
	reload->serial++;
	reload->stage = RELOAD_WAITING;
	text_reset(&reload->said);
	text_reset(&reload->changes);
	write_answer(supervisor, "busy");
	log_info(reload->upgrade ? "the configuration is read again, and the programs are to be replaced"
				 : "the configuration is read again");
}

static void add_change(void *arg, enum conf_change change, const char *kind, const char *name)
{
	AUTO_FREE char *line = mem_printf("%s %s%s%s", conf_change_name(change), kind, name ? " " : "", name ? name : "");

	reload_say(arg, line);
}

/* Who is started from now on reads this text, whatever becomes of the file. */
static void keep_accepted(struct supervisor *supervisor)
{
	const struct document *document = supervisor->conf->document;
	hst_error err = {0};

	if (files_replace(supervisor->reload.accepted, document->text, document->text_length, 0640, false, &err) != HST_OK)
		log_warning("%s", err.text);
}

/* What was loaded everywhere is in force from here on: who is started anew reads it, too. First the engine takes it. */
static void begin_taking(struct supervisor *supervisor)
{
	struct reload *reload = &supervisor->reload;
	AUTO(text) struct text engine;

	loop_cancel(supervisor->loop, &reload->late);
	text_add(&reload->said, reload->changes.s);
	conf_changes(supervisor->conf, reload->conf, add_change, supervisor);
	conf_free(reload->taken);
	supervisor->conf = reload->taken = take(reload->conf);
	keep_accepted(supervisor);
	believing_look(supervisor); /* instances that are new have keys, and everybody who seals to them is to know */
	reload->stage = RELOAD_TAKING;
	text_init(&engine, SAID_MAX);
	workers_plan(supervisor, &engine);
	text_add(&engine, "take");
	tell_part(supervisor, PLAN_ENGINE, engine.s);
	if (!any(supervisor, ANSWER_AWAITED))
		tell_part(supervisor, PLAN_GATEWAY, "take");
}

/* The engine knows who comes and goes, and no call goes to those that leave any more. */
static void begin_starting(struct supervisor *supervisor)
{
	supervisor->reload.stage = RELOAD_STARTING;
	supervisor->reload.patient = true;
	supervisor->reload.late = loop_in(supervisor->loop, START_LATE_MS, on_late, supervisor);
	workers_begin(supervisor);
}

static void finish_done(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];
		const char *slash = strchr(child->plan.name, '/');

		if (!child->leaving && !child_is_ready(&child->child))
			text_addf(&supervisor->reload.said, "missing %.*s%s%s\n", (int)strcspn(child->plan.name, "/"),
				  child->plan.name, slash ? " " : "", slash ? slash + 1 : "");
	}
	workers_have_come(supervisor);
	if (!supervisor->reload.upgrade) {
		reload_finish(supervisor, STATUS_DONE);
		return;
	}
	loop_cancel(supervisor->loop, &supervisor->reload.late);
	supervisor->reload.stage = RELOAD_UPGRADING;
	upgrade_begin(supervisor);
}

bool reload_heard(struct role_child *child, const char *line)
{
	struct supervisor *supervisor = child->of;

	if (child->answer != ANSWER_AWAITED)
		return false;
	if (strncmp(line, "note ", 5) == 0)
		text_addf(&supervisor->reload.changes, "%s\n", line + 5);
	else if (strncmp(line, "wrong ", 6) == 0)
		reload_say(supervisor, line + 6);
	else if (strcmp(line, "loaded") == 0)
		child->answer = ANSWER_LOADED;
	else if (strcmp(line, "refused") == 0)
		child->answer = ANSWER_REFUSED;
	else if (strcmp(line, "taken") == 0)
		child->answer = ANSWER_TAKEN;
	else if (strcmp(line, "rested") == 0)
		child->answer = ANSWER_RESTED;
	else
		return false;
	return true;
}

void reload_child_ended(struct role_child *child)
{
	AUTO_FREE char *line = NULL;

	if (child->answer == ANSWER_NONE)
		return;
	/* Started again it reads what is in force by then, and is the new program if that is what it was to make room for. */
	child->answer = child->of->reload.stage == RELOAD_TAKING	     ? ANSWER_TAKEN
			: child->of->reload.stage == RELOAD_UPGRADING ? ANSWER_NONE
								      : ANSWER_REFUSED;
	line = mem_printf("%s ended while it read the configuration; the log says why", child->child.name);
	if (child->answer == ANSWER_REFUSED)
		reload_say(child->of, line);
}

static bool is_starting(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++)
		if (supervisor->children[i]->plan.part != PLAN_WORKER &&
		    supervisor->children[i]->child.state == CHILD_STARTING)
			return true;
	return false;
}

static void step(struct supervisor *supervisor)
{
	switch (supervisor->reload.stage) {
	case RELOAD_NONE:
	case RELOAD_CHECKING:
		break;
	case RELOAD_WAITING:
		if (!is_starting(supervisor))
			begin_checking(supervisor);
		break;
	case RELOAD_LOADING:
		if (any(supervisor, ANSWER_REFUSED))
			reload_finish(supervisor, STATUS_BAD);
		else if (!any(supervisor, ANSWER_AWAITED))
			begin_taking(supervisor);
		break;
	case RELOAD_TAKING:
		if (any(supervisor, ANSWER_AWAITED))
			break;
		if (any(supervisor, ANSWER_LOADED))
			tell_part(supervisor, PLAN_GATEWAY, "take");
		else
			begin_starting(supervisor);
		break;
	case RELOAD_STARTING:
		if (!supervisor->reload.patient || !workers_are_coming(supervisor))
			finish_done(supervisor);
		break;
	case RELOAD_UPGRADING:
		upgrade_turn(supervisor);
		break;
	}
}

/* Where there is nothing to wait for a stage ends with its beginning, and no event would come to say so. */
static void step_on(struct supervisor *supervisor)
{
	enum reload_stage before;

	do {
		before = supervisor->reload.stage;
		step(supervisor);
	} while (supervisor->reload.stage != before);
}

/* A house that goes down has no use for a new configuration. */
void reload_turn(struct supervisor *supervisor)
{
	struct reload *reload = &supervisor->reload;

	if (supervisor->stopping && reload->stage != RELOAD_NONE && !reload->check.process && !supervisor->upgrade.trial.process) {
		reload_say(supervisor, "hostler is being taken down");
		reload_finish(supervisor, STATUS_FAILED);
		return;
	}
	if (supervisor->stopping)
		return;
	step_on(supervisor);
	if (reload->stage == RELOAD_NONE && reload->again) {
		reload_ask(supervisor, false);
		step_on(supervisor);
	}
}

void reload_open(struct supervisor *supervisor)
{
	supervisor->reload.path = files_join(supervisor->conf->state_dir, "reload");
	if (supervisor->reload.stage == RELOAD_NONE)
		unlink(supervisor->reload.path);
	supervisor->reload.accepted = files_join(supervisor->conf->state_dir, "in-force.ini");
	keep_accepted(supervisor);
	setenv("HOSTLER_ACCEPTED", supervisor->reload.accepted, true);
	if (supervisor->reload.stage == RELOAD_NONE)
		text_init(&supervisor->reload.said, SAID_MAX);
	text_init(&supervisor->reload.changes, SAID_MAX);
}

void reload_carry(const struct supervisor *supervisor, struct carried *to)
{
	to->house.serial = (int64_t)supervisor->reload.serial;
	to->house.again = supervisor->reload.again;
	to->house.again_upgrade = supervisor->reload.again_upgrade;
	to->house.said = mem_text(supervisor->reload.said.s);
}

void reload_resume(struct supervisor *supervisor, const struct carried *carried)
{
	struct reload *reload = &supervisor->reload;

	reload->stage = RELOAD_UPGRADING;
	reload->upgrade = true;
	reload->serial = (uint64_t)carried->house.serial;
	reload->again = carried->house.again;
	reload->again_upgrade = carried->house.again_upgrade;
	text_init(&reload->said, SAID_MAX);
	text_add(&reload->said, carried->house.said ? carried->house.said : "");
}

void reload_clear(struct supervisor *supervisor)
{
	struct reload *reload = &supervisor->reload;

	trial_forget(&reload->check);
	if (reload->stage != RELOAD_NONE)
		forget(supervisor);
	unlink(reload->path);
	unlink(reload->accepted);
	free(reload->path);
	free(reload->accepted);
	text_clear(&reload->said);
	text_clear(&reload->changes);
	conf_free(reload->taken);
}
