/*
 * Whatever reads from outside, with thousands of inputs that were right and have been changed: it says no in words, or
 * takes what can be written and read again. That it neither crashes nor reads beyond its bytes is seen by the
 * instrumented build.
 */
#include "mutate.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/ini.h"
#include "desktop/flowrun_events.h"
#include "desktop/flowrun_outputs.h"
#include "pure/flow/model.h"
#include "schema/fields.h"
#include "schema/manifest.h"
#include "schema/value.h"
#include "wire/message.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CASES = 4000 };

static struct mutate it;

static void refused(int code, const hst_error *err)
{
	assert_true(code < HST_OK && code >= HST_BROKEN);
	assert_true(err->text[0]);
}

/* What was taken can be written, and what was written is taken again and is the same. */
static void lives_on(hst_arena *arena, const hst_value *value)
{
	AUTO(text) struct text first;
	AUTO(text) struct text second;
	const hst_value *again = NULL;
	hst_error err = {0};

	text_init(&first, 4 << 20);
	text_init(&second, 4 << 20);
	value_write_json(&first, value);
	if (value_parse_json(arena, first.s, first.length, &again, &err) != HST_OK)
		fail_msg("%s: %s", err.text, first.s);
	value_write_json(&second, again);
	assert_string_equal(first.s, second.s);
}

static const char manifest_json[] =
	"{\"kind\":\"connector\",\"name\":\"file\",\"version\":\"1.0\",\"summary\":\"Reads\",\"options\":[{\"name\":\"root\",\"type\":\"text\","
	"\"doc\":\"folder\",\"choices\":[],\"min\":1,\"max\":4000,\"required\":true,\"derived\":false},{\"name\":\"separator\",\"type\":"
	"\"choice\",\"doc\":\"between cells\",\"default\":\"comma\",\"choices\":[\"comma\",\"tab\"],\"min\":0,\"max\":0,\"required\":false,"
	"\"derived\":false}],\"event\":[],\"actions\":[{\"name\":\"read\",\"summary\":\"Reads\",\"inputs\":[{\"name\":\"file\",\"type\":\"text\","
	"\"doc\":\"the file\",\"choices\":[],\"min\":0,\"max\":0,\"required\":true,\"derived\":false}],\"outputs\":[{\"name\":\"rows\",\"type\":"
	"\"table\",\"doc\":\"all\",\"choices\":[],\"min\":0,\"max\":0,\"required\":false,\"derived\":true}],\"deadline\":0,\"idempotent\":true}],"
	"\"shaped\":false,\"pressable\":false,\"systems\":[]}";

static void manifests(void **state)
{
	int taken = 0;

	(void)state;
	mutate_begin(&it, "manifests");
	for (int i = 0; i < CASES; i++) {
		hst_arena *arena = arena_new();
		const hst_value *value = NULL;
		struct manifest manifest = {0};
		hst_error err = {0};
		int code;

		mutate_make(&it, manifest_json, sizeof manifest_json - 1);
		code = value_parse_json(arena, it.bytes, it.length, &value, &err);
		if (code == HST_OK) {
			lives_on(arena, value);
			code = manifest_from_value(arena, value, &manifest, &err);
		}
		if (code == HST_OK) {
			struct manifest again = {0};

			if (manifest_from_value(arena, manifest_to_value(arena, &manifest), &again, &err) != HST_OK)
				fail_msg("%s: %s", err.text, it.bytes);
			taken++;
		} else {
			refused(code, &err);
		}
		arena_free(arena);
	}
	print_message("%d of %d were taken\n", taken, CASES);
	assert_true(taken > 0);
}

/* The head of this word with all its members set. */
static void write_right_head(enum word word, struct text *to)
{
	const struct message_row *row = message_row(word);

	text_reset(to);
	text_add(to, "{");
	for (size_t i = 0; i < row->member_count; i++) {
		const char type = row->members[i].type;

		text_addf(to, "%s\"%s\":%s", i ? "," : "", row->members[i].name, type == 't' ? "\"some\"" : type == 'i' ? "17" : "true");
	}
	text_add(to, "}");
}

static void messages(void **state)
{
	size_t taken = 0, cases = 0;
	AUTO(text) struct text right;

	(void)state;
	text_init(&right, HEAD_BYTES_MAX);
	mutate_begin(&it, "messages");
	for (enum word word = WORD_NONE + 1; word < WORD_COUNT; word++) {
		write_right_head(word, &right);
		for (int i = 0; i < 200; i++, cases++) {
			struct message read;
			hst_error err = {0};
			char head[HEAD_BYTES_MAX + 1];
			size_t length;
			int code;

			mutate_make(&it, right.s, right.length);
			code = message_read_head(&read, word, 7, it.bytes, it.length < HEAD_BYTES_MAX ? it.length : HEAD_BYTES_MAX, &err);
			if (code != HST_OK) {
				refused(code, &err);
				continue;
			}
			assert_int_equal(message_write_head(&read, head, &length, &err), HST_OK);
			assert_int_equal(message_read_head(&read, word, 7, head, length, &err), HST_OK);
			taken++;
		}
	}
	print_message("%zu of %zu were taken\n", taken, cases);
	assert_true(taken > 0);
}

