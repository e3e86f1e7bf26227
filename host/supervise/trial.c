#include "supervise/trial.h"

#include "base/auto.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SAID_MAX = 1 << 20 };

static void read_output(int output, struct text *to)
{
	char part[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(output, part, sizeof part, at)) > 0) {
		text_bytes(to, part, (size_t)n);
		at += n;
	}
}

static void close_output(struct trial *trial)
{
	if (trial->output > 0)
		close(trial->output);
	trial->output = 0;
}

static void on_ended(void *arg, struct process *process, int status)
{
	struct trial *trial = arg;
	AUTO(text) struct text said;

	(void)process;
	text_init(&said, SAID_MAX);
	read_output(trial->output, &said);
	close_output(trial);
	loop_cancel(trial->loop, &trial->late);
	trial->process = NULL;
	trial->done(trial->arg, status, said.s);
}

static void on_late(void *arg)
{
	struct trial *trial = arg;

	trial->late = NULL;
	trial_end(trial);
}

int trial_start(struct trial *trial, struct processes *processes, const struct trial_spec *spec, hst_error *err)
{
	const struct process_role role = {.ended = on_ended, .arg = trial};
	int code;

	trial->output = memfd_create("trial", MFD_CLOEXEC);
	if (trial->output < 0)
		return hst_fail(err, HST_RETRY, "no room for what %s says: %s", spec->program, strerror(errno));
	code = process_start(processes,
			     &(struct process_spec){.name = spec->name,
						    .program = spec->program,
						    .argv = spec->argv,
						    .peer_fd = -1,
						    .input_fd = spec->input_fd,
						    .output_fd = trial->output},
			     &role, &trial->process, err);
	if (code == HST_OK)
		trial->late = loop_in(trial->loop, spec->late_ms, on_late, trial);
	else
		close_output(trial);
	return code;
}

void trial_end(struct trial *trial)
{
	if (trial->process)
		process_signal(trial->process, SIGKILL);
}

void trial_forget(struct trial *trial)
{
	loop_cancel(trial->loop, &trial->late);
	close_output(trial);
	trial->process = NULL;
}
