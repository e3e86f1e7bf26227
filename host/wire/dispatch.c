#include "wire/dispatch.h"

void dispatch_init(struct dispatch *dispatch, const struct hub_handler *handlers)
{
	*dispatch = (struct dispatch){0};
	for (; handlers && handlers->word != WORD_NONE; handlers++)
		dispatch->by_word[handlers->word] = handlers->handle;
}

int dispatch_find(const struct dispatch *dispatch, const struct hub_link *from, enum word word,
		  dispatch_handle *ret, hst_error *err)
{
	const struct message_row *row = message_row(word);
	char right[32];

	if (!(row->sender & from->speaker))
		return hst_fail_as(err, HST_DENIED, "SenderDenied", "%s may not say %s", from->name,
				   row->word);
	if (from->speaker == SPEAKER_CLIENT && (row->right & from->rights) != row->right) {
		rights_text(row->right, right, sizeof right);
		return hst_fail_as(err, HST_DENIED, "RightMissing", "%s has not the right \"%s\", which this needs",
				   from->name, right);
	}
	if (!dispatch->by_word[word])
		return hst_fail_as(err, HST_INVALID, "NotHandled", "%s is not understood here", row->word);
	*ret = dispatch->by_word[word];
	return HST_OK;
}
