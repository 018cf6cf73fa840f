#include "lib/nn/loss.h"

#include <math.h>

static float weight_of(const float *weight, size_t row)
{
    return weight != NULL ? weight[row] : 1;
}

float bf_loss_l1(float *grad, const float *y, const float *target, const float *weight, size_t rows,
                 size_t c, float factor)
{
    float each = factor / (float)(rows * c);
    double sum = 0;
    size_t i, j;

    for (i = 0; i < rows; i++, y += c, target += c, grad = grad != NULL ? grad + c : NULL) {
        float w = weight_of(weight, i), part = 0;

        for (j = 0; j < c; j++)
            part += fabsf(y[j] - target[j]);
        for (j = 0; j < c && grad != NULL; j++)
            grad[j] += y[j] > target[j] ? each * w : y[j] < target[j] ? -each * w : 0;
        sum += (double)(w * part);
    }
    return (float)(sum * (double)each);
}

float bf_loss_mse(float *grad, const float *y, const float *target, const float *weight,
                  size_t rows, size_t c, float factor)
{
    float each = factor / (float)(rows * c);
    double sum = 0;
    size_t i, j;

    for (i = 0; i < rows; i++, y += c, target += c, grad = grad != NULL ? grad + c : NULL) {
        float w = weight_of(weight, i), part = 0;

        for (j = 0; j < c; j++)
            part += (y[j] - target[j]) * (y[j] - target[j]);
        for (j = 0; j < c && grad != NULL; j++)
            grad[j] += 2 * each * w * (y[j] - target[j]);
        sum += (double)(w * part);
    }
    return (float)(sum * (double)each);
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
