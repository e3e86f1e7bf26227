/*
 * Reading .ini files. lines.c joins continuation lines, refuses NUL bytes, bad UTF-8, duplicate keys and
 * over-long lines with FILE:LINE, and hands inih `key = N`, N being the index of the real value, because the
 * inih of Debian cuts lines at 200 bytes. The rules of the format are in docs/flows.md.
 */
#ifndef HOST_CONFIG_INI_H
#define HOST_CONFIG_INI_H

#include "schema/problems.h"
#include "schema/section.h"

enum { INI_BYTES_MAX = 1 << 20, INI_VALUE_MAX = 64 << 10, INI_SECTIONS_MAX = 10000, INI_KEYS_MAX = 1000 };

/* NULL, with at least one problem added, when the file cannot be read as a whole. The caller frees the
 * document. */
struct document *ini_read(const char *path, struct problems *problems);

/* The same from memory; `name` is what messages call it. (ini_parse is a function of inih itself.) */
struct document *ini_read_text(const char *name, const char *bytes, size_t length, struct problems *problems);

#endif
