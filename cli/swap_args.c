#include "cli/swap_args.h"
#include "lib/base/text.h"

#include <string.h>

bool bf_swap_arg_choice(unsigned *out, const char *text, const char *const *names, unsigned n)
{
    unsigned i;

    for (i = 0; text != NULL && i < n; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    return text == NULL;
}

bool bf_swap_arg_who(enum bf_swap_who *out, const char *text)
{
    static const char *const names[] = {"a", "b"};
    unsigned who = *out;
    bool good = bf_swap_arg_choice(&who, text, names, 2);

    *out = (enum bf_swap_who)who;
    return good;
}

bool bf_swap_arg_colour(enum bf_colour_mode *out, const char *text)
{
    unsigned mode = *out;
    bool good = bf_swap_arg_choice(&mode, text, bf_colour_names, BF_COLOUR_MODES);

    *out = (enum bf_colour_mode)mode;
    return good;
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
