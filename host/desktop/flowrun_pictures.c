#include "desktop/flowrun_pictures.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { SLUG_SIZE = 49 };

void flow_pictures_init(struct flow_pictures *pictures, enum screenshots wanted, const char *results,
			bool (*shoot)(void *arg, const char *path), void *arg)
{
	*pictures = (struct flow_pictures){.wanted = wanted,
					   .shoot = shoot,
					   .arg = arg,
					   .directory = files_join(results, "screenshots")};
}

void flow_pictures_clear(struct flow_pictures *pictures)
{
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

static bool take_picture(struct flow_pictures *pictures, const char *path)
{
	if (!pictures->shoot || pictures->wanted == SCREENSHOTS_NONE)
		return false;
	if (mkdir(pictures->directory, 0700) < 0 && errno != EEXIST)
		return false;
	unlink(path);
	if (pictures->shoot(pictures->arg, path))
		return true;
	/* Half a picture is none, and a folder that has none is not kept. */
	unlink(path);
	rmdir(pictures->directory);
	return false;
}

void flow_pictures_progress(struct flow_pictures *pictures, const char *action)
{
	char **place = &pictures->kept[pictures->n % FLOW_PICTURES_KEPT];
	AUTO_FREE char *path = NULL;
	char slug[SLUG_SIZE];

	pictures->n++;
	if (pictures->wanted != SCREENSHOTS_STEPS)
		return;
	make_slug(slug, action);
	path = mem_printf("%s/%04zu-%s.png", pictures->directory, pictures->n, slug);
	if (!take_picture(pictures, path))
		return;
	if (*place)
		unlink(*place);
	free(*place);
	*place = take(path);
}

void flow_pictures_error(struct flow_pictures *pictures)
{
	AUTO_FREE char *path = mem_printf("%s/error.png", pictures->directory);

	pictures->has_error = take_picture(pictures, path);
}

void flow_pictures_end(struct flow_pictures *pictures)
{
	AUTO_FREE char *path = mem_printf("%s/end.png", pictures->directory);

	if (pictures->wanted == SCREENSHOTS_STEPS)
		take_picture(pictures, path);
}
