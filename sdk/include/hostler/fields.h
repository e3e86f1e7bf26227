/*
 * Fields: one table says name, type, bounds, default and meaning of each option, input or output, and where in a
 * struct its value goes. The host parses, checks, documents and hides values from this table alone.
 *
 *	struct tick_config { hst_duration every; const char *word; };
 *	static const hst_field tick_options[] = {
 *		HST_FIELD(struct tick_config, every, .def = "60s", .doc = "time between two events"),
 *		HST_FIELD(struct tick_config, word, .required = true, .doc = "text put into each event"),
 *	};
 *
 * Tables are constant data and live as long as the plugin is loaded, or, where a plugin makes them at run time
 * (hst_shape in plugin.h), as long as the arena they were made in.
 */
#ifndef HOSTLER_FIELDS_H
#define HOSTLER_FIELDS_H

#include <hostler/types.h>

/*
 * One row. Text is UTF-8. What a record does not say and no default fills stays zero in the struct: NULL, 0, false.
 */
typedef struct hst_field {
	const char *member; /* the C member's name, which is also the field's unless `name` says otherwise */
	const char *name;   /* ^[a-z][a-z0-9_]{0,47}$; an option or input "header.*" collects into a map (const hst_value *) */
	hst_type type;      /* deduced from the member */
	hst_type as;        /* narrows it: text that is a number, a tree that is a table; HST_TYPE_NONE: as deduced */
	size_t offset;      /* of the member in the struct; not used for fields made at run time */
	const char *doc;    /* one line of at most 200 bytes, no full stop, or NULL */
	const char *def;    /* default as people would write it, or NULL */
	const char *const *choices; /* ends with NULL; only for HST_TYPE_CHOICE */
	int64_t min, max;           /* bounds of integers, since 1.3 of numbers, of durations in ms, of text in bytes; both 0: none */
	bool required;              /* must be given; a field with a default is never required */
	bool derived;               /* outputs: as secure as the inputs they were made from */
	const char *label;          /* what a form shows instead of the name, or NULL */
} hst_field;

/* A table and the number of its rows. */
typedef struct hst_fields {
	const hst_field *at;
	size_t n;
} hst_fields;

/* The declared type that a C member stands for. A `const char *` that carries a decimal says `.as = HST_TYPE_NUMBER`. */
#define HST_TYPE_OF(member)                                                                              \
	_Generic((member),                                                                               \
	    bool: HST_TYPE_BOOLEAN,                                                                      \
	    int64_t: HST_TYPE_INTEGER,                                                                   \
	    double: HST_TYPE_NUMBER,                                                                     \
	    const char *: HST_TYPE_TEXT,                                                                 \
	    hst_duration: HST_TYPE_DURATION,                                                             \
	    hst_time: HST_TYPE_DATE,                                                                     \
	    hst_choice: HST_TYPE_CHOICE,                                                                 \
	    hst_texts: HST_TYPE_LIST,                                                                    \
	    hst_file *: HST_TYPE_FILE,                                                                   \
	    hst_files: HST_TYPE_FILES,                                                                   \
	    hst_secret *: HST_TYPE_SECRET,                                                               \
	    const hst_value *: HST_TYPE_JSON)

/* One row of a table: HST_FIELD(struct tick_config, every, .def = "60s", .doc = "time between two events") */
#define HST_FIELD(structure, ...) HST_FIELD_ROW(structure, __VA_ARGS__)
#define HST_FIELD_ROW(structure, field, ...)                                                       \
	{                                                                                          \
		.member = #field, .type = HST_TYPE_OF(((structure *)0)->field),                    \
		.offset = offsetof(structure, field), __VA_ARGS__                                  \
	}

/* A table as a value: .options = HST_FIELDS(tick_options) */
#define HST_FIELDS(table) { (table), sizeof(table) / sizeof((table)[0]) }

#endif
