// A header of the stand-in: everything is in one file.
#include "../../stand_in.h"
