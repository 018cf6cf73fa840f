#include "cli/cli.h"

#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool in_foreground(void)
{
    return isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

static void format_left(char *out, size_t cap, double s)
{
    unsigned t = s < 359999 ? (unsigned)(s + 0.5) : 359999;

    if (t >= 3600)
        snprintf(out, cap, "%u:%02u:%02u", t / 3600, t / 60 % 60, t % 60);
    else
        snprintf(out, cap, "%u:%02u", t / 60, t % 60);
}

static void step(void *ctx, uint64_t done, uint64_t total)
{
    struct bf_cli_progress *p = ctx;
    int64_t now = now_ms();
    double elapsed = (double)(now - p->start_ms) / 1000, rate, left;
    char left_text[32] = "";

    if (p->on == 0 || now - p->last_ms < 170 || elapsed < 1)
        return;
    if (p->on < 0 && !in_foreground())
        return;
    p->last_ms = now;
    p->shown = true;
    rate = (double)done / p->scale / elapsed;
    if (total > done && done > 0) {
        left = elapsed * ((double)total / (double)done - 1);
        format_left(left_text, sizeof left_text, left);
    }
    if (total > 0)
        fprintf(stderr, "\r\033[K%s: %3.0f %%  %.0f of %.0f %s  %.1f %s/s%s%s", p->label,
                100.0 * (double)done / (double)total, (double)done / p->scale,
                (double)total / p->scale, p->unit, rate, p->unit, left_text[0] ? "  left " : "",
                left_text);
    else
        fprintf(stderr, "\r\033[K%s: %.0f %s  %.1f %s/s", p->label, (double)done / p->scale,
                p->unit, rate, p->unit);
    fflush(stderr);
}

void bf_cli_progress_start(struct bf_cli_progress *p, const char *label, const char *unit,
                           double scale, int on)
{
    *p = (struct bf_cli_progress){.label = label, .unit = unit, .scale = scale, .on = on};
    p->sink.step = step;
    p->sink.ctx = p;
    p->start_ms = now_ms();
    p->last_ms = p->start_ms;
}

void bf_cli_progress_end(struct bf_cli_progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
