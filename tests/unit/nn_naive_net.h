/*
 * nn_naive_net.h - every layer of net.h once more: double precision, one loop an index
 *
 * A network is a list of steps, each of which takes what the one before gave; naive_run goes
 * through it here, and a test builds the same with net.h. Gradients are left to differences: with
 * doubles they are exact enough. Nothing is given back before naive_reset.
 */
#ifndef BF_NN_NAIVE_NET_H
#define BF_NN_NAIVE_NET_H

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define BATCH 9

enum kind {
    END,
    CONV,      /* n channels, k, stride */
    BARE,      /* the same without a bias */
    DEPTHWISE, /* k, stride */
    DECONV,    /* n channels, k, stride */
    SHUFFLE,   /* k */
    MAXPOOL,   /* k, stride */
    AVGPOOL,   /* k, stride */
    MEAN,
    DENSE, /* n */
    NORM,
    NORM_IMAGE,
    RECTIFY, /* slope */
    PRELU,
    SIGMOID,
    TANH,
    SOFTMAX,
    PAD,      /* n above, k below, stride left, 1 right */
    RESHAPE,  /* to (n, k, stride) */
    GRU,      /* n units */
    GRU_BOTH, /* n units each way */
    KEEP,     /* for ADD and CONCAT */
    ADD,
    CONCAT,
};

struct step {
    enum kind kind;
    size_t n, k, stride;
    float slope;
};

struct tensor {
    size_t h, w, c;
    double *v; /* (BATCH, h, w, c) */
};

static double *naive_blocks[64];
static size_t naive_n_blocks;

static inline void naive_reset(void)
{
    while (naive_n_blocks > 0)
        free(naive_blocks[--naive_n_blocks]);
}

static inline struct tensor naive_make(size_t h, size_t w, size_t c)
{
    struct tensor t = {h, w, c, calloc(BATCH * h * w * c, sizeof(double))};

    assert(t.v != NULL && naive_n_blocks < sizeof naive_blocks / sizeof naive_blocks[0]);
    naive_blocks[naive_n_blocks++] = t.v;
    return t;
}

static inline bool naive_inside(const struct tensor *t, long y, long x)
{
    return y >= 0 && x >= 0 && y < (long)t->h && x < (long)t->w;
}

static inline double *naive_at(const struct tensor *t, size_t n, size_t y, size_t x, size_t c)
{
    return &t->v[((n * t->h + y) * t->w + x) * t->c + c];
}

/* What slides: dense where w is (k, k, c, oc), depthwise where oc is 0. */
static inline struct tensor naive_conv(struct tensor x, const double *w, const double *bias,
                                       size_t oc, size_t k, size_t stride)
{
    struct tensor y = naive_make((x.h - 1) / stride + 1, (x.w - 1) / stride + 1, oc > 0 ? oc : x.c);
    size_t n, i, j, o, a, b, c;

    for (n = 0; n < BATCH; n++)
        for (i = 0; i < y.h; i++)
            for (j = 0; j < y.w; j++)
                for (o = 0; o < y.c; o++) {
                    double sum = bias != NULL ? bias[o] : 0;

                    for (a = 0; a < k; a++)
                        for (b = 0; b < k; b++) {
                            long iy = (long)(i * stride + a) - (long)((k - 1) / 2);
                            long ix = (long)(j * stride + b) - (long)((k - 1) / 2);

                            if (!naive_inside(&x, iy, ix))
                                continue;
                            for (c = oc > 0 ? 0 : o; c < (oc > 0 ? x.c : o + 1); c++)
                                sum += *naive_at(&x, n, (size_t)iy, (size_t)ix, c) *
                                       w[oc > 0 ? ((a * k + b) * x.c + c) * oc + o
                                                : (a * k + b) * x.c + o];
                        }
                    *naive_at(&y, n, i, j, o) = sum;
                }
    return y;
}

