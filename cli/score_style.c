#include "cli/page.h"

const char bf_score_style[] = "";
