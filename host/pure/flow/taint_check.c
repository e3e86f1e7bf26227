/* Where a secure value would be readable, said with where it was made secure and what to write instead. */
#include "pure/flow/taint.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "pure/flow/conditions.h"
#include "pure/flow/directions.h"
#include "schema/fields.h"
#include "schema/types.h"

#include <string.h>

enum { WHY_MAX = 1000, HOPS_SHOWN_MAX = 3 };

struct looking {
	const struct flow_taint *taint;
	struct problems *problems;
	size_t position; /* of the step that is looked at: the tokens may name those before it */
	int line;
};

#define PROBLEM(looking, line, ...) \
	problems_add((looking)->problems, (looking)->taint->flow->file, line, __VA_ARGS__)

static void say_one(struct text *to, const struct flow_secure *why)
{
	switch (why->why) {
	case FLOW_SECURE_FIELD:
		text_addf(to, "\"%s\" of the trigger \"%s\" is a secret", why->name, why->owner);
		break;
	case FLOW_SECURE_OUTPUT:
		text_addf(to, "the output \"%s\" of step \"%s\" in line %d is a secret", why->name, why->owner,
		          why->line);
		break;
	case FLOW_SECURE_OUTPUTS:
		text_addf(to, "step \"%s\" in line %d has secure_outputs = yes", why->owner, why->line);
		break;
	case FLOW_SECURE_DERIVED:
		text_addf(to, "step \"%s\" in line %d makes \"%s\" from its secure input \"%s\"", why->owner,
		          why->line, why->name, why->input);
		break;
	case FLOW_SECURE_NAMED:
		text_addf(to, "line %d has secret:%s", why->line, why->name);
		break;
	case FLOW_SECURE_TYPE:
		text_add(to, "which is a secret");
		break;
	case FLOW_SECURE_INPUTS:
		text_add(to, "which secure_inputs = yes says");
		break;
	}
}

/* From here back to where it began; of a long way its first hops. */
static const char *say_why(const struct looking *looking, const struct flow_secure *why)
{
	AUTO(text) struct text text;

	text_init(&text, WHY_MAX);
	for (int hops = 0; why && hops < HOPS_SHOWN_MAX; why = why->from, hops++) {
		if (hops)
			text_add(&text, "; ");
		say_one(&text, why);
	}
	return arena_copy(looking->taint->arena, text.s, text.length);
}

/* A source that this place may name; of others it was said that it may not. */
static bool names_earlier(const struct looking *looking, const struct flow_token *token)
{
	int position = flow_step_named(looking->taint->flow, token->source);

	return strcmp(token->source, "trigger") == 0 || (position >= 0 && (size_t)position < looking->position);
}

/* The first secure one among the fields of an event or the outputs of a step. */
static const struct flow_secure *any_of(const struct flow_taint *taint, const char *source)
{
	const struct flow_declared *declared = taint->declared.events;
	int position = flow_step_named(taint->flow, source);
	const struct flow_secure *found = NULL;
	size_t n = taint->flow->on_count;

	if (strcmp(source, "trigger") != 0) {
		if (position < 0)
			return NULL;
		declared = &taint->declared.outputs[position];
		found = taint->steps[position].all;
		n = 1;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t field = 0; !found && declared[i].known && field < declared[i].fields.n; field++)
			found = flow_taint_of(taint, source, field_name(&declared[i].fields.at[field]));
	return found;
}

static const struct flow_secure *secure_token(const struct looking *looking, const struct flow_token *token)
{
	if (!names_earlier(looking, token))
		return NULL;
	return token->path_count ? flow_taint_of(looking->taint, token->source, token->path[0])
	                         : any_of(looking->taint, token->source);
}

/* One envelope holds one output, so all of them at once have none. */
static bool refuse_whole(const struct looking *looking, const struct flow_token *token)
{
	const struct flow_secure *why = token->path_count ? NULL : secure_token(looking, token);

	if (why)
		PROBLEM(looking, looking->line,
		        "%s stands for everything that \"%s\" has, and some of that is secure (%s); name what is "
		        "wanted of it, as in ${%s.NAME}",
		        token->text, token->source, say_why(looking, why), token->source);
	return why != NULL;
}

static void check_condition_token(void *arg, const struct flow_token *token)
{
	const struct looking *looking = arg;
	const struct flow_secure *why = secure_token(looking, token);

	if (why)
		PROBLEM(looking, looking->line,
		        "%s is secure (%s) and a condition would tell what it is; decide in a step that takes it as "
		        "a secure input",
		        token->text, say_why(looking, why));
}

