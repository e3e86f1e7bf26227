#include "engine/envelopes.h"

#include "base/auto.h"
#include "base/mem.h"
#include "desktop/pushed.h"
#include "engine/secrets.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "seal/composition.h"
#include "seal/directions.h"
#include "seal/items.h"

#include <stdlib.h>
#include <string.h>

/* A call or offer that could not be made. */
struct engine_failure {
	int64_t step, token;
	bool offer;
	hst_error error;
};

int envelopes_read(hst_arena *arena, const struct message *message, const struct flow_envelope **ret, size_t *ret_count,
		hst_error *err)
{
	struct flow_envelope *envelopes;
	struct items items;
	struct item item;
	size_t n = 0;
	int rc = message->sealed_length ? items_check(message->sealed, message->sealed_length, err) : HST_OK;

	*ret_count = 0;
	if (rc < 0 || !message->sealed_length)
		return rc;
	envelopes = arena_array(arena, ITEMS_MAX, sizeof *envelopes);
	items_begin(&items, message->sealed, message->sealed_length);
	while ((rc = items_next(&items, &item, err)) >= 0 && item.name) {
		if (item.kind != ITEM_ENVELOPE)
			return hst_fail(err, HST_INVALID, "the item %s is no envelope", item.name);
		envelopes[n++] = (struct flow_envelope){
			.name = arena_text(arena, item.name), .bytes = item.bytes, .length = item.length};
	}
	*ret = envelopes;
	*ret_count = n;
	return rc;
}

size_t envelopes_of_position(hst_arena *arena, const struct flow_envelope *sealed, size_t n, size_t position, const struct flow_envelope **ret)
{
	const char *front = arena_printf(arena, "%zu.", position);
	struct flow_envelope *own = arena_array(arena, n, sizeof *own);
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (strncmp(sealed[i].name, front, strlen(front)) == 0) {
			own[count] = sealed[i];
			own[count++].name += strlen(front);
		}
	*ret = own;
	return count;
}

static bool is_sealed(const struct flow_envelope *sealed, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(sealed[i].name, name) == 0)
			return true;
	return false;
}

hst_fields envelopes_left(hst_arena *arena, hst_fields fields, const struct flow_envelope *sealed, size_t n)
{
	hst_field *left;
	size_t count = 0;

	if (!n)
		return fields;
	left = arena_array(arena, fields.n, sizeof *left);
	for (size_t i = 0; i < fields.n; i++)
		if (!is_sealed(sealed, n, field_name(&fields.at[i])))
			left[count++] = fields.at[i];
	return (hst_fields){.at = left, .n = count};
}

const hst_value *envelopes_without(hst_arena *arena, const hst_value *given, const struct flow_envelope *sealed, size_t n)
{
	hst_value *left;

	if (!n)
		return given;
	left = value_make_record(arena);
	for (size_t i = 0; i < value_count(given); i++)
		if (!is_sealed(sealed, n, value_name_at(given, i)))
			value_set(left, value_name_at(given, i), value_at(given, i));
	return left;
}

/* What is being put together; everything in the engine's scratch arena. */
struct making {
	struct engine *engine;
	struct item items[ITEMS_MAX];
	size_t n;
	hst_error *err;
};

static void making_begin(struct making *making, struct engine *engine, hst_error *err)
{
	making->engine = engine;
	making->n = 0;
	making->err = err;
}

static int add(struct making *making, const char *name, const void *bytes, size_t length)
{
	if (making->n == ITEMS_MAX)
		return hst_fail_as(making->err, HST_INVALID, "InputInvalid", "there are more than %d sealed values", ITEMS_MAX);
	making->items[making->n++] = (struct item){.name = name, .bytes = bytes, .length = length};
	return HST_OK;
}

static int add_text(struct making *making, const char *name, const struct text *text)
{
	return add(making, name, arena_copy(making->engine->scratch, text->s, text->length), text->length);
}

