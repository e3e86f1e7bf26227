/*
 * Files a flow leaves in out/: copied to the results when it has ended. Only regular files directly in out/,
 * whose names are fit for people, at most 1,000 of them, 256 MiB each and 1 GiB together. What does not fit
 * is left, and said.
 */
#ifndef HOST_DESKTOP_FLOWRUN_FILES_H
#define HOST_DESKTOP_FLOWRUN_FILES_H

#include "desktop/flowrun_log.h"
#include "desktop/flowrun_outputs.h"
#include "desktop/flowrun_place.h"

/* `skip` (NULL or a list of texts): paths such as "out/rows.json" whose content has become an output. */
void flow_files_collect(const struct flow_place *place, const char *results, const hst_value *skip,
			struct flow_log *log);

/* Outputs of type file name a file in out/, as NAME or out/NAME. What names none is a fault. */
void flow_files_check(const struct flow_place *place, struct flow_outputs *outputs);

#endif
