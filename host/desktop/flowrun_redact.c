#include "desktop/flowrun_redact.h"

#include "base/auto.h"
#include "base/text.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "seal/sealing.h"

/* So much can always be looked for. */
enum { SMALL = 4096 };

/* Yes, no and null are in every other line. */
static bool may_be_hidden(const hst_value *value)
{
	return value_kind(value) != HST_VALUE_BOOLEAN && value_kind(value) != HST_VALUE_NULL;
}

static bool is_secret(const struct flowrun_spec *spec, const hst_value *inputs, size_t i)
{
	const hst_field *field = fields_find(spec->package->inputs, value_name_at(inputs, i));

	return field && (field_type(field) == HST_TYPE_SECRET || (spec->hidden && may_be_hidden(value_at(inputs, i))));
}

static int know(struct redact *secrets, const hst_value *value, hst_error *err)
{
	AUTO(secret) hst_secret *secret = NULL;
	AUTO(text) struct text json;
	int code;

	text_init_wiping(&json, VALUE_BYTES_MAX);
	if (value_kind(value) == HST_VALUE_TEXT)
		return redact_add_bytes(secrets, value_text(value), value_length(value), err);
	value_write_json(&json, value);
	code = secret_new(json.s, json.length, &secret, err);
	if (code != HST_OK)
		return code;
	secret_set_form(secret, SECRET_JSON);
	return redact_add(secrets, secret, err);
}

static int learn(struct flow_redact *redact, hst_error *err)
{
	const struct flowrun_spec *spec = redact->spec;
	int code = HST_OK;

	redact->learned = true;
	for (size_t i = 0; i < value_count(redact->inputs) && code == HST_OK; i++)
		if (is_secret(spec, redact->inputs, i))
			code = know(redact->secrets, value_at(redact->inputs, i), err);
	for (size_t i = 0; spec->sealing && i < spec->sealing->opened_count && code == HST_OK; i++)
		code = redact_add(redact->secrets, spec->sealing->opened[i], err);
	redact->blind |= code != HST_OK;
	return code;
}

static size_t bytes_of(const hst_value *value)
{
	return value_kind(value) == HST_VALUE_TEXT ? value_length(value) : SMALL + 1;
}

int flow_redact_init(struct flow_redact *redact, const struct flowrun_spec *spec, const hst_value *inputs, hst_error *err)
{
	size_t bytes = 0, length;

	*redact = (struct flow_redact){.secrets = redact_new(), .spec = spec, .inputs = inputs};
	redact_stream_init(&redact->log, redact->secrets);
	for (size_t i = 0; i < value_count(inputs); i++)
		bytes += is_secret(spec, inputs, i) ? bytes_of(value_at(inputs, i)) : 0;
	for (size_t i = 0; spec->sealing && i < spec->sealing->opened_count; i++) {
		secret_bytes(spec->sealing->opened[i], &length);
		bytes += length;
	}
	return bytes > SMALL ? learn(redact, err) : HST_OK;
}

void flow_redact_know(struct flow_redact *redact, const hst_value *value)
{
	redact->blind |= know(redact->secrets, value, NULL) != HST_OK;
}

struct redact *flow_redact_by(struct flow_redact *redact)
{
	if (!redact->learned)
		learn(redact, NULL);
	return redact->blind ? NULL : redact->secrets;
}

void flow_redact_clear(struct flow_redact *redact)
{
	redact_stream_clear(&redact->log);
	redact_free(redact->secrets);
	*redact = (struct flow_redact){0};
}