/* Each input pixel paints its kernel; w is (k, k, oc, c). */
static inline struct tensor naive_deconv(struct tensor x, const double *w, const double *bias,
                                         size_t oc, size_t k, size_t stride)
{
    struct tensor y = naive_make(x.h * stride, x.w * stride, oc);
    size_t n, i, j, o, a, b, c;

    for (i = 0; i < BATCH * y.h * y.w * oc; i++)
        y.v[i] = bias[i % oc];
    for (n = 0; n < BATCH; n++)
        for (i = 0; i < x.h; i++)
            for (j = 0; j < x.w; j++)
                for (a = 0; a < k; a++)
                    for (b = 0; b < k; b++) {
                        long oy = (long)(i * stride + a) - (long)((k - stride) / 2);
                        long ox = (long)(j * stride + b) - (long)((k - stride) / 2);

                        for (o = 0; naive_inside(&y, oy, ox) && o < oc; o++)
                            for (c = 0; c < x.c; c++)
                                *naive_at(&y, n, (size_t)oy, (size_t)ox, o) +=
                                    *naive_at(&x, n, i, j, c) * w[((a * k + b) * oc + o) * x.c + c];
                    }
    return y;
}

static inline struct tensor naive_pool(struct tensor x, size_t k, size_t stride, bool mean)
{
    size_t pad = (k - 1) / 2, n, i, j, c, a, b;
    struct tensor y =
        naive_make((x.h + 2 * pad - k) / stride + 1, (x.w + 2 * pad - k) / stride + 1, x.c);

    for (n = 0; n < BATCH; n++)
        for (i = 0; i < y.h; i++)
            for (j = 0; j < y.w; j++)
                for (c = 0; c < x.c; c++) {
                    double sum = 0, most = -HUGE_VAL, seen = 0;

                    for (a = 0; a < k; a++)
                        for (b = 0; b < k; b++)
                            if (naive_inside(&x, (long)(i * stride + a) - (long)pad,
                                             (long)(j * stride + b) - (long)pad)) {
                                double v =
                                    *naive_at(&x, n, i * stride + a - pad, j * stride + b - pad, c);

                                sum += v;
                                most = fmax(most, v);
                                seen++;
                            }
                    *naive_at(&y, n, i, j, c) = mean ? sum / seen : most;
                }
    return y;
}

static inline struct tensor naive_mean(struct tensor x)
{
    struct tensor y = naive_make(1, 1, x.c);
    size_t n, i, j, c;

    for (n = 0; n < BATCH; n++)
        for (i = 0; i < x.h; i++)
            for (j = 0; j < x.w; j++)
                for (c = 0; c < x.c; c++)
                    *naive_at(&y, n, 0, 0, c) += *naive_at(&x, n, i, j, c) / (double)(x.h * x.w);
    return y;
}

/* One product for each row of x; w is (inner, columns). */
static inline struct tensor naive_product(struct tensor x, const double *w, const double *bias,
                                          size_t columns)
{
    size_t rows = BATCH * x.h * x.w, i, j, k;
    struct tensor y = naive_make(x.h, x.w, columns);

    for (i = 0; i < rows; i++)
        for (j = 0; j < columns; j++) {
            double sum = bias[j];

            for (k = 0; k < x.c; k++)
                sum += x.v[i * x.c + k] * w[k * columns + j];
            y.v[i * columns + j] = sum;
        }
    return y;
}

/* w: scale, shift, and the mean and variance that are used at inference, and moved at training
 * where moved is set. */