static void check_label(const struct looking *looking)
{
	const struct flow_template *label = &looking->taint->flow->label;

	for (size_t i = 0; i < label->part_count; i++) {
		const struct flow_token *token = &label->parts[i].token;
		const struct flow_secure *why =
			label->parts[i].literal ? NULL : secure_token(looking, token);

		if (why)
			PROBLEM(looking, label->line,
			        "%s is secure (%s) and a label is shown in every list; leave it out of the label",
			        token->text, say_why(looking, why));
	}
}

static const hst_field *declared_output(const struct looking *looking, const struct flow_token *token)
{
	const struct flow_taint *taint = looking->taint;
	int position = flow_step_named(taint->flow, token->source);

	if (position < 0 || !taint->declared.outputs[position].known)
		return NULL;
	return fields_find(taint->declared.outputs[position].fields, token->path[0]);
}

/* What a file of the run has in it is not sealed, only its name would be. */
static bool refuse_file(const struct looking *looking, const struct flow_token *token)
{
	const hst_field *field = declared_output(looking, token);

	if (!field || !type_is_file(field_type(field)))
		return false;
	PROBLEM(looking, looking->line,
	        "%s is a file, and files of a run are not sealed: it cannot be under secure_outputs = yes",
	        token->text);
	return true;
}

/* Each token of an input; `readable`: nothing secure may stand there. True: something secure does, or is said. */
static bool check_tokens(const struct looking *looking, const struct flow_input *input, bool readable)
{
	const struct flow_step *step = &looking->taint->flow->steps[looking->position];
	bool found = false;

	for (size_t i = 0; i < input->value.part_count; i++) {
		const struct flow_token *token = &input->value.parts[i].token;
		const struct flow_secure *why =
			input->value.parts[i].literal ? NULL : secure_token(looking, token);

		if (!why)
			continue;
		found = true;
		if (refuse_whole(looking, token) || refuse_file(looking, token))
			continue;
		if (readable)
			PROBLEM(looking, input->line,
			        "%s is secure (%s) and would be readable in input \"%s\"; write secure_inputs = yes "
			        "in [step %s], or declassify.%s = WHY IT MAY BE READ",
			        token->text, say_why(looking, why), input->name, step->name, input->name);
	}
	return found;
}

/* What a token that is not secure comes from, with what would make it so; "": there is no token. */
static const char *say_plain(const struct looking *looking, const struct flow_input *input)
{
	for (size_t i = 0; i < input->value.part_count; i++) {
		const struct flow_token *token = &input->value.parts[i].token;

		if (input->value.parts[i].literal)
			continue;
		if (strcmp(token->source, "trigger") == 0)
			return arena_printf(looking->taint->arena,
			                    "%s is not secure: that field of the event is not of type secret",
			                    token->text);
		if (flow_step_named(looking->taint->flow, token->source) >= 0)
			return arena_printf(looking->taint->arena,
			                    "%s is not secure: it would be with secure_outputs = yes in [step %s]",
			                    token->text, token->source);
	}
	return input->value.part_count ? "what stands there is in the flow's file" : "nothing stands there";
}

/* False: a token comes from what is not known, and so nothing can be concluded. */
static bool sources_known(const struct looking *looking, const struct flow_input *input)
{
	const struct flow_taint *taint = looking->taint;

	for (size_t i = 0; i < input->value.part_count; i++) {
		const struct flow_token *token = &input->value.parts[i].token;
		int position;

		if (input->value.parts[i].literal)
			continue;
		position = flow_step_named(taint->flow, token->source);
		if (position >= 0 && (!taint->declared.outputs[position].known || !names_earlier(looking, token)))
			return false;
		for (size_t event = 0; position < 0 && event < taint->flow->on_count; event++)
			if (!taint->declared.events[event].known)
				return false;
	}
	return true;
}

/* As compose.c takes it apart: what is readable and stands side by side is one piece. */
static void check_pieces(const struct looking *looking, const struct flow_input *input)
{
	const struct flow_secure *before = NULL;
	size_t pieces = 0;

	for (size_t i = 0; i < input->value.part_count; i++) {
		const struct flow_part *part = &input->value.parts[i];
		const struct flow_secure *why = part->literal ? NULL : secure_token(looking, &part->token);

		pieces += why || before || i == 0;
		before = why;
	}
	if (pieces > FLOW_PIECES_MAX)
		PROBLEM(looking, input->line, "input \"%s\" is made of %zu pieces, and with something secure in it %d is the most",
		        input->name, pieces, FLOW_PIECES_MAX);
}

