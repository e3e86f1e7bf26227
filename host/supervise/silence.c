/*
 * A child that hangs says nothing any more: it is killed, and started again as after any other death. Children say
 * "alive" every five seconds, and "busy MS" before they do something that keeps them from saying it: a call of a plugin
 * has its deadline, and until then nothing is expected.
 *
 * The time runs out in two parts. After a suspend of the machine, or when hostlerd itself was stopped, all children look
 * silent at once; each of them has the second part to say its word.
 */
#include "supervise/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { BEGIN_MS = 60000, SILENCE_MS = 15000, DOUBT_MS = 10000 };

static const int64_t busy_max_ms = INT64_C(400) * 24 * 3600 * 1000;

static void on_silent(void *arg)
{
	struct role_child *child = arg;
	char at[40];

	child->silence = NULL;
	if (!child->doubted) {
		child->doubted = true;
		child->silence = loop_in(child->of->loop, DOUBT_MS, on_silent, child);
		return;
	}
	clock_iso(clock_wall_us(), at, sizeof at);
	snprintf(child->hung, sizeof child->hung, "killed at %s: it had said nothing for %lld s", at,
		 (long long)((child->allowed_ms + DOUBT_MS) / 1000));
	log_error("%s (pid %d) hangs and is %s", child->child.name, (int)process_pid(child->process), child->hung);
	process_signal(child->process, SIGKILL);
	children_changed(child->of);
}

static void wait_for_word(struct role_child *child, int64_t ms)
{
	loop_cancel(child->of->loop, &child->silence);
	child->doubted = false;
	child->allowed_ms = ms;
	child->silence = loop_in(child->of->loop, ms, on_silent, child);
}

void silence_begin(struct role_child *child)
{
	wait_for_word(child, BEGIN_MS);
}

void silence_resume(struct role_child *child, int64_t allowed_ms)
{
	wait_for_word(child, allowed_ms > 0 ? allowed_ms : BEGIN_MS);
}

bool silence_heard(struct role_child *child, const char *line)
{
	int64_t ms = 0;

	if (strncmp(line, "busy ", 5) == 0)
		ms = strtoll(line + 5, NULL, 10);
	if (ms < 0 || ms > busy_max_ms)
		ms = 0;
	wait_for_word(child, ms + SILENCE_MS);
	return strncmp(line, "busy ", 5) == 0 || strcmp(line, "alive") == 0;
}

void silence_end(struct role_child *child)
{
	loop_cancel(child->of->loop, &child->silence);
}
