#include "ledger/match/change_kind.h"
#include "lib/base/spool.h"

enum { STILL_ROWS = 14 }; /* fewer say nothing about standing still */

#define GRADE_AREA 0.6   /* of the picture: more is no region of it */
#define STILL_NOISE 3.0  /* variance about a still overlay, in units of the noise's */
#define STILL_SHARE 0.04 /* deviation about one, in units of how far it lies from the picture */

/* Sums for one cell over time: what was expected, what is shown, and the noise's variance. */
struct cell_sums {
    double e, x, ee, xx, ex, noise;
};

/*
 * An overlay shows, at each cell, some share of the picture (none where it is opaque) and
 * something that never changes: what is left after a straight line is fitted at each cell is
 * noise. Other content moves in its own way.
 *
 * A cell counts by how much it stands out: at the rim of a logo only what a coder carried there
 * differs. The coder's noise grows with the steps that it codes, and those of a white box in a dark
 * corner are not the corner's: what varies by no more than a small part of its own contrast stands
 * still as well.
 */
static bool stands_still(const struct cell_sums *s, const uint8_t *mask, unsigned cells, double n)
{
    double left = 0, noise = 0, contrast = 0;
    unsigned i;

    for (i = 0; i < cells; i++) {
        double ee, xx, ex, share, apart;

        if (!mask[i])
            continue;
        ee = s[i].ee - s[i].e * s[i].e / n;
        xx = s[i].xx - s[i].x * s[i].x / n;
        ex = s[i].ex - s[i].e * s[i].x / n;
        share = ee > 0 ? ex / ee : 0;
        share = share < 0 ? 0 : share > 1 ? 1 : share;
        apart = s[i].xx - 2 * s[i].ex + s[i].ee;
        left += apart * (xx - 2 * share * ex + share * share * ee);
        noise += apart * s[i].noise;
        contrast += apart * apart;
    }
    return left < STILL_NOISE * noise || left < STILL_SHARE * STILL_SHARE * contrast;
}

enum bf_change bf_change_kind(const struct bf_spool *rows, const struct bf_noise *noise,
                              const uint8_t *mask, unsigned cells, uint64_t first, uint64_t last,
                              double area)
{
    struct cell_sums *s;
    enum bf_change kind = BF_CHANGE_REGION;
    uint64_t k;
    unsigned i;

    if (area > GRADE_AREA)
        return BF_CHANGE_GRADE;
    if (last - first + 1 < STILL_ROWS)
        return BF_CHANGE_REGION;
    s = calloc(cells, sizeof *s);
    if (s == NULL)
        return kind; /* a name less, not an answer less */
    for (k = first; k <= last; k++) {
        const struct bf_residual_row *row = bf_spool_row(rows, k);

        for (i = 0; i < cells; i++) {
            double e, x;

            if (!mask[i])
                continue;
            e = row->expected[i];
            x = e + row->residual[i] / (double)BF_RESIDUAL_ONE;
            s[i].e += e;
            s[i].x += x;
            s[i].ee += e * e;
            s[i].xx += x * x;
            s[i].ex += e * x;
            s[i].noise += (double)bf_noise_variance(noise, row, i);
        }
    }
    if (stands_still(s, mask, cells, (double)(last - first + 1)))
        kind = BF_CHANGE_OVERLAY;
    free(s);
    return kind;
}
