#include "plugin/guard.h"

#include "base/clock.h"
#include "os/limits.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OFTEN_SLACK_US = 250000 };
enum { SENTENCE_MAX = 512, KILL_AFTER_MS = 1000, STACK_BYTES = 64 << 10, SPARE_FD = 100 };

/* One per process, as its signals are. What a handler says is put together before it can be called. */
static struct {
	bool ready, inside;
	pid_t pid; /* a child that was forked in a plugin is none of ours to speak for */
	int log_fd;
	timer_t say, kill;
	bool timers;
	bool often;	  /* guard_often */
	bool row;	  /* guard_row */
	int64_t armed_us; /* when `say` fires, while it is left armed between calls; 0: it is not */
	void (*tell)(const char *sentence);
	char place[SENTENCE_MAX]; /* "connector plugin "tick" (beat): open" */
} guard = {.log_fd = STDERR_FILENO};

static char handler_stack[STACK_BYTES];

/* `to` has at least SENTENCE_MAX bytes. */
static void add(char *to, const char *text)
{
	size_t used = strlen(to), n = strlen(text);

	if (n > SENTENCE_MAX - 1 - used)
		n = SENTENCE_MAX - 1 - used;
	memcpy(to + used, text, n);
	to[used + n] = '\0';
}

static void say(const char *what, const char *more)
{
	char line[SENTENCE_MAX + 16] = "ERROR ", sentence[SENTENCE_MAX] = "";
	size_t n;

	add(sentence, guard.place);
	add(sentence, what);
	add(sentence, more);
	if (guard.tell) {
		guard.tell(sentence);
		return;
	}
	n = strlen(line);
	memcpy(line + n, sentence, strlen(sentence));
	n += strlen(sentence);
	line[n++] = '\n';
	/* The plugin may have closed the spare one. */
	if (write(guard.log_fd, line, n) < 0)
		(void)!write(STDERR_FILENO, line, n);
}

static void add_number(char *to, long number)
{
	char digits[24];
	size_t at = sizeof digits - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0 && at > 0);
	add(to, digits + at);
}

/* What a plugin does that has no more memory is its own business; mostly it dies. */
static void say_crash(const char *signal)
{
	char more[SENTENCE_MAX] = "";
	long used, most;

	memcpy(more, signal, strnlen(signal, 60));
	if (limits_near(&used, &most)) {
		add(more, "; it had ");
		add_number(more, used);
		add(more, " MiB of memory, and worker_memory grants ");
		add_number(more, most);
	}
	say(" crashed: ", more);
}

static void on_fault(int number)
{
	const char *name = sigdescr_np(number);

	if (guard.inside && getpid() == guard.pid) {
		guard.inside = false;
		say_crash(name ? name : "a signal");
	}
	/* The disposition is the default one again by now; the process dies of what it was about to die of. */
	raise(number);
}

static void on_late(int number)
{
	(void)number;
	guard.armed_us = 0;
	if (!guard.inside || getpid() != guard.pid)
		return;
	say(" did not come back in time; its process is ended", "");
	raise(SIGKILL);
}

static void on_exit_inside(void)
{
	if (guard.inside && getpid() == guard.pid)
		say(" ended its process", "");
}

static void catch(int number, void (*handler)(int number), unsigned flags)
{
	struct sigaction action = {.sa_handler = handler};

	action.sa_flags = (int)(SA_ONSTACK | flags);
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static bool make_timer(int number, timer_t *ret)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};

	return timer_create(CLOCK_BOOTTIME, &event, ret) == 0;
}

static void prepare(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};
	const stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
	int spare = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, SPARE_FD);

	guard.ready = true;
	guard.pid = getpid();
	if (spare >= 0)
		guard.log_fd = spare;
	/* A stack that has run over has no room left for the handler. */
	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		catch(faults[i], on_fault, SA_RESETHAND | SA_NODEFER);
	/* Where the watch is not disarmed after each call it comes again and again, mostly when nothing is late. */
	catch(SIGRTMIN, on_late, SA_RESTART);
	atexit(on_exit_inside);
	/* A kernel without room for two timers leaves calls unwatched; the supervisor can still end the process. */
	guard.timers = make_timer(SIGRTMIN, &guard.say) && make_timer(SIGKILL, &guard.kill);
}

static void arm(timer_t timer, int64_t ms)
{
	struct itimerspec at = {.it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000}};

	timer_settime(timer, 0, &at, NULL);
}

static void limit(int64_t ms)
{
	if (!guard.timers)
		return;
	arm(guard.say, ms);
	arm(guard.kill, ms ? ms + KILL_AFTER_MS : 0);
}

/* Armed a little earlier it serves this call as well. */
static void limit_several(int64_t ms)
{
	int64_t until_us = clock_steady_us() + ms * 1000;

	if (!guard.timers || (guard.armed_us && guard.armed_us <= until_us && guard.armed_us >= until_us - OFTEN_SLACK_US))
		return;
	guard.armed_us = until_us;
	if (guard.often)
		arm(guard.say, ms);
	else
		limit(ms);
}

static void limit_call(int64_t ms)
{
	if (guard.often || guard.row)
		limit_several(ms);
	else
		limit(ms);
}

void guard_often(void)
{
	guard.often = true;
}

void guard_row(void)
{
	guard.row = true;
}

void guard_rest(void)
{
	guard.row = false;
	if (guard.armed_us && !guard.often)
		limit(0);
	if (!guard.often)
		guard.armed_us = 0;
}

void guard_enter(const char *who, const char *op, int64_t limit_ms)
{
	if (!guard.ready)
		prepare();
	guard.place[0] = '\0';
	add(guard.place, who);
	add(guard.place, ": ");
	add(guard.place, op);
	guard.inside = true;
	if (limit_ms > 0) {
		limit_call(limit_ms);
	} else if (guard.row && guard.armed_us) {
		/* What is left of the call before is no limit of this one. */
		limit(0);
		guard.armed_us = 0;
	}
}

void guard_leave(void)
{
	if (!guard.inside)
		return;
	guard.inside = false;
	if (!guard.often && !guard.row)
		limit(0);
}

void guard_hurry(void)
{
	if (guard.inside)
		limit_call(GUARD_GRACE_MS);
}

int64_t guard_limit(const hst_call *call)
{
	int64_t left_us;

	if (call->deadline_us == INT64_MAX)
		return 0;
	left_us = call->deadline_us - clock_wall_us();
	return (left_us > 0 ? left_us / 1000 : 0) + GUARD_GRACE_MS;
}

void guard_tell(void (*tell)(const char *sentence))
{
	guard.tell = tell;
}
