/*
 * Two values are compared as the sort of the two that says more: a text beside a number is read as a number,
 * a text beside a boolean as a boolean. A text that does not read so is compared as text, by its bytes.
 */
#include "pure/flow/compare.h"

#include "schema/decimal.h"
#include "schema/types.h"
#include "schema/value.h"

#include <string.h>

/* How two values stand to each other. */
enum standing { STANDING_LESS, STANDING_EQUAL, STANDING_GREATER, STANDING_UNEQUAL /* there is no order */ };

static enum standing standing_of(int order)
{
	return order < 0 ? STANDING_LESS : order > 0 ? STANDING_GREATER : STANDING_EQUAL;
}

static bool is_word(const hst_value *value)
{
	return value_kind(value) == HST_VALUE_TEXT || value_kind(value) == HST_VALUE_NUMBER;
}

static bool read_boolean(const hst_value *value, bool *ret)
{
	if (value_kind(value) == HST_VALUE_BOOLEAN) {
		*ret = value_boolean(value);
		return true;
	}
	return value_kind(value) == HST_VALUE_TEXT && type_read_boolean(value_text(value), ret);
}

static bool read_decimal(const hst_value *value, struct decimal *ret)
{
	return is_word(value) && decimal_read(value_text(value), value_length(value), ret);
}

static enum standing compare_bytes(const hst_value *left, const hst_value *right)
{
	size_t left_length = value_length(left), right_length = value_length(right);
	size_t both = left_length < right_length ? left_length : right_length;
	int order = memcmp(value_text(left), value_text(right), both);

	return standing_of(order ? order : (left_length > right_length) - (left_length < right_length));
}

static enum standing compare_words(const hst_value *left, const hst_value *right)
{
	bool numbers = value_kind(left) == HST_VALUE_NUMBER || value_kind(right) == HST_VALUE_NUMBER;
	struct decimal left_decimal, right_decimal;

	if (numbers && read_decimal(left, &left_decimal) && read_decimal(right, &right_decimal))
		return standing_of(decimal_compare(&left_decimal, &right_decimal));
	return compare_bytes(left, right);
}

static enum standing compare_booleans(const hst_value *left, const hst_value *right)
{
	bool left_truth, right_truth;

	if (read_boolean(left, &left_truth) && read_boolean(right, &right_truth) && left_truth == right_truth)
		return STANDING_EQUAL;
	return STANDING_UNEQUAL;
}

static enum standing compare(const hst_value *left, const hst_value *right);

/*
 * Item by item, and records member by member in their order: looking names up would take the square of their
 * number. Values from outside are at most VALUE_DEPTH_MAX deep.
 */
static enum standing compare_trees(const hst_value *left, const hst_value *right)
{
	bool records = value_kind(left) == HST_VALUE_RECORD;

	if (value_count(left) != value_count(right))
		return STANDING_UNEQUAL;
	for (size_t i = 0; i < value_count(left); i++) {
		if (records && strcmp(value_name_at(left, i), value_name_at(right, i)) != 0)
			return STANDING_UNEQUAL;
		if (compare(value_at(left, i), value_at(right, i)) != STANDING_EQUAL)
			return STANDING_UNEQUAL;
	}
	return STANDING_EQUAL;
}

static enum standing compare(const hst_value *left, const hst_value *right)
{
	if (is_word(left) && is_word(right))
		return compare_words(left, right);
	if (value_kind(left) == HST_VALUE_BOOLEAN || value_kind(right) == HST_VALUE_BOOLEAN)
		return compare_booleans(left, right);
	if (value_kind(left) != value_kind(right))
		return STANDING_UNEQUAL;
	return compare_trees(left, right);
}

/* Text has a part, a list an item, a record a name. */
static bool contains(const hst_value *whole, const hst_value *part)
{
	switch (value_kind(whole)) {
	case HST_VALUE_TEXT:
	case HST_VALUE_NUMBER:
		return is_word(part) &&
		       memmem(value_text(whole), value_length(whole), value_text(part), value_length(part));
	case HST_VALUE_LIST:
		for (size_t i = 0; i < value_count(whole); i++)
			if (compare(value_at(whole, i), part) == STANDING_EQUAL)
				return true;
		return false;
	case HST_VALUE_RECORD:
		return is_word(part) && value_get(whole, value_text(part));
	default:
		return false;
	}
}

bool flow_value_holds(const hst_value *value)
{
	struct decimal decimal;
	bool truth;

	if (read_boolean(value, &truth))
		return truth;
	if (read_decimal(value, &decimal))
		return decimal.sign != 0;
	return value_length(value) || value_count(value);
}

bool flow_values_compare(enum flow_relation relation, const hst_value *left, const hst_value *right)
{
	enum standing standing;

	if (!left || !right)
		return false;
	if (relation == FLOW_CONTAINS)
		return contains(left, right);
	standing = compare(left, right);
	switch (relation) {
	case FLOW_EQUAL:
		return standing == STANDING_EQUAL;
	case FLOW_UNEQUAL:
		return standing != STANDING_EQUAL;
	case FLOW_LESS:
		return standing == STANDING_LESS;
	case FLOW_LESS_OR_EQUAL:
		return standing == STANDING_LESS || standing == STANDING_EQUAL;
	case FLOW_GREATER:
		return standing == STANDING_GREATER;
	case FLOW_GREATER_OR_EQUAL:
		return standing == STANDING_GREATER || standing == STANDING_EQUAL;
	default:
		return false;
	}
}