static int fill_piece(struct making *making, const struct flow_piece *piece, struct composition_piece *ret)
{
	struct secret_envelope secret;
	int rc;

	switch (piece->kind) {
	case FLOW_PIECE_LITERAL:
		*ret = (struct composition_piece){.kind = PIECE_LITERAL, .path = "", .bytes = piece->text, .length = piece->length};
		return HST_OK;
	case FLOW_PIECE_ENVELOPE:
		*ret = (struct composition_piece){.kind = PIECE_ENVELOPE, .path = piece->text ? piece->text : "",
		                                  .bytes = piece->envelope->bytes, .length = piece->envelope->length};
		return HST_OK;
	case FLOW_PIECE_SECRET:
		rc = secrets_get(making->engine, piece->text, &secret, making->err);
		if (rc >= 0)
			*ret = (struct composition_piece){.kind = PIECE_ENVELOPE, .path = "", .bytes = secret.bytes,
			                                  .length = secret.length};
		return rc;
	}
	return HST_INVALID;
}

static int add_composed(struct making *making, const struct flow_composed *composed)
{
	struct composition_piece *pieces = arena_array(making->engine->scratch, composed->piece_count, sizeof *pieces);
	AUTO(text) struct text text;
	hst_error why = {{0}, {0}};

	text_init(&text, COMPOSITION_BYTES_MAX);
	for (size_t i = 0; i < composed->piece_count; i++) {
		int rc = fill_piece(making, &composed->pieces[i], &pieces[i]);

		if (rc < 0)
			return rc;
	}
	if (composition_write(&text, pieces, composed->piece_count, &why) < 0 || text.over)
		return hst_fail_as(making->err, HST_INVALID, "InputInvalid", "input \"%s\" cannot be put together: %s",
				   composed->input, why.text[0] ? why.text : "it is too large");
	return add_text(making, composed->input, &text);
}

/* Where nothing takes a value only the operators may have it. */
static struct direction direction_of(const struct core_direction *direction)
{
	static const char *const operators[] = {"operator"};

	return (struct direction){.output = direction->output, .to = direction->members, .to_count = direction->member_count,
	                          .sinks = direction->sink_count ? direction->sinks : operators,
	                          .sink_count = direction->sink_count ? direction->sink_count : 1};
}

/* What nobody could seal is said with the way out, before anybody tries. */
static int check_direction(const struct core_direction *direction, hst_error *err)
{
	if (direction->sink_count > DIRECTIONS_SINKS_MAX)
		return hst_fail_as(err, HST_INVALID, "InputInvalid",
				   "\"%.80s\" is secret and goes to %zu inputs of steps, and one secret can be for %d: let fewer flows take it, or give them triggers of their own",
				   direction->output, direction->sink_count, DIRECTIONS_SINKS_MAX);
	if (direction->member_count > DIRECTIONS_TO_MAX)
		return hst_fail_as(err, HST_INVALID, "InputInvalid",
				   "\"%.80s\" is secret and goes to %zu connectors and gateways, and one secret can be for %d: let fewer flows take it, or use a smaller cluster",
				   direction->output, direction->member_count, DIRECTIONS_TO_MAX);
	return HST_OK;
}

static int add_directions(struct making *making, const struct core_direction *from, size_t n)
{
	struct direction *all = arena_array(making->engine->scratch, n, sizeof *all);
	AUTO(text) struct text text;
	hst_error why = {{0}, {0}};

	text_init(&text, DIRECTIONS_BYTES_MAX);
	if (!n)
		return HST_OK;
	for (size_t i = 0; i < n; i++) {
		int rc = check_direction(&from[i], making->err);

		if (rc < 0)
			return rc;
		all[i] = direction_of(&from[i]);
	}
	if (directions_write(&text, &(struct directions){all, n}, &why) < 0 || text.over)
		return hst_fail_as(making->err, HST_INVALID, "InputInvalid", "it cannot be said to whom its outputs are to be sealed: %s",
				   why.text[0] ? why.text : "they go to too many");
	return add_text(making, ENVELOPES_DIRECTIONS, &text);
}