static inline struct tensor naive_norm(struct tensor x, double *const *w, bool training, bool moved)
{
    size_t rows = BATCH * x.h * x.w, i, j;
    struct tensor y = naive_make(x.h, x.w, x.c);

    for (j = 0; j < x.c; j++) {
        double mean = 0, variance = 0;

        for (i = 0; i < rows; i++)
            mean += x.v[i * x.c + j] / (double)rows;
        for (i = 0; i < rows; i++)
            variance += pow(x.v[i * x.c + j] - mean, 2) / (double)rows;
        if (training && moved) {
            w[2][j] = 0.9 * w[2][j] + 0.1 * mean;
            w[3][j] = 0.9 * w[3][j] + 0.1 * variance * (double)rows / (double)(rows - 1);
        }
        if (!training) {
            mean = w[2][j];
            variance = w[3][j];
        }
        for (i = 0; i < rows; i++)
            y.v[i * x.c + j] =
                (x.v[i * x.c + j] - mean) / sqrt(variance + 1e-5) * w[0][j] + w[1][j];
    }
    return y;
}

/* w: scale and shift */
static inline struct tensor naive_norm_image(struct tensor x, double *const *w)
{
    struct tensor y = naive_make(x.h, x.w, x.c);
    size_t rows = x.h * x.w, n, i, j;

    for (n = 0; n < BATCH; n++)
        for (j = 0; j < x.c; j++) {
            const double *v = x.v + n * rows * x.c + j;
            double mean = 0, variance = 0;

            for (i = 0; i < rows; i++)
                mean += v[i * x.c] / (double)rows;
            for (i = 0; i < rows; i++)
                variance += pow(v[i * x.c] - mean, 2) / (double)rows;
            for (i = 0; i < rows; i++)
                y.v[(n * rows + i) * x.c + j] =
                    (v[i * x.c] - mean) / sqrt(variance + 1e-5) * w[0][j] + w[1][j];
        }
    return y;
}

/* What is done to each number by itself; slope (c) for PRELU. */
static inline struct tensor naive_each(struct tensor x, const struct step *s, const double *slope)
{
    struct tensor y = naive_make(x.h, x.w, x.c);
    size_t i, n = BATCH * x.h * x.w * x.c;

    for (i = 0; i < n; i++) {
        double v = x.v[i];

        y.v[i] = s->kind == SIGMOID   ? 1 / (1 + exp(-v))
                 : s->kind == TANH    ? tanh(v)
                 : v > 0              ? v
                 : s->kind == RECTIFY ? (double)s->slope * v
                                      : slope[i % x.c] * v;
    }
    return y;
}

static inline struct tensor naive_softmax(struct tensor x)
{
    struct tensor y = naive_make(x.h, x.w, x.c);
    size_t i, j;

    for (i = 0; i < BATCH * x.h * x.w; i++) {
        double sum = 0;

        for (j = 0; j < x.c; j++)
            sum += exp(x.v[i * x.c + j]);
        for (j = 0; j < x.c; j++)
            y.v[i * x.c + j] = exp(x.v[i * x.c + j]) / sum;
    }
    return y;
}

/* Where number (n, i, j, c) of x goes: for PAD to one place of the picture, for SHUFFLE to
 * another. */
static inline struct tensor naive_move(struct tensor x, const struct step *s)
{
    size_t r = s->k, n, i, j, c;
    struct tensor y = s->kind == PAD ? naive_make(s->n + x.h + s->k, s->stride + x.w + 1, x.c)
                                     : naive_make(r * x.h, r * x.w, x.c / (r * r));

    for (n = 0; n < BATCH; n++)
        for (i = 0; i < x.h; i++)
            for (j = 0; j < x.w; j++)
                for (c = 0; c < x.c; c++) {
                    double v = *naive_at(&x, n, i, j, c);

                    if (s->kind == PAD)
                        *naive_at(&y, n, s->n + i, s->stride + j, c) = v;
                    else
                        *naive_at(&y, n, r * i + c / y.c / r, r * j + c / y.c % r, c % y.c) = v;
                }
    return y;
}

static inline struct tensor naive_join(struct tensor a, struct tensor b, bool concat)
{
    struct tensor y = naive_make(a.h, a.w, concat ? a.c + b.c : a.c);
    size_t i, j;

    for (i = 0; i < BATCH * a.h * a.w; i++)
        for (j = 0; j < y.c; j++)
            y.v[i * y.c + j] = !concat   ? a.v[i * a.c + j] + b.v[i * a.c + j]
                               : j < a.c ? a.v[i * a.c + j]
                                         : b.v[i * b.c + j - a.c];
    return y;
}

