/* The inputs of a button as its section declares them: `input.NAME = TYPE [required] [default VALUE]`. */
#ifndef PLUGINS_TRIGGER_BUTTON_INPUTS_H
#define PLUGINS_TRIGGER_BUTTON_INPUTS_H

#include <hostler/plugin.h>

/* The one field every press has besides: when the button was pressed. No input may be called so. */
#define BUTTON_PRESSED_AT "pressed_at"

/* Fields in the call's arena, in the order of the section, BUTTON_PRESSED_AT last. Errors name the option. */
int button_read_inputs(hst_call *call, const hst_value *declarations, hst_fields *ret, hst_error *err);

#endif
