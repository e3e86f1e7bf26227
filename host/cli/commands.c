#include "cli/commands.h"

#include "schema/nearest.h"

#include <string.h>

#define VERSION "0.1"

static const char *const displays[] = {"here", "new", NULL};
static const char *const states[] = {"queued",	  "offered", "preparing", "running", "paused",
				     "stopping",  "lost",    "succeeded", "failed",  "cancelled",
				     "timed_out", "expired", "skipped",	  NULL};

#define INPUT                                                                        \
	{                                                                            \
		"input", 0, "K=V", 1, "gives the input K the value V", NULL, VERSION \
	}
#define SECRET(since)                                                                  \
	{                                                                              \
		"secret", 0, "K", 1, "asks for the secret input K", NULL, since        \
	}
#define WAIT                                                                                   \
	{                                                                                      \
		"wait", 0, NULL, 0, "follows the run, and exits by its outcome", NULL, VERSION \
	}
#define END       \
	{         \
		0 \
	}

static const struct command_option of_all[] = {
	{"conf", 'c', "FILE", 0, "the configuration to use", NULL, VERSION},
	{"json", 0, NULL, 0, "answers with one JSON value", NULL, VERSION},
	{"help", 'h', NULL, 0, "says how the command is used", NULL, VERSION},
	END,
};

static const struct command_option of_check[] = {
	{"live", 0, NULL, 0, "also opens every plugin here, and asks whether it could work", NULL, VERSION},
	{"rehearse", 0, NULL, 0, "also plays the flows, and does nothing of what they do", NULL, VERSION},
	{"event", 0, "FILE", 0, "with --rehearse: takes the event from a file with a JSON object; - is stdin", NULL, VERSION},
	INPUT,
	{"people", 0, "FILE", 0, "with --rehearse: what people do meanwhile, as for driver/sim", NULL, VERSION},
	END,
};

static const struct command_option of_press[] = {INPUT, SECRET(VERSION), WAIT, END};

static const struct command_option of_post[] = {
	{"body", 0, "FILE", 0, "takes the fields from a file with a JSON object; - is stdin", NULL, VERSION},
	{"key", 0, "K", 0, "makes a repeat harmless: the same key is the same event", NULL, VERSION},
	SECRET(VERSION),
	WAIT,
	END,
};

static const struct command_option of_run[] = {
	{"event", 0, "FILE", 0, "takes the event from a file with a JSON object; - is stdin", NULL, VERSION},
	INPUT,
	SECRET(VERSION),
	{"from", 0, "RUN", 0, "takes the event of an earlier run", NULL, VERSION},
	WAIT,
	END,
};

static const struct command_option of_resubmit[] = {
	INPUT,
	SECRET(VERSION),
	{"as-it-was", 0, NULL, 0, "with the flow it was accepted with, not today's", NULL, VERSION},
	{"from", 0, "STEP", 0, "keeps what the steps before this one gave", NULL, VERSION},
	WAIT,
	END,
};

static const struct command_option of_try[] = {
	INPUT,
	SECRET(VERSION),
	{"display", 0, "new|here", 0, "in a private session, or on this display (default)", displays,
	 VERSION},
	END,
};

static const struct command_option of_runs[] = {
	{"flow", 0, "F", 0, "only runs of this flow", NULL, VERSION},
	{"state", 0, "S", 0, "only runs in this state", states, VERSION},
	{"label", 0, "T", 0, "only runs whose label contains this text", NULL, VERSION},
	{"reason", 0, "CODE", 0, "only runs that ended for this reason", NULL, VERSION},
	{"since", 0, "T", 0, "only runs of the last 2h, 3d …, or since a date", NULL, VERSION},
	{"number", 'n', "N", 0, "at most so many, from 1 to 1000 (default 50)", NULL, VERSION},
	END,
};

static const struct command_option of_events[] = {
	{"follow", 'f', NULL, 0, "goes on with what happens, until Ctrl-C", NULL, VERSION},
	{"flow", 0, "F", 0, "only runs of this flow", NULL, VERSION},
	{"run", 0, "RUN", 0, "only this run", NULL, VERSION},
	{"since", 0, "T", 0, "only of the last 2h, 3d …, or since a date", NULL, VERSION},
	{"number", 'n', "N", 0, "at most so many of the last, from 1 to 1000 (default 50)", NULL, VERSION},
	END,
};

