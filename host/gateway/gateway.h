/*
 * The gateway: devices, sessions, runs. It has no privilege and holds no secret: sessions are opened by processes that
 * the supervisor starts for it, and it speaks to them over socketpairs. Its files share this struct; nothing outside
 * the folder includes it but main/.
 *
 * One turn of the loop is one batch: messages become admission events; the journal records of the batch are synced with
 * one fsync; then everything else is done.
 */
#ifndef HOST_GATEWAY_GATEWAY_H
#define HOST_GATEWAY_GATEWAY_H

#include "base/text.h"
#include "config/conf.h"
#include "policy/strategies.h"
#include "loop/loop.h"
#include "pure/admission/admission.h"
#include "wire/believed.h"
#include "wire/child.h"
#include "wire/enrol.h"
#include "wire/link.h"
#include "wire/stream.h"
#include "wire/sum.h"

struct gateway;

/* The id of `lock`, by which an error is known to be its answer. */
enum { LOCK_ID = 4 };

/* A session process of a device, as the supervisor gave it. */
struct gateway_process {
	struct gateway_device *device;
	uint32_t number;
	bool watch;
	bool silent; /* handed over from an earlier gateway, and has not said yet what it has */
	bool old;    /* its program is that of an earlier version */
	bool replaced; /* it is to end: another one is there, or will be, or none is needed */
	struct stream *stream; /* NULL until it was started */
	bool ready; /* it makes a flow ready that is launched in this round */
	struct loop_timer *again; /* the supervisor's queue was full: it is asked again */
	struct loop_timer *late;  /* a hold was told to close: how long it may take */
	uint64_t next_question;
	struct table questions; /* watch: id -> the user whose identity was asked for, owned */
};

struct gateway_device {
	struct gateway *gateway;
	const struct conf_device *conf;
	struct conf_device gone; /* its name, once it is no longer configured */
	struct policy_strategy *strategy; /* NULL: it is no longer configured */
	char *driver_made_of;    /* devices_made_of */
	bool leaving; /* it is no longer configured; what is under way comes to its end */
	bool let_go;  /* and has */
	struct admission *admission;
	struct admission_effects effects;
	struct gateway_process *watch; /* NULL: none is there now */
	size_t due;   /* effects of this round: their journal records are synced */
	bool changed; /* the host has not heard of the device's present numbers */
	bool fetched; /* it was not told of a package that was fetched since; with the next word */
	bool fresh;   /* nor, since the connection came up, which runs are known here */
	bool shown;   /* since then it has said that it has heard of it */
	int64_t watch_wanted_us, watch_pause_ms; /* when the last watch was asked for, and how long the next one is waited for */
	bool unfit;   /* it was said that its strategy is */
	char *problem; /* why nothing is known of its sessions, or why the host does not want it; NULL: nothing is wrong */
};

struct gateway {
	struct loop *loop;
	const struct child *child;
	struct conf *conf;
	struct gateway_loaded *loaded; /* read again, not yet in force (reload.c); NULL: nothing */
	struct link *link;
	bool up;        /* the host knows us */
	struct enrol *enrol; /* the invitation under way, or done; NULL: none */
	const char *joining; /* "joining", "joined", "refused"; NULL: it was not invited */
	hst_error joining_error;
	struct pinned pinned; /* the roster that is passed on to session processes */
	char *now; /* what state_dir/gateway/now.json says */
	int channel;    /* to the supervisor */
	uint32_t next_number;
	int64_t trials; /* so many since it began */
	bool gathered; /* every hold of an earlier gateway was handed over; some may be silent yet */
	bool strangers; /* holds of an earlier supervisor may be about to end */
	struct table stranger_folders; /* names of the work folders that were there then */
	struct loop_timer *strangers_gone;
	struct table devices;   /* name -> struct gateway_device */
	struct table processes; /* number -> struct gateway_process */
	struct table fetches;   /* digest -> struct fetch (packages.c) */
	struct table uploads;   /* STEP-TOKEN -> struct upload (results.c) */
	struct table looks;     /* STEP-TOKEN -> struct look (looks.c) */
	int journal;
	char *journal_path;
	int64_t journal_identity; /* made with the journal; positive, below 2^53 */
	size_t journal_size, journal_limit; /* beyond the limit it is written anew */
	struct text records; /* not yet written */
	bool records_urgent; /* something depends on them */
	struct text others;  /* records of devices that are configured no more */
	struct table bringing;  /* STEP-TOKEN -> struct bringing (inputs.c) */
	char *packages_dir, *results_dir, *inputs_dir;
	hst_arena *arena;   /* as long as the configuration */
	hst_arena *scratch; /* one message */
};

/* gateway.c: the program's life; returns the exit status. */
int gateway_main(int argc, char **argv);

