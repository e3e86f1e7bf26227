/* How a run ended. The rules are those of flowrun.h. */
#include "desktop/flowrun_life.h"

#include "base/auto.h"
#include "base/mem.h"
#include "desktop/flowrun_files.h"
#include "schema/sentence.h"
#include "os/spawn.h"
#include "schema/types.h"
#include "seal/secret_arena.h"

#include <string.h>
#include <sys/wait.h>

void flow_saying(struct flowrun *run, char *to, size_t size, const char *text)
{
	struct redact *redact = flow_redact_by(&run->redact);
	AUTO_FREE char *clean = redact ? redact_text(redact, text) : mem_text("what it says cannot be searched for secrets, so it is not shown");

	sentence_copy(to, size, clean, strlen(clean));
}

static const hst_value *outputs_checked(struct flowrun *run, hst_error *err)
{
	const hst_value *checked = NULL;

	flow_files_check(run->spec.place, &run->outputs);
	if (flow_outputs_check(&run->outputs, &checked, err) != HST_OK)
		return NULL;
	if (run->secret && !run->unfit.text[0])
		secret_arena_held(&run->unfit);
	return run->unfit.text[0] ? NULL : checked;
}

static void add(void *arg, const char *bytes, size_t n)
{
	text_bytes(arg, bytes, n);
}

/* What was secret only after it was printed is still in it. Of one that was cut the end may be half a secret; that half is what would
 * still wait for more. */
static void last_line(struct flowrun *run, char *to, size_t size)
{
	struct redact *redact = flow_redact_by(&run->redact);
	const struct flow_log_line *line = flow_log_last_line(&run->log);
	struct redact_stream stream;
	AUTO(text) struct text clean;

	text_init_wiping(&clean, sizeof REDACT_INSTEAD * FLOW_LOG_LINE);
	if (!redact) {
		flow_saying(run, to, size, "");
		return;
	}
	redact_stream_init(&stream, redact);
	redact_feed(&stream, line->bytes, line->length, add, &clean);
	if (line->length < sizeof line->bytes)
		redact_flush(&stream, add, &clean);
	redact_stream_clear(&stream);
	sentence_copy(to, size, clean.s, clean.length);
}

/* The flow's own account of its failure, or what can be seen from here. */
static void failure_text(struct flowrun *run, char *to, size_t size)
{
	char status[64], line[FLOW_LOG_LINE];

	if (run->said[0]) {
		flow_saying(run, to, size, run->said);
		return;
	}
	spawn_status_text(run->status, status, sizeof status);
	last_line(run, line, sizeof line);
	if (line[0])
		snprintf(to, size, "%s; the last line of its log: %s", status, line);
	else
		snprintf(to, size, "%s", status);
}

static void decide_timed_out(const struct flowrun *run, struct flowrun_result *result)
{
	char limit[32];

	type_write_duration((hst_duration){run->spec.timeout_ms}, limit, sizeof limit);
	result->reason = "DesktopFlowsActionTimeout";
	snprintf(result->text, sizeof result->text, "It did not end within %s and was stopped.", limit);
}

static void decide_stopped(const struct flowrun *run, struct flowrun_result *result)
{
	result->end = FLOWRUN_STOPPED;
	result->reason = "Cancelled";
	snprintf(result->text, sizeof result->text, "%s",
		 run->forced == FLOWRUN_STOPPED ? "It was cancelled." : "It was told to stop and stopped.");
}

static void decide_failed(struct flowrun *run, bool ended_well, const hst_error *outputs_wrong,
			  struct flowrun_result *result)
{
	result->end = FLOWRUN_FAILED;
	result->reason = "FlowFailed";
	if (run->refused.text[0]) {
		result->reason = run->refused.reason;
		snprintf(result->text, sizeof result->text, "%s", run->refused.text);
	} else if (!ended_well) {
		failure_text(run, result->text, sizeof result->text);
	} else if (run->unfit.text[0]) {
		result->reason = "OutputInvalid";
		snprintf(result->text, sizeof result->text, "Its outputs: %.480s", run->unfit.text);
	} else if (run->events.faults) {
		flow_saying(run, result->text, sizeof result->text, run->events.first_fault);
	} else {
		result->reason = outputs_wrong->reason[0] ? "OutputInvalid" : "FlowFailed";
		flow_saying(run, result->text, sizeof result->text, outputs_wrong->text);
	}
}

struct flowrun_result flow_verdict(struct flowrun *run)
{
	struct flowrun_result result = {.end = run->forced, .started_us = run->started_us};
	bool ended_well = !run->refused.text[0] && WIFEXITED(run->status) && WEXITSTATUS(run->status) == 0;
	hst_error wrong = {0};
	const hst_value *outputs = ended_well && !run->events.faults ? outputs_checked(run, &wrong) : NULL;

	if (run->forced == FLOWRUN_TIMED_OUT)
		decide_timed_out(run, &result);
	else if (run->forced == FLOWRUN_STOPPED || (run->stop_asked && (!outputs || run->checkpoint_since)))
		decide_stopped(run, &result);
	else if (outputs)
		result.end = FLOWRUN_SUCCEEDED;
	else
		decide_failed(run, ended_well, &wrong, &result);
	result.outputs =
		outputs && result.end == FLOWRUN_SUCCEEDED ? outputs : flow_outputs_right(&run->outputs);
	return result;
}
