/* Refuses a bad descriptor early and says which member breaks which rule. */
#ifndef HOST_PLUGIN_VERIFY_H
#define HOST_PLUGIN_VERIFY_H

#include <hostler/plugin.h>

/* `name` is the file's name without ".so". */
int plugin_verify(const hst_plugin *plugin, const char *name, hst_error *err);

/* Where a table of fields is used; some rules differ. */
enum verify_place {
	VERIFY_OPTION = 1,
	VERIFY_INPUT,
	VERIFY_OUTPUT,
	VERIFY_EVENT,
};

/*
 * The rules of one table. `where` is how messages begin: "plugin \"tick\": .options". `size` is that of the
 * struct the values go to; SIZE_MAX where it is not known or fields are made at run time and have no struct.
 */
int verify_fields(const char *where, hst_fields fields, enum verify_place place, size_t size, hst_error *err);

#endif