static const struct command_option of_next[] = {
	{"number", 'n', "N", 0, "so many times, from 1 to 1000 (default 10)", NULL, VERSION},
	END,
};

static const struct command_option of_reload[] = {
	{"upgrade", 0, NULL, 0, "also lets the programs that are installed now take over", NULL, VERSION},
	END,
};

static const struct command_option of_resolve[] = {
	{"output", 0, "K=V", 1, "succeeded: gives the output K the value V", NULL, VERSION},
	END,
};

static const struct command_option of_watch[] = {
	{"here", 0, NULL, 0, "attended runs in your own session, which you can pause and stop", NULL, VERSION},
	{"close", 0, NULL, 0, "with --here: ends some seconds after the last run there", NULL, VERSION},
	END,
};

static const struct command_option of_log[] = {
	{"follow", 'f', NULL, 0, "goes on while the step runs", NULL, NULL},
	END,
};

static const struct command_option of_gateway[] = {
	{"expires", 0, "1h", 0, "invite: how long the invitation is good (default 1h)", NULL, VERSION},
	{"address", 0, "tcp://HOST:PORT", 0, "invite: where the machine reaches this host", NULL, VERSION},
	{"driver", 0, "D", 0, "join: the driver of its device", NULL, VERSION},
	{"strategy", 0, "S", 0, "join: the strategy of its device", NULL, VERSION},
	{"state-dir", 0, "DIR", 0, "join: where the gateway keeps its state, if not at the usual place", NULL, VERSION},
	{"accounts", 0, "A,B", 0, "join: the users that runs may have there", NULL, VERSION},
	END,
};

#define YES                                                                        \
	{                                                                          \
		"yes", 'y', NULL, 0, "asks nothing: no passphrase", NULL, VERSION \
	}

static const struct command_option of_init[] = {YES, END};

static const struct command_option of_operator[] = {
	{"may", 0, "look,press,control|admin", 0, "new: what they may do (default look)", NULL, VERSION},
	{"key", 0, "KEY", 0, "new: their own key, as `hostler operator key` prints it", NULL, VERSION},
	{"name", 0, "NAME", 0, "key: what the key is to be called, if not like its user", NULL, VERSION},
	{"to", 0, "FILE", 0, "new: where their key is written (default NAME.key)", NULL, VERSION},
	YES,
	END,
};

static const struct command_option of_seal[] = {
	{"for", 0, "SINK=MEMBER", 1, "for this place, and these who open it there (with commas between), whatever the configuration says", NULL, VERSION},
	{"to", 0, "FILE", 0, "writes it to FILE (default secrets.d/NAME.seal beside the configuration)", NULL, VERSION},
	{"again", 0, NULL, 0, "asks for nothing: opens what is sealed with your key, for those who need it now", NULL, VERSION},
	END,
};

static const struct command_option of_secrets[] = {
	{"gateway", 0, "G", 0, "exposed: what whoever has the keys of this gateway may know", NULL, VERSION},
	{"operator", 0, "NAME", 0, "exposed: what whoever has the key of this operator may know", NULL, VERSION},
	END,
};

static const struct command_option of_connection[] = {
	{"device", 0, "D", 0, "test: on this device alone", NULL, VERSION},
	END,
};

static const struct command_option of_get[] = {
	{"output", 'o', "OUT", 0, "writes to OUT, replacing it; - is stdout", NULL, VERSION},
	{"force", 0, NULL, 0, "replaces the file if it is there", NULL, VERSION},
	END,
};

static const struct command_option of_plugin[] = {
	{"markdown", 0, NULL, 0, "doc: as a page of Markdown", NULL, VERSION},
	{"option", 0, "K=V", 1, "test: opens it with the option K", NULL, VERSION},
	{"input", 0, "K=V", 1, "test: presses it with K, or calls the ACTION of ACTION.K", NULL, VERSION},
	END,
};

static const struct command_option of_desktop[] = {
	{"yes", 'y', NULL, 0, "push: asks nothing, and signs", NULL, VERSION},
	{"off", 0, NULL, 0, "pin: takes the folder again, as it is", NULL, VERSION},
	END,
};

static const struct command_option of_report[] = {
	{"force", 0, NULL, 0, "replaces the file if it is there", NULL, VERSION},
	END,
};