/* batch.c */
void gateway_event(struct gateway_device *device, const struct admission_event *event);
void gateway_after(void *arg);
void batch_say_tried(struct gateway *gateway, uint64_t id, const char *reason, const char *text); /* `reason` NULL: it signed in */

/* reload.c */
void gateway_told(void *arg, const char *word); /* by the supervisor */
void gateway_forget_loaded(struct gateway *gateway);

/* devices.c */
int devices_open(struct gateway *gateway, hst_error *err);
char *devices_made_of(const struct conf *conf, const struct conf_device *device); /* another one needs new session processes; caller frees */
/* Nothing begins on it until ADMISSION_GATHERED. */
struct gateway_device *devices_add(struct gateway *gateway, const struct conf_device *conf,
                                   struct policy_strategy *strategy_take);
void devices_let_go(struct gateway_device *device); /* if it is leaving, and nothing is left to be done */
void devices_close(struct gateway *gateway);
void devices_say(struct gateway_device *device); /* the `device` message: how it stands now */
void devices_heartbeat(void *arg);

void devices_about(struct text *to, const struct gateway_device *device); /* ,"driver":…,"strategy":…,"accounts":[…] */

/* enrolling.c */
void enrolling_begin(struct gateway *gateway, void *zmq, const struct key_ring *ring);
void enrolling_end(struct gateway *gateway);

/* rosters.c */
void rosters_open(struct gateway *gateway, const struct key_ring *ring);
void rosters_heard(struct gateway *gateway, const struct message *message); /* of the host */
void rosters_tell(struct gateway_process *process);

/* now.c */
void now_write(struct gateway *gateway);

/* processes.c: session processes through the supervisor */
void processes_want(struct gateway_device *device, bool watch);
void processes_channel(void *arg, int fd, short ready);
void processes_blind(struct gateway_device *device, const char *why); /* nothing is known of its sessions now */
void processes_kill(struct gateway_process *process);
void processes_replace_watch(struct gateway_device *device);
void processes_end_watch(struct gateway_device *device);
struct gateway_process *processes_of(struct gateway *gateway, uint32_t number);
void processes_held(struct gateway_process *process, const struct message *held); /* it has said what it has */
void processes_clear(struct gateway *gateway);

/* on_session.c */
void ask_identity(struct gateway_device *device, const char *user);
void on_session_message(void *arg, struct stream *stream, const struct message *message);
void on_session_ended(void *arg, struct stream *stream, const hst_error *why);

/* on_host.c */
void on_host_up(void *arg);
void on_host_down(void *arg);
void on_host_message(void *arg, const struct message *message);

/* offer_items.c: those that go with `open`, or with `launch`; they were checked when the offer came. `to` is empty. */
void offer_items(const struct admission_run *run, bool password, struct text *to);
void offer_login(const struct message *offer, char ret[SUM_SIZE]); /* a sum over the sealed password; "": none came */

/* packages.c: copies of the host's desktop flows */
void packages_fetch(struct gateway_device *device, const char *digest);
char *packages_path(const struct gateway *gateway, const char *digest); /* caller frees */
void packages_say(struct text *to, const struct gateway *gateway); /* ,"packages":["DIGEST",…]: those that are here */
void packages_clear(struct gateway *gateway);

/* results.c: what a run left behind, on its way to the host, and kept until the host knows how it ended */
char *results_name(int64_t step, int64_t token); /* of its folder; caller frees */
char *results_path(const struct gateway *gateway, int64_t step, int64_t token);
void results_upload(struct gateway_device *device, const struct admission_run *run);
void results_discard(struct gateway *gateway, int64_t step, int64_t token);
void results_sweep(struct gateway *gateway, const char *in); /* folders there are named by runs; removes those of runs that no device knows */
void results_clear(struct gateway *gateway);

/* inputs.c: files that inputs of an offer name; ADMISSION_FILES follows */
void inputs_fetch(struct gateway_device *device, const struct admission_run *run);
void inputs_discard(struct gateway *gateway, int64_t step, int64_t token);
void inputs_clear(struct gateway *gateway);

/* looks.c: outcomes that session processes have left; ADMISSION_LEFT follows */
void looks_begin(struct gateway_device *device, int64_t step, int64_t token);
void looks_strangers(struct gateway *gateway); /* notes whose outcomes may still come */
void looks_clear(struct gateway *gateway);

/* journal.c */
int journal_open(struct gateway *gateway, hst_error *err); /* and gives its records to the devices */
/* Gives a device that was not configured for a while what the journal has of it. */
int journal_adopt(struct gateway *gateway, struct gateway_device *device, hst_error *err);
void journal_add(struct gateway *gateway, const char *device, const char *record, bool soon);
int journal_sync(struct gateway *gateway, hst_error *err);
void journal_close(struct gateway *gateway);

#endif
