#include "flow_house.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/ini.h"
#include "schema/section.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { FILE_MAX = 1 << 20 };

struct flow *house_flow(const char *text, struct problems *problems)
{
	struct document *document = ini_read_text("test.ini", text, strlen(text), problems);
	struct flow *flow = document ? flow_parse(document, problems) : NULL;

	/* The flow has copies of all it needs. */
	document_free(document);
	return flow;
}

char *house_problem_lines(struct problems *problems)
{
	struct text lines;

	text_init(&lines, FILE_MAX);
	problems_sort(problems);
	for (size_t i = 0; i < problems->n; i++) {
		char *line = problem_line(&problems->at[i]);

		text_addf(&lines, "%s\n", line);
		free(line);
	}
	return text_take(&lines);
}

void house_problems_are(struct problems *problems, const char *expected)
{
	char *lines = house_problem_lines(problems);

	assert_string_equal(lines, expected);
	free(lines);
	problems_clear(problems);
}

void house_no_problems(struct problems *problems)
{
	house_problems_are(problems, "");
}

char *house_path(const char *path)
{
	const char *top = getenv("SRCDIR");

	return mem_printf("%s/%s", top ? top : ".", path);
}

char *house_file(const char *path)
{
	char *whole = house_path(path), *bytes = mem_alloc(FILE_MAX);
	FILE *file = fopen(whole, "r");

	if (!file)
		fail_msg("%s cannot be read; run the test from the top of the source tree or set $SRCDIR",
		         whole);
	assert_true(fread(bytes, 1, FILE_MAX - 1, file) < FILE_MAX - 1);
	fclose(file);
	free(whole);
	return bytes;
}

/* One declared thing: an instance's event, an action, a package. */
struct declared_thing {
	const char *name, *part; /* part: the action of a connector */
	hst_fields inputs, outputs;
	enum flow_known known;
};

static const char *const urgencies[] = {"low", "high", NULL};

static const hst_field mail_event[] = {
	{.name = "from", .type = HST_TYPE_TEXT},     {.name = "to", .type = HST_TYPE_LIST},
	{.name = "subject", .type = HST_TYPE_TEXT},  {.name = "text", .type = HST_TYPE_TEXT},
	{.name = "received", .type = HST_TYPE_DATE}, {.name = "attachments", .type = HST_TYPE_TABLE},
};
static const hst_field pay_event[] = {
	{.name = "amount", .type = HST_TYPE_NUMBER},
	{.name = "pieces", .type = HST_TYPE_INTEGER},
	{.name = "urgency", .type = HST_TYPE_CHOICE, .choices = urgencies},
	{.name = "pin", .type = HST_TYPE_SECRET},
	{.name = "subject", .type = HST_TYPE_TEXT},
};
static const hst_field nightly_event[] = {
	{.name = "slot", .type = HST_TYPE_DATE},
};
static const hst_field read_inputs[] = {
	{.name = "file", .type = HST_TYPE_TEXT, .required = true, .doc = "the file to read from"},
	{.name = "where", .type = HST_TYPE_TEXT, .required = true, .doc = "the column to look at"},
	{.name = "is", .type = HST_TYPE_TEXT, .required = true, .doc = "what stands there"},
	{.name = "limit", .type = HST_TYPE_INTEGER, .min = 1, .max = 1000, .def = "100", .required = true},
};
static const hst_field read_outputs[] = {
	{.name = "row", .type = HST_TYPE_JSON},
	{.name = "found", .type = HST_TYPE_BOOLEAN},
	{.name = "count", .type = HST_TYPE_INTEGER},
};
static const hst_field send_inputs[] = {
	{.name = "to", .type = HST_TYPE_LIST, .required = true},
	{.name = "subject", .type = HST_TYPE_TEXT},
	{.name = "text", .type = HST_TYPE_TEXT, .required = true, .doc = "the letter"},
	{.name = "urgency", .type = HST_TYPE_CHOICE, .choices = urgencies},
	{.name = "wait", .type = HST_TYPE_DURATION},
	{.name = "attachment", .type = HST_TYPE_FILE},
};
static const hst_field send_outputs[] = {
	{.name = "id", .type = HST_TYPE_TEXT},
};
static const hst_field get_inputs[] = {
	{.name = "url", .type = HST_TYPE_TEXT, .required = true, .min = 1, .max = 200},
	{.name = "header.*", .type = HST_TYPE_JSON},
	{.name = "body", .type = HST_TYPE_JSON},
	{.name = "follow", .type = HST_TYPE_BOOLEAN, .def = "yes"},
};
static const hst_field get_outputs[] = {
	{.name = "status", .type = HST_TYPE_INTEGER}, {.name = "body", .type = HST_TYPE_TEXT},
	{.name = "json", .type = HST_TYPE_JSON},      {.name = "file", .type = HST_TYPE_FILE},
	{.name = "took", .type = HST_TYPE_DURATION},
};
static const hst_field invoice_inputs[] = {
	{.name = "order", .type = HST_TYPE_TEXT, .required = true, .doc = "number of the order"},
	{.name = "amount", .type = HST_TYPE_NUMBER},
	{.name = "pieces", .type = HST_TYPE_INTEGER},
	{.name = "due", .type = HST_TYPE_DATE},
	{.name = "urgent", .type = HST_TYPE_BOOLEAN},
	{.name = "lines", .type = HST_TYPE_TABLE},
	{.name = "pin", .type = HST_TYPE_SECRET},
};
static const hst_field invoice_outputs[] = {
	{.name = "confirmation", .type = HST_TYPE_TEXT}, {.name = "pages", .type = HST_TYPE_INTEGER},
	{.name = "total", .type = HST_TYPE_NUMBER},      {.name = "warnings", .type = HST_TYPE_LIST},
	{.name = "entries", .type = HST_TYPE_TABLE},     {.name = "pin", .type = HST_TYPE_SECRET},
};
static const hst_field order_event[] = {
	{.name = "number", .type = HST_TYPE_INTEGER, .required = true},
};
static const hst_field append_inputs[] = {
	{.name = "file", .type = HST_TYPE_TEXT, .required = true},
	{.name = "text", .type = HST_TYPE_TEXT, .required = true},
};
static const hst_field append_outputs[] = {
	{.name = "bytes", .type = HST_TYPE_INTEGER},
};
static const hst_field total_inputs[] = {
	{.name = "article", .type = HST_TYPE_TEXT, .required = true},
	{.name = "quantity", .type = HST_TYPE_INTEGER, .required = true},
	{.name = "price", .type = HST_TYPE_NUMBER, .required = true},
};
static const hst_field total_outputs[] = {
	{.name = "total", .type = HST_TYPE_NUMBER},
};
static const hst_field sign_inputs[] = {
	{.name = "pin", .type = HST_TYPE_SECRET, .required = true, .doc = "of the card"},
};

