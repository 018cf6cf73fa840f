#include "ledger/digest/digest_format.h"
#include "ledger/digest/grid_code.h"

void bf_digest_trailer_encode(struct bf_buf *out, const struct bf_digest_info *info)
{
    bf_buf_append(out, BF_DIGEST_MAGIC, BF_DIGEST_MAGIC_SIZE);
    bf_buf_put_be16(out, (uint16_t)info->cols);
    bf_buf_put_be16(out, (uint16_t)info->rows);
    bf_buf_put_be32(out, BF_DIGEST_PERIOD_US);
    bf_buf_put_u8(out, BF_GRID_STEP);
    bf_buf_put_be32(out, info->width);
    bf_buf_put_be32(out, info->height);
    bf_buf_put_be64(out, info->n_frames);
    bf_buf_put_be64(out, info->n_samples);
    bf_buf_put_be64(out, info->duration_us);
    bf_buf_put_be32(out, info->n_segments);
    bf_buf_append(out, info->frames32, 32);
    bf_buf_append(out, info->lookup32, 32);
    bf_buf_append(out, info->grid32, 32);
}

static void copy32(uint8_t out32[32], struct bf_reader *r)
{
    const uint8_t *p = bf_read_bytes(r, 32);

    if (p != NULL)
        memcpy(out32, p, 32);
}

bool bf_digest_trailer_decode(struct bf_digest_info *info, const uint8_t *p)
{
    struct bf_reader r;
    uint64_t n_segments;
    bool shape_ok;

    bf_reader_init(&r, p, BF_DIGEST_TRAILER_SIZE);
    *info = (struct bf_digest_info){0};
    if (memcmp(bf_read_bytes(&r, BF_DIGEST_MAGIC_SIZE), BF_DIGEST_MAGIC, BF_DIGEST_MAGIC_SIZE) != 0)
        return false;
    info->cols = bf_read_be16(&r);
    info->rows = bf_read_be16(&r);
    shape_ok = (info->cols == BF_GRID_LONG && info->rows == BF_GRID_SHORT) ||
               (info->cols == BF_GRID_SHORT && info->rows == BF_GRID_LONG);
    if (bf_read_be32(&r) != BF_DIGEST_PERIOD_US || bf_read_u8(&r) != BF_GRID_STEP || !shape_ok)
        return false;
    info->width = bf_read_be32(&r);
    info->height = bf_read_be32(&r);
    info->n_frames = bf_read_be64(&r);
    info->n_samples = bf_read_be64(&r);
    info->duration_us = bf_read_be64(&r);
    info->n_segments = bf_read_be32(&r);
    copy32(info->frames32, &r);
    copy32(info->lookup32, &r);
    copy32(info->grid32, &r);
    n_segments = (info->n_samples + BF_DIGEST_SEGMENT_SAMPLES - 1) / BF_DIGEST_SEGMENT_SAMPLES;
    return bf_reader_done(&r) && info->n_frames > 0 && info->n_samples > 0 &&
           info->n_samples <= BF_DIGEST_SAMPLES_MAX && info->n_segments == n_segments &&
           info->n_frames <= (uint64_t)info->n_segments * BF_DIGEST_SEGMENT_FRAMES &&
           info->duration_us > (info->n_samples - 1) * BF_DIGEST_PERIOD_US &&
           info->duration_us <= info->n_samples * BF_DIGEST_PERIOD_US;
}
