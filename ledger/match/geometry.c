#include "ledger/match/geometry.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* Of the picture's width or height: what rounding to whole pixels and to chroma pairs may do. */
#define ROUNDING 0.012

bool bf_geometry_is_same(const struct bf_geometry *g)
{
    return !g->mirrored && g->quarter_turns == 0 && fabs(g->left) < ROUNDING &&
           fabs(g->top) < ROUNDING && fabs(g->right - 1) < ROUNDING &&
           fabs(g->bottom - 1) < ROUNDING;
}

bool bf_geometry_is_inset(const struct bf_geometry *g)
{
    return g->left > BF_GEOMETRY_INSET || g->top > BF_GEOMETRY_INSET ||
           g->right < 1 - BF_GEOMETRY_INSET || g->bottom < 1 - BF_GEOMETRY_INSET;
}

void bf_geometry_to_suspect(const struct bf_geometry *g, double *x, double *y, double u, double v)
{
    unsigned k;

    if (g->mirrored)
        u = 1 - u;
    for (k = 0; k < g->quarter_turns; k++) {
        double w = u;

        u = 1 - v;
        v = w;
    }
    *x = g->left + u * (g->right - g->left);
    *y = g->top + v * (g->bottom - g->top);
}

void bf_geometry_to_record(const struct bf_geometry *g, double *u, double *v, double x, double y)
{
    unsigned k;

    x = (x - g->left) / (g->right - g->left);
    y = (y - g->top) / (g->bottom - g->top);
    for (k = 0; k < g->quarter_turns; k++) {
        double w = x;

        x = y;
        y = 1 - w;
    }
    *u = g->mirrored ? 1 - x : x;
    *v = y;
}

struct text {
    char *at;
    size_t size, n;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    if (t->n > 0 && t->n < t->size)
        t->n += (size_t)snprintf(t->at + t->n, t->size - t->n, ", ");
    va_start(args, format);
    n = vsnprintf(t->n < t->size ? t->at + t->n : NULL, t->n < t->size ? t->size - t->n : 0, format,
                  args);
    va_end(args);
    t->n += n > 0 ? (size_t)n : 0;
}

static double inside(double from, double to)
{
    return (to < 1 ? to : 1) - (from > 0 ? from : 0);
}

size_t bf_geometry_describe(char *text, size_t size, const struct bf_geometry *g)
{
    struct text t = {text, size, 0};
    double w = g->right - g->left, h = g->bottom - g->top;
    bool side = g->left > ROUNDING || g->right<1 - ROUNDING, above = g->top> ROUNDING ||
                g->bottom < 1 - ROUNDING;

    if (size > 0)
        text[0] = '\0';
    if (g->mirrored)
        say(&t, "mirrored");
    if (g->quarter_turns > 0)
        say(&t, "turned by %u degrees", g->quarter_turns * 90);
    if (g->left < -ROUNDING || g->right > 1 + ROUNDING || g->top < -ROUNDING ||
        g->bottom > 1 + ROUNDING)
        say(&t, "cropped to %.0f %% x %.0f %% of the picture", 100 * inside(g->left, g->right) / w,
            100 * inside(g->top, g->bottom) / h);
    if (side && above)
        say(&t, "shown as a picture in a picture, %.0f %% of its width", 100 * w);
    else if (side)
        say(&t, "with bars at the sides");
    else if (above)
        say(&t, "with bars above and below");
    return t.n;
}

double bf_geometry_apart(const struct bf_geometry *a, const struct bf_geometry *b)
{
    double w = b->right - b->left, h = b->bottom - b->top;

    return fmax(fmax(fabs(a->left - b->left), fabs(a->right - b->right)) / w,
                fmax(fabs(a->top - b->top), fabs(a->bottom - b->bottom)) / h);
}
