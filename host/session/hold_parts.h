/* A hold from the inside, shared by hold.c (what it is told), hold_session.c (its session), hold_password.c (what it
 * signs in with), hold_run.c (the flow in it), hold_progress.c (what that is at), hold_picture.c (what it shows), hold_ground.c (the folders it works in),
 * hold_standing.c (whether its session is what it was), hold_person.c (what its person is told) and hold_alone.c (what it does
 * without a gateway). */
#ifndef HOST_SESSION_HOLD_PARTS_H
#define HOST_SESSION_HOLD_PARTS_H

#include "os/children.h"
#include "loop/loop.h"
#include "desktop/flowrun_place.h"
#include "desktop/package.h"
#include "person/happening.h"
#include "seal/sealing.h"
#include "seal/signed_package.h"
#include "session/device.h"
#include "session/notes.h"
#include "session/work.h"
#include "wire/believed.h"
#include "wire/keys.h"
#include "wire/stream.h"

struct hold_run;

/* How its flow ended, until the gateway has it in its journal. */
struct hold_result {
	uint64_t id; /* of the launch */
	int64_t step, token;
	char *state; /* NULL: there is none */
	char *reason, *payload, *folder;
	size_t length;
	char *sealed; /* items: outputs that are sealed */
	size_t sealed_length;
	int64_t started_us, ended_us;
};

/* What its flows run on, one after another: made for the first, as new for each other one. */
struct hold_ground {
	struct session_work work;
	struct flow_place place;
	bool ready;
	struct package *package; /* the last that was run; NULL: none */
	char *digest;
	struct package *own; /* the last that was given secrets, in a copy of this process's own; NULL: none */
	char *own_digest;    /* NULL: that is not to be used again */
	struct signed_package signature; /* the last that one came with */
	char *proved;        /* its bytes, if an operator of the roster of this epoch has made it; NULL: none has */
	size_t proved_length;
	int64_t proved_epoch;
};

/* The program that tells the person of an attended run. */
struct hold_person {
	int fd; /* -1: there is none */
	struct happening now;
	bool behind;	 /* it has not heard what is so now */
	bool stopped;	 /* by the person */
	int64_t heard_us; /* when this second began, in which so many answers came and were done */
	int heard, obeyed;
	bool complained; /* that they are not told has been logged */
};

/* A flow that was ready when its gateway died, and did not begin. */
struct hold_never {
	int64_t step;
	char *folder; /* as in hold_result; NULL: there is none */
};

struct hold {
	struct loop *loop;
	struct key_ring ring; /* the pairs of its gateway; none: it can open nothing that is sealed */
	struct pinned pinned;
	struct vault vault; /* over both of them */
	struct session_device device;
	struct session_notes notes;
	struct stream *stream; /* NULL: the gateway is gone */
	int next_gateway;      /* the end of a line to the next one, while the old line is not read to its end; -1 */
	struct loop_timer *standing; /* when its session is looked at next; NULL: nothing is to be seen, or its driver cannot say */
	struct loop_timer *alone; /* how long it goes on without a gateway */
	hst_arena *secrets;    /* locked, for what is opened for one run after another; NULL: nothing came sealed yet */
	struct hold_run *run;  /* NULL: no flow runs */
	struct hold_run *ready; /* made ready, and not to begin before the gateway says so; NULL: none is */
	struct hold_ground ground;
	struct hold_person person;
	struct hold_result result;
	struct hold_never never;

	char *session; /* the driver's name of it; NULL: none is open */
	char *user, *key; /* whose it is */
	char *login;	  /* what it was signed in with, as its gateway calls it */
	char *run_dir;	  /* RUN_DIR/sessions/PID */
	int64_t uid, gid;
	bool used; /* one hold opens one session in its life */
	bool attended; /* the session is a person's, whom it is left to */
	bool ran;      /* a flow has begun in it: from then on it is one that was kept */
	bool lost;     /* it is hostler's own, and has ended: no other flow begins in it */
	bool taken;    /* nor in one that has not ended, but is a person's by now */

	pid_t *kept; /* children of the driver: waiting for them is its business */
	size_t kept_count;

	struct loop_timer *lingering; /* it has closed its session, and hears the gateway out */
	bool ending, left, closing; /* left: lingering or gone; closing: the gateway waits for `closed` */
	const char *why;      /* it ends by itself: what stopped the flow; NULL: it does not */
	uint64_t close_id;
	int status;
};

/* hold.c */
void hold_say(struct hold *hold, const struct message *message);
void hold_refuse(struct hold *hold, uint64_t id, int code, const hst_error *err);
void hold_run_is_over(struct hold *hold);
void hold_listen(struct hold *hold, int fd_take);      /* to a gateway */
void hold_end(struct hold *hold, const char *why); /* the flow is stopped, the session closed; NULL: it was told to */

/* hold_alone.c */
void hold_alone_watch(struct hold *hold);  /* from now on it can be handed over */
void hold_alone_begin(struct hold *hold);  /* its gateway is gone */
void hold_alone_heard(struct hold *hold);  /* a gateway has spoken: it is not alone */
void hold_result_say(struct hold *hold);   /* if there is one */
void hold_result_leave(struct hold *hold); /* in the gateway's folder, for the next gateway */
void hold_never_leave(struct hold *hold); /* likewise, of a flow that was ready and did not begin, if there is one */
void hold_never_clear(struct hold *hold);
void hold_result_clear(struct hold *hold);