/* w: input, state and their biases, gates in the order reset, update, new. Writes channels from
 * first on of y. */
static inline void naive_gru(struct tensor y, size_t first, struct tensor x, double *const *w,
                             size_t units, bool back)
{
    size_t n, s, j, k, u = units;

    for (n = 0; n < BATCH; n++)
        for (s = 0; s < x.h; s++) {
            size_t t = back ? x.h - 1 - s : s;

            for (j = 0; j < u; j++) {
                double in[3], state[3], before = 0, reset, update, fresh;

                for (k = 0; k < 3; k++) {
                    size_t gate = k * u + j, i;

                    in[k] = w[2][gate];
                    state[k] = w[3][gate];
                    for (i = 0; i < x.c; i++)
                        in[k] += *naive_at(&x, n, t, 0, i) * w[0][i * 3 * u + gate];
                    for (i = 0; s > 0 && i < u; i++)
                        state[k] += *naive_at(&y, n, back ? t + 1 : t - 1, 0, first + i) *
                                    w[1][i * 3 * u + gate];
                }
                if (s > 0)
                    before = *naive_at(&y, n, back ? t + 1 : t - 1, 0, first + j);
                reset = 1 / (1 + exp(-in[0] - state[0]));
                update = 1 / (1 + exp(-in[1] - state[1]));
                fresh = tanh(in[2] + reset * state[2]);
                *naive_at(&y, n, t, 0, first + j) = (1 - update) * fresh + update * before;
            }
        }
}

/* w: the weights of all steps in the order in which net.h names them. */
static inline struct tensor naive_run(const struct step *s, struct tensor x, double **w,
                                      bool training, bool moved)
{
    struct tensor kept = x, y;

    for (; s->kind != END; s++)
        switch (s->kind) {
        case CONV:
        case BARE:
            x = naive_conv(x, w[0], s->kind == CONV ? w[1] : NULL, s->n, s->k, s->stride);
            w += s->kind == CONV ? 2 : 1;
            break;
        case DEPTHWISE:
            x = naive_conv(x, w[0], w[1], 0, s->k, s->stride);
            w += 2;
            break;
        case DECONV:
            x = naive_deconv(x, w[0], w[1], s->n, s->k, s->stride);
            w += 2;
            break;
        case MAXPOOL:
        case AVGPOOL:
            x = naive_pool(x, s->k, s->stride, s->kind == AVGPOOL);
            break;
        case MEAN:
            x = naive_mean(x);
            break;
        case DENSE:
            x = naive_product((struct tensor){1, 1, x.h * x.w * x.c, x.v}, w[0], w[1], s->n);
            w += 2;
            break;
        case NORM:
            x = naive_norm(x, w, training, moved);
            w += 4;
            break;
        case NORM_IMAGE:
            x = naive_norm_image(x, w);
            w += 2;
            break;
        case SOFTMAX:
            x = naive_softmax(x);
            break;
        case PAD:
        case SHUFFLE:
            x = naive_move(x, s);
            break;
        case RESHAPE:
            x = (struct tensor){s->n, s->k, s->stride, x.v};
            break;
        case GRU:
        case GRU_BOTH:
            y = naive_make(x.h, 1, s->kind == GRU ? s->n : 2 * s->n);
            naive_gru(y, 0, x, w, s->n, false);
            if (s->kind == GRU_BOTH)
                naive_gru(y, s->n, x, w + 4, s->n, true);
            w += s->kind == GRU ? 4 : 8;
            x = y;
            break;
        case KEEP:
            kept = x;
            break;
        case ADD:
        case CONCAT:
            x = naive_join(x, kept, s->kind == CONCAT);
            break;
        default:
            x = naive_each(x, s, w[0]);
            w += s->kind == PRELU;
            break;
        }
    return x;
}

#endif
