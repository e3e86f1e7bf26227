/* What conditions ask of values. docs/flow-language.md has these rules in words for authors. */
#ifndef HOST_PURE_FLOW_COMPARE_H
#define HOST_PURE_FLOW_COMPARE_H

#include <hostler/value.h>

#include <stdbool.h>

enum flow_relation {
	FLOW_HOLDS = 0, /* a value that stands alone */
	FLOW_EQUAL,
	FLOW_UNEQUAL,
	FLOW_LESS,
	FLOW_LESS_OR_EQUAL,
	FLOW_GREATER,
	FLOW_GREATER_OR_EQUAL,
	FLOW_CONTAINS,
};

/*
 * True, a number other than 0, text or a list or record that is not empty. Text that reads as a number or as
 * yes or no is taken as what it reads as. Absent does not hold.
 */
bool flow_value_holds(const hst_value *value);

/*
 * False for whatever cannot be compared so, absent values above all. FLOW_UNEQUAL is true for values of two
 * sorts.
 */
bool flow_values_compare(enum flow_relation relation, const hst_value *left, const hst_value *right);

#endif
