/*
 * The one table of commands. --help, the suggestions for unknown words, completion, and the lint of the
 * manual all read it. A row without `since` is a promise of the design that this version does not keep yet:
 * it answers so.
 */
#ifndef HOST_CLI_COMMANDS_H
#define HOST_CLI_COMMANDS_H

#include <stddef.h>

struct cli;

struct command_option {
	const char *name;	    /* "input" of --input */
	char letter;		    /* 'o' of -o; 0: none */
	const char *value;	    /* what people put there: "K=V"; NULL: a switch */
	int many;		    /* may be given more than once */
	const char *summary;	    /* one line, no full stop */
	const char *const *choices; /* ends with NULL; NULL: anything */
	const char *since;	    /* NULL: not in this version */
};

struct command {
	const char *name;
	const char *family;    /* of DESIGN's table: "looking" */
	const char *arguments; /* "RUN[/STEP]", "" */
	int least, most;       /* how many of them; most -1: any number */
	const char *summary;   /* one line, no full stop */
	const struct command_option
		*options;	     /* ends with a row without name; NULL: none but those of all commands */
	int (*run)(struct cli *cli); /* returns the exit status */
	const char *since;	     /* NULL: not in this version */
};

const struct command *commands(size_t *ret_n);		   /* in the order of --help */
const struct command_option *command_options_of_all(void); /* -c, --json, --help */
const struct command *command_named(const char *name);	   /* NULL: none */
const char *command_nearest(const char *name);		   /* NULL: none is near enough to be meant */

/* The option of the command, or of all commands (`command` may be NULL). */
const struct command_option *command_option(const struct command *command, const char *name);
const struct command_option *command_option_letter(const struct command *command, char letter);
const char *command_option_nearest(const struct command *command, const char *name);

/* What the rows do, by family of commands. */
int host_up(struct cli *cli); /* host.c */
int host_down(struct cli *cli);
int reload_command(struct cli *cli); /* reload.c */
int check_command(struct cli *cli);  /* check.c */
int plugin_command(struct cli *cli); /* plugin.c */
int press_command(struct cli *cli);
int post_command(struct cli *cli); /* press.c */
int run_command(struct cli *cli);
int resubmit_command(struct cli *cli);
int try_command(struct cli *cli); /* try.c */
int connection_command(struct cli *cli); /* connection.c */
int steer_top(struct cli *cli); /* steer.c */
int steer_priority(struct cli *cli);
int steer_end(struct cli *cli);
int steer_pause(struct cli *cli);
int steer_resolve(struct cli *cli);
int stand_enable(struct cli *cli); /* stand.c */
int device_command(struct cli *cli);
int look_runs(struct cli *cli);	  /* look.c */
int look_queue(struct cli *cli);
int look_flows(struct cli *cli);
int look_triggers(struct cli *cli);
int triggers_command(struct cli *cli);
int look_devices(struct cli *cli);
int look_plugins(struct cli *cli);
int look_alerts(struct cli *cli);
int desktop_command(struct cli *cli); /* desktop.c */
int doctor_command(struct cli *cli);  /* doctor_command.c */
int events_command(struct cli *cli);  /* events.c */
int explain_command(struct cli *cli); /* explain.c */
int next_command(struct cli *cli);    /* next.c */
int report_command(struct cli *cli);  /* report.c */
int backup_command(struct cli *cli);  /* backup.c */
int restore_command(struct cli *cli); /* restore.c */
int gateway_command(struct cli *cli); /* gateway.c */
int gateway_join(struct cli *cli);    /* join.c */
int init_command(struct cli *cli);    /* init.c */
int operator_command(struct cli *cli); /* operator.c */
int seal_command(struct cli *cli); /* seal.c */
int secrets_command(struct cli *cli); /* secrets.c */
int show_command(struct cli *cli);    /* show.c */
int watch_command(struct cli *cli);   /* watch.c */
int why_command(struct cli *cli);     /* why.c */
int files_log(struct cli *cli);	   /* run_files.c */
int files_list_command(struct cli *cli);
int files_get(struct cli *cli);

#endif
