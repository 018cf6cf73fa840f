/*
 * range_coder.h - adaptive binary arithmetic coding (after Martin 1979; carries as in LZMA's coder)
 *
 * Each bit is coded under a model that learns its probability with a fast and a slow estimate,
 * which are averaged.
 */
#ifndef BF_RANGE_CODER_H
#define BF_RANGE_CODER_H

#include "lib/base/bytes.h"

/* Probability that the bit is 0, in 1/65536, by two estimates. */
struct bf_bit_model {
    uint16_t fast, slow;
};

void bf_bit_models_init(struct bf_bit_model *m, size_t n);

struct bf_range_encoder {
    struct bf_buf *out; /* the caller's; bytes are appended */
    uint64_t low;
    uint32_t range;
    uint8_t cache;
    uint64_t cache_size;
};

void bf_range_encoder_init(struct bf_range_encoder *e, struct bf_buf *out);
void bf_range_encode(struct bf_range_encoder *e, struct bf_bit_model *m, unsigned bit);
/* n bits, most significant first, each as likely as not. */
void bf_range_encode_raw(struct bf_range_encoder *e, uint32_t bits, unsigned n);
/* Writes what is pending; the encoder is done. */
void bf_range_encoder_finish(struct bf_range_encoder *e);

struct bf_range_decoder {
    struct bf_reader *in; /* the caller's; running past its end sets failed */
    uint32_t range, code;
};

void bf_range_decoder_init(struct bf_range_decoder *d, struct bf_reader *in);
unsigned bf_range_decode(struct bf_range_decoder *d, struct bf_bit_model *m);
uint32_t bf_range_decode_raw(struct bf_range_decoder *d, unsigned n);

#endif