static const struct command_option of_backup[] = {
	{"files", 0, NULL, 0, "takes the files of runs along: logs, pictures, results", NULL, VERSION},
	{"force", 0, NULL, 0, "replaces the file if it is there", NULL, VERSION},
	END,
};

static const struct command_option of_restore[] = {
	{"check", 0, NULL, 0, "only says whether the file is whole, and what is in it", NULL, VERSION},
	{"release", 0, NULL, 0, "lets go on what was unfinished when the backup was made", NULL, VERSION},
	END,
};

static const struct command table[] = {
	{"up", "running it", "", 0, 0, "starts everything the configuration names, in the foreground", NULL,
	 host_up, VERSION},
	{"down", "running it", "", 0, 0, "ends it", NULL, host_down, VERSION},
	{"reload", "running it", "", 0, 0, "reads the configuration again, while runs go on", of_reload, reload_command,
	 VERSION},
	{"check", "running it", "[FLOW ...]", 0, 100, "reports every error of the configuration", of_check, check_command,
	 VERSION},
	{"doctor", "running it", "", 0, 0, "looks whether this machine and this house have what they need", NULL,
	 doctor_command, VERSION},
	{"init", "running it", "", 0, 0, "makes beforehand the keys that the first up would make", of_init, init_command, VERSION},

	{"press", "starting work", "BUTTON", 1, 1, "presses a trigger", of_press, press_command, VERSION},
	{"run", "starting work", "FLOW", 1, 1, "runs a flow by hand", of_run, run_command, VERSION},
	{"post", "starting work", "EVENT", 1, 1, "posts an event, for scripts and programs", of_post, post_command, VERSION},
	{"try", "starting work", "DIR", 1, 1,
	 "runs a desktop flow here and now, without host or configuration", of_try, try_command, VERSION},

	{"runs", "looking", "", 0, 0, "lists runs, newest first", of_runs, look_runs, VERSION},
	{"show", "looking", "RUN[/STEP]", 1, 1, "says everything about a run", NULL, show_command, VERSION},
	{"log", "looking", "RUN[/STEP]", 1, 1, "prints what the run's programs printed", of_log, files_log,
	 VERSION},
	{"files", "looking", "RUN[/STEP]", 1, 1, "lists the files of a run", NULL, files_list_command,
	 VERSION},
	{"get", "looking", "RUN/STEP FILE", 2, 2, "copies a file of a run here", of_get, files_get, VERSION},
	{"queue", "looking", "[TARGET]", 0, 1, "says what waits for devices, and why", NULL, look_queue,
	 VERSION},
	{"why", "looking", "RUN[/STEP]|FLOW|TRIGGER", 1, 1, "says why it does not start, or what became of it", NULL,
	 why_command, VERSION},
	{"watch", "looking", "", 0, 0, "shows what runs and waits, and what is wrong, live", of_watch, watch_command, VERSION},
	{"alerts", "looking", "", 0, 0, "lists what is wrong and needs somebody", NULL, look_alerts, VERSION},
	{"flows", "looking", "", 0, 0, "lists flows", NULL, look_flows, VERSION},
	{"triggers", "looking", "[TRIGGER]", 0, 1, "lists triggers and their inputs", NULL, triggers_command, VERSION},
	{"devices", "looking", "", 0, 0, "lists devices and their sessions", NULL, look_devices, VERSION},
	{"events", "looking", "", 0, 0, "says what happened in all runs and to the house, oldest first", of_events, events_command, VERSION},
	{"explain", "looking", "[CODE]", 0, 1, "explains a reason code, or lists them", NULL, explain_command, VERSION},
	{"next", "looking", "TRIGGER", 1, 1, "says when a trigger will fire", of_next, next_command, VERSION},
	{"report", "looking", "[FILE]", 0, 1, "writes down what somebody else needs to see to help; no secrets", of_report,
	 report_command, VERSION},

	{"top", "steering", "RUN[/STEP]", 1, 1, "lets a waiting step start first", NULL, steer_top, VERSION},
	{"untop", "steering", "RUN[/STEP]", 1, 1, "takes that back", NULL, steer_top, VERSION},
	{"priority", "steering", "RUN[/STEP] high|normal", 2, 2, "changes the priority of a waiting step", NULL,
	 steer_priority, VERSION},
	{"cancel", "steering", "RUN[/STEP]", 1, 1, "ends a run now", NULL, steer_end, VERSION},
	{"stop", "steering", "RUN[/STEP]", 1, 1, "ends a run at its next checkpoint", NULL, steer_end, VERSION},
	{"pause", "steering", "RUN[/STEP]", 1, 1, "holds a run at its next checkpoint", NULL, steer_pause,
	 VERSION},
	{"resume", "steering", "RUN[/STEP]", 1, 1, "lets a paused run go on", NULL, steer_pause, VERSION},
	{"resubmit", "steering", "RUN", 1, 1, "runs it again", of_resubmit, resubmit_command, VERSION},
	{"resolve", "steering", "RUN[/STEP] succeeded|failed|requeue", 2, 2, "says how a lost step ended", of_resolve,
	 steer_resolve, VERSION},
	{"enable", "steering", "FLOW|TRIGGER", 1, 1, "lets a flow or trigger start runs again", NULL, stand_enable,
	 VERSION},
	{"disable", "steering", "FLOW|TRIGGER", 1, 1, "keeps a flow or trigger from starting runs", NULL, stand_enable,
	 VERSION},
	{"device", "steering", "drain|resume NAME|cluster:NAME|host", 2, 2, "takes devices out of service, and back", NULL,
	 device_command, VERSION},

	{"seal", "keys", "NAME", 1, 1, "seals a secret for those who need it, and nobody else", of_seal, seal_command, VERSION},
	{"secrets", "keys", "[exposed --gateway G|--operator NAME]", 0, 1, "says which secrets there are, who can open each, and who cannot", of_secrets,
	 secrets_command, VERSION},
	{"gateway", "keys", "invite NAME | join LINE | add NAME KEY [SEAL SIGN] | remove NAME", 2, 5,
	 "lets gateways of other machines in, and removes them", of_gateway, gateway_command, VERSION},
	{"operator", "keys", "new NAME | list | remove NAME | key | passphrase", 1, 2,
	 "lets other people in, and removes them", of_operator, operator_command, VERSION},
	{"connection", "keys", "list | test NAME | unblock NAME", 1, 2, "lists connections, tries one, and says that one is in order again", of_connection,
	 connection_command, VERSION},

	{"plugins", "plugins", "", 0, 0, "lists plugins", NULL, look_plugins, VERSION},
	{"plugin", "plugins", "doc|new|test KIND/NAME|FILE", 2, 2, "documents, begins or tests a plugin", of_plugin, plugin_command,
	 VERSION},
	{"desktop", "plugins", "list | show NAME | push NAME|DIR | pin NAME[@VERSION]", 1, 2,
	 "lists desktop flows, signs them so that they may be given secrets, and keeps to a version", of_desktop, desktop_command, VERSION},

	{"backup", "keeping", "FILE", 1, 1, "saves everything that must not be lost, while the house runs or not", of_backup,
	 backup_command, VERSION},
	{"restore", "keeping", "FILE | --release", 0, 1, "puts a backup back; unfinished runs then wait to be released", of_restore,
	 restore_command, VERSION},
};

