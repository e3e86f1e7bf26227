/* A gateway that dies, and the one that goes on in its stead: by the journal, and by what the processes say of themselves. */
#include "sim_device.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What becomes of a process while there is no gateway. True: it is handed to the next. */
static bool outlives(struct sim_device *device, struct sim_process *process)
{
	char name[48];

	if (process->launched && house_chance_below(device->chance, 3) == 0)
		sim_device_flow_ends(device, process);
	if (process->user[0] && !process->told_to_close && house_chance_below(device->chance, 8)) {
		process->open = true;
		return true;
	}
	if (process->launched && house_chance_below(device->chance, 2))
		sim_device_flow_ends(device, process);
	if (process->end) {
		snprintf(name, sizeof name, "%lld/%lld", (long long)process->step, (long long)process->token);
		table_set(&device->left, name, (void *)process->end);
		if (process->sealed)
			table_set(&device->left_sealed, name, (void *)process->sealed);
	}
	*process = (struct sim_process){0};
	return false;
}

static void adopt(struct sim_device *device, struct sim_process *process)
{
	bool busy = process->launched || process->end;

	process->number = ++device->numbers;
	sim_device_event(device,
			 &(struct admission_event){.kind = ADMISSION_ADOPTED,
						   .adopted = busy ? ADMISSION_ADOPTED_RUNNING : ADMISSION_ADOPTED_IDLE,
						   .number = process->number,
						   .session = process->id,
						   .user = process->user,
						   .key = process->user,
						   .step = process->step,
						   .token = process->token});
	if (process->end)
		sim_device_say_end(device, process);
}

static void replay(struct sim_device *device)
{
	char *records = mem_text(device->journal.s), *rest = records, *record;
	hst_error err = {0};

	device->admission = sim_strategy_admission(device);
	while ((record = strsep(&rest, "\n")) && *record)
		if (admission_replay(device->admission, record, strlen(record), &err) != HST_OK)
			fail_msg("%s: %s", device->name, err.text);
	free(records);
}

static void keep(void *arg, const char *record)
{
	text_addf(arg, "%s\n", record);
}

/* What dies with the gateway's process. */
static void forget(struct sim_device *device)
{
	sim_wire_break(&device->wire);
	text_reset(&device->soon);
	device->wanted = device->ask_count = device->upload_count = device->look_count = 0;
	device->fetching = device->deaf = false;
}

void sim_device_crash(struct sim_device *device)
{
	struct sim_process *orphans[SIM_PROCESSES];
	size_t n = 0;

	forget(device);
	for (size_t i = 0; i < SIM_PROCESSES; i++)
		if (device->processes[i].number && outlives(device, &device->processes[i]))
			orphans[n++] = &device->processes[i];
	admission_free(device->admission);
	replay(device);
	text_reset(&device->journal);
	admission_records(device->admission, keep, &device->journal);
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_REPLAYED});
	while (n > 0) {
		size_t at = house_chance_below(device->chance, (uint32_t)n);

		adopt(device, orphans[at]);
		orphans[at] = orphans[--n];
	}
	sim_device_event(device, &(struct admission_event){.kind = ADMISSION_GATHERED});
	sim_device_watch(device);
}

void sim_device_reinstall(struct sim_device *device)
{
	forget(device);
	for (size_t i = 0; i < SIM_PROCESSES; i++)
		device->processes[i] = (struct sim_process){0};
	text_reset(&device->journal);
	table_clear(&device->left);
	table_clear(&device->left_sealed);
	device->identity++;
	sim_device_crash(device);
}