static const hst_field vault_inputs[] = {
	{.name = "name", .type = HST_TYPE_TEXT, .required = true},
};
static const hst_field vault_outputs[] = {
	{.name = "password", .type = HST_TYPE_SECRET},
	{.name = "changed", .type = HST_TYPE_DATE},
};
static const hst_field join_inputs[] = {
	{.name = "key", .type = HST_TYPE_SECRET},
	{.name = "text", .type = HST_TYPE_TEXT},
	{.name = "times", .type = HST_TYPE_INTEGER},
};
static const hst_field join_outputs[] = {
	{.name = "joined", .type = HST_TYPE_TEXT, .derived = true},
	{.name = "rows", .type = HST_TYPE_TABLE, .derived = true},
	{.name = "bytes", .type = HST_TYPE_INTEGER},
};

static const struct declared_thing triggers[] = {
	{"inbox", NULL, .outputs = HST_FIELDS(mail_event), .known = FLOW_KNOWN},
	{"pay", NULL, .outputs = HST_FIELDS(pay_event), .known = FLOW_KNOWN},
	{"order", NULL, .outputs = HST_FIELDS(order_event), .known = FLOW_KNOWN},
	{"nightly", NULL, .outputs = HST_FIELDS(nightly_event), .known = FLOW_KNOWN},
	{"broken", NULL, .known = FLOW_KNOWN_BAD},
	{0},
};
static const struct declared_thing actions[] = {
	{"orders", "read_row", HST_FIELDS(read_inputs), HST_FIELDS(read_outputs), FLOW_KNOWN},
	{"orders", "append", HST_FIELDS(append_inputs), HST_FIELDS(append_outputs), FLOW_KNOWN},
	{"post", "send", HST_FIELDS(send_inputs), HST_FIELDS(send_outputs), FLOW_KNOWN},
	{"web", "get", HST_FIELDS(get_inputs), HST_FIELDS(get_outputs), FLOW_KNOWN},
	{"vault", "read", HST_FIELDS(vault_inputs), HST_FIELDS(vault_outputs), FLOW_KNOWN},
	{"text", "join", HST_FIELDS(join_inputs), HST_FIELDS(join_outputs), FLOW_KNOWN},
	{"broken", "", .known = FLOW_KNOWN_BAD},
	{0},
};
static const struct declared_thing packages[] = {
	{"enter-invoice", NULL, HST_FIELDS(invoice_inputs), HST_FIELDS(invoice_outputs), FLOW_KNOWN},
	{"order-total", NULL, HST_FIELDS(total_inputs), HST_FIELDS(total_outputs), FLOW_KNOWN},
	{"sign", NULL, HST_FIELDS(sign_inputs), {0}, FLOW_KNOWN},
	{"broken", NULL, .known = FLOW_KNOWN_BAD},
	{0},
};
static const struct declared_thing connections[] = {
	{"finance-bot", NULL, .known = FLOW_KNOWN},
	{"desk", NULL, .known = FLOW_KNOWN},
	{"demo", NULL, .known = FLOW_KNOWN},
	{"broken", NULL, .known = FLOW_KNOWN_BAD},
	{0},
};