/* The parts of a whole message, each changed. */
static void parts(void **state)
{
	(void)state;
	mutate_begin(&it, "parts");
	for (int i = 0; i < CASES; i++) {
		struct message_part part[MESSAGE_PARTS];
		AUTO_FREE char *bytes[MESSAGE_PARTS] = {NULL};
		const char *right[] = {"fire", "\0\0\0\0\0\0\0\7", "{}", "{\"number\":\"12\"}", "HSE1"};
		const size_t lengths[] = {4, 8, 2, 15, 4};
		struct message read;
		hst_error err = {0};
		int code;

		for (size_t p = 0; p < MESSAGE_PARTS; p++) {
			mutate_make(&it, right[p], lengths[p]);
			/* Exactly as long as it is, so that reading beyond it is seen. */
			bytes[p] = mem_alloc(it.length + 1);
			memcpy(bytes[p], it.bytes, it.length);
			part[p] = (struct message_part){bytes[p], mutate_below(&it, 2) ? it.length : lengths[p] < it.length ? lengths[p] : it.length};
		}
		code = message_read_parts(&read, part, &err);
		if (code != HST_OK)
			refused(code, &err);
		for (size_t p = 0; p < MESSAGE_PARTS; p++)
			free(bytes[p]), bytes[p] = NULL;
	}
}

static const char ini[] = "[host]\nstate_dir = state\n; a comment\nflows = flows/*.ini\n\n[trigger hello]\nplugin = button\ninput.name = text "
			  "required\n\n[connection me]\ntarget = device:here\nuser = bot1\ntext =\n  first\n  |\n  \"second\"\n";

static const char flow[] =
	"[flow]\nname = enter\nsummary = Types\non = inbox, other\nlabel = ${trigger.subject}\nconcurrency = 25\n\n[step find]\nuse = "
	"connector:orders.read_row\ninput.file = orders.csv\n\n[step enter]\nuse = desktop:enter\nconnection = bot\n"
	"mode = unattended\npriority = high\ntimeout = 26h\nwhen = ${find.row.number} >= 10 and not (${trigger.a} contains "
	"\"x\" or ${find.b} == absent)\ninput.order = a ${find.row.number} b $${c}\non_lost = fail\n";

static void inis_and_flows(void **state)
{
	int documents = 0, flows = 0;

	(void)state;
	mutate_begin(&it, "ini files and flows");
	for (int i = 0; i < CASES; i++) {
		AUTO(problems) struct problems problems;
		struct document *document;
		struct flow *parsed = NULL;
		bool is_flow = i % 2;

		problems_init(&problems);
		mutate_make(&it, is_flow ? flow : ini, is_flow ? sizeof flow - 1 : sizeof ini - 1);
		document = ini_read_text("test.ini", it.bytes, it.length, &problems);
		documents += document != NULL;
		assert_true(document || problems.n > 0);
		if (document && is_flow) {
			parsed = flow_parse(document, &problems);
			assert_true(parsed ? problems.n == 0 : problems.n > 0);
			flows += parsed != NULL;
			flow_free(parsed);
			flow_free(flow_parse_for_check(document, &problems));
		}
		for (size_t p = 0; p < problems.n; p++)
			assert_true(problems.at[p].text[0]);
		document_free(document);
	}
	print_message("%d of %d were files, %d of them flows\n", documents, CASES, flows);
	assert_true(documents > 0 && flows > 0);
}

struct seen {
	size_t progress, outputs, errors, checkpoints, faults;
	struct flow_outputs *given;
};

static void on_progress(void *arg, const char *subflow, const char *action)
{
	((struct seen *)arg)->progress++;
	assert_true(strlen(subflow) <= FLOW_PROGRESS_TEXT && strlen(action) <= FLOW_PROGRESS_TEXT);
}

static void on_output(void *arg, const char *name, const hst_value *value, const char *file)
{
	struct seen *seen = arg;

	seen->outputs++;
	assert_true(!value != !file);
	if (value && flow_outputs_expect(seen->given, name))
		flow_outputs_give(seen->given, name, value);
}

static void on_error(void *arg, const char *message)
{
	(void)message;
	((struct seen *)arg)->errors++;
}

static void on_checkpoint(void *arg)
{
	((struct seen *)arg)->checkpoints++;
}

static void on_fault(void *arg, const char *text)
{
	((struct seen *)arg)->faults++;
	assert_true(text[0]);
}

