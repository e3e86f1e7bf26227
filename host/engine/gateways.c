/*
 * Offers, questions and stops go to the gateway that last spoke for the device. One that is not there is told nothing:
 * its first word when it is back makes the core ask what became of everything that was placed there.
 */
#include "engine/gateways.h"
#include "engine/envelopes.h"

#include "os/crash.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <string.h>

static bool is_gateway(const struct hub_link *link, const char *name)
{
	return name && strncmp(link->name, "gateway/", 8) == 0 && strcmp(link->name + 8, name) == 0;
}

/* What was found of a link holds until what is configured, or who was let in, changes; of a retired device nothing does. */
bool gateway_serves(struct engine *engine, const struct hub_link *link, const char *device)
{
	struct engine_device *heard = table_get(&engine->devices, device);
	const struct placement_device *placed;

	if (heard && heard->served_by == link->number && heard->served_as_of == engine->serving)
		return true;
	if (!is_gateway(link, serving_gateway(engine, device)))
		return false;
	placed = placement_device(core_placement(engine->core), device);
	if (heard && placed && !placed->retired) {
		heard->served_by = link->number;
		heard->served_as_of = engine->serving;
	}
	return true;
}

struct hub_link *gateway_of(struct engine *engine, const char *name)
{
	const struct engine_device *device = name ? table_get(&engine->devices, name) : NULL;
	struct hub_link *link = device ? engine_link(engine, device->link) : NULL;

	return link && gateway_serves(engine, link, name) ? link : NULL;
}

/* Most desktop flows are given none, and nothing is looked at then. */
static bool names_files(struct engine *engine, const struct core_action *action)
{
	const struct package *package = table_get(&engine->definitions->packages, action->step->flow_step->target);
	const hst_value *inputs = NULL;

	return package && fields_have_files(package->inputs) &&
	       value_parse_json(engine->scratch, action->inputs, action->inputs_length, &inputs, NULL) >= 0 &&
	       value_count(fields_files(engine->scratch, package->inputs, inputs)) > 0;
}

/* What the person at the device is told of it; the last text of the head, which is cut where it does not fit. */
static void set_title(struct engine *engine, struct message *message, const struct run *run)
{
	const char *label = run->facts.label;

	message_set_text(message, "title",
	                 label && *label ? arena_printf(engine->scratch, "%s: %s", run->flow->name, label) : run->flow->name);
}

void gateways_offer(struct engine *engine, const struct core_action *action)
{
	const struct step *step = action->step;
	struct hub_link *link = gateway_of(engine, step->facts.device);
	hst_error err = {{0}, {0}};
	struct message message;

	if (!link)
		return;
	if (envelopes_of_action(engine, action, &err) < 0) {
		envelopes_failed(engine, action, &err);
		return;
	}
	message_init(&message, WORD_offer, (uint64_t)step->facts.token);
	message_set_integer(&message, "step", step->facts.id);
	message_set_integer(&message, "token", step->facts.token);
	message_set_text(&message, "run", step->run->facts.id);
	message_set_integer(&message, "number", step->run->facts.number);
	message_set_text(&message, "name", step->flow_step->name);
	message_set_text(&message, "device", step->facts.device);
	message_set_text(&message, "user", step->facts.user);
	message_set_text(&message, "mode", step->facts.attended ? "attended" : "unattended");
	message_set_text(&message, "package", action->package);
	message_set_integer(&message, "timeout_ms", action->timeout_ms);
	if (engine->sealed.length && strcmp(step->run->facts.chain, step->run->facts.id) != 0)
		message_set_text(&message, "chain", step->run->facts.chain);
	if (names_files(engine, action))
		message_set_boolean(&message, "files", true);
	if (step->facts.attended)
		set_title(engine, &message, step->run);
	message_set_payload(&message, action->inputs, action->inputs_length);
	message_set_sealed(&message, engine->sealed.s, engine->sealed.length);
	hub_send(engine->hub, link, &message);
	crash_point(CRASH_engine_offered);
}

void gateways_ask(struct engine *engine, const struct core_action *action)
{
	const struct step *step = action->step;
	struct hub_link *link = gateway_of(engine, step->facts.device);
	struct message message;

	if (!link)
		return;
	message_init(&message, WORD_status, (uint64_t)step->facts.token);
	message_set_integer(&message, "step", step->facts.id);
	message_set_integer(&message, "token", step->facts.token);
	hub_send(engine->hub, link, &message);
	crash_point(CRASH_engine_asked_status);
}

static void say_stop(struct engine *engine, const char *device, int64_t step, int64_t token, const char *how)
{
	struct hub_link *link = gateway_of(engine, device);
	struct message message;

	if (!link)
		return;
	message_init(&message, WORD_stop, 0);
	message_set_integer(&message, "step", step);
	message_set_integer(&message, "token", token);
	message_set_text(&message, "how", how);
	hub_send(engine->hub, link, &message);
	crash_point(CRASH_engine_told_stop);
}

void gateways_halt(struct engine *engine, const struct core_action *action)
{
	const struct step *step = action->step;

	say_stop(engine, step->facts.device, step->facts.id, step->facts.token, action->how);
}

void gateways_disown(struct engine *engine, const struct core_action *action)
{
	say_stop(engine, action->device, action->step_id, action->token, "cancel");
}