/* The item is named like the sink, which no input of a desktop flow can be. */
static int add_password(struct making *making, const char *connection, int64_t *ret_serial)
{
	struct engine *engine = making->engine;
	const struct conf_connection *conf = conf_connection(engine->definitions->conf, connection);
	struct secret_envelope secret;
	int rc;

	if (!conf || !conf->password)
		return HST_OK;
	rc = secrets_get(engine, conf->password, &secret, making->err);
	if (rc < 0)
		return rc;
	*ret_serial = secret.serial;
	return add(making, arena_printf(engine->scratch, "connection/%s.password", connection), secret.bytes, secret.length);
}

/* Called like the sink's front, which no input can be. The session process verifies it; here it is known early that there is none. */
static int add_signature(struct making *making, const struct core_action *action)
{
	struct engine *engine = making->engine;
	const char *conf = engine->definitions->conf->path, *name = action->step->flow_step->target;
	const struct package *package = table_get(&engine->definitions->packages, name);
	AUTO_FREE char *bytes = NULL;
	hst_error why = {{0}, {0}};
	size_t length = 0;

	if (pushed_read(conf, name, action->package, &bytes, &length, &why) == HST_OK)
		return add(making, arena_printf(engine->scratch, "desktop/%s", name), arena_copy(engine->scratch, bytes, length), length);
	if (package && pushed_check(conf, package, NULL, making->err) != HST_OK)
		return HST_DENIED;
	return hst_fail_as(making->err, HST_DENIED, "PackageUnsigned", "the desktop flow \"%s\" is given secrets, and its signature cannot be read: %s", name, why.text);
}

static int write_items(struct making *making)
{
	struct text *to = &making->engine->sealed;
	hst_error why = {{0}, {0}};

	text_reset(to);
	if (!making->n)
		return HST_OK;
	if (items_write(to, making->items, making->n, &why) < 0 || to->over)
		return hst_fail_as(making->err, HST_INVALID, "InputInvalid", "its sealed values do not go into one message: %s",
				   why.text[0] ? why.text : "together they have more than 512 KiB");
	return HST_OK;
}

int envelopes_of_action(struct engine *engine, const struct core_action *action, hst_error *err)
{
	bool signs_in = action->kind == CORE_OFFER && !action->step->facts.attended;
	struct making making;
	int rc = HST_OK;

	text_reset(&engine->sealed);
	if (!action->sealed_count && !action->direction_count && !signs_in)
		return HST_OK;
	making_begin(&making, engine, err);
	for (size_t i = 0; rc >= 0 && i < action->sealed_count; i++)
		rc = add_composed(&making, &action->sealed[i]);
	if (rc >= 0)
		rc = add_directions(&making, action->directions, action->direction_count);
	if (rc >= 0 && action->kind == CORE_OFFER && action->sealed_count)
		rc = add_signature(&making, action);
	if (rc >= 0 && signs_in)
		rc = add_password(&making, action->step->facts.connection, &action->step->serial);
	return rc < 0 ? rc : write_items(&making);
}

int envelopes_of_connection(struct engine *engine, const char *connection, int64_t *ret_serial, hst_error *err)
{
	struct making making;
	int rc;

	making_begin(&making, engine, err);
	rc = add_password(&making, connection, ret_serial);
	return rc < 0 ? rc : write_items(&making);
}

static bool has_secret(hst_fields fields)
{
	for (size_t i = 0; i < fields.n; i++)
		if (field_type(&fields.at[i]) == HST_TYPE_SECRET)
			return true;
	return false;
}

