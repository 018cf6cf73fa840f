#include "cli/swap_args.h"
#include "lib/base/text.h"

#include <string.h>

bool bf_swap_arg_who(enum bf_swap_who *out, const char *text)
{
    if (text == NULL)
        return true;
    if (strcmp(text, "a") != 0 && strcmp(text, "b") != 0)
        return false;
    *out = text[0] == 'a' ? BF_SWAP_A : BF_SWAP_B;
    return true;
}

bool bf_swap_arg_number(uint64_t *out, const char *text, uint64_t least, uint64_t most)
{
    uint64_t v;

    if (text == NULL)
        return true;
    if (!bf_u64_parse(&v, most, text, strlen(text)) || v < least)
        return false;
    *out = v;
    return true;
}