/* What was meant for a secret and is none is told apart from what stands there by mistake. */
static const char *say_meant(const struct looking *looking, const struct flow_input *input)
{
	static const char front[] = "secret:";
	const char *text = input->value.text, *at = strstr(text, front);

	if (!at)
		return say_plain(looking, input);
	if (at == text)
		return "that NAME begins with a small letter and has at most 48 small letters, digits, \"_\" and \"-\"";
	return "secret:NAME must be the whole value, with nothing before it";
}

static void check_input(const struct looking *looking, const struct flow_input *input)
{
	const struct flow_taint *taint = looking->taint;
	const struct flow_step *step = &taint->flow->steps[looking->position];
	const struct flow_declared *inputs = &taint->declared.inputs[looking->position];
	const hst_field *field = inputs->known ? fields_find(inputs->fields, input->name) : NULL;
	bool secret = field && field_type(field) == HST_TYPE_SECRET, holds;

	holds = check_tokens(looking, input,
	                     inputs->known && !secret && !step->secure_inputs && !input->declassify);
	if (holds)
		check_pieces(looking, input);
	if (holds || input->secret || !sources_known(looking, input))
		return;
	if (input->declassify)
		PROBLEM(looking, input->declassify_line,
		        "nothing secure goes into input \"%s\" that could be declassified: %s", input->name,
		        say_plain(looking, input));
	else if (secret)
		PROBLEM(looking, input->line,
		        "input \"%s\" is a secret and takes what is secure alone, or secret:NAME; %s", input->name,
		        say_meant(looking, input));
}

struct sinks {
	hst_arena *arena;
	const char *at[FLOW_SINKS_MAX + 1];
	size_t n;
};

static void add_sink(void *arg, const struct flow_step *step, const struct flow_input *input)
{
	struct sinks *sinks = arg;
	const char *sink = flow_sink(sinks->arena, step, input->name);

	for (size_t i = 0; i < sinks->n; i++)
		if (strcmp(sinks->at[i], sink) == 0)
			return;
	if (sinks->n <= FLOW_SINKS_MAX)
		sinks->at[sinks->n++] = sink;
}

static void check_reach(const struct looking *looking, const char *source, const char *name, int line)
{
	struct sinks sinks = {.arena = looking->taint->arena};

	if (flow_taint_of(looking->taint, source, name))
		flow_goes_to(looking->taint->flow, source, name, add_sink, &sinks);
	if (sinks.n > FLOW_SINKS_MAX)
		PROBLEM(looking, line, "${%s.%s} is secure and goes to more than %d different inputs", source, name,
		        FLOW_SINKS_MAX);
}

/* Of every secure value where it ends up is written into its envelope, which has room for so many. */
static void check_reaches(const struct looking *looking)
{
	const struct flow_taint *taint = looking->taint;

	for (size_t i = 0; i < taint->flow->on_count; i++)
		for (size_t n = 0; taint->declared.events[i].known && n < taint->declared.events[i].fields.n; n++)
			check_reach(looking, "trigger", field_name(&taint->declared.events[i].fields.at[n]),
			            taint->flow->on_line);
	for (size_t i = 0; i < taint->flow->step_count; i++) {
		const struct flow_declared *outputs = &taint->declared.outputs[i];

		for (size_t n = 0; outputs->known && n < outputs->fields.n; n++)
			check_reach(looking, taint->flow->steps[i].name, field_name(&outputs->fields.at[n]),
			            taint->flow->steps[i].line);
	}
}

void flow_taint_check(const struct flow_taint *taint, struct problems *problems)
{
	const struct flow *flow = taint->flow;
	struct looking looking = {.taint = taint, .problems = problems};

	check_label(&looking);
	check_reaches(&looking);
	for (size_t i = 0; i < flow->step_count; i++) {
		const struct flow_step *step = &flow->steps[i];

		looking.position = i;
		for (size_t input = 0; input < step->input_count; input++) {
			looking.line = step->inputs[input].line;
			check_input(&looking, &step->inputs[input]);
		}
		looking.line = step->when_line;
		if (step->when)
			flow_condition_tokens(step->when, check_condition_token, &looking);
	}
}
