/* The files of an engine that is faked. */
#include "fake_engine.h"

#include "wire/sum.h"

void fake_engine_file_fetch(void *arg, struct hub_link *from, const struct message *message)
{
	const struct fake_engine *engine = arg;
	size_t offset = (size_t)message_integer(message, "offset"), left;
	hst_error err = {{0}, {0}};
	struct message answer;
	char said[SUM_SIZE];
	struct sum sum;

	if (!engine->file) {
		hst_fail_as(&err, HST_NOT_FOUND, "InputInvalid", "there is no file %s", message_text(message, "name"));
		message_init_error(&answer, message->id, HST_NOT_FOUND, &err);
		hub_send(engine->hub, from, &answer);
		return;
	}
	left = engine->file_length - offset;
	sum_begin(&sum);
	sum_add(&sum, engine->file, engine->file_length - (engine->file_damaged ? 1 : 0));
	sum_end(&sum, said);
	message_init(&answer, WORD_part, message->id);
	message_set_integer(&answer, "offset", (int64_t)offset);
	message_set_integer(&answer, "total", (int64_t)engine->file_length);
	message_set_text(&answer, "sum", said);
	message_set_payload(&answer, engine->file + offset, left < PART_BYTES_MAX ? left : PART_BYTES_MAX);
	hub_send(engine->hub, from, &answer);
}

void fake_engine_file_put(void *arg, struct hub_link *from, const struct message *message)
{
	struct fake_engine *engine = arg;
	struct message done;

	text_addf(&engine->put, "%lld/%lld %s %lld+%zu/%lld%s\n", (long long)message_integer(message, "step"),
		  (long long)message_integer(message, "token"), message_text(message, "name"), (long long)message_integer(message, "offset"),
		  message->payload_length, (long long)message_integer(message, "total"), *message_text(message, "sum") ? " sum" : "");
	message_init(&done, WORD_done, message->id);
	hub_send(engine->hub, from, &done);
}