static const struct declared_thing *find(const struct declared_thing *things, const char *name,
                                         const char *part)
{
	static const struct declared_thing nothing;

	for (; things->name; things++)
		if (strcmp(things->name, name) == 0 && (!part || strcmp(things->part, part) == 0))
			return things;
	return &nothing;
}

static const char *near(const struct declared_thing *things, const char *name)
{
	const char *words[16];
	size_t n = 0;

	for (; things->name; things++)
		words[n++] = things->name;
	words[n] = NULL;
	return nearest_word(words, name);
}

static enum flow_known find_trigger(void *arg, const char *name, hst_fields *ret_event)
{
	const struct declared_thing *thing = find(triggers, name, NULL);

	(void)arg;
	*ret_event = thing->outputs;
	return thing->known;
}

static enum flow_known find_connector(void *arg, const char *name)
{
	(void)arg;
	return find(actions, name, NULL)->known;
}

static enum flow_known find_action(void *arg, const char *connector, const char *action,
                                   hst_fields *ret_inputs, hst_fields *ret_outputs, const char **ret_nearest)
{
	const char *const words[] = {find(actions, connector, NULL)->part, NULL};
	const struct declared_thing *thing = find(actions, connector, action);

	(void)arg;
	*ret_inputs = thing->inputs;
	*ret_outputs = thing->outputs;
	*ret_nearest = nearest_word(words, action);
	return thing->known;
}

static enum flow_known find_package(void *arg, const char *name, hst_fields *ret_inputs,
                                    hst_fields *ret_outputs)
{
	const struct declared_thing *thing = find(packages, name, NULL);

	(void)arg;
	*ret_inputs = thing->inputs;
	*ret_outputs = thing->outputs;
	return thing->known;
}

static enum flow_known find_connection(void *arg, const char *name)
{
	(void)arg;
	return find(connections, name, NULL)->known;
}

static const char *find_nearest(void *arg, const char *kind, const char *name)
{
	static const struct {
		const char *kind;
		const struct declared_thing *things;
	} kinds[] = {{"trigger", triggers},
	             {"connector", actions},
	             {"package", packages},
	             {"connection", connections}};

	(void)arg;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return near(kinds[i].things, name);
	fail_msg("no kind %s", kind);
	return NULL;
}

const struct flow_world house_world = {
	.trigger = find_trigger,
	.connector = find_connector,
	.action = find_action,
	.package = find_package,
	.connection = find_connection,
	.nearest = find_nearest,
};

static const hst_value *scope_source(void *arg, const char *name)
{
	struct house_scope *scope = arg;

	return value_get(scope->sources, name);
}

void house_scope_init(struct house_scope *scope, const char *json)
{
	hst_error err;

	scope->arena = arena_new();
	if (value_parse_json(scope->arena, json, strlen(json), &scope->sources, &err) != HST_OK)
		fail_msg("%s", err.text);
	scope->scope = (struct flow_scope){.source = scope_source, .arg = scope};
}

void house_scope_clear(struct house_scope *scope)
{
	arena_free(scope->arena);
}

void house_chance_init(struct house_chance *chance, const char *what)
{
	const char *given = getenv("HOSTLER_TEST_SEED");

	chance->state = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("%s: HOSTLER_TEST_SEED=%llu\n", what, (unsigned long long)chance->state);
}

/* splitmix64 */
uint32_t house_chance_below(struct house_chance *chance, uint32_t bound)
{
	uint64_t x = chance->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((x ^ (x >> 31)) % bound);
}

static void mutate(struct house_chance *chance, struct text *text, const char *const *words,
                   size_t word_count)
{
	size_t at = house_chance_below(chance, (uint32_t)text->length + 1), end = text->length - at;
	char *tail = mem_copy(text->s + at, end);
	size_t cut = end ? house_chance_below(chance, end < 6 ? (uint32_t)end : 6) : 0;
	const char byte = (char)(1 + house_chance_below(chance, 255));
	char *front = mem_copy(text->s, at);

	text_reset(text);
	text_add(text, front);
	switch (house_chance_below(chance, 4)) {
	case 0: /* changed */
		text_bytes(text, &byte, 1);
		text_add(text, tail + (end > 0));
		break;
	case 1: /* left out */
		text_add(text, tail + cut);
		break;
	case 2: /* doubled */
		text_bytes(text, tail, cut);
		text_add(text, tail);
		break;
	default: /* put in */
		text_add(text, words[house_chance_below(chance, (uint32_t)word_count)]);
		text_add(text, tail);
	}
	free(front);
	free(tail);
}

char *house_mutated(struct house_chance *chance, const char *const *seeds, size_t n, const char *const *words,
                    size_t word_count)
{
	struct text text;

	text_init(&text, 4096);
	text_add(&text, seeds[house_chance_below(chance, (uint32_t)n)]);
	for (uint32_t times = 1 + house_chance_below(chance, 5); times; times--)
		mutate(chance, &text, words, word_count);
	return text_take(&text);
}
