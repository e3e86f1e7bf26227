#include "admission_house.h"

#include "base/mem.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *const accounts[] = {(char *)"bot1", (char *)"bot2", (char *)"bot3",
				 (char *)"bot4", (char *)"bot5", (char *)"bot6",
				 (char *)"bot7", (char *)"bot8", (char *)"bot9"};

static int policy_slots(void *arg, const hst_device *device, const hst_session *sessions, size_t n,
			int64_t *ret_max, int64_t *ret_free, hst_error *err)
{
	struct admission_house *house = arg;
	int64_t used = 0;

	(void)device, (void)err;
	for (size_t i = 0; i < n; i++)
		used += !(sessions[i].kept && !sessions[i].running);
	*ret_max = house->limit;
	*ret_free = used < house->limit ? house->limit - used : 0;
	return HST_OK;
}

static void plan_refuse(hst_plan *ret, const char *reason, size_t blocker)
{
	*ret = (hst_plan){
		.verdict = HST_PLAN_REFUSE, .reason = reason, .session = HST_NO_SESSION, .blocker = blocker};
}

/* Rule R5, for the user's first session of a person. */
static void plan_attended(const hst_session *sessions, size_t n, const hst_demand *demand, hst_plan *ret)
{
	size_t own = 0;

	while (own < n && (sessions[own].ours || strcmp(sessions[own].key, demand->key) != 0))
		own++;
	if (own == n)
		plan_refuse(ret, "AttendedUserNotLoggedIn", HST_NO_SESSION);
	else if (sessions[own].running)
		plan_refuse(ret, "UIFlowAlreadyRunning", own);
	else if (sessions[own].locked == HST_NO)
		*ret = (hst_plan){.verdict = HST_PLAN_USE, .session = own, .blocker = HST_NO_SESSION};
	else
		plan_refuse(ret, sessions[own].locked == HST_YES ? "AttendedUserSessionNotActive" : "SessionFactUnknown",
			    own);
}

/* As a server: one session per user, so many at once, a kept one of another user gives way. */
static int policy_plan(void *arg, const hst_device *device, const hst_session *sessions, size_t n,
		       const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	struct admission_house *house = arg;
	size_t kept_of_other = HST_NO_SESSION;

	(void)device;
	if (house->plan_fails)
		return hst_fail(err, (hst_code)house->plan_fails, "the strategy does not feel like it");
	if (house->plan) {
		*ret = *house->plan;
		return HST_OK;
	}
	if (demand->attended) {
		plan_attended(sessions, n, demand, ret);
		return HST_OK;
	}
	for (size_t i = 0; i < n; i++) {
		bool own = strcmp(sessions[i].key, demand->key) == 0,
		     kept = sessions[i].kept && !sessions[i].running;

		if (own && kept) {
			*ret = (hst_plan){.verdict = HST_PLAN_REUSE, .session = i, .blocker = HST_NO_SESSION};
			return HST_OK;
		}
		if (own) {
			plan_refuse(ret,
				    sessions[i].running ? "UIFlowAlreadyRunning"
							: "SessionExistsForTheUserWhenUnattended",
				    i);
			return HST_OK;
		}
		if (kept)
			kept_of_other = i;
	}
	if ((int64_t)n < house->limit)
		*ret = (hst_plan){
			.verdict = HST_PLAN_OPEN, .session = HST_NO_SESSION, .blocker = HST_NO_SESSION};
	else if ((int64_t)n == house->limit && kept_of_other != HST_NO_SESSION)
		*ret = (hst_plan){
			.verdict = HST_PLAN_CLOSE_FIRST, .session = kept_of_other, .blocker = HST_NO_SESSION};
	else
		plan_refuse(ret, "TooManyActiveSessions", n - 1);
	return HST_OK;
}

static int policy_retire(void *arg, const hst_session *session, hst_retirement *ret, hst_error *err)
{
	(void)err;
	assert_true(session->ours && *session->id && *session->key);
	*ret = ((struct admission_house *)arg)->retirement;
	return HST_OK;
}

