/* Its constructor misbehaves: garbage. */
#define EARLY_DEED deed_garbage
#define EARLY_NAME early_garbage
#define EARLY_TEXT "early_garbage"
#include "early.h"
