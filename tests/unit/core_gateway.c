#include "core_gateway.h"

#include <stdio.h>

void gateway_init(struct gateway *gateway, const char *name, int64_t journal)
{
	*gateway = (struct gateway){.name = name, .journal = journal};
	table_init(&gateway->never);
	table_init(&gateway->launched);
}

void gateway_clear(struct gateway *gateway)
{
	table_clear(&gateway->never);
	table_clear(&gateway->launched);
}

void gateway_say(struct gateway *gateway, struct core_event event)
{
	if (gateway->out_count < WAY_MAX)
		gateway->out[gateway->out_count++].event = event;
}

void gateway_say_device(struct gateway *gateway, bool fresh)
{
	struct word *word;

	if (gateway->out_count == WAY_MAX)
		return;
	word = &gateway->out[gateway->out_count++];
	word->event = (struct core_event){.kind = CORE_DEVICE,
					  .device = gateway->name,
					  .online = true,
					  .slots = gateway->slots,
					  .revision = gateway->revision,
					  .journal = gateway->journal,
					  .fresh = fresh};
	for (size_t i = 0; fresh && i < gateway->held_count; i++)
		word->holding[word->event.holding_count++] =
			(struct core_holding){.step = gateway->held[i].step, .token = gateway->held[i].token};
}

void gateway_say_stage(struct gateway *gateway, const struct held *held, enum core_event_kind kind)
{
	gateway_say(gateway,
		    (struct core_event){
			    .kind = kind, .step = held->step, .token = held->token, .state = held->state});
}

void gateway_say_finished(struct gateway *gateway, const struct held *held, bool released)
{
	gateway_say(gateway, (struct core_event){.kind = CORE_FINISHED,
						 .step = held->step,
						 .token = held->token,
						 .released = released,
						 .state = held->end,
						 .payload = "{}",
						 .payload_length = 2});
}

static void token_key(int64_t token, char to[24])
{
	snprintf(to, 24, "%lld", (long long)token);
}

static void note(struct table *tokens, int64_t token)
{
	char key[24];

	token_key(token, key);
	table_set(tokens, key, tokens);
}

bool gateway_knows(const struct table *tokens, int64_t token)
{
	char key[24];

	token_key(token, key);
	return table_get(tokens, key) != NULL;
}

struct held *gateway_holds(struct gateway *gateway, int64_t token)
{
	for (size_t i = 0; i < gateway->held_count; i++)
		if (gateway->held[i].token == token)
			return &gateway->held[i];
	return NULL;
}

void gateway_refuse(struct gateway *gateway, const struct order *offer, enum reason_class class)
{
	static const char *const reasons[] = {[REASON_WAIT] = "UnattendedUserSessionLocked",
					      [REASON_RETRY] = "SessionCreationError",
					      [REASON_FATAL] = "WindowsIdentityIncorrect"};

	note(&gateway->never, offer->token);
	gateway_say(gateway, (struct core_event){.kind = CORE_REFUSED,
						 .step = offer->step,
						 .token = offer->token,
						 .revision = gateway->revision,
						 .class = class,
						 .reason = reasons[class],
						 .text = "no"});
}

void gateway_launch(struct gateway *gateway, struct held *held)
{
	note(&gateway->launched, held->token);
	held->state = STATE_RUNNING;
}

void gateway_drop(struct gateway *gateway, struct held *held)
{
	*held = gateway->held[--gateway->held_count];
}

static void say_standing(struct gateway *gateway, const struct order *question, enum offer_standing standing)
{
	gateway_say(gateway, (struct core_event){.kind = CORE_STANDING,
						 .step = question->step,
						 .token = question->token,
						 .standing = standing});
}

void gateway_status(struct gateway *gateway, const struct order *question)
{
	struct held *held = gateway_holds(gateway, question->token);

	if (held && held->closing) {
		say_standing(gateway, question, OFFER_FINISHED);
		gateway_say_finished(gateway, held, false);
	} else if (held && held->state == STATE_RUNNING) {
		say_standing(gateway, question, OFFER_RUNNING);
	} else if (held && held->token % 2) {
		say_standing(gateway, question, OFFER_PREPARING);
	} else if (!held && gateway_knows(&gateway->launched, question->token)) {
		say_standing(gateway, question, OFFER_LOST);
	} else {
		if (held)
			gateway_drop(gateway, held);
		note(&gateway->never, question->token);
		say_standing(gateway, question, OFFER_NEVER);
	}
}

void gateway_reconnect(struct gateway *gateway)
{
	gateway->out_count = gateway->in_count = 0;
	gateway_say_device(gateway, true);
}

void gateway_restart(struct gateway *gateway, int64_t journal)
{
	if (gateway->journal != journal) {
		gateway_clear(gateway);
		gateway_init(gateway, gateway->name, journal);
	}
	gateway->held_count = 0;
	gateway->revision = 1;
	gateway_reconnect(gateway);
}
