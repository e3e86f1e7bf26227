/* The form of an envelope, held strictly: whatever could be written in two ways is refused in all of them but one. */
#include "seal/envelope_form.h"

#include <string.h>

struct reader {
	struct form form;
	struct envelope *to;
	hst_error *err;
};

/* What each type of the header may hold. Types that are not here are unknown, and refused. */
static const struct type_rule {
	const char *name;
	size_t least, most;
	bool required, repeated;
} rules[TYPE_COUNT] = {
	[TYPE_CLUSTER] = {"cluster", ENVELOPE_CLUSTER_BYTES, ENVELOPE_CLUSTER_BYTES, .required = true},
	[TYPE_KIND] = {"kind", 1, 1, .required = true},
	[TYPE_NAME] = {"name", 2, ENVELOPE_TEXT_MAX + 1, .required = true},
	[TYPE_RUN] = {"run", 2, ENVELOPE_TEXT_MAX + 1},
	[TYPE_SINK] = {"sink", 2, ENVELOPE_TEXT_MAX + 1, .required = true, .repeated = true},
	[TYPE_EPOCH] = {"epoch", 8, 8, .required = true},
	[TYPE_CREATED] = {"created", 8, 8, .required = true},
	[TYPE_NOT_AFTER] = {"not-after", 8, 8},
	[TYPE_SERIAL] = {"serial", 8, 8},
	[TYPE_SIGNER] = {"signer", 2, ENVELOPE_TEXT_MAX + 1, .required = true},
	[TYPE_ID] = {"id", ENVELOPE_ID_BYTES, ENVELOPE_ID_BYTES, .required = true},
	[TYPE_COMMITMENT] = {"commitment", COMMITMENT_BYTES, COMMITMENT_BYTES, .required = true},
	[TYPE_RECIPIENT] = {"recipient", 2 + ENVELOPE_TAG_BYTES + BOX_BYTES, ENVELOPE_TEXT_MAX + 1 + ENVELOPE_TAG_BYTES + BOX_BYTES,
	                    .required = true, .repeated = true},
};

static int wrong(const struct reader *reader, enum envelope_type type)
{
	return FORM_REFUSE(reader->err, "an envelope has a wrong %s", rules[type].name);
}

/* Zero is said by leaving it out, where it may be left out. */
static bool whole_number(const uint8_t *value, int64_t least, int64_t *ret)
{
	uint64_t number = form_number(value, 8);

	*ret = (int64_t)number;
	return number <= INT64_MAX && *ret >= least;
}

static bool take_sink(struct envelope *to, const uint8_t *value, size_t length)
{
	const char *sink;
	size_t n = to->header.sink_count;

	if (n == ENVELOPE_SINKS_MAX || !form_text(value, length, &sink) || (n && strcmp(to->sinks[n - 1], sink) >= 0))
		return false;
	to->sinks[to->header.sink_count++] = sink;
	return true;
}

static bool take_recipient(struct envelope *to, const uint8_t *value, size_t length)
{
	size_t name_length = length - ENVELOPE_TAG_BYTES - BOX_BYTES, n = to->recipient_count;
	struct envelope_stanza stanza = {.tag = value + name_length, .box = value + name_length + ENVELOPE_TAG_BYTES};

	if (n == ENVELOPE_RECIPIENTS_MAX || !form_text(value, name_length, &stanza.name) ||
	    (n && strcmp(to->recipients[n - 1].name, stanza.name) >= 0))
		return false;
	to->recipients[to->recipient_count++] = stanza;
	return true;
}

static bool take_value(struct envelope *to, enum envelope_type type, const uint8_t *value, size_t length)
{
	struct envelope_header *header = &to->header;

	switch (type) {
	case TYPE_CLUSTER:
		memcpy(header->cluster, value, sizeof header->cluster);
		return true;
	case TYPE_KIND:
		header->kind = (enum envelope_kind)value[0];
		return value[0] >= ENVELOPE_SECRET && value[0] <= ENVELOPE_FILE;
	case TYPE_NAME:
		return form_text(value, length, &header->name);
	case TYPE_RUN:
		return form_text(value, length, &header->run);
	case TYPE_SINK:
		return take_sink(to, value, length);
	case TYPE_EPOCH:
		return whole_number(value, 1, &header->epoch);
	case TYPE_CREATED:
		return whole_number(value, 0, &header->created_us);
	case TYPE_NOT_AFTER:
		return whole_number(value, 1, &header->not_after_us);
	case TYPE_SERIAL:
		return whole_number(value, 1, &header->serial);
	case TYPE_SIGNER:
		return form_text(value, length, &header->signer);
	case TYPE_ID:
		memcpy(header->id, value, sizeof header->id);
		return true;
	case TYPE_COMMITMENT:
		to->commitment = value;
		return true;
	case TYPE_RECIPIENT:
		return take_recipient(to, value, length);
	default:
		return false;
	}
}

