#include "cli/doctor.h"

#include "schema/value.h"

#include <stdarg.h>
#include <stdio.h>

static void add(struct doctor *doctor, const char *state, const char *area, const char *remedy, const char *format,
		va_list args)
{
	hst_value *finding = value_make_record(doctor->arena);
	char text[1024];

	vsnprintf(text, sizeof text, format, args);
	value_set_text(finding, "area", area);
	value_set_text(finding, "state", state);
	value_set_text(finding, "text", text);
	value_set_text(finding, "remedy", remedy);
	value_append(doctor->findings, finding);
}

void doctor_good(struct doctor *doctor, const char *area, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(doctor, "ok", area, NULL, format, args);
	va_end(args);
}

void doctor_note(struct doctor *doctor, const char *area, const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(doctor, "note", area, remedy, format, args);
	va_end(args);
}

void doctor_problem(struct doctor *doctor, const char *area, const char *remedy, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(doctor, "problem", area, remedy, format, args);
	va_end(args);
	doctor->problems++;
}
