/*
 * Screenshots of a run, as its package asks for them: with `errors` one at an error, with `steps` one per
 * progress event too (the last 20 are kept: 0003-read-the-total.png) and one at the end (end.png). The one of
 * an error is error.png.
 *
 * A run that was given a secret has none: a picture could show it.
 */
#ifndef HOST_DESKTOP_FLOWRUN_PICTURES_H
#define HOST_DESKTOP_FLOWRUN_PICTURES_H

#include "desktop/package.h"

enum { FLOW_PICTURES_KEPT = 20 };

struct flow_pictures {
	enum screenshots wanted;
	bool (*shoot)(void *arg, const char *path); /* NULL: none can be taken */
	void *arg;
	char *directory;
	char *kept[FLOW_PICTURES_KEPT]; /* a ring of paths */
	size_t n;			/* progress events so far */
	bool has_error;			/* error.png is there */
};

void flow_pictures_init(struct flow_pictures *pictures, enum screenshots wanted, const char *results,
			bool (*shoot)(void *arg, const char *path), void *arg);
void flow_pictures_clear(struct flow_pictures *pictures);
void flow_pictures_progress(struct flow_pictures *pictures, const char *action);
void flow_pictures_error(struct flow_pictures *pictures); /* the newest replaces an earlier one */
void flow_pictures_end(struct flow_pictures *pictures);

#endif
