/* What the files of the supervisor share among themselves. Nobody else includes this. */
#ifndef HOST_SUPERVISE_INTERNAL_H
#define HOST_SUPERVISE_INTERNAL_H

#include "supervise/child.h"
#include "supervise/guest.h"
#include "supervise/plan.h"
#include "supervise/process.h"
#include "supervise/reload.h"
#include "supervise/sessions.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade.h"

struct supervisor;

/* Exit status of `hostler reload`. Half: what it set out to do was begun, and is not all done; told as failed, too. */
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_BAD = 2, STATUS_HALF = 3 };

/* A child with what it takes to run it. */
struct role_child {
	struct child child; /* first: its callbacks get it back */
	struct supervisor *of;
	struct plan_child plan;
	struct process *process;
	struct loop_timer *timer;
	int64_t since_us; /* wall clock, of its state */
	char *bad;        /* what is wrong with its configuration, as it said; NULL: nothing */
	char *last_words; /* how its last process ended and what it printed; NULL: none has ended */
	enum reload_answer answer; /* to the reload that is under way */
	bool fresh;                /* came, or is tried again, with the reload that is under way */
	struct loop_timer *silence; /* silence.c: by when it must have said something */
	int64_t allowed_ms;
	bool doubted;              /* that time has passed once */
	char hung[100];            /* when and why it was last killed; "": never, or it was well since */
	bool old;                  /* its process is of the program before this one */
	bool leaving;              /* no longer in the plan: forgotten once it has ended */
	struct role_child *after;  /* it is started when this one has ended; NULL: it need not wait */
};

struct supervisor {
	const struct supervisor_arguments *arguments;
	const struct conf *conf; /* in force now */
	struct loop *loop;
	struct processes *processes;
	struct sessions *sessions;
	struct role_child **children;
	size_t n;
	struct reload reload;
	struct upgrade upgrade;
	uint8_t host[KEY_BYTES];
	struct guest guest; /* where there is but a gateway of another host */
	char *roster; /* the text of the one that is believed; NULL: none is */
	struct loop_timer *sessions_timer, *announce_timer;
	char *status_path;
	bool standing_is_old; /* state_dir/children is to be written anew */
	bool workers_started, others_started, announced, stopping, sessions_told;
	int status;
};

/* children.c */
struct role_child *children_add(struct supervisor *supervisor, struct plan_child *plan_take); /* stopped, not yet started */
void children_sweep(struct supervisor *supervisor); /* forgets those that have left, and starts who waited for them */
void children_clear(struct supervisor *supervisor);
struct role_child *children_named(const struct supervisor *supervisor, const char *name); /* one that stays; NULL: none */
void children_changed(struct supervisor *supervisor); /* one of them is in another state than before */
void children_write(struct supervisor *supervisor);   /* state_dir/children, if any has changed */
void children_event(struct role_child *child, enum child_event what);
void children_tell_part(struct supervisor *supervisor, enum plan_part part, enum child_event what);
bool children_are(const struct supervisor *supervisor, enum plan_part part, bool (*is)(const struct child *child));
bool child_is_ready(const struct child *child);
bool child_is_settled(const struct child *child); /* ready, or given up */
bool child_is_stopped(const struct child *child);

/* Names those that are not ready, or NULL; the caller frees. */
char *children_missing(const struct supervisor *supervisor);

/* What a child's process says and how it ends, for whoever begins to listen to it. */
struct process_role children_role(struct role_child *child);

/* children_carried.c */
void children_carry(const struct supervisor *supervisor, struct carried *to);
void children_resume(struct supervisor *supervisor, const struct carried *carried); /* those of the plan are there */

/* workers.c: `engine` becomes what the engine is told before it takes the configuration; then they begin. */
void workers_plan(struct supervisor *supervisor, struct text *engine);
void workers_begin(struct supervisor *supervisor);
void workers_have_come(struct supervisor *supervisor); /* or are not waited for any more */
bool workers_are_coming(const struct supervisor *supervisor); /* those that are new may still become ready */

/* believing.c */
void believing_open(struct supervisor *supervisor);
void believing_look(struct supervisor *supervisor); /* there may be a newer one, or other instances */
void believing_clear(struct supervisor *supervisor);
char *believing_keys(const struct role_child *child); /* what it reads on fd 4; freed with keys_forget */
char *believing_keys_of_hold(void *supervisor);

/* silence.c: of a child's process, from its start to its end. */
void silence_begin(struct role_child *child);
void silence_resume(struct role_child *child, int64_t allowed_ms); /* it was allowed to be silent for so long */
bool silence_heard(struct role_child *child, const char *line); /* any line is a sign of life; true: and nothing else */
void silence_end(struct role_child *child);

#endif
