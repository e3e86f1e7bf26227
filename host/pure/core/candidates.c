#include "pure/core/candidates.h"

#include "base/clock.h"

#include <string.h>

enum { NAMED_MAX = 5 };

/* To the second: nobody who asks why needs more. */
static void add_time(struct text *to, int64_t us)
{
	char iso[40];

	clock_iso(us, iso, sizeof iso);
	iso[strlen("2026-11-21T23:31:52")] = '\0';
	text_addf(to, "%sZ", iso);
}

void core_name_step(const struct step *step, struct text *to)
{
	text_addf(to, "#%lld/%s", (long long)step->run->facts.number, step->flow_step->name);
}

static void name_with_user(const struct step *step, struct text *to)
{
	core_name_step(step, to);
	text_addf(to, " of %s", step->facts.user);
}

bool core_name_runs(const struct placement_device *device, struct text *to)
{
	size_t n = 0;

	TABLE_EACH(&device->busy, entry) {
		if (n < NAMED_MAX) {
			text_add(to, n == 0 ? "" : n + 1 == device->busy.n ? " and " : ", ");
			name_with_user(entry->value, to);
		}
		n++;
	}
	if (n > NAMED_MAX)
		text_addf(to, " and %zu more", n - NAMED_MAX);
	return n > 0;
}

const struct step *core_first(const struct placement_target *target)
{
	const struct order_lane *lane = heap_top(&target->order.lanes);

	return lane ? heap_top(&lane->items) : NULL;
}

static void say_never(const struct step *step, const struct placement_device *device, struct text *to)
{
	(void)step;
	(void)device;
	text_add(to, "no gateway has connected for it since the host started");
}

static void say_offline(const struct step *step, const struct placement_device *device, struct text *to)
{
	(void)step;
	text_add(to, "nothing has been heard of it since ");
	add_time(to, device->heard_us);
}

static void say_draining(const struct step *step, const struct placement_device *device, struct text *to)
{
	(void)step;
	(void)device;
	text_add(to, "it is in maintenance and takes no new runs");
}

/* The slot of a run that has ended is free once its session is closed. */
static void say_user_busy(const struct step *step, const struct placement_device *device, struct text *to)
{
	const struct step *holder = table_get(&device->busy, step->folded_user);

	if (!holder)
		return;
	if (state_row(holder->facts.state)->ended) {
		text_add(to, "the session of ");
		name_with_user(holder, to);
		text_add(to, " is still being closed there");
		return;
	}
	name_with_user(holder, to);
	text_addf(to, " is %s there since ", state_name(holder->facts.state));
	add_time(to, holder->facts.started_us ? holder->facts.started_us : holder->facts.placed_us);
}

static void say_slots(const struct step *step, const struct placement_device *device, struct text *to)
{
	(void)step;
	if (device->running == 0) {
		text_add(to, "it has no slot for runs now");
		return;
	}
	text_addf(to, "its %lld slot%s %s taken by ", (long long)device->running, device->running == 1 ? "" : "s",
		  device->running == 1 ? "is" : "are");
	core_name_runs(device, to);
}

/* Obstacles that the host finds itself. What a gateway or a gate said has its own sentence. */
static const struct {
	const char *code;
	void (*say)(const struct step *step, const struct placement_device *device, struct text *to);
} clauses[] = {
	{"DeviceNeverConnected", say_never}, {"DeviceOffline", say_offline}, {"DeviceDraining", say_draining},
	{"UIFlowAlreadyRunning", say_user_busy}, {"AllSlotsTaken", say_slots},
};

static void say_of_itself(const char *code, const struct step *step, const struct placement_device *device,
			  struct text *to)
{
	const struct reason *row = reason_named(code);
	size_t before = to->length;

	for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++)
		if (strcmp(clauses[i].code, code) == 0)
			clauses[i].say(step, device, to);
	if (to->length == before)
		text_add(to, row ? row->cause : "no further details");
}

static const char *strict_order(const struct step *step, struct text *to)
{
	const struct order_target *order = step->item.lane->target;
	const struct order_lane *lane = heap_top(&order->lanes);
	const struct order_item *first = heap_top(&lane->items);

	if (!order->strict || first == &step->item) {
		text_add(to, "nothing is in the way there");
		return NULL;
	}
	text_addf(to, "%s keeps strict order, and ", order->name);
	name_with_user((const struct step *)(const void *)first, to);
	text_add(to, " is first");
	return "StrictOrder";
}

const char *core_candidate(const struct step *step, const struct placement_device *device, struct text *to)
{
	const char *said, *code = placement_obstacle(device, step->item.lane, &said);

	if (!code)
		return strict_order(step, to);
	if (said && *said)
		text_add(to, said);
	else
		say_of_itself(code, step, device, to);
	return code;
}
