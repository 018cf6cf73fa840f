/* Digest blobs: whatever the bytes say, reading them ends, and a blob that checks is read whole. */
#include "tests/fuzz/replay.h"

#include "ledger/digest/digest.h"

enum { SAMPLES_MAX = 64 }; /* of an input; a few bytes can claim hours of grids */

static bool count(void *ctx, uint64_t i, const struct bf_digest_frame *f)
{
    uint64_t *n = ctx;

    MUST(i == *n && f->exact32 != NULL && f->pts_us >= 0);
    (*n)++;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_digest *d = NULL;
    uint64_t n = 0, k;
    uint8_t root32[32];
    bool whole;

    if (bf_digest_open(&d, data, size, "input", NULL) != BF_OK)
        return 0;
    bf_digest_root(d, root32);
    whole = bf_digest_check(root32, data, size);
    if (bf_digest_frames(d, 0, count, &n, NULL) == BF_OK)
        MUST(n == bf_digest_info(d)->n_frames);
    for (k = 0; k < bf_digest_info(d)->n_samples && k < SAMPLES_MAX; k++)
        if (bf_digest_grid(d, k, NULL) == NULL)
            break;
    root32[0] ^= 1;
    MUST(!whole || !bf_digest_check(root32, data, size));
    bf_digest_close(&d);
    return 0;
}
