#include "lock.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ASK_MS = 1500, UNLOCKED_HOLDS_MS = 5000, SILENCE_HOLDS_MS = 10000 };

/* Programs that run while the screen is locked and not otherwise, by the 15 bytes that the kernel keeps of a name. */
static const char *const lockers[] = {"i3lock",	 "xsecurelock", "slock",	   "xlock", "xtrlock", "pyxtrlock",
				      "alock",	 "sxlock",	"kscreenlocker_g", "vlock", "physlock"};

/* What the processes of a user say about a display. */
struct running {
	bool locker, screensaver;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One that does not say on which display it is may be on this one. */
static bool is_on_display(pid_t pid, int display)
{
	char *text;
	size_t n = proc_environment(pid, &text);
	bool on = true;

	for (size_t at = 0; at < n; at += strlen(text + at) + 1)
		if (strncmp(text + at, "DISPLAY=", 8) == 0)
			on = display_is_named(text + at + 8, display);
	free(text);
	return on;
}

static void look_at_process(const char *number, int display, struct running *ret)
{
	pid_t pid = (pid_t)strtol(number, NULL, 10);
	struct proc_entry entry;
	char name[PROC_NAME_SIZE];

	if (!proc_name(pid, name))
		return;
	for (size_t i = 0; i < sizeof lockers / sizeof *lockers; i++)
		if (strcmp(name, lockers[i]) == 0 && proc_read(pid, &entry) && entry.state != 'Z' && is_on_display(pid, display))
			ret->locker = true;
	if (strcmp(name, "xscreensaver") == 0 && proc_read(pid, &entry) && entry.state != 'Z' && is_on_display(pid, display))
		ret->screensaver = true;
}

static struct running look_at_processes(uid_t uid, int display)
{
	struct running running = {0};
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	struct stat about;

	while (directory && (entry = readdir(directory)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) && fstatat(dirfd(directory), entry->d_name, &about, 0) == 0 &&
		    about.st_uid == uid)
			look_at_process(entry->d_name, display, &running);
	if (directory)
		closedir(directory);
	return running;
}

static const struct lock_memory *remembered(const struct locks *locks, const char *id)
{
	for (size_t i = 0; i < locks->n; i++)
		if (strcmp(locks->at[i].id, id) == 0)
			return &locks->at[i];
	return NULL;
}

/* The display itself is asked. */
static void ask(struct lock_memory *memory, const struct seat *seat, bool screensaver_runs, bool was_locked,
		hst_call *call)
{
	const struct probe probe = {.display = seat->display,
				    .server = seat->server,
				    .server_file = seat->server_file,
				    .lock = true,
				    .was_locked = was_locked,
				    .screensaver_runs = screensaver_runs};
	struct deadline deadline = deadline_in(call, ASK_MS);
	struct probed answer;
	hst_error err = {0};
	int rc = probe_display(&probe, seat->account, &deadline, &answer, &err);

	if (rc != HST_OK) {
		memory->locked = HST_UNKNOWN;
		snprintf(memory->doubt, sizeof memory->doubt, "%.*s", PROBE_WHY_MAX - 1, err.text);
		memory->until_ms = rc == HST_TIMEOUT ? now_ms() + SILENCE_HOLDS_MS : 0;
		return;
	}
	memory->locked = answer.logind == PROBE_YES || answer.screensaver == PROBE_YES || answer.refused == PROBE_YES ?
				 HST_YES :
				 HST_NO;
	memory->until_ms = memory->locked == HST_NO ? now_ms() + UNLOCKED_HOLDS_MS : 0;
}

hst_fact lock_state(const struct locks *before, struct locks *now, hst_call *call, const struct seat *seat,
		    const struct deadline *deadline, const char **ret_doubt)
{
	const struct running running = look_at_processes(seat->account->uid, seat->display);
	const struct lock_memory *known = remembered(before, seat->id);
	struct lock_memory *memory;

	if (running.locker)
		return HST_YES; /* and nothing is remembered: when it is gone the display is asked */
	if (now->n == LOCK_PEOPLE_MAX || deadline_passed(deadline)) {
		*ret_doubt = now->n == LOCK_PEOPLE_MAX ? "there are too many displays to ask" : "the displays before it took too long";
		return HST_UNKNOWN;
	}
	memory = &now->at[now->n++];
	*memory = (struct lock_memory){.until_ms = 0};
	snprintf(memory->id, sizeof memory->id, "%s", seat->id);
	if (known && known->until_ms > now_ms())
		*memory = *known;
	else
		ask(memory, seat, running.screensaver, known && known->locked == HST_YES, call);
	if (memory->locked == HST_UNKNOWN)
		*ret_doubt = hst_copy(call, memory->doubt, strlen(memory->doubt));
	return memory->locked;
}
