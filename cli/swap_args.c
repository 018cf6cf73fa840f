#include "cli/swap_args.h"
#include "generator/fake_maker.h"
#include "generator/fake_plan.h"
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

bool bf_swap_arg_names(bool *on, const char *text, const char *const *names, unsigned n)
{
    size_t length;
    unsigned i;

    memset(on, 0, n * sizeof *on);
    for (;; text += length + 1) {
        length = strcspn(text, ",");
        for (i = 0; i < n; i++)
            if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
                break;
        if (i == n)
            return false;
        on[i] = true;
        if (text[length] == '\0')
            return true;
    }
}

unsigned bf_swap_families(const char *name[BF_FAMILIES_MAX])
{
    const struct bf_fake_method *method;
    unsigned n = 0;

    name[n++] = "real";
    name[n++] = BF_PLAN_SWAP;
    for (method = bf_fake_methods; method->name != NULL && n < BF_FAMILIES_MAX; method++)
        name[n++] = method->name;
    return n;
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

/* Two digits behind the point are enough, and the same wherever the program runs. */
bool bf_swap_arg_strength(float *out, const char *text)
{
    uint64_t whole = 0, part = 0;
    const char *point;
    size_t digits;
    float strength;

    if (text == NULL)
        return true;
    if (strcmp(text, "1") == 0) {
        *out = 1;
        return true;
    }
    point = strchr(text, '.');
    if (point == NULL || !bf_u64_parse(&whole, 1, text, (size_t)(point - text)))
        return false;
    digits = strlen(point + 1);
    if (digits < 1 || digits > 2 || strspn(point + 1, "0123456789") != digits)
        return false;
    for (point++; *point != '\0'; point++)
        part = 10 * part + (uint64_t)(*point - '0');
    strength = (float)whole + (float)part / (digits == 1 ? 10 : 100);
    if (strength < 0.05f || strength > 1)
        return false;
    *out = strength;
    return true;
}
