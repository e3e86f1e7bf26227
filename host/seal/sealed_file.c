#include "seal/sealed_file.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "seal/armour.h"

#include <string.h>

enum { TEXT_MAX = 2 * ARMOUR_BYTES_MAX };

/* Whether its line has an end is an editor's business. */
static int read_bytes(const char *path, struct sealed_file *file, hst_error *err)
{
	AUTO_FREE char *text = NULL;
	hst_error why = {{0}, {0}};
	size_t length = 0;
	int code = files_read(path, TEXT_MAX, &text, &length, err);

	if (code != HST_OK)
		return code;
	if (length && text[length - 1] == '\n')
		text[--length] = '\0';
	code = strlen(text) == length ? armour_read(text, &file->bytes, &file->length, &why) : hst_fail(&why, HST_INVALID, "there is a NUL in it");
	if (code == HST_OK)
		code = envelope_read(file->bytes, file->length, &file->envelope, &why);
	return code == HST_OK ? HST_OK : hst_fail_as(err, HST_INVALID, "EnvelopeForm", "%s is no sealed secret: %s", path, why.text);
}

int sealed_file_read(const char *path, struct sealed_file **ret, hst_error *err)
{
	struct sealed_file *file = mem_alloc(sizeof *file);
	int code = read_bytes(path, file, err);

	*ret = code == HST_OK ? file : NULL;
	if (code != HST_OK)
		sealed_file_free(file);
	return code;
}

void sealed_file_free(struct sealed_file *file)
{
	if (file)
		free(file->bytes);
	free(file);
}

int sealed_file_write(const char *path, const void *bytes, size_t length, hst_error *err)
{
	AUTO_FREE char *folder = files_beside(path, ".");
	AUTO_FREE char *armour = armour_write(bytes, length);
	AUTO_FREE char *line = mem_printf("%s\n", armour);
	int code = files_make_directory(folder, 0755, err);

	return code == HST_OK ? files_replace(path, line, strlen(line), 0644, true, err) : code;
}
