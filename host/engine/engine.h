/*
 * The engine: triggers in, runs forward, queue, placement, store. Its files share this struct; nothing outside the
 * folder includes it but main/.
 *
 * One turn of the loop is one batch: messages and timers become core events; then what became dirty is committed in one
 * transaction; only then are replies and actions sent. So whatever somebody was told is on disk.
 */
#ifndef HOST_ENGINE_ENGINE_H
#define HOST_ENGINE_ENGINE_H

#include "base/text.h"
#include "definitions/definitions.h"
#include "loop/loop.h"
#include "plugin/instance.h"
#include "policy/policy.h"
#include "pure/core/core.h"
#include "store/store.h"
#include "wire/child.h"
#include "wire/hub.h"

/* Something the engine asked a peer and whose answer is outstanding, by message id. */
struct roster_member;
struct alerting;
struct engine_request {
	uint64_t id;
	enum word asked;  /* WORD_call of a connector; WORD_fire or WORD_next of a trigger, for a client that waits */
	uint64_t link;    /* number of the worker's link it was sent to */
	uint64_t client;  /* of a trigger: number of the link that asked, and its message id */
	uint64_t client_id;
	const char *who, *trigger; /* words of the engine */
	int64_t step, token; /* call */
	char *key; /* fire: that whoever pressed gave the event; NULL: none */
	uint64_t notice;     /* of a call outside of any run; 0: it is a step's */
	int64_t files;       /* a press: the set of files that came with it (staging.h); 0: none */
};

/* A call outside of any run; `id` says which when alerting_told is given what came of it. */
struct engine_notice {
	uint64_t id;
	const char *connector, *action;
	int64_t timeout_ms;
	const char *inputs; /* JSON */
	size_t inputs_length;
};

/* A call that waits for a free worker of its instance. */
struct engine_call {
	int64_t step, token, timeout_ms;
	char once[ID_SIZE + 24]; /* what is to be done: the same when the call is made again */
	uint64_t notice;
	char *action, *inputs;
	size_t inputs_length;
	char *sealed; /* items; NULL: none */
	size_t sealed_length;
	char chain[ID_SIZE]; /* with `sealed`: what envelopes are bound to */
	char *name; /* the step's */
	struct engine *engine;
	struct engine_pool *pool;
	bool cancelled; /* no worker is to take it any more */
	struct loop_timer *overdue; /* its time-out runs while it waits, too */
	struct engine_call *next;
};

/* One connector instance: its waiting calls. */
struct engine_pool {
	const char *instance; /* words of the engine */
	struct engine_call *first, *last;
};

/* What a device's gateway last said; for `hostler devices`. */
struct engine_device {
	int64_t last_seen_us;
	uint64_t link; /* number of the link that said so */
	char *sessions; /* JSON */
	size_t sessions_length;
	char *about; /* JSON: driver, strategy and accounts, as its gateway's own file has them; NULL: not said */
	size_t about_length;
	char address[64]; /* where its gateway was last; "" on this machine */
	char *gateway;    /* the name of the one that said so; NULL: none since the start */
	uint64_t served_by; /* the link that was found to be its gateway's, as of what `served_as_of` names */
	int64_t served_as_of;
};

/* Somebody with the key of a gateway was refused. */
struct engine_turned_away {
	int64_t at_us;
	char from[64];
};

/* A reply that waits for the commit. */
struct engine_reply {
	uint64_t link;
	struct message message;
	char *payload; /* of the message, owned; or NULL */
};

struct engine_follower {
	uint64_t link;
	int64_t run; /* 0: all runs, those to come too */
	bool ends;   /* of what happens only that a run has ended */
};

