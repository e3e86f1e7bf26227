/* Whether bytes of a file are UTF-8 text without NUL, as every value of a flow is. */
#ifndef PLUGINS_CONNECTOR_FILE_UTF8_H
#define PLUGINS_CONNECTOR_FILE_UTF8_H

#include <hostler/error.h>

#include <stddef.h>

/* HST_INVALID names the file and the line. */
int file_check_text(const char *path, const char *bytes, size_t n, hst_error *err);

#endif
