#include "desktop/flowrun_pictures.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "desktop/flowrun.h"
#include "os/files.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { SLUG_SIZE = 49 };

void flow_pictures_init(struct flow_pictures *pictures, struct loop *loop, int64_t gap_ms,
			enum screenshots wanted, const char *results,
			bool (*shoot)(void *arg, const char *path), void *arg)
{
	*pictures = (struct flow_pictures){.loop = loop,
					   .wanted = wanted,
					   .gap_us = gap_ms * 1000,
					   .shoot = shoot,
					   .arg = arg,
					   .ending = FLOW_PICTURE,
					   .directory = files_join(results, "screenshots")};
}

void flow_pictures_stop(struct flow_pictures *pictures)
{
	if (pictures->loop)
		loop_cancel(pictures->loop, &pictures->timer);
	free(take(pictures->progress));
	pictures->error = false;
	pictures->wanted = SCREENSHOTS_NONE;
}

void flow_pictures_clear(struct flow_pictures *pictures)
{
	flow_pictures_stop(pictures);
	for (size_t i = 0; i < FLOW_PICTURES_KEPT; i++)
		free(pictures->kept[i]);
	free(pictures->directory);
	*pictures = (struct flow_pictures){0};
}

/* "Read the total!" becomes "read-the-total"; letters beyond ASCII become a dash. */
static void make_slug(char to[SLUG_SIZE], const char *action)
{
	size_t n = 0;

	for (; *action && n < SLUG_SIZE - 1; action++) {
		if (isalnum((unsigned char)*action))
			to[n++] = (char)tolower((unsigned char)*action);
		else if (n && to[n - 1] != '-')
			to[n++] = '-';
	}
	while (n && to[n - 1] == '-')
		n--;
	to[n] = '\0';
	if (!n)
		memcpy(to, "step", sizeof "step");
}

/* A driver keeps its own time, so one that failed after most of it has found a screen that does not answer.
 */
static bool shoot(struct flow_pictures *pictures, const char *path)
{
	int64_t began_us = clock_steady_us();
	bool shot = pictures->shoot(pictures->arg, path);
	int64_t ended_us = clock_steady_us();

	if (!shot && ended_us - began_us >= (int64_t)FLOW_SCREENSHOT_MS * 900)
		pictures->blind = true;
	pictures->not_before_us = ended_us + pictures->gap_us;
	return shot;
}

static bool is_wanted(const struct flow_pictures *pictures)
{
	return pictures->shoot && pictures->wanted != SCREENSHOTS_NONE && !pictures->blind;
}

static bool take_picture(struct flow_pictures *pictures, const char *path)
{
	if (!is_wanted(pictures))
		return false;
	if (mkdir(pictures->directory, 0700) < 0 && errno != EEXIST)
		return false;
	unlink(path);
	if (shoot(pictures, path))
		return true;
	/* Half a picture is none, and a folder that has none is not kept. */
	unlink(path);
	rmdir(pictures->directory);
	return false;
}

static void take_error(struct flow_pictures *pictures)
{
	AUTO_FREE char *path = mem_printf("%s/error%s", pictures->directory, pictures->ending);

	pictures->error = false;
	pictures->has_error = take_picture(pictures, path);
}

static void take_progress(struct flow_pictures *pictures)
{
	AUTO_FREE char *path = take(pictures->progress);
	char **place = &pictures->kept[pictures->taken % FLOW_PICTURES_KEPT];

	if (!take_picture(pictures, path))
		return;
	pictures->taken++;
	if (*place)
		unlink(*place);
	free(*place);
	*place = take(path);
}

static void wait_for_turn(struct flow_pictures *pictures);

/* One per turn of the loop, so that a time-out, a stop and the end of the process come through between them.
 */
static void on_time(void *arg)
{
	struct flow_pictures *pictures = arg;

	pictures->timer = NULL;
	if (pictures->error)
		take_error(pictures);
	else if (pictures->progress)
		take_progress(pictures);
	if (pictures->error || pictures->progress)
		wait_for_turn(pictures);
}

static void wait_for_turn(struct flow_pictures *pictures)
{
	if (!pictures->timer)
		pictures->timer = loop_at(pictures->loop, pictures->not_before_us, on_time, pictures);
}

bool flow_pictures_due(const struct flow_pictures *pictures)
{
	return pictures->timer && clock_steady_us() >= pictures->not_before_us;
}

void flow_pictures_progress(struct flow_pictures *pictures, const char *action)
{
	char slug[SLUG_SIZE];

	pictures->n++;
	if (pictures->wanted != SCREENSHOTS_STEPS || !is_wanted(pictures))
		return;
	make_slug(slug, action);
	free(pictures->progress);
	pictures->progress = mem_printf("%s/%04zu-%s%s", pictures->directory, pictures->n, slug, pictures->ending);
	wait_for_turn(pictures);
}

void flow_pictures_error(struct flow_pictures *pictures)
{
	if (pictures->has_error || !is_wanted(pictures))
		return;
	pictures->error = true;
	wait_for_turn(pictures);
}

void flow_pictures_end(struct flow_pictures *pictures)
{
	AUTO_FREE char *path = mem_printf("%s/end%s", pictures->directory, pictures->ending);

	if (pictures->error)
		take_error(pictures);
	if (pictures->progress)
		take_progress(pictures);
	if (pictures->wanted == SCREENSHOTS_STEPS)
		take_picture(pictures, path);
	flow_pictures_stop(pictures);
}