struct engine {
	struct loop *loop;
	const struct child *child;
	struct definitions *definitions;
	struct balancers *balancers;
	struct policy_house house; /* both of them, for the core */
	struct engine_loaded *loaded; /* read again and checked, not yet in force (reload.c); NULL: nothing */
	struct core *core;
	struct core_effects effects;
	struct store *store;
	struct hub *hub;
	struct table links;    /* number -> struct hub_link */
	struct engine_left *left; /* requests whose worker is gone */
	struct table requests; /* id -> struct engine_request */
	struct table words;    /* names of clients and triggers, kept once */
	struct table pools;    /* connector instance -> struct engine_pool */
	struct table devices;  /* name -> struct engine_device */
	struct key_ring *ring; /* who may connect */
	int64_t serving;       /* grows when another gateway may serve a device */
	char *admitted_path;   /* the file with gateways of other machines */
	struct roster *roster; /* NULL: what there is is an older list of operators */
	char *rosters_dir;     /* each that was handed over since the first, by its epoch */
	struct table turned_away; /* gateway -> struct engine_turned_away */
	hst_arena *scratch;    /* one message or answer */
	uint64_t next_request;
	struct draw draws[512]; /* random numbers, used from the end */
	size_t draw_count;     /* that are left */
	bool saying; /* what follows from a batch is put together: neither the core nor the store is to be touched */
	bool batch_open;       /* a transaction is open in the store */
	struct core_counters stored_counters;
	struct text said; /* what is being sent */
	struct text sealed; /* and what is sealed of it */
	struct engine_failure *failures; /* of calls and offers that could not be made (envelopes.c) */
	size_t failure_count, failure_size;
	struct loop_timer *fail;
	struct table secrets;  /* name -> struct engine_secret (secrets.c) */
	struct loop_timer *secrets_look;
	struct engine_trial *trials; /* under way (trials.c) */
	struct engine_probe *probes; /* likewise (probes.c) */
	struct engine_reply *replies;
	size_t reply_count, reply_size;
	struct engine_follower *followers;
	size_t follower_count, follower_size;
	struct loop_timer *wake;
	int64_t wake_at_us;
	bool resting, rested; /* rest.c */
	int64_t began_us;     /* steady: when this engine was ready */
	char *files_dir;
	struct table writing;      /* files in parts: path -> their sums so far (files.h) */
	struct staged *staged;     /* files of events to come, the newest first (staging.h) */
	size_t staged_count;
	int64_t staged_number;
	struct loop_timer *staged_clean;
	struct retention *retention;
	struct alerting *alerting; /* NULL: before it is opened */
	struct engine_backup *backup; /* being made; NULL: none (backups.c) */
};

/* engine.c: the program's life; returns the exit status. */
int engine_main(int argc, char **argv);

/* Adds what is configured to the core: before the first event, and again after core_retire. */
void engine_configure_core(struct engine *engine);

/* reload.c */
/* `accepted`: what was last put into force, else what stands in the file now. NULL: with problems. */
struct definitions *engine_read_definitions(const struct engine *engine, bool accepted, struct problems *problems);
void engine_told(void *arg, const char *word); /* by the supervisor */
void engine_forget_loaded(struct engine *engine);
void engine_free_definitions(struct engine *engine); /* the core owns their flows */

/* rest.c */
void rest_begin(struct engine *engine);
void rest_end(struct engine *engine);
/* True: nothing is begun now, and whoever asked has been told. */
bool rest_refuses(struct engine *engine, struct hub_link *from, uint64_t id);
bool rest_is_ending(const struct engine *engine); /* it has only just begun, and its workers may be on their way */
void rest_look(void *arg); /* the end of a turn */

/* batch.c */
void engine_event(struct engine *engine, struct core_event *event); /* fills in time and draw */
void engine_begin(struct engine *engine);                           /* opens the batch's transaction, once */
void engine_after(void *arg);                                       /* the end of a turn */
struct message *engine_reply(struct engine *engine, const struct hub_link *to, enum word word, uint64_t id); /* after the commit */
void engine_answer(struct engine *engine, const struct hub_link *to, uint64_t id, const hst_value *answer); /* likewise */
void engine_answer_as(struct engine *engine, const struct hub_link *to, enum word word, uint64_t id, const hst_value *answer);
const char *engine_operator(const struct hub_link *link); /* the name of who asked */