/* Type in one byte, length in two, then so many bytes. */
static int read_header(struct reader *reader, struct form header)
{
	bool seen[TYPE_COUNT] = {false};
	uint64_t type, last = 0;

	while (form_take_number(&header, 1, &type)) {
		const uint8_t *value;
		size_t length;

		if (type == 0 || type >= TYPE_COUNT)
			return FORM_REFUSE(reader->err, "an envelope has a member of an unknown type, %u", (unsigned)type);
		if (type < last || (type == last && !rules[type].repeated))
			return FORM_REFUSE(reader->err, "an envelope has its %s in the wrong place, or twice", rules[type].name);
		if (!form_take_counted(&header, 2, &value, &length) || length < rules[type].least || length > rules[type].most ||
		    !take_value(reader->to, (enum envelope_type)type, value, length))
			return wrong(reader, (enum envelope_type)type);
		seen[type] = true;
		last = type;
	}
	for (type = 1; type < TYPE_COUNT; type++)
		if (rules[type].required && !seen[type])
			return FORM_REFUSE(reader->err, "an envelope has no %s", rules[type].name);
	return HST_OK;
}

/* What has a serial outlives runs; all else has none. */
static int check_kind(const struct reader *reader)
{
	const struct envelope_header *header = &reader->to->header;
	bool lasting = header->kind == ENVELOPE_SECRET || header->kind == ENVELOPE_STATE;

	if (lasting != (header->serial != 0))
		return wrong(reader, TYPE_SERIAL);
	if (lasting && header->run[0])
		return wrong(reader, TYPE_RUN);
	return HST_OK;
}

static int read_body(struct reader *reader, const uint8_t *bytes)
{
	const bool file = reader->to->header.kind == ENVELOPE_FILE;
	const uint8_t *body;
	size_t most = envelope_bucket(file ? (size_t)ENVELOPE_FILE_MAX : (size_t)SECRET_BYTES_MAX), length, padded;

	if (!form_take_counted(&reader->form, LENGTH_BYTES, &body, &length) || length < NONCE_BYTES + MAC_BYTES + PADDING_LEAST ||
	    length > NONCE_BYTES + most + MAC_BYTES)
		return FORM_REFUSE(reader->err, "an envelope has a body of a wrong length");
	padded = length - NONCE_BYTES - MAC_BYTES;
	if (envelope_bucket(padded - PADDING_LEAST) != padded)
		return FORM_REFUSE(reader->err, "an envelope has a body that is padded to no bucket");
	if (form_left(&reader->form) != SEAL_SIGNATURE_BYTES)
		return FORM_REFUSE(reader->err, "an envelope is longer or shorter than it says");
	reader->to->body_at = (size_t)(body - bytes);
	reader->to->body_length = length;
	return HST_OK;
}

int envelope_read(const void *bytes, size_t length, struct envelope *ret, hst_error *err)
{
	struct reader reader = {.form = {bytes, (const uint8_t *)bytes + length}, .to = ret, .err = err};
	const uint8_t *magic, *header;
	size_t header_length;
	int code;

	ret->header = (struct envelope_header){.run = "", .sinks = ret->sinks};
	ret->recipient_count = 0;
	ret->bytes = bytes;
	ret->length = length;
	if (!form_take(&reader.form, MAGIC_BYTES, &magic) || memcmp(magic, ENVELOPE_MAGIC, MAGIC_BYTES) != 0)
		return FORM_REFUSE(err, "these bytes are no envelope");
	if (!form_take_counted(&reader.form, LENGTH_BYTES, &header, &header_length) || header_length > HEADER_MAX)
		return FORM_REFUSE(err, "an envelope has a header of a wrong length");
	code = read_header(&reader, (struct form){header, header + header_length});
	if (code == HST_OK)
		code = check_kind(&reader);
	return code == HST_OK ? read_body(&reader, bytes) : code;
}
