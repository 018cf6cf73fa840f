/*
 * sharpen.h - unsharp mask: what a blur takes away, put on once more
 */
#ifndef BF_SHARPEN_H
#define BF_SHARPEN_H

#include <stddef.h>

#include "lib/base/error.h"

/*
 * rgb is (h, w, 3) in 0..1 and stays there: rgb += amount (rgb - blurred by sigma). A negative
 * amount blurs. BF_ERR_NOMEM alone; rgb is then as it was.
 */
enum bf_err bf_sharpen(float *rgb, size_t h, size_t w, float sigma, float amount,
                       struct bf_error *err);

#endif
