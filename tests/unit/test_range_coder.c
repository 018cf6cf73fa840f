#include "tests/unit/video_fixture.h"

#include "ledger/digest/range_coder.h"

enum { N = 20000, MODELS = 5 };

static unsigned fixture_bit(unsigned i)
{
    return fixture_hash(i) % 16 < (i % MODELS) * 3;
}

static void round_trip(void **state)
{
    struct bf_bit_model m[MODELS];
    struct bf_range_encoder e;
    struct bf_range_decoder d;
    struct bf_buf out = {0};
    struct bf_reader in;
    unsigned i;

    (void)state;
    bf_bit_models_init(m, MODELS);
    bf_range_encoder_init(&e, &out);
    for (i = 0; i < N; i++) {
        bf_range_encode(&e, &m[i % MODELS], fixture_bit(i));
        if (i % 97 == 0)
            bf_range_encode_raw(&e, fixture_hash(i) & 0x1fff, 13);
    }
    bf_range_encoder_finish(&e);
    /* The skewed bits cost well under one each. */
    assert_true(out.len < N / 8 * 85 / 100 + N / 97 * 13 / 8);
    bf_bit_models_init(m, MODELS);
    bf_reader_init(&in, out.data, out.len);
    bf_range_decoder_init(&d, &in);
    for (i = 0; i < N; i++) {
        assert_int_equal(bf_range_decode(&d, &m[i % MODELS]), fixture_bit(i));
        if (i % 97 == 0)
            assert_int_equal(bf_range_decode_raw(&d, 13), fixture_hash(i) & 0x1fff);
    }
    assert_true(bf_reader_done(&in));
    bf_buf_release(&out);
}

/* A long run of the likelier symbol, then carries: the case that a coder without carry handling
 * gets wrong. */
static void carries(void **state)
{
    struct bf_bit_model m[1];
    struct bf_range_encoder e;
    struct bf_range_decoder d;
    struct bf_buf out = {0};
    struct bf_reader in;
    unsigned i, round;

    (void)state;
    for (round = 1; round < 200; round++) {
        out.len = 0;
        bf_bit_models_init(m, 1);
        bf_range_encoder_init(&e, &out);
        for (i = 0; i < 3000; i++)
            bf_range_encode(&e, m, i % round == round - 1);
        bf_range_encoder_finish(&e);
        bf_bit_models_init(m, 1);
        bf_reader_init(&in, out.data, out.len);
        bf_range_decoder_init(&d, &in);
        for (i = 0; i < 3000; i++)
            assert_int_equal(bf_range_decode(&d, m), i % round == round - 1);
        assert_true(bf_reader_done(&in));
    }
    bf_buf_release(&out);
}

static void runs_dry(void **state)
{
    struct bf_bit_model m[1];
    struct bf_range_decoder d;
    struct bf_reader in;
    unsigned i;

    (void)state;
    bf_bit_models_init(m, 1);
    bf_reader_init(&in, "abc", 3);
    bf_range_decoder_init(&d, &in);
    for (i = 0; i < 1000; i++)
        bf_range_decode(&d, m);
    assert_true(in.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(carries),
        cmocka_unit_test(runs_dry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
