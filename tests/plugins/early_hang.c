/* Its constructor misbehaves: hang. */
#define EARLY_DEED deed_hang
#define EARLY_NAME early_hang
#define EARLY_TEXT "early_hang"
#include "early.h"