void admission_house_init(struct admission_house *house)
{
	*house = (struct admission_house){.limit = 4, .retirement = HST_SIGN_OUT, .system = HST_LINUX};
	house->policy = (struct admission_policy){.slots = policy_slots,
						  .plan = policy_plan,
						  .retire = policy_retire,
						  .systems = HST_LINUX | HST_SERVER,
						  .arg = house};
	text_init(&house->said, 1 << 20);
	text_init(&house->all, 64 << 20);
	text_init(&house->journal, 64 << 20);
	admission_effects_init(&house->effects);
	admission_house_begin(house);
}

void admission_house_begin(struct admission_house *house)
{
	admission_free(house->admission);
	house->admission = admission_new("d", accounts, sizeof accounts / sizeof *accounts, &house->policy);
}

static void replay(void *arg, const char *record)
{
	struct admission_house *house = arg;
	hst_error err = {0};

	if (admission_replay(house->admission, record, strlen(record), &err) != HST_OK)
		fail_msg("\"%s\": %s", record, err.text);
}

void admission_house_resume(struct admission_house *house)
{
	char *journal = text_take(&house->journal), *rest = journal, *record;

	text_init(&house->journal, 64 << 20);
	house->policy.handed_over = true;
	admission_house_begin(house);
	while ((record = strsep(&rest, "\n")) && *record)
		replay(house, record);
	free(journal);
	admission_house_rewrite(house);
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_REPLAYED});
}

static void keep(void *arg, const char *record)
{
	text_addf(arg, "%s\n", record);
}

void admission_house_rewrite(struct admission_house *house)
{
	text_reset(&house->journal);
	admission_records(house->admission, keep, &house->journal);
}

void house_adopted(struct admission_house *house, uint32_t number, enum admission_adopted how, const char *session,
		   const char *user, int64_t step, int64_t token)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_ADOPTED, .login = house->login,
							       .adopted = how,
							       .number = number,
							       .session = session,
							       .user = user,
							       .key = user,
							       .step = step,
							       .token = token});
}

void admission_house_ready(struct admission_house *house)
{
	admission_house_begin(house);
	house_watch(house);
	house_hold_ready(house);
	house_package(house, "d1", NULL);
	for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++)
		house_identity(house, accounts[i], accounts[i]);
	text_reset(&house->all);
}

void admission_house_clear(struct admission_house *house)
{
	admission_free(house->admission);
	admission_effects_clear(&house->effects);
	text_clear(&house->said);
	text_clear(&house->all);
	text_clear(&house->journal);
}

/* What happened, step and token; the whole of it is in the journal. */
static void say_record(struct admission_house *house, const char *record)
{
	const char *end = record;

	for (int words = 0; words < 3 && *end; words++)
		end += strspn(end, " ") + strcspn(end + strspn(end, " "), " ");
	text_addf(&house->said, "journal %.*s\n", (int)(end - record), record);
	text_addf(&house->journal, "%s\n", record);
}

