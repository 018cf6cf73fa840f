#include "generator/colour_transfer.h"
#include "generator/lab.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *const bf_colour_names[BF_COLOUR_MODES] = {"none", "reinhard", "histogram"};

/* The first bin's lower edge, and bins a unit. */
static const float first[3] = {0, -128, -128}, bins_a_unit[3] = {2.56f, 1, 1};

struct sums {
    double weight, sum[3], square[3];
    double bin[3][BF_COLOUR_BINS];
};

static float place(int channel, float v)
{
    float at = (v - first[channel]) * bins_a_unit[channel];

    /* What is no number goes to the first bin. */
    return !(at > 0) ? 0 : at > BF_COLOUR_BINS ? BF_COLOUR_BINS : at;
}

/* A value counts in the two bins whose middles it lies between, so that flat pictures give no
 * combs. */
static void count(double *bin, int channel, float v, double weight)
{
    float at = place(channel, v) - 0.5f;
    int low;
    double part;

    at = at < 0 ? 0 : at > BF_COLOUR_BINS - 1 ? BF_COLOUR_BINS - 1 : at;
    low = (int)at;
    part = (double)(at - (float)low);
    bin[low] += weight * (1 - part);
    if (low + 1 < BF_COLOUR_BINS)
        bin[low + 1] += weight * part;
}

static void add_up(struct sums *s, const float *rgb, const float *mask, size_t n, bool bins)
{
    float lab[3][BF_LAB_CHUNK];
    size_t at, i, m;
    int c;

    memset(s, 0, sizeof *s);
    for (at = 0; at < n; at += m) {
        m = n - at < BF_LAB_CHUNK ? n - at : BF_LAB_CHUNK;
        bf_lab_of_rgb(lab, rgb + 3 * at, m);
        for (i = 0; i < m; i++) {
            double weight = mask != NULL ? (double)mask[at + i] : 1;

            s->weight += weight;
            for (c = 0; c < 3; c++) {
                double v = (double)lab[c][i];

                s->sum[c] += weight * v;
                s->square[c] += weight * v * v;
            }
            if (bins && weight > 0)
                for (c = 0; c < 3; c++)
                    count(s->bin[c], c, lab[c][i], weight);
        }
    }
}

static void mean_and_dev(float mean[3], float dev[3], const struct sums *s)
{
    int c;

    for (c = 0; c < 3; c++) {
        double m = s->sum[c] / s->weight, variance = s->square[c] / s->weight - m * m;

        mean[c] = (float)m;
        dev[c] = (float)sqrt(variance > 0 ? variance : 0);
    }
}

/* curve: the value below which as much of `to` lies as lies of `from` below the middle of bin i. */
static void match(float *curve, int channel, const struct sums *from, const struct sums *to)
{
    const double *f = from->bin[channel], *t = to->bin[channel];
    double below = 0, total = 0;
    int i, k = 0;

    for (i = 0; i < BF_COLOUR_BINS; i++) {
        double wanted = (below + f[i] / 2) / from->weight * to->weight;
        double inside;

        while (k < BF_COLOUR_BINS - 1 && total + t[k] < wanted)
            total += t[k++];
        inside = t[k] > 0 ? (wanted - total) / t[k] : 0.5;
        inside = inside < 0 ? 0 : inside > 1 ? 1 : inside;
        curve[i] = first[channel] + (float)(k + inside) / bins_a_unit[channel];
        below += f[i];
    }
}

/* Outside what was seen of `from` the curve goes on as far from the identity as at its end. */
static void extend(float *curve, int channel, const struct sums *from)
{
    const double *f = from->bin[channel];
    float unit = 1 / bins_a_unit[channel];
    int low = 0, high = BF_COLOUR_BINS - 1, i;

    while (low < high && f[low] <= 0)
        low++;
    while (high > low && f[high] <= 0)
        high--;
    for (i = 0; i < low; i++)
        curve[i] = curve[low] - (float)(low - i) * unit;
    for (i = high + 1; i < BF_COLOUR_BINS; i++)
        curve[i] = curve[high] + (float)(i - high) * unit;
}

