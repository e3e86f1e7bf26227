/* Names of files of runs: what fits, what anybody may call a file, and what is made of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/file_name.h"
#include "schema/utf8.h"

#include <string.h>

static const struct {
	const char *given, *made;
} names[] = {
	{"invoice.pdf", "invoice.pdf"},
	{"Rechnung Müller 2026.pdf", "Rechnung Müller 2026.pdf"},
	{"請求書.pdf", "請求書.pdf"},
	{"", "file"},
	{".", "file"},
	{"..", "file"},
	{"../../etc/passwd", "passwd"},
	{"/etc/shadow", "shadow"},
	{"C:\\Users\\me\\order.xlsx", "order.xlsx"},
	{"..\\..\\x", "x"},
	{"folder/", "file"},
	{".bashrc", "bashrc"},
	{"--help", "help"},
	{"- -.-rf", "rf"},
	{"a\nb\r\nc\t.txt", "abc.txt"},
	{"\x01.profile", "profile"},
	{"a\x7f" "b", "ab"},
	{"con?.txt", "con_.txt"},
	{"a:b*c\"d<e>f|g", "a_b_c_d_e_f_g"},
	{"trailing. . ", "trailing"},
	{"\xff\xfe.pdf", "__.pdf"},
	{"overlong \xc0\xaf.pdf", "overlong __.pdf"},
	/* What a person sees as "gpj.exe" read backwards. */
	{"invoice\xe2\x80\xae" "fdp.exe", "invoicefdp.exe"},
	{"zero\xe2\x80\x8bwidth", "zerowidth"},
	{"\xef\xbb\xbf" "bom.txt", "bom.txt"},
	{"\xc2\x85next", "next"},
	{"archive.tar.gz", "archive.tar.gz"},
};

static void made_safe(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char made[FILE_NAME_MAX + 1];

		file_name_safe(made, names[i].given);
		assert_string_equal(made, names[i].made);
		assert_true(file_name_fits(made, strlen(made)));
	}
}

static void keeps_its_extension(void **state)
{
	char given[5000], made[FILE_NAME_MAX + 1];

	(void)state;
	memset(given, 'x', sizeof given);
	memcpy(given + sizeof given - 5, ".pdf", 5);
	file_name_safe(made, given);
	assert_int_equal(strlen(made), FILE_NAME_MAX);
	assert_string_equal(made + FILE_NAME_MAX - 4, ".pdf");
	/* What is no extension is cut like anything else. */
	memset(given, 'x', sizeof given);
	memcpy(given, "a.", 2);
	given[sizeof given - 1] = '\0';
	file_name_safe(made, given);
	assert_int_equal(strlen(made), FILE_NAME_MAX);
}

static void cut_between_characters(void **state)
{
	char given[400] = "", made[FILE_NAME_MAX + 1];

	(void)state;
	for (size_t before = 0; before < 4; before++) {
		memset(given, 'a', before);
		for (size_t at = before; at + 3 < 300; at += 3)
			memcpy(given + at, "\xe8\xab\x8b", 4);
		file_name_safe(made, given);
		assert_int_equal(utf8_valid(made, strlen(made)), strlen(made));
		assert_true(file_name_fits(made, strlen(made)));
		assert_true(strlen(made) > FILE_NAME_MAX - 3);
	}
}

static void any_bytes(void **state)
{
	unsigned seed = 20261122;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char given[260], made[FILE_NAME_MAX + 1], numbered[FILE_NAME_MAX + 1];
		size_t n;

		seed = seed * 1103515245 + 12345;
		n = (seed >> 8) % sizeof given;
		for (size_t k = 0; k < n; k++) {
			seed = seed * 1103515245 + 12345;
			given[k] = (char)(1 + (seed >> 16) % 255);
		}
		given[n < sizeof given ? n : n - 1] = '\0';
		file_name_safe(made, given);
		assert_true(file_name_fits(made, strlen(made)));
		assert_null(strpbrk(made, "/\\"));
		assert_true(*made != '-' && *made != '.');
		file_name_numbered(numbered, made, 1000);
		assert_true(file_name_fits(numbered, strlen(numbered)));
		assert_string_not_equal(numbered, made);
	}
}

static void numbered(void **state)
{
	char name[FILE_NAME_MAX + 1], full[FILE_NAME_MAX + 1];

	(void)state;
	file_name_numbered(name, "a.pdf", 1);
	assert_string_equal(name, "a.pdf");
	file_name_numbered(name, "a.pdf", 2);
	assert_string_equal(name, "a-2.pdf");
	file_name_numbered(name, "none", 17);
	assert_string_equal(name, "none-17");
	memset(full, 'y', FILE_NAME_MAX);
	memcpy(full + FILE_NAME_MAX - 4, ".pdf", 5);
	file_name_numbered(name, full, 999);
	assert_int_equal(strlen(name), FILE_NAME_MAX);
	assert_string_equal(name + FILE_NAME_MAX - 8, "-999.pdf");
}

static void values(void **state)
{
	size_t length = 0;
	const char *name = NULL;
	char long_name[FILE_NAME_MAX + 2];

	(void)state;
	memset(long_name, 'a', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	assert_true(file_value_fits("invoice.pdf"));
	assert_true(file_value_fits("trigger/invoice.pdf"));
	assert_true(file_value_fits("enter/out/invoice.pdf"));
	assert_false(file_value_fits("a/b/c/d"));
	assert_false(file_value_fits(""));
	assert_false(file_value_fits("/a"));
	assert_false(file_value_fits("a/"));
	assert_false(file_value_fits("a//b"));
	assert_false(file_value_fits("trigger/../secret"));
	assert_false(file_value_fits("trigger/.hidden"));
	assert_false(file_value_fits("trigger/a\nb"));
	assert_false(file_value_fits("trigger/\xff"));
	assert_false(file_value_fits(long_name));
	assert_true(file_value_fits(long_name + 1));
	assert_false(file_value_step("invoice.pdf", &length, &name));
	assert_true(file_value_step("enter/out/a.pdf", &length, &name));
	assert_int_equal(length, 5);
	assert_string_equal(name, "out/a.pdf");
	assert_string_equal(file_value_name("enter/out/a.pdf"), "a.pdf");
	assert_string_equal(file_value_name("a.pdf"), "a.pdf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_safe), cmocka_unit_test(keeps_its_extension), cmocka_unit_test(cut_between_characters),
		cmocka_unit_test(any_bytes), cmocka_unit_test(numbered),	    cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
