/*
 * Tables of fields at work: a record is checked against one, filled with its defaults, put into a C struct,
 * and taken out of one. `what` in these functions is the word for messages: "option", "input", "output".
 */
#ifndef HOST_SCHEMA_FIELDS_H
#define HOST_SCHEMA_FIELDS_H

#include <hostler/fields.h>
#include <hostler/secret.h>
#include <hostler/value.h>

#include <stdbool.h>

/*
 * What an hst_file is made of in this house: the name of a file of the run (schema/file_name.h). The value of a file is that
 * name as text; who moves the bytes finds the path (hst_host.file_path).
 */
struct hst_file {
	const char *name;
};

const char *field_name(const hst_field *field); /* `name`, else the member's */
hst_type field_type(const hst_field *field);	/* `as`, else the deduced one */

/* Bytes of "header." in the name "header.*", the dot included; 0 for a field that is no map. */
size_t field_prefix(const hst_field *field);

/* Whether a value of that name is this field's, or a member of this map. */
bool field_answers(const hst_field *field, const char *name);

/* NULL: none of that name. A field "header.*" answers to "header.accept". */
const hst_field *fields_find(hst_fields fields, const char *name);

/* The known name nearest to a wrong one, or NULL when none is near enough to be meant. */
const char *fields_nearest(hst_fields fields, const char *name);

/*
 * Checks the record `given` (NULL: empty): unknown names, missing required ones, types, bounds. *ret is a
 * record of normal values with the defaults filled in. With `lenient_missing` a missing required field is
 * left out (outputs of a program that failed).
 */
int fields_check(hst_arena *arena, hst_fields fields, const char *what, const hst_value *given,
		 bool lenient_missing, const hst_value **ret, hst_error *err);

/* The same for what may be secret: what is wrong is said with the field's type, without what was given. */
int fields_check_unshown(hst_arena *arena, hst_fields fields, const char *what, const hst_value *given,
			 bool lenient_missing, const hst_value **ret, hst_error *err);

/*
 * Fills a zeroed struct from a checked record. Pointers put into it live in the arena. What the record lacks
 * stays zero: an absent choice is its first word. The words of an hst_texts are followed by a NULL. False: a secret
 * found no room in locked memory, and its member is NULL.
 */
bool fields_bind(hst_arena *arena, hst_fields fields, const hst_value *record, void *structure);

/*
 * The other way round: a record of what a plugin put into its output or event struct, in normal form. NULL
 * pointers and the time 0 are left out. A value that breaks its own field's rules is HST_INVALID.
 */
int fields_unbind(hst_arena *arena, hst_fields fields, const void *structure, const hst_value **ret,
		  hst_error *err);

/* Whether any of them is of type `file` or `files`. */
bool fields_have_files(hst_fields fields);

/* Each file that values of such fields name, once, as a list of texts. Values that do not fit their type name none. */
hst_value *fields_files(hst_arena *arena, hst_fields fields, const hst_value *record);

/* The same record with each such name replaced by what `other` says for it; NULL there: it stays as it is. */
const hst_value *fields_files_renamed(hst_arena *arena, hst_fields fields, const hst_value *record,
				      const char *(*other)(void *arg, const char *value), void *arg);

/*
 * Secrets are bytes in locked memory, which only the programs that handle them have. Without this call (NULL)
 * secret members are left NULL by fields_bind and left out by fields_unbind. The value that is made of a secret is in its own
 * memory, which it does not outlive.
 */
void fields_use_secrets(const struct hst_secret_table *secrets);

#endif
