/* The table of messages in docs/protocol.md says what wire/messages.h says, in the same order and the same
 * words. */
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "wire/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *page(void)
{
	const char *top = getenv("SRCDIR");
	char *path = mem_printf("%s/docs/protocol.md", top ? top : "."), *bytes = NULL;

	if (files_read(path, 1 << 20, &bytes, NULL, NULL))
		fail_msg("%s cannot be read; SRCDIR says where the sources are", path);
	free(path);
	return bytes;
}

/* What stands between the two markers, from the first row on. */
static char *documented_rows(void)
{
	static const char marker[] = "<!-- messages -->\n";
	static const char head[] =
		"| word | said by | right | reply | head | payload |\n|---|---|---|---|---|---|\n";
	char *whole = page(), *rows;
	const char *from = strstr(whole, marker), *to;

	assert_non_null(from);
	from += sizeof marker - 1;
	to = strstr(from, marker);
	assert_non_null(to);
	assert_int_equal(strncmp(from, head, sizeof head - 1), 0);
	from += sizeof head - 1;
	rows = mem_copy(from, (size_t)(to - from));
	free(whole);
	return rows;
}

static void add_speakers(struct text *row, unsigned speakers)
{
	static const struct {
		unsigned speaker;
		const char *name;
	} names[] = {{SPEAKER_HOST, "host"},
		     {SPEAKER_CLIENT, "client"},
		     {SPEAKER_WORKER, "worker"},
		     {SPEAKER_GATEWAY, "gateway"},
		     {SPEAKER_SESSION, "session"}};

	if (speakers == SPEAKER_ANY)
		text_add(row, " any");
	for (size_t i = 0; speakers != SPEAKER_ANY && i < sizeof names / sizeof *names; i++)
		if (speakers & names[i].speaker)
			text_addf(row, " %s", names[i].name);
}

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

static void the_page_has_a_row_for_every_message_and_no_other(void **state)
{
	char *rows = documented_rows(), *at = rows, right[64];

	(void)state;
	for (int word = WORD_NONE + 1; word < WORD_COUNT; word++) {
		const struct message_row *message = message_row((enum word)word);
		size_t length = strcspn(at, "\n");
		struct text row;

		rights_text(message->right, right, sizeof right);
		text_init(&row, 1000);
		text_addf(&row, "| `%s` |", message->word);
		add_speakers(&row, message->sender);
		text_addf(&row, " | %s | %s | %s | %s |", right, or_dash(message->reply),
			  or_dash(message->head), or_dash(message->payload));
		if (length != row.length || strncmp(at, row.s, length) != 0)
			fail_msg("docs/protocol.md has\n%.*s\nand the code\n%s", (int)length, at, row.s);
		at += length + (at[length] == '\n');
		text_clear(&row);
	}
	assert_string_equal(at, "");
	free(rows);
}

static void the_numbers_on_the_page_are_those_of_the_code(void **state)
{
	char *whole = page();

	(void)state;
	assert_int_equal(HEAD_BYTES_MAX, 512);
	assert_non_null(strstr(whole, "| head | one flat JSON object | 512 bytes |"));
	assert_int_equal(PAYLOAD_BYTES_MAX, 1 << 20);
	assert_int_equal(PART_BYTES_MAX, 256 << 10);
	assert_non_null(strstr(whole, "| 1 MiB; 256 KiB where the table says so |"));
	assert_int_equal(KEY_TEXT, 43 + 1);
	assert_non_null(strstr(whole, "43 characters of base64url"));
	free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_has_a_row_for_every_message_and_no_other),
		cmocka_unit_test(the_numbers_on_the_page_are_those_of_the_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