static void say(struct admission_house *house, const struct admission_effect *effect)
{
	const struct admission_run *run = effect->run;
	struct text *to = &house->said;
	char name[48] = "";

	if (run)
		snprintf(name, sizeof name, "%lld/%lld", (long long)run->step, (long long)run->token);
	switch (effect->kind) {
	case ADMISSION_JOURNAL:
	case ADMISSION_JOURNAL_SOON:
		say_record(house, effect->text);
		break;
	case ADMISSION_ASK_IDENTITY:
		text_addf(to, "ask %s\n", effect->text);
		break;
	case ADMISSION_WANT_HOLD:
		text_add(to, "want\n");
		break;
	case ADMISSION_OPEN:
		if (run->attended)
			text_addf(to, "attach %u %s to %s\n", effect->hold->number, run->user, run->session);
		else
			text_addf(to, "open %u %s\n", effect->hold->number, run->user);
		break;
	case ADMISSION_LAUNCH:
		text_addf(to, "launch %u %s\n", effect->hold->number, name);
		break;
	case ADMISSION_HALT:
		text_addf(to, "halt %u %s %s\n", effect->hold->number, name, effect->text);
		break;
	case ADMISSION_LOCK:
		text_addf(to, "lock %u\n", effect->hold->number);
		break;
	case ADMISSION_CLOSE:
		text_addf(to, "close %u\n", effect->hold->number);
		break;
	case ADMISSION_FETCH:
		text_addf(to, "fetch %s\n", effect->text);
		break;
	case ADMISSION_FETCH_FILES:
		text_addf(to, "fetch files %s\n", name);
		break;
	case ADMISSION_UPLOAD:
		text_addf(to, "upload %s\n", name);
		break;
	case ADMISSION_SAY_TAKEN:
		text_addf(to, "taken %s %s\n", name, effect->text);
		break;
	case ADMISSION_SAY_REFUSED:
		text_addf(to, "refused %s %s %s@%lld: %s\n", name, effect->reason,
			  reason_class_name(effect->class), (long long)effect->revision, effect->text);
		break;
	case ADMISSION_SAY_STAGE:
		text_addf(to, "stage %s %s\n", name, effect->text);
		break;
	case ADMISSION_SAY_FINISHED:
		text_addf(to, "finished %s %s%s%s%s\n", name, run->end, *run->reason ? " " : "", run->reason,
			  run->released ? " released" : "");
		break;
	case ADMISSION_SAY_RELEASED:
		text_addf(to, "released %s\n", name);
		break;
	case ADMISSION_SAY_STANDING:
		text_addf(to, "standing %lld/%lld %s\n", (long long)effect->step, (long long)effect->token, effect->text);
		break;
	case ADMISSION_SAY_TRIED:
		text_addf(to, "tried %lld%s%s\n", (long long)run->number, effect->reason ? " " : "", effect->reason ? effect->reason : "");
		break;
	case ADMISSION_SAY_HAVE:
		text_addf(to, "have %u %llu\n", effect->hold->number, (unsigned long long)effect->id);
		break;
	case ADMISSION_LOOK:
		text_addf(to, "look %lld/%lld\n", (long long)effect->step, (long long)effect->token);
		break;
	case ADMISSION_DISCARD:
		text_addf(to, "discard %lld/%lld\n", (long long)effect->step, (long long)effect->token);
		break;
	case ADMISSION_SAY_DEVICE:
		text_addf(to, "device %lld@%lld\n", (long long)admission_device(house->admission).slots,
			  (long long)admission_device(house->admission).revision);
		break;
	}
}

/* The journal is synced before anything else of a batch is done. */
void admission_house_event(struct admission_house *house, struct admission_event *event)
{
	admission_step(house->admission, event, &house->effects);
	text_reset(&house->said);
	for (int journal = 1; journal >= 0; journal--)
		for (size_t i = 0; i < house->effects.n; i++)
			if ((house->effects.at[i].kind <= ADMISSION_JOURNAL_SOON) == journal)
				say(house, &house->effects.at[i]);
	text_add(&house->all, house->said.s);
	admission_settle(house->admission, &house->effects);
}

static void offer(struct admission_house *house, int64_t step, int64_t token, const char *user, bool attended, bool files)
{
	struct admission_run *run =
		admission_run_new(&(struct admission_run){.step = step, .token = token, .run_id = "r-1", .name = "do", .user = user,
							  .package = "d1", .inputs = "{}", .inputs_length = 2,
							  .attended = attended, .files = files, .login = house->login});

	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_OFFER, .offer = run});
}

void house_offer(struct admission_house *house, int64_t step, int64_t token, const char *user)
{
	offer(house, step, token, user, false, false);
}

void house_offer_attended(struct admission_house *house, int64_t step, int64_t token, const char *user)
{
	offer(house, step, token, user, true, false);
}

void house_offer_with_files(struct admission_house *house, int64_t step, int64_t token, const char *user)
{
	offer(house, step, token, user, false, true);
}

void house_identity(struct admission_house *house, const char *user, const char *key)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_IDENTITY,
							       .user = user,
							       .key = key,
							       .text = key ? NULL : "there is no such user"});
}