/* hold_ground.c */
int hold_ground_make(struct hold *hold, hst_error *err);
int hold_ground_package(struct hold *hold, const char *digest, const struct package **ret, hst_error *err);
void hold_ground_disown(struct hold_ground *ground);
void hold_ground_renew(struct hold *hold); /* a run is over */
void hold_ground_drop(struct hold *hold);  /* one never began: the next has folders made anew */
void hold_ground_clear(struct hold *hold); /* removes it; done twice it does nothing */

/* hold_signed.c. Some of what came sealed is to be opened for the flow. */
bool hold_gives_secrets(const struct message *launch);

/* The package of such a launch, from a copy that nobody else can change. HST_DENIED, PackageUnsigned: it may be given no secrets. */
int hold_signed_package(struct hold *hold, const struct message *launch, const struct package **ret, hst_error *err);

/* hold_password.c. The one that came sealed with `open`, which the caller frees; NULL: none did. Neither what the driver logs nor what it prints has it. */
int hold_password(struct hold *hold, const struct message *open, hst_secret **ret, hst_error *err);

/* The sign-in is over: what the driver said of it, without the password, which is forgotten. */
void hold_password_over(hst_error *err);

/* hold_session.c. On failure of the first nothing is left open. `password` may be NULL. */
int hold_session_open(struct hold *hold, const char *user, const char *session, const hst_secret *password, hst_error *err);
int hold_session_lock(struct hold *hold, hst_error *err);
int hold_session_close(struct hold *hold, hst_error *err);

/* hold_attach.c. Into *ret, which the caller frees; HST_NOT_FOUND and HST_RETRY say with a reason why not now. */
int hold_attach(struct hold *hold, const char *session, char **ret, hst_error *err);

/* hold_person.c. Without a program all but the first do nothing, and none of them waits. `how` is the key `notify`. */
void hold_person_begin(struct hold *hold, const char *how);
void hold_person_launch(struct hold *hold, const struct message *launch); /* of what is told from now on */
void hold_person_state(struct hold *hold, const char *state);
void hold_person_progress(struct hold *hold, const char *subflow, const char *action);
void hold_person_ended(struct hold *hold, const char *state, const char *reason, const char *text);
void hold_person_steered(struct hold *hold, const char *how); /* by whomever */
bool hold_person_has_stopped(const struct hold *hold); /* the run, themselves */
void hold_person_end(struct hold *hold); /* the program has heard all, and ends */

/* hold_standing.c. From a run's beginning to its end, of a session of hostler's own to the session's; a driver that cannot say
 * is not asked. */
void hold_standing_watch(struct hold *hold); /* a flow has begun */
void hold_standing_rest(struct hold *hold);
void hold_standing_heed(struct hold *hold); /* a process has ended, perhaps of a session that is kept */
void hold_standing_ask(struct hold *hold, bool failed); /* now, because the flow has ended: perhaps with its session */
bool hold_standing_lost(struct hold *hold); /* asks, and tells the gateway */
void hold_standing_say(struct hold *hold); /* to the gateway, if it is lost */
void hold_standing_refuse(struct hold *hold, uint64_t launch); /* of a flow that never began */

/* hold_picture.c. The second writes it sealed, for the run that begins the chain. */
int hold_picture(struct hold *hold, const char *path, hst_error *err);
int hold_picture_sealed(struct hold *hold, const char *run, const char *step, const char *path, hst_error *err);

/* hold_progress.c. What comes faster than people can read is said once in a while, the newest always. */
struct hold_progress {
	struct hold *hold;
	const struct hold_run *run;
	struct loop_timer *timer;
	char subflow[256], action[256];
	bool waits;
};
void hold_progress_heard(struct hold_progress *progress, const char *subflow, const char *action);
void hold_progress_say(struct hold_progress *progress); /* now, if something waits */
void hold_progress_clear(struct hold_progress *progress);

/* hold_run.c. A run that cannot begin is reported as finished like any other. One that waits is made ready, and nobody else
 * hears of it: until the word to begin it, which comes when the gateway's journal has it, it is as if it had never been. */
void hold_run_launch(struct hold *hold, const struct message *message);
void hold_run_begin(struct hold *hold); /* what is ready */
void hold_run_undo(struct hold *hold); /* of what is ready, if anything is, nothing is left */
void hold_run_unheard(struct hold *hold); /* likewise, where the word to begin it may be in the gateway's journal, which is remembered */
void hold_run_say(const struct hold_run *run, struct message *message); /* puts step and token into a head */
bool hold_run_paused(const struct hold_run *run);
void hold_run_say_paused(const struct hold_run *run);
bool hold_run_is(const struct hold_run *run, int64_t step, int64_t token);
void hold_run_steer(struct hold_run *run, const char *how);
void hold_run_break(struct hold_run *run, const char *reason, const char *text); /* its session is not what it was: the flow fails */
pid_t hold_run_pid(const struct hold_run *run); /* 0: no process */
void hold_run_reaped(struct hold_run *run, pid_t pid, int status);

#endif
