/*
 * The doctor's findings. Each file of it looks at one side of the house; what is found is kept in the order in which it
 * is looked for, and said at the end.
 */
#ifndef HOST_CLI_DOCTOR_H
#define HOST_CLI_DOCTOR_H

#include "cli/cli.h"
#include "definitions/definitions.h"

#include <sys/types.h>

struct doctor {
	struct cli *cli;
	hst_arena *arena;
	hst_value *findings; /* {"area","state","text","remedy"} */
	size_t problems;
	const struct conf *conf; /* NULL: there is none that could be read */
	const struct definitions *definitions;
	bool running; /* hostlerd has the house */
	bool guest;   /* the house is another user's: what only its owner may see is no finding */
	uid_t owner;
};

/* doctor.c: one line each. A note is worth knowing and no problem; `remedy` may be NULL. */
__attribute__((format(printf, 3, 4))) void doctor_good(struct doctor *doctor, const char *area, const char *format, ...);
__attribute__((format(printf, 4, 5))) void doctor_note(struct doctor *doctor, const char *area, const char *remedy,
						       const char *format, ...);
__attribute__((format(printf, 4, 5))) void doctor_problem(struct doctor *doctor, const char *area, const char *remedy,
							  const char *format, ...);

/* alerts.c: what the running host says is wrong */
void doctor_alerts(struct doctor *doctor);

/* doctor_machine.c: who runs it, the clock, the address of the host */
void doctor_machine(struct doctor *doctor);

/* doctor_limits.c: for how many sessions descriptors and processes are enough */
void doctor_limits(struct doctor *doctor);

/* doctor_folders.c: folders, room on the disk, keys, the store, what sessions left */
void doctor_folders(struct doctor *doctor);

/* doctor_plugins.c: whether instances could work here, the accounts of devices, and what desktop flows and connectors name */
void doctor_plugins(struct doctor *doctor);

/* doctor_house.c: processes, the host, its devices, connections and runs */
void doctor_processes(struct doctor *doctor);
void doctor_house(struct doctor *doctor);

#endif
