/*
 * Devices: each takes from [gateway] what it does not say; without any, the gateway is its own device. And devices of
 * other machines.
 */
#include "config/conf_parts.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { ADDRESS_MAX = 260, PORT_MAX = 65535 };

void conf_device_clear(struct conf_device *device)
{
	free(device->name);
	free(device->gateway);
	free(device->driver);
	free(device->address);
	free(device->strategy);
	conf_words_free(device->accounts, device->account_count);
	*device = (struct conf_device){0};
}

static void copy_accounts(struct conf_device *to, const struct conf_device *from)
{
	to->accounts = mem_array(from->account_count, sizeof *to->accounts);
	to->account_count = from->account_count;
	for (size_t i = 0; i < from->account_count; i++)
		to->accounts[i] = mem_text(from->accounts[i]);
}

/* Names, numbers and the brackets of IPv6; what is behind the last colon of one with a single one, or behind a bracket, is a port. */
static bool address_fits(const char *address)
{
	static const char fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]%_";
	const char *port = strrchr(address, ':');
	size_t length = strlen(address), digits;

	if (!length || length > ADDRESS_MAX || strspn(address, fit) != length || address[0] == ':')
		return false;
	if (address[0] != '[' && (!port || port != strchr(address, ':')))
		return !strchr(address, '[') && !strchr(address, ']');
	if (address[0] == '[' && address[length - 1] == ']')
		return length > 2 && !strchr(address + 1, '[') && strchr(address, ']') == address + length - 1;
	if (address[0] == '[' && (!port || port[-1] != ']'))
		return false;
	digits = strspn(port + 1, "0123456789");
	return digits > 0 && digits <= 5 && !port[1 + digits] && strtol(port + 1, NULL, 10) > 0 && strtol(port + 1, NULL, 10) <= PORT_MAX;
}

static void settle_device(struct conf_reading *reading, struct conf_device *device,
			  const struct section *section)
{
	const struct conf_device *defaults = &reading->conf->gateway_defaults;

	if (!device->driver)
		device->driver = mem_text(defaults->driver);
	if (!device->strategy)
		device->strategy = mem_text(defaults->strategy);
	if (!device->queue_timeout.ms)
		device->queue_timeout = defaults->queue_timeout;
	if (!section || !section_find(section, "strict_order"))
		device->strict_order = defaults->strict_order;
	if (!section || !section_find(section, "notify"))
		device->notify = defaults->notify;
	if (!device->account_count && defaults->account_count)
		copy_accounts(device, defaults);
	/* As root nobody is allowed unless named; whether that hurts depends on who wants to run there. */
	if (!device->account_count && reading->person->uid != 0 && reading->person->name) {
		struct conf_device own = {.accounts = (char *[]){(char *)reading->person->name},
					  .account_count = 1};

		copy_accounts(device, &own);
	}
	if (device->address && !address_fits(device->address))
		problems_add(reading->problems, reading->conf->document->file, conf_line(reading->conf, "device", device->name, "address"),
			     "\"%.80s\" is no address: it is a host or host:port, such as ts-01.example.com or 10.0.0.7:3389",
			     device->address);
	if (!device->driver)
		problems_add(reading->problems, reading->conf->document->file, device->line,
			     "\"driver\" is missing for the device \"%s\"; say which driver lists and opens "
			     "its sessions",
			     device->name);
}

/* What belongs into the file of the machine that serves it cannot stand here, where nobody reads it. */
static void settle_elsewhere(struct conf_reading *reading, const struct conf_device *device, const struct section *section)
{
	static const char *const theirs[] = {"driver", "address", "strategy", "accounts", "notify", NULL};
	const struct conf *conf = reading->conf;

	if (!conf->has_host)
		problems_add(reading->problems, section->file, section->line,
			     "[device %s] is served by the gateway \"%s\", which is a matter of the host's file alone", device->name,
			     device->gateway);
	for (size_t i = 0; theirs[i]; i++) {
		const struct section_key *key = section_find(section, theirs[i]);

		if (key)
			problems_add(reading->problems, section->file, key->line,
				     "leave out \"%s\": it stands in the file of the gateway \"%s\", on the machine that serves the device",
				     theirs[i], device->gateway);
	}
}

static void settle_section(struct conf_reading *reading, struct conf_device *device, const struct section *section)
{
	const struct conf *conf = reading->conf;

	if (device->gateway && conf->gateway_name && strcmp(device->gateway, conf->gateway_name) == 0) {
		free(device->gateway);
		device->gateway = NULL;
	}
	if (device->gateway)
		settle_elsewhere(reading, device, section);
	else if (!conf->has_gateway)
		problems_add(reading->problems, section->file, section->line,
			     "[device %s] has no use without [gateway], which is not in this file%s", device->name,
			     conf->has_host ? "; where a gateway of another machine serves it, say gateway = NAME" : "");
	else
		settle_device(reading, device, section);
}

/*
 * Where the host says where gateways of other machines connect, a name without a section is a device of theirs. Left
 * at its default, `listen` is for this machine alone, and such a name is a mistake.
 */
static bool may_be_elsewhere(const struct conf *conf, const char *name)
{
	const struct section *host = conf_section(conf, "host", NULL);

	return host && conf->listen && section_find(host, "listen") && conf_name_is_fit(name) &&
	       !(conf->gateway_name && strcmp(conf->gateway_name, name) == 0);
}

static void imply_device(struct conf *conf, const char *name, int line)
{
	size_t size = conf->device_count;

	if (conf_device(conf, name) || !may_be_elsewhere(conf, name))
		return;
	conf->devices = mem_grow(conf->devices, &size, conf->device_count + 1, sizeof *conf->devices);
	conf->devices[conf->device_count++] =
		(struct conf_device){.name = mem_text(name), .gateway = mem_text(name), .implied = true, .line = line};
}

static void imply_devices(struct conf *conf)
{
	for (size_t i = 0; i < conf->cluster_count; i++)
		for (size_t k = 0; k < conf->clusters[i].member_count; k++)
			imply_device(conf, conf->clusters[i].members[k],
				     conf_line(conf, "cluster", conf->clusters[i].name, "members"));
	for (size_t i = 0; i < conf->connection_count; i++)
		if (conf->connections[i].target.name && !conf->connections[i].target.cluster)
			imply_device(conf, conf->connections[i].target.name,
				     conf_line(conf, "connection", conf->connections[i].name, "target"));
}

void conf_settle_devices(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;
	size_t own = 0;

	for (size_t i = 0; i < conf->device_count; i++) {
		settle_section(reading, &conf->devices[i], conf_section(conf, "device", conf->devices[i].name));
		own += !conf->devices[i].gateway;
	}
	if (conf->has_gateway && !own && conf->gateway_name && conf_device(conf, conf->gateway_name)) {
		problems_add(reading->problems, conf->document->file, conf_line(conf, "device", conf->gateway_name, "gateway"),
			     "the device \"%s\" is the one of this file's [gateway]: give that one another name, or a [device]",
			     conf->gateway_name);
	} else if (conf->has_gateway && !own && conf->gateway_name) {
		conf->devices[conf->device_count++] = (struct conf_device){
			.name = mem_text(conf->gateway_name), .line = conf_line(conf, "gateway", NULL, NULL)};
		settle_device(reading, &conf->devices[conf->device_count - 1], NULL);
	}
	imply_devices(conf);
}
