/* Devices: each takes from [gateway] what it does not say; without any, the gateway is its own device. */
#include "config/conf_parts.h"

#include "base/mem.h"

#include <string.h>

void conf_device_clear(struct conf_device *device)
{
	free(device->name);
	free(device->driver);
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
	if (!device->account_count && defaults->account_count)
		copy_accounts(device, defaults);
	/* As root nobody is allowed unless named; whether that hurts depends on who wants to run there. */
	if (!device->account_count && reading->person->uid != 0 && reading->person->name) {
		struct conf_device own = {.accounts = (char *[]){(char *)reading->person->name},
					  .account_count = 1};

		copy_accounts(device, &own);
	}
	if (!device->driver)
		problems_add(reading->problems, reading->conf->document->file, device->line,
			     "\"driver\" is missing for the device \"%s\"; say which driver lists and opens "
			     "its sessions",
			     device->name);
}

void conf_settle_devices(struct conf_reading *reading)
{
	struct conf *conf = reading->conf;
	bool own = conf->has_gateway && !conf->device_count && conf->gateway_name;

	if (own)
		conf->devices[conf->device_count++] = (struct conf_device){
			.name = mem_text(conf->gateway_name), .line = conf_line(conf, "gateway", NULL, NULL)};
	for (size_t i = 0; i < conf->device_count; i++) {
		struct conf_device *device = &conf->devices[i];

		settle_device(reading, device, own ? NULL : conf_section(conf, "device", device->name));
	}
}
