#include "ledger/digest/range_coder.h"

enum { FAST_RATE = 4, SLOW_RATE = 7 };
#define TOP (UINT32_C(1) << 24)

void bf_bit_models_init(struct bf_bit_model *m, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        m[i].fast = m[i].slow = 1 << 15;
}

/* Between 1/64 of a percent and its complement, so that no bit is impossible and none is free. */
static uint32_t probability(const struct bf_bit_model *m)
{
    uint32_t p = ((uint32_t)m->fast + m->slow) >> 1;

    return p < 16 ? 16 : p > 65520 ? 65520 : p;
}

static void learn(struct bf_bit_model *m, unsigned bit)
{
    if (bit) {
        m->fast = (uint16_t)(m->fast - (m->fast >> FAST_RATE));
        m->slow = (uint16_t)(m->slow - (m->slow >> SLOW_RATE));
    } else {
        m->fast = (uint16_t)(m->fast + ((65535 - m->fast) >> FAST_RATE));
        m->slow = (uint16_t)(m->slow + ((65535 - m->slow) >> SLOW_RATE));
    }
}

void bf_range_encoder_init(struct bf_range_encoder *e, struct bf_buf *out)
{
    *e = (struct bf_range_encoder){.out = out, .range = UINT32_MAX, .cache_size = 1};
}

/* The top byte of low goes out, unless a carry may still run through it. */
static void shift_low(struct bf_range_encoder *e)
{
    if ((uint32_t)e->low < UINT32_C(0xff000000) || e->low >> 32) {
        uint8_t carry = (uint8_t)(e->low >> 32);

        do {
            bf_buf_put_u8(e->out, (uint8_t)(e->cache + carry));
            e->cache = 0xff;
        } while (--e->cache_size);
        e->cache = (uint8_t)(e->low >> 24);
    }
    e->cache_size++;
    e->low = (e->low & 0x00ffffff) << 8;
}

void bf_range_encode(struct bf_range_encoder *e, struct bf_bit_model *m, unsigned bit)
{
    uint32_t bound = (e->range >> 16) * probability(m);

    if (bit) {
        e->low += bound;
        e->range -= bound;
    } else {
        e->range = bound;
    }
    learn(m, bit);
    while (e->range < TOP) {
        e->range <<= 8;
        shift_low(e);
    }
}

void bf_range_encode_raw(struct bf_range_encoder *e, uint32_t bits, unsigned n)
{
    while (n-- > 0) {
        e->range >>= 1;
        if (bits >> n & 1)
            e->low += e->range;
        while (e->range < TOP) {
            e->range <<= 8;
            shift_low(e);
        }
    }
}

void bf_range_encoder_finish(struct bf_range_encoder *e)
{
    int i;

    for (i = 0; i < 5; i++)
        shift_low(e);
}

void bf_range_decoder_init(struct bf_range_decoder *d, struct bf_reader *in)
{
    int i;

    d->in = in;
    d->range = UINT32_MAX;
    d->code = 0;
    for (i = 0; i < 5; i++)
        d->code = d->code << 8 | bf_read_u8(in);
}

static void refill(struct bf_range_decoder *d)
{
    while (d->range < TOP) {
        d->range <<= 8;
        d->code = d->code << 8 | bf_read_u8(d->in);
    }
}

unsigned bf_range_decode(struct bf_range_decoder *d, struct bf_bit_model *m)
{
    uint32_t bound = (d->range >> 16) * probability(m);
    unsigned bit = d->code >= bound;

    if (bit) {
        d->code -= bound;
        d->range -= bound;
    } else {
        d->range = bound;
    }
    learn(m, bit);
    refill(d);
    return bit;
}

uint32_t bf_range_decode_raw(struct bf_range_decoder *d, unsigned n)
{
    uint32_t v = 0;

    while (n-- > 0) {
        unsigned bit;

        d->range >>= 1;
        bit = d->code >= d->range;
        if (bit)
            d->code -= d->range;
        v = v << 1 | bit;
        refill(d);
    }
    return v;
}
