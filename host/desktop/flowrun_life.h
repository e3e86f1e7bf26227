/*
 * One run from the inside, shared by the files flowrun*.c of this room: each owns one part of its life. A run
 * is prepared, running, draining (the process has ended, what it left may still write a little), clearing
 * (what it left is killed), over; every way to end leads through these in this order.
 */
#ifndef HOST_DESKTOP_FLOWRUN_LIFE_H
#define HOST_DESKTOP_FLOWRUN_LIFE_H

#include "base/text.h"
#include "desktop/flowrun.h"
#include "desktop/flowrun_events.h"
#include "desktop/flowrun_kill.h"
#include "desktop/flowrun_log.h"
#include "desktop/flowrun_outputs.h"
#include "desktop/flowrun_pictures.h"
#include "desktop/flowrun_place.h"
#include "desktop/flowrun_quota.h"
#include "desktop/flowrun_redact.h"

enum phase { PHASE_PREPARED = 0, PHASE_RUNNING, PHASE_DRAINING, PHASE_CLEARING, PHASE_OVER };

/* Everything of one run. The parts of the room share it; nobody else sees into it. */
struct flowrun {
	struct loop *loop;
	struct flowrun_spec spec;
	struct flowrun_role role;
	bool secret; /* it is given secrets or makes some: then the two arenas are of locked memory */
	hst_arena *arena, *given; /* the second of outputs alone */
	hst_error unfit; /* outputs did not fit there, and none is taken any more */
	enum phase phase;

	struct flow_events events;
	struct flow_outputs outputs;
	struct flow_log log;
	struct flow_redact redact;
	struct flow_pictures pictures;
	hst_value *output_files; /* paths whose content became an output, or would be a secret one */
	bool no_files; /* there were too many of them: none is kept */

	const hst_value *inputs; /* checked */
	char *input; /* as JSON; NULL: it has been given them */
	size_t input_length, input_sent;
	int input_fd, output_fd; /* our ends; -1: closed */

	struct flowrun_start start; /* its process, but for what is the place's */
	pid_t pid; /* 0: there never was a process */
	int status;
	struct loop_timer *deadline, *term, *kill, *next, *quota_look;
	int64_t deadline_at_us, left_ms; /* left_ms while paused; 0: it has no time-out */
	int clear_tries;
	int64_t started_us;

	enum flowrun_end forced; /* decided from outside; 0: the flow decides */
	bool pause_asked, paused, stop_asked, cancel_asked, checkpoint_since;
	char *said; /* FLOW_LINE_MAX: by the last error event, as it is: it is searched when it is told */
	hst_error refused;	 /* why it never started */
};

/* flowrun_start.c: whether this output of it has to be sealed; memory for what it is given and gives. */
bool flow_is_secure(const struct flowrun *run, const char *output);
hst_arena *flow_memory(struct flowrun *run); /* where none can be locked the run is refused */

/* flowrun.c: the end. */
void flow_finish_soon(struct flowrun *run);   /* there is no process to wait for */
void flow_output_closed(struct flowrun *run); /* nobody is left who could write */

/* flowrun_streams.c: events, stdin and the log. */
void flow_streams_init(struct flowrun *run);
void flow_streams_input(struct flowrun *run); /* writes it down, for flow_streams_watch */
void flow_streams_watch(struct flowrun *run, int input_fd_take, int output_fd_take);
void flow_streams_events(struct flowrun *run); /* reads those that are there */
void flow_streams_rest(struct flowrun *run);   /* reads and writes out what is left */
void flow_streams_release(struct flowrun *run);

/* flowrun_limits.c: what a flow may take of the machine. */
int flow_start_limited(struct flowrun *run, const struct flowrun_start *start, hst_error *err);
void flow_quota_watch(struct flowrun *run);
void flow_quota_stop(struct flowrun *run);

/* flowrun_verdict.c. May be asked more than once: for the picture of an error while there is something to
 * see, and at the end. */
struct flowrun_result flow_verdict(struct flowrun *run);

/* What the flow says of itself, fit for a sentence and without secrets. */
void flow_saying(struct flowrun *run, char *to, size_t size, const char *text);

/* flowrun_steer.c: time-out, pause, stop, cancel. */
void flow_clock_start(struct flowrun *run);
void flow_clock_judge(struct flowrun *run); /* the process has ended: was its time over by then? */
void flow_clock_cancel(struct flowrun *run);
void flow_checkpoint(struct flowrun *run); /* where it may be paused */

#endif
