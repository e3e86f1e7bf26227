/* Its constructor misbehaves: exit. */
#define EARLY_DEED deed_exit
#define EARLY_NAME early_exit
#define EARLY_TEXT "early_exit"
#include "early.h"
