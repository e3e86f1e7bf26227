/*
 * Files a flow leaves in out/: copied to the results when it has ended. Only regular files of the flow's user
 * directly in out/, at most 1,000 of them, 256 MiB each and 1 GiB together. A name is any that people can
 * read and a path can hold: UTF-8, at most 100 bytes, no control characters, no '/', no dot in front. What
 * does not fit is left, and said in the log.
 */
#ifndef HOST_DESKTOP_FLOWRUN_FILES_H
#define HOST_DESKTOP_FLOWRUN_FILES_H

#include "desktop/flowrun_log.h"
#include "desktop/flowrun_outputs.h"
#include "desktop/flowrun_place.h"

enum { FLOW_FILES_MAX = 1000, FLOW_FILE_NAME_MAX = 100 };

/*
 * Those that outputs name come first; one of them that is not kept is a fault. `skip` (NULL or a list of
 * texts): paths such as "out/rows.json" whose content has become an output.
 */
void flow_files_collect(const struct flow_place *place, const char *results, const hst_value *skip,
			struct flow_outputs *outputs, struct flow_log *log);

/* Outputs of type file name a file in out/, as NAME or out/NAME. What names none is a fault. May be
 * asked before they are collected. */
void flow_files_check(const struct flow_place *place, struct flow_outputs *outputs);

#endif
