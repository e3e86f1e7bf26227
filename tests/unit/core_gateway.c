#include "core_gateway.h"

#include <stdio.h>

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

static void token_key(int64_t token, char to[24])
{
	snprintf(to, 24, "%lld", (long long)token);
}

void gateway_refuse(struct gateway *gateway, const struct held *offer, enum reason_class class)
{
	static const char *const reasons[] = {[REASON_WAIT] = "UnattendedUserSessionLocked",
					      [REASON_RETRY] = "SessionCreationError",
					      [REASON_FATAL] = "WindowsIdentityIncorrect"};
	char key[24];

	token_key(offer->token, key);
	table_set(&gateway->refused, key, gateway);
	gateway_say(gateway, (struct core_event){.kind = CORE_REFUSED,
						 .step = offer->step,
						 .token = offer->token,
						 .revision = gateway->revision,
						 .class = class,
						 .reason = reasons[class],
						 .text = "no"});
}

bool gateway_has_refused(const struct gateway *gateway, int64_t token)
{
	char key[24];

	token_key(token, key);
	return table_get(&gateway->refused, key) != NULL;
}

void gateway_reconnect(struct gateway *gateway)
{
	gateway->out_count = gateway->in_count = 0;
	gateway_say_device(gateway, true);
}
