/*
 * swap_preview.h - a sheet of faces that training has not seen: A, A as A, A as B, B, B as B, B as
 * A
 */
#ifndef BF_SWAP_PREVIEW_H
#define BF_SWAP_PREVIEW_H

#include "generator/swap_model.h"
#include "generator/swap_sample.h"
#include "lib/base/bytes.h"

struct bf_swap_preview {
    double ssim, psnr; /* of A as A and B as B within their masks, over what was held out */
    size_t n;          /* faces measured */
};

/*
 * Run the model, whose networks are planned for batches of batch, over held-out faces of a and b:
 * up to rows of them make the sheet, which is appended to png with its columns named and the word
 * SYNTHETIC over it; png may be NULL. All that were held out are measured.
 */
enum bf_err bf_swap_preview_make(struct bf_swap_preview *out, struct bf_buf *png,
                                 struct bf_swap_model *m, const struct bf_swap_faces *a,
                                 const struct bf_swap_faces *b, size_t batch, size_t rows,
                                 struct bf_error *err);

#endif