int envelopes_of_press(struct engine *engine, const struct message *press, const char *trigger, hst_error *err)
{
	const struct definition *definition = definitions_instance(engine->definitions, HST_TRIGGER, trigger);
	const struct core_direction *directions = NULL;
	const struct flow_envelope *typed = NULL;
	const hst_value *given = NULL;
	struct making making;
	size_t n = 0;
	int rc = envelopes_read(engine->scratch, press, &typed, &n, err);

	making_begin(&making, engine, err);
	for (size_t i = 0; rc >= 0 && i < n; i++)
		rc = strcmp(typed[i].name, ENVELOPES_DIRECTIONS) == 0
			     ? hst_fail_as(err, HST_INVALID, "InputInvalid", "no input has the name %s", typed[i].name)
			     : add(&making, typed[i].name, typed[i].bytes, typed[i].length);
	if (rc >= 0 && definition && has_secret(definition->event) &&
	    value_parse_json(engine->scratch, press->payload, press->payload_length, &given, NULL) >= 0)
		rc = envelopes_refuse_readable(definition->event, given, err);
	if (rc >= 0 && definition && has_secret(definition->event)) {
		n = core_event_directions(engine->core, trigger, engine->scratch, &directions);
		rc = add_directions(&making, directions, n);
	}
	return rc < 0 ? rc : write_items(&making);
}

int envelopes_of_directions(struct engine *engine, const struct core_direction *directions, size_t n, hst_error *err)
{
	struct making making;
	int rc;

	making_begin(&making, engine, err);
	rc = add_directions(&making, directions, n);
	return rc < 0 ? rc : write_items(&making);
}

int envelopes_refuse_readable(hst_fields fields, const hst_value *given, hst_error *err)
{
	for (size_t i = 0; i < fields.n; i++) {
		const char *name = field_name(&fields.at[i]);
		const hst_value *value = value_get(given, name);

		if (field_type(&fields.at[i]) == HST_TYPE_SECRET && value && value_kind(value) != HST_VALUE_NULL)
			return hst_fail_as(err, HST_INVALID, "InputInvalid",
					   "the input \"%s\" is secret and came readable; it was not kept: say --secret %s, and you are asked for it", name, name);
	}
	return HST_OK;
}

int envelopes_refuse_sealed(hst_fields fields, const struct flow_envelope *sealed, size_t n, hst_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const hst_field *field = fields_find(fields, sealed[i].name);

		if (!field || field_type(field) != HST_TYPE_SECRET)
			return hst_fail_as(err, HST_INVALID, "InputInvalid", "\"%.80s\" is sealed, and is no secret input", sealed[i].name);
	}
	return HST_OK;
}

static void fail_due(void *arg)
{
	struct engine *engine = arg;
	size_t n = engine->failure_count;

	engine->fail = NULL;
	engine->failure_count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct engine_failure *failure = &engine->failures[i];
		struct core_event event = {.kind = CORE_RETURNED, .step = failure->step, .token = failure->token,
		                           .state = STATE_FAILED, .reason = failure->error.reason, .text = failure->error.text};

		if (failure->offer) {
			event.kind = CORE_REFUSED;
			event.class = REASON_FATAL;
		}
		engine_event(engine, &event);
	}
}

void envelopes_failed(struct engine *engine, const struct core_action *action, const hst_error *err)
{
	struct engine_failure *failure;

	engine->failures = mem_grow(engine->failures, &engine->failure_size, engine->failure_count + 1, sizeof *engine->failures);
	failure = &engine->failures[engine->failure_count++];
	*failure = (struct engine_failure){.step = action->step->facts.id, .token = action->step->facts.token,
	                                   .offer = action->kind == CORE_OFFER, .error = *err};
	if (!engine->fail)
		engine->fail = loop_in(engine->loop, 0, fail_due, engine);
}

void envelopes_clear(struct engine *engine)
{
	loop_cancel(engine->loop, &engine->fail);
	free(engine->failures);
	text_clear(&engine->sealed);
}
