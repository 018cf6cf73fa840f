/*
 * progress.h - where a long run says how far it is
 *
 * Library code calls bf_progress_step as often as it likes; whoever owns the sink decides what to
 * show and when.
 */
#ifndef BF_PROGRESS_H
#define BF_PROGRESS_H

#include <stdint.h>

struct bf_progress {
    /* done of total units (total 0: unknown); may be NULL */
    void (*step)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};

static inline void bf_progress_step(const struct bf_progress *p, uint64_t done, uint64_t total)
{
    if (p != NULL && p->step != NULL)
        p->step(p->ctx, done, total);
}

#endif