/* persist.c */
void engine_persist(struct engine *engine);
int engine_restore(struct engine *engine, hst_error *err);
/* The flow that a run was accepted with; NULL: it cannot be had any more. */
const struct flow *engine_flow_of_then(struct engine *engine, const char *name, const char *digest, hst_error *err);
/* The id of a run that the store has; "": it has it no more. */
void engine_run_id(struct engine *engine, int64_t number, char ret[ID_SIZE]);
/* Every flow and package as configured now, by digest, so that a run can be explained and restored for as long as it is known. */
int engine_store_definitions(struct engine *engine, hst_error *err); /* within a transaction */

/* perform.c */
void engine_perform(struct engine *engine);
void engine_follow(struct engine *engine, uint64_t link, int64_t run, bool ends);
void engine_unfollow(struct engine *engine, uint64_t link, int64_t run); /* run 0: all of the link */
struct hub_link *engine_link(struct engine *engine, uint64_t number);    /* NULL: it has left */

/* Something that happened, with the names that belong to it; `step` and `detail` may be NULL, and so is `run_id` of what
 * happened to the house. */
struct engine_happening {
	int64_t run, at_us;
	const char *run_id, *flow, *step, *what, *detail;
};
void engine_say_happening(struct text *to, const struct engine_happening *happening); /* as JSON */

/* on_client.c, on_worker.c, on_gateway.c */
void on_press(void *arg, struct hub_link *from, const struct message *message);
void on_run(void *arg, struct hub_link *from, const struct message *message);
void on_follow(void *arg, struct hub_link *from, const struct message *message);
void on_resubmit(void *arg, struct hub_link *from, const struct message *message); /* on_resubmit.c */
void on_whom(void *arg, struct hub_link *from, const struct message *message); /* on_whom.c */
void on_steer(void *arg, struct hub_link *from, const struct message *message); /* on_steer.c */
void on_coming(void *arg, struct hub_link *from, const struct message *message);
void on_fired(void *arg, struct hub_link *from, const struct message *message);
void on_emit(void *arg, struct hub_link *from, const struct message *message);
void on_failing(void *arg, struct hub_link *from, const struct message *message);
void on_state_get(void *arg, struct hub_link *from, const struct message *message);
void on_returned(void *arg, struct hub_link *from, const struct message *message);
void on_error(void *arg, struct hub_link *from, const struct message *message);
void on_device(void *arg, struct hub_link *from, const struct message *message);
void on_taken(void *arg, struct hub_link *from, const struct message *message);
void on_refused(void *arg, struct hub_link *from, const struct message *message);
void on_stage(void *arg, struct hub_link *from, const struct message *message);
void on_progress(void *arg, struct hub_link *from, const struct message *message);
void on_asked(void *arg, struct hub_link *from, const struct message *message);
void on_finished(void *arg, struct hub_link *from, const struct message *message);
void on_released(void *arg, struct hub_link *from, const struct message *message);
void on_standing(void *arg, struct hub_link *from, const struct message *message);
void on_package(void *arg, struct hub_link *from, const struct message *message);
void on_package_get(void *arg, struct hub_link *from, const struct message *message);

/* on_files.c */
void on_file_get(void *arg, struct hub_link *from, const struct message *message);
void on_file_put(void *arg, struct hub_link *from, const struct message *message);
void on_file_fetch(void *arg, struct hub_link *from, const struct message *message);

/* serving.c: which gateway serves a device */
int serving_read(struct engine *engine, struct key_ring *ring, hst_error *err);
void serving_configure(struct engine *engine); /* every device of a gateway that was let in is in the core */
const char *serving_gateway(const struct engine *engine, const char *device); /* its name; NULL: nobody's */
int serving_enrol(void *arg, const char *invited, const char *address, const struct message *enrol, hst_error *err);
void serving_turned_away(void *arg, const char *name, const char *reason, const char *address);
void serving_changed(struct engine *engine, const char *name); /* the ring has: what becomes of the gateway's device */
void serving_clear(struct engine *engine);

