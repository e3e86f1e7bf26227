/* Its constructor misbehaves: crash. */
#define EARLY_DEED deed_crash
#define EARLY_NAME early_crash
#define EARLY_TEXT "early_crash"
#include "early.h"
