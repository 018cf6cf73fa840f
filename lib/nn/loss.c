#include "lib/nn/loss.h"
#include "lib/nn/node.h"

#include <math.h>

static float weight_of(const float *weight, size_t row)
{
    return weight != NULL ? weight[row] : 1;
}

/* Without weights rows mean nothing: as long ones as single precision adds up well. */
#define LONG_ROW 256

struct rows {
    size_t n, c, rest; /* n rows of c, then one of rest */
};

static struct rows rows_of(const float *weight, size_t n, size_t c)
{
    struct rows r = {n, c, 0};

    if (weight == NULL) {
        r.n = n * c / LONG_ROW;
        r.rest = n * c % LONG_ROW;
        r.c = LONG_ROW;
    }
    return r;
}

BF_WIDE static float l1_row(float *grad, const float *y, const float *target, float each, size_t c)
{
    float part = 0;
    size_t j;

    for (j = 0; j < c; j++)
        part += fabsf(y[j] - target[j]);
    for (j = 0; j < c && grad != NULL; j++) {
        float d = y[j] - target[j];

        grad[j] += d > 0 ? each : d < 0 ? -each : 0;
    }
    return part;
}

BF_WIDE static float mse_row(float *grad, const float *y, const float *target, float each, size_t c)
{
    float part = 0;
    size_t j;

    for (j = 0; j < c; j++)
        part += (y[j] - target[j]) * (y[j] - target[j]);
    for (j = 0; j < c && grad != NULL; j++)
        grad[j] += 2 * each * (y[j] - target[j]);
    return part;
}

typedef float row_fn(float *grad, const float *y, const float *target, float each, size_t c);

static float by_rows(row_fn *fn, float *grad, const float *y, const float *target,
                     const float *weight, size_t n, size_t c, float factor)
{
    struct rows rows = rows_of(weight, n, c);
    float each = factor / (float)(n * c);
    double sum = 0;
    size_t i;

    for (i = 0; i <= rows.n; i++) {
        float w = weight != NULL && i < n ? weight[i] : 1;
        size_t len = i < rows.n ? rows.c : rows.rest, at = i * rows.c;

        sum +=
            (double)(w * fn(grad != NULL ? grad + at : NULL, y + at, target + at, each * w, len));
    }
    return (float)(sum * (double)each);
}

float bf_loss_l1(float *grad, const float *y, const float *target, const float *weight, size_t rows,
                 size_t c, float factor)
{
    return by_rows(l1_row, grad, y, target, weight, rows, c, factor);
}

float bf_loss_mse(float *grad, const float *y, const float *target, const float *weight,
                  size_t rows, size_t c, float factor)
{
    return by_rows(mse_row, grad, y, target, weight, rows, c, factor);
}

float bf_loss_bce(float *grad, const float *y, const float *target, const float *weight,
                  size_t rows, size_t c, float factor)
{
    float each = factor / (float)(rows * c);
    double sum = 0;
    size_t i, j;

    for (i = 0; i < rows; i++, y += c, target += c, grad = grad != NULL ? grad + c : NULL) {
        float w = weight_of(weight, i);

        for (j = 0; j < c; j++) {
            float v = y[j], small = expf(-fabsf(v)); /* never overflows */
            float chance = v >= 0 ? 1 / (1 + small) : small / (1 + small);

            sum += (double)(w * ((v > 0 ? v : 0) - v * target[j] + log1pf(small)));
            if (grad != NULL)
                grad[j] += each * w * (chance - target[j]);
        }
    }
    return (float)(sum * (double)each);
}

float bf_loss_cross_entropy(float *grad, const float *y, const uint32_t *label, const float *weight,
                            size_t rows, size_t c, float factor)
{
    float each = factor / (float)rows;
    double sum = 0;
    size_t i, j;

    for (i = 0; i < rows; i++, y += c, grad = grad != NULL ? grad + c : NULL) {
        float w = weight_of(weight, i), most = y[0], total = 0;

        for (j = 1; j < c; j++)
            most = y[j] > most ? y[j] : most;
        for (j = 0; j < c; j++)
            total += expf(y[j] - most);
        sum += (double)(w * (logf(total) + most - y[label[i]]));
        for (j = 0; j < c && grad != NULL; j++)
            grad[j] += each * w * (expf(y[j] - most) / total - (j == label[i]));
    }
    return (float)(sum * (double)each);
}