/* roster.c: who may connect as an operator */
int engine_roster_open(struct engine *engine, struct key_ring *ring, hst_error *err);
void engine_roster_again(struct engine *engine); /* the supervisor may have written it */
/* An operator's word: proved, on disk and in use when it returns. The hub is to be told. */
int engine_roster_take(struct engine *engine, const char *text, hst_error *err);
/* In order, each that whoever believes the one of epoch `since` needs to come to today's; until `each` says false. */
void engine_roster_each(const struct engine *engine, int64_t since, bool (*each)(void *arg, const struct roster *roster), void *arg);
void engine_roster_tell(struct engine *engine, struct hub_link *link); /* if it is one of those that seal and open */

/* The line of the roster that an `enrol` has with it: whether it holds, then, once the gateway is let in, what becomes of it. A line
 * without a name is none. The caller frees *ret with roster_member_clear. */
int engine_roster_may_join(const struct engine *engine, const struct message *enrol, struct roster_member *ret, hst_error *err);
void engine_roster_join(struct engine *engine, const struct roster_member *line);
void engine_roster_clear(struct engine *engine);

/* presences.c: how devices are there */
struct presence;
void presences_of(struct engine *engine, const char *device, struct presence *ret);
void presences_note(struct engine *engine); /* tells the core why devices are not there; before anybody asks */
void presences_heard(struct engine *engine, const struct hub_link *from, const struct message *message, const hst_value *body);
void presences_left(struct engine *engine, const struct hub_link *gateway);
void presences_close(struct engine *engine); /* before the store and the hub are closed */
void presences_free(struct engine_device *device);
bool presences_restore(struct engine *engine, const char *kind, const char *name, const char *value, size_t length);

/* manage.c */
void on_manage(void *arg, struct hub_link *from, const struct message *message);

/* answers.c */
void on_ask(void *arg, struct hub_link *from, const struct message *message);

/* keyed.c: events of presses that have a key */
int keyed_check(const char *key, hst_error *err); /* as whoever presses gives it */
/* True: there was one with this key, and whoever pressed is told its runs; the request is gone. */
bool keyed_again(struct engine *engine, struct engine_request *request, const char *key);
/* The runs that its event has just made are those of the key. */
void keyed_keep(struct engine *engine, const struct engine_request *request, const char *key);

/* workers.c: requests to workers */
void workers_call(struct engine *engine, const struct core_action *action);
void workers_notify(struct engine *engine, const struct engine_notice *notice);
/* What came of a call: told to the core, or, of one with a notice, to whoever gave that. */
void workers_over(struct engine *engine, uint64_t notice, struct core_event *event);
void workers_press(struct engine *engine, struct hub_link *client, const struct message *press);
void workers_ask_next(struct engine *engine, struct hub_link *client, uint64_t id, const hst_value *filters);
struct engine_request *workers_request(struct engine *engine, const struct hub_link *client, uint64_t client_id);
struct engine_request *workers_take(struct engine *engine, const struct hub_link *from, uint64_t id); /* the caller frees it, by: */
void workers_request_free(struct engine_request *request);
void workers_cancel(struct engine *engine, const struct step *step);
void workers_next(struct engine *engine, struct hub_link *worker);
bool workers_is_of(const struct hub_link *worker, const char *connector); /* a process of this instance */
void workers_left(struct engine *engine, struct hub_link *worker);
void workers_configured(struct engine *engine); /* what waits for connectors that have gone comes to nothing */
void workers_left_clear(struct engine *engine);
/* The engine ends: calls that no worker has had are the next one's to make. */
void workers_uncall(struct engine *engine);
void workers_clear(struct engine *engine);

/* A refusal of what was asked, at once. */
void engine_refuse(struct engine *engine, struct hub_link *to, uint64_t id, int code, const char *reason, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

#endif