static void lines_of_events(void **state)
{
	static const char *const lines[] = {
		"{\"event\":\"progress\",\"subflow\":\"Main\",\"action\":\"Press Save\"}\n",
		"{\"event\":\"output\",\"name\":\"total\",\"value\":{\"a\":[1,2.50,\"x\",null,true]}}\n",
		"{\"event\":\"output\",\"name\":\"rows\",\"file\":\"out/rows.json\"}\n",
		"{\"event\":\"error\",\"message\":\"The order is not in the list\"}\n{\"event\":\"checkpoint\"}\n",
	};
	static const hst_field fields[] = {{.name = "total", .type = HST_TYPE_JSON}, {.name = "rows", .type = HST_TYPE_LIST}};
	struct seen seen = {0};
	int ends[2];

	(void)state;
	mutate_begin(&it, "lines of events");
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	for (int i = 0; i < CASES; i++) {
		const struct flow_events_role role = {on_progress, on_output, on_error, on_checkpoint, on_fault, &seen};
		const char *line = lines[mutate_below(&it, 4)];
		hst_arena *arena = arena_new();
		struct flow_outputs outputs;
		struct flow_events events;
		char said[FLOW_LINE_MAX];
		const hst_value *checked = NULL;
		hst_error err = {0};

		flow_outputs_init(&outputs, arena, (hst_fields)HST_FIELDS(fields));
		seen.given = &outputs;
		flow_events_init(&events, ends[0], &role, arena_new(), said);
		mutate_make(&it, line, strlen(line));
		assert_int_equal(write(ends[1], it.bytes, it.length), it.length);
		assert_int_equal(write(ends[1], "\n", 1), 1);
		while (flow_events_read(&events))
			;
		if (flow_outputs_check(&outputs, &checked, &err) == HST_OK)
			lives_on(arena, checked);
		else
			refused(HST_INVALID, &err);
		lives_on(arena, flow_outputs_right(&outputs));
		flow_events_clear(&events);
		arena_free(arena);
	}
	close(ends[0]);
	close(ends[1]);
	print_message("%zu progress, %zu outputs, %zu errors, %zu checkpoints, %zu faults\n", seen.progress, seen.outputs, seen.errors,
		      seen.checkpoints, seen.faults);
	assert_true(seen.progress && seen.outputs && seen.errors && seen.checkpoints && seen.faults);
}

/* Tables of fields as a worker's answer carries them, and values held against them. */
static void values_against_fields(void **state)
{
	static const char *const sizes[] = {"small", "large", NULL};
	static const hst_field fields[] = {
		{.name = "text", .type = HST_TYPE_TEXT, .min = 1, .max = 20}, {.name = "count", .type = HST_TYPE_INTEGER, .min = -5, .max = 5},
		{.name = "price", .type = HST_TYPE_NUMBER},		      {.name = "day", .type = HST_TYPE_DATE},
		{.name = "every", .type = HST_TYPE_DURATION},		      {.name = "size", .type = HST_TYPE_CHOICE, .choices = sizes},
		{.name = "rows", .type = HST_TYPE_TABLE},		      {.name = "yes", .type = HST_TYPE_BOOLEAN},
	};
	static const char json[] = "{\"text\":\"abc\",\"count\":\"3\",\"price\":\"12.50\",\"day\":\"2026-11-22T04:00:00Z\",\"every\":\"90s\","
				   "\"size\":\"small\",\"rows\":[{\"a\":\"b\"}],\"yes\":\"yes\"}";
	int taken = 0;

	(void)state;
	mutate_begin(&it, "values");
	for (int i = 0; i < CASES; i++) {
		hst_arena *arena = arena_new();
		const hst_value *value = NULL, *checked = NULL;
		hst_error err = {0};
		int code;

		mutate_make(&it, json, sizeof json - 1);
		code = value_parse_json(arena, it.bytes, it.length, &value, &err);
		if (code == HST_OK)
			code = fields_check(arena, (hst_fields)HST_FIELDS(fields), "input", value, false, &checked, &err);
		if (code == HST_OK) {
			const hst_value *again = NULL;

			lives_on(arena, checked);
			/* What was checked once fits. */
			if (fields_check(arena, (hst_fields)HST_FIELDS(fields), "input", checked, false, &again, &err) != HST_OK)
				fail_msg("%s: %s", err.text, it.bytes);
			taken++;
		} else {
			refused(code, &err);
		}
		arena_free(arena);
	}
	print_message("%d of %d were taken\n", taken, CASES);
	assert_true(taken > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifests),
		cmocka_unit_test(messages),
		cmocka_unit_test(parts),
		cmocka_unit_test(inis_and_flows),
		cmocka_unit_test(lines_of_events),
		cmocka_unit_test(values_against_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