void house_sees(struct admission_house *house, const char *id, const char *user, hst_fact connected,
		hst_fact locked, bool ours)
{
	char *kept = house->seen_ids[house->seen_count];

	snprintf(kept, sizeof house->seen_ids[0], "%s", id);
	house->seen[house->seen_count++] = (hst_session){
		.id = kept, .user = user, .key = user, .connected = connected, .locked = locked, .ours = ours};
}

void house_watch(struct admission_house *house)
{
	hst_device device = {.name = "d", .system = house->system, .processors = 2, .load_milli = 100, .rehearses = house->rehearses};

	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_SESSIONS,
							       .device = &device,
							       .sessions = house->seen,
							       .session_count = house->seen_count});
}

void house_watch_one(struct admission_house *house, const char *user, hst_fact locked)
{
	house->seen_count = 0;
	if (user)
		house_sees(house, "person", user, HST_YES, locked, false);
	house_watch(house);
}

void house_hold(struct admission_house *house, enum admission_event_kind kind, uint32_t number)
{
	admission_house_event(
		house, &(struct admission_event){.kind = kind, .number = number, .text = "exit status 1"});
}

uint32_t house_hold_ready(struct admission_house *house)
{
	house_hold(house, ADMISSION_HOLD_READY, ++house->holds);
	return house->holds;
}

void house_opened(struct admission_house *house, uint32_t number, const char *session)
{
	admission_house_event(house, &(struct admission_event){
					     .kind = ADMISSION_OPENED, .number = number, .session = session});
}

void house_open_failed(struct admission_house *house, uint32_t number, int code, const char *reason)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_OPEN_FAILED,
							       .number = number,
							       .code = code,
							       .reason = reason,
							       .text = "no display"});
}

void house_package(struct admission_house *house, const char *digest, const char *why_not)
{
	admission_house_event(house, &(struct admission_event){
					     .kind = ADMISSION_PACKAGE, .package = digest, .text = why_not});
}

void house_ended(struct admission_house *house, uint32_t number, const char *end)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_FINISHED,
							       .number = number,
							       .end = end,
							       .reason = "",
							       .payload = "{}",
							       .payload_length = 2,
							       .started_us = 1,
							       .ended_us = 2});
}

void house_run(struct admission_house *house, enum admission_event_kind kind, int64_t step, int64_t token)
{
	admission_house_event(
		house, &(struct admission_event){.kind = kind, .step = step, .token = token, .how = "stop"});
}

void house_whole_run(struct admission_house *house, int64_t step, int64_t token, const char *user)
{
	uint32_t hold = house->holds;

	house_offer(house, step, token, user);
	house_opened(house, hold, "s");
	house_ended(house, hold, "succeeded");
	house_run(house, ADMISSION_UPLOADED, step, token);
	house_hold(house, ADMISSION_CLOSED, hold);
	house_hold(house, ADMISSION_HOLD_ENDED, hold);
	house_hold_ready(house);
}

void house_said(struct admission_house *house, const char *expected)
{
	assert_string_equal(house->said.s, expected);
}

void house_said_line(struct admission_house *house, const char *line)
{
	const char *found = strstr(house->said.s, line);

	if (!found || found[strlen(line)] != '\n' || (found != house->said.s && found[-1] != '\n'))
		fail_msg("\"%s\" was not said, but: %s", line, house->said.s);
}

static bool count_run(void *arg, const struct admission_run *run)
{
	(void)run;
	++*(size_t *)arg;
	return true;
}

size_t house_runs(const struct admission_house *house)
{
	size_t n = 0;

	admission_runs(house->admission, count_run, &n);
	return n;
}

size_t house_spares(const struct admission_house *house)
{
	size_t n = 0;

	for (uint32_t number = 1; number <= house->holds; number++) {
		const struct admission_hold *hold = admission_hold_of(house->admission, number);

		n += hold && hold->state == ADMISSION_HOLD_WARM;
	}
	return n;
}

static bool count_stuck(void *arg, const hst_session *session, bool stuck)
{
	(void)session;
	*(size_t *)arg += stuck;
	return true;
}

size_t house_stuck(const struct admission_house *house)
{
	size_t n = 0;

	admission_sessions(house->admission, count_stuck, &n);
	return n;
}