enum { COMMANDS = sizeof table / sizeof table[0] };

const struct command *commands(size_t *ret_n)
{
	*ret_n = COMMANDS;
	return table;
}

const struct command_option *command_options_of_all(void)
{
	return of_all;
}

const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const char *command_nearest(const char *name)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < COMMANDS; i++)
		if (table[i].since)
			nearest_offer(&nearest, table[i].name);
	return nearest.best;
}

static const struct command_option *find(const struct command_option *options, const char *name, char letter)
{
	for (; options && options->name; options++)
		if (name ? strcmp(options->name, name) == 0 : options->letter && options->letter == letter)
			return options;
	return NULL;
}

const struct command_option *command_option(const struct command *command, const char *name)
{
	const struct command_option *own = command ? find(command->options, name, 0) : NULL;

	return own ? own : find(of_all, name, 0);
}

const struct command_option *command_option_letter(const struct command *command, char letter)
{
	const struct command_option *own = command ? find(command->options, NULL, letter) : NULL;

	return own ? own : find(of_all, NULL, letter);
}

const char *command_option_nearest(const struct command *command, const char *name)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (const struct command_option *own = command ? command->options : NULL; own && own->name; own++)
		nearest_offer(&nearest, own->name);
	for (const struct command_option *shared = of_all; shared->name; shared++)
		nearest_offer(&nearest, shared->name);
	return nearest.best;
}
