#include "definitions/signatures.h"

#include "desktop/pushed.h"
#include "schema/fields.h"

bool definitions_gives_secrets(const struct definitions *definitions, const struct flow_step *step)
{
	const struct package *package = step->use == FLOW_USE_DESKTOP ? table_get(&definitions->packages, step->target) : NULL;

	for (size_t i = 0; package && i < step->input_count; i++) {
		const struct flow_input *input = &step->inputs[i];
		const hst_field *field = fields_find(package->inputs, input->name);

		if (step->secure_inputs || input->secret || input->declassify || (field && field_type(field) == HST_TYPE_SECRET))
			return true;
	}
	return false;
}

void definitions_check_signatures(struct definitions *definitions, struct problems *problems)
{
	const char *conf = definitions->conf->path;
	struct roster *roster = pushed_roster(definitions->conf);
	hst_error err;

	TABLE_EACH(&definitions->flows, entry) {
		const struct flow *flow = entry->value;

		for (size_t i = 0; i < flow->step_count; i++) {
			const struct flow_step *step = &flow->steps[i];

			if (!definitions_gives_secrets(definitions, step) ||
			    pushed_check(conf, table_get(&definitions->packages, step->target), roster, &err) == HST_OK)
				continue;
			problems_add(problems, flow->file, step->use_line, "%s", err.text);
			definitions->faults++;
		}
	}
	roster_free(roster);
}
