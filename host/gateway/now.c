/*
 * How this gateway stands, for whoever sits at its machine and has no key of the host: state_dir/gateway/now.json, rewritten
 * when it changes. `hostler gateway join` reads it.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/files.h"
#include "schema/facts.h"
#include "schema/value.h"
#include "wire/enrol.h"

#include <stdlib.h>
#include <string.h>

enum { NOW_MAX = 1 << 20 };

static void add_text(struct text *to, const char *name, const char *value)
{
	text_addf(to, ",\"%s\":", name);
	if (value)
		json_quote(to, value, strlen(value));
	else
		text_add(to, "null");
}

static void add_device(struct text *to, const struct gateway_device *device)
{
	struct admission_device now = admission_device(device->admission);

	text_add(to, "{\"name\":");
	json_quote(to, device->conf->name, strlen(device->conf->name));
	text_addf(to, ",\"shown\":%s,\"known\":%s", device->shown ? "true" : "false", now.known ? "true" : "false");
	add_text(to, "system", now.known ? system_name(now.facts.system) : NULL);
	text_addf(to, ",\"slots\":%lld", (long long)now.slots);
	add_text(to, "problem", device->problem);
	devices_about(to, device);
	text_add(to, "}");
}

/* What is in the way: the host's refusal of the invitation, else what the link says. */
static void add_obstacle(struct text *to, const struct gateway *gateway)
{
	hst_error why = {{0}, {0}};

	if (gateway->up) {
		text_add(to, ",\"reason\":null,\"text\":null");
		return;
	}
	if (gateway->joining && strcmp(gateway->joining, "refused") == 0)
		why = gateway->joining_error;
	else if (gateway->joining && strcmp(gateway->joining, "joining") == 0 && gateway->enrol)
		enrol_why(gateway->enrol, &why);
	else if (gateway->link)
		link_why(gateway->link, &why);
	add_text(to, "reason", why.reason);
	add_text(to, "text", why.text);
}

void now_write(struct gateway *gateway)
{
	AUTO_FREE char *path = files_join(gateway->conf->state_dir, "gateway/now.json");
	AUTO(text) struct text text;
	hst_error err = {{0}, {0}};
	size_t n = 0;

	text_init(&text, NOW_MAX);
	text_add(&text, "{\"name\":");
	json_quote(&text, gateway->conf->gateway_name, strlen(gateway->conf->gateway_name));
	add_text(&text, "host", gateway->conf->gateway_host);
	add_text(&text, "state", gateway->up ? "connected" : gateway->joining ? gateway->joining : "connecting");
	add_obstacle(&text, gateway);
	text_add(&text, ",\"devices\":[");
	TABLE_EACH(&gateway->devices, entry) {
		const struct gateway_device *device = entry->value;

		if (device->leaving)
			continue;
		text_add(&text, n++ ? "," : "");
		add_device(&text, device);
	}
	text_add(&text, "]}\n");
	if (gateway->now && strcmp(gateway->now, text.s) == 0)
		return;
	if (files_replace(path, text.s, text.length, 0644, false, &err) < 0)
		log_warning("%s", err.text);
	free(gateway->now);
	gateway->now = text_take(&text);
}