/* Where few pixels lie the curve is steep or flat by chance: red lips would make a red nose. */
static void smooth(float *curve)
{
    enum { REACH = 4 };
    float before[BF_COLOUR_BINS];
    int i, k;

    memcpy(before, curve, sizeof before);
    for (i = REACH; i < BF_COLOUR_BINS - REACH; i++) {
        float sum = 0;

        for (k = -REACH; k <= REACH; k++)
            sum += (float)(REACH + 1 - abs(k)) * before[i + k];
        curve[i] = sum / ((REACH + 1) * (REACH + 1));
    }
}

void bf_colour_map_measure(struct bf_colour_map *m, enum bf_colour_mode mode, const float *from,
                           const float *to, const float *mask, size_t h, size_t w)
{
    struct sums a, b;
    int c;

    memset(m, 0, sizeof *m);
    if (mode == BF_COLOUR_NONE)
        return;
    add_up(&a, from, mask, h * w, mode == BF_COLOUR_HISTOGRAM);
    add_up(&b, to, mask, h * w, mode == BF_COLOUR_HISTOGRAM);
    if (!(a.weight > 1e-3) || !(b.weight > 1e-3))
        return;
    m->mode = mode;
    mean_and_dev(m->mean_from, m->dev_from, &a);
    mean_and_dev(m->mean_to, m->dev_to, &b);
    for (c = 0; mode == BF_COLOUR_HISTOGRAM && c < 3; c++) {
        match(m->curve[c], c, &a, &b);
        extend(m->curve[c], c, &a);
        smooth(m->curve[c]);
    }
}

static void blend(float *v, const float *previous, size_t n, float keep)
{
    size_t i;

    for (i = 0; i < n; i++)
        v[i] = keep * previous[i] + (1 - keep) * v[i];
}

void bf_colour_map_smooth(struct bf_colour_map *m, const struct bf_colour_map *previous, float keep)
{
    if (m->mode == BF_COLOUR_NONE || previous->mode != m->mode)
        return;
    blend(m->mean_from, previous->mean_from, 3, keep);
    blend(m->dev_from, previous->dev_from, 3, keep);
    blend(m->mean_to, previous->mean_to, 3, keep);
    blend(m->dev_to, previous->dev_to, 3, keep);
    blend(m->curve[0], previous->curve[0], 3 * BF_COLOUR_BINS, keep);
}

static void by_curve(float *v, const float *curve, int channel, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        float at = place(channel, v[i]) - 0.5f;
        int low;

        at = at < 0 ? 0 : at > BF_COLOUR_BINS - 1.001f ? BF_COLOUR_BINS - 1.001f : at;
        low = (int)at;
        v[i] = curve[low] + (at - (float)low) * (curve[low + 1] - curve[low]);
    }
}

void bf_colour_map_apply(float *rgb, const struct bf_colour_map *m, size_t h, size_t w)
{
    float lab[3][BF_LAB_CHUNK], gain[3];
    size_t n = h * w, at, k, i;
    int c;

    if (m->mode == BF_COLOUR_NONE)
        return;
    /* A picture of one colour has no deviation to stretch. */
    for (c = 0; c < 3; c++)
        gain[c] = m->dev_from[c] > 1e-3f ? m->dev_to[c] / m->dev_from[c] : 1;
    for (at = 0; at < n; at += k) {
        k = n - at < BF_LAB_CHUNK ? n - at : BF_LAB_CHUNK;
        bf_lab_of_rgb(lab, rgb + 3 * at, k);
        for (c = 0; c < 3; c++) {
            if (m->mode == BF_COLOUR_HISTOGRAM) {
                by_curve(lab[c], m->curve[c], c, k);
                continue;
            }
            for (i = 0; i < k; i++)
                lab[c][i] = (lab[c][i] - m->mean_from[c]) * gain[c] + m->mean_to[c];
        }
        bf_rgb_of_lab(rgb + 3 * at, lab, k);
    }
}
