/*
 * Screenshots of a run, as its package asks for them: with `errors` one at an error, with `steps` one per
 * progress event too (the last 20 are kept: 0003-read-the-total.png) and one at the end (end.png). The one of
 * an error is error.png, and shows the first.
 *
 * Taking one may block, for a screen that does not answer for up to FLOW_SCREENSHOT_MS. So what is wanted is
 * only noted here, and taken from a timer: at most one per gap, the newest progress in the place of an older
 * one. After one that failed by taking too long none is taken any more.
 *
 * Of a run with secrets a picture could show them: those are sealed before they are written, and called error.png.sealed. Where
 * nobody can seal them, there are none.
 */
#ifndef HOST_DESKTOP_FLOWRUN_PICTURES_H
#define HOST_DESKTOP_FLOWRUN_PICTURES_H

#include "desktop/package.h"
#include "loop/loop.h"

#define FLOW_PICTURE ".png"
#define FLOW_PICTURE_SEALED ".png.sealed"

enum { FLOW_PICTURES_KEPT = 20 };

struct flow_pictures {
	struct loop *loop;
	struct loop_timer *timer;
	enum screenshots wanted;
	int64_t gap_us, not_before_us;		    /* steady clock */
	bool (*shoot)(void *arg, const char *path); /* NULL: none can be taken */
	void *arg;
	char *directory;
	const char *ending; /* of their names; FLOW_PICTURE if nothing else is set after flow_pictures_init */
	char *kept[FLOW_PICTURES_KEPT]; /* a ring of paths */
	size_t taken;			/* of progress */
	size_t n;			/* progress events so far */
	char *progress; /* path of the picture that the newest progress waits for; NULL: none does */
	bool error;	/* an error waits for its picture */
	bool has_error; /* error.png is there */
	bool blind;	/* the screen does not answer */
};

void flow_pictures_init(struct flow_pictures *pictures, struct loop *loop, int64_t gap_ms,
			enum screenshots wanted, const char *results,
			bool (*shoot)(void *arg, const char *path), void *arg);
void flow_pictures_clear(struct flow_pictures *pictures);

/* These never block. */
void flow_pictures_progress(struct flow_pictures *pictures, const char *action);
void flow_pictures_error(struct flow_pictures *pictures); /* nothing, when there is one already */

/* One waits and is taken in this turn of the loop: what would change the screen should wait for it. */
bool flow_pictures_due(const struct flow_pictures *pictures);

/* At once: what still waits, and the one of the end, which is the last. */
void flow_pictures_end(struct flow_pictures *pictures);

/* No more pictures, not even those that wait. */
void flow_pictures_stop(struct flow_pictures *pictures);

#endif
