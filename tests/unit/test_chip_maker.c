/* Groups of chips: a real one and fakes of it, through the same coder, with masks where they were
 * changed. */
#include "tests/unit/face_fixture.h"

#include <math.h>

#include "cli/chip_maker.h"
#include "generator/fake_maker.h"

enum { SEEDS = 12 };

static double difference(const uint8_t *a, const uint8_t *b, const uint8_t *mask, bool inside)
{
    double sum = 0;
    size_t n = 0, i;

    for (i = 0; i < (size_t)BF_CHIP_SIZE * BF_CHIP_SIZE; i++) {
        size_t x = i % BF_CHIP_SIZE * BF_CHIP_MASK / BF_CHIP_SIZE,
               y = i / BF_CHIP_SIZE * BF_CHIP_MASK / BF_CHIP_SIZE;
        uint8_t m = mask[y * BF_CHIP_MASK + x];

        if (inside ? m > 200 : m == 0) {
            sum += abs(a[3 * i] - b[3 * i]);
            n++;
        }
    }
    return n > 0 ? sum / (double)n : 0;
}

static void check_group(const struct bf_chip_record *r, size_t n, double *inside, double *outside)
{
    size_t i, k;

    assert_true(n >= 1 && n <= 4);
    assert_string_equal(r[0].family, "real");
    for (i = 0; i < n; i++) {
        unsigned most = 0;

        assert_int_equal(r[i].fake, i > 0);
        assert_int_equal(r[i].person, 77);
        assert_int_equal(r[i].crf, r[0].crf);
        assert_int_equal(r[i].half, r[0].half);
        assert_int_equal(r[i].still, r[0].still);
        assert_true(r[i].crf == 0 || (r[i].crf >= 18 && r[i].crf <= 40));
        for (k = 0; k < BF_CHIP_MASK * BF_CHIP_MASK; k++)
            most = r[i].mask[k] > most ? r[i].mask[k] : most;
        assert_int_equal(most, i > 0 ? 255 : 0);
        if (i > 0) {
            assert_non_null(bf_fake_method_find(r[i].family));
            for (k = 1; k < i; k++)
                assert_string_not_equal(r[i].family, r[k].family);
            *inside += difference(r[0].chip, r[i].chip, r[i].mask, true);
            *outside += difference(r[0].chip, r[i].chip, r[i].mask, false);
        }
    }
}

static void groups(void **state)
{
    struct bf_chip_record *r = calloc(BF_CHIP_GROUP_MAX, sizeof *r),
                          *again = calloc(BF_CHIP_GROUP_MAX, sizeof *again);
    struct bf_face_reader *reader;
    struct bf_chip_maker *m = NULL, *other = NULL;
    struct bf_moments ann, ben, still;
    unsigned n_half = 0, n_coded = 0, n_fakes = 0;
    double inside = 0, outside = 0;
    size_t n, n_again, i;

    (void)state;
    if (!face_models()) {
        free(r);
        free(again);
        skip();
    }
    assert_true(r != NULL && again != NULL);
    reader = face_reader();
    face_video("ann.y4m", ANN, 480, 360, 24);
    face_video("ben.y4m", BEN, 480, 360, 10);
    face_photo("ann.png", ANN);
    assert_int_equal(bf_moments_read(&ann, text_path("ann.y4m"), 5, reader, NULL), BF_OK);
    assert_int_equal(bf_moments_read(&ben, text_path("ben.y4m"), 2, reader, NULL), BF_OK);
    assert_int_equal(bf_moments_read(&still, text_path("ann.png"), 1, reader, NULL), BF_OK);
    assert_int_equal(bf_chip_maker_create(&m, FACE_MODELS, NULL), BF_OK);
    assert_int_equal(bf_chip_maker_create(&other, FACE_MODELS, NULL), BF_OK);
    for (i = 0; i < SEEDS; i++) {
        struct bf_chip_job job = {.moment = i % 4 == 3 ? &still.moment[0] : &ann.moment[i % ann.n],
                                  .own = i % 4 == 3 ? &still.donor : &ann.donor,
                                  .other = i % 2 ? &ben.donor : NULL,
                                  .person = 77,
                                  .seed = i,
                                  .n_fakes = 3};

        memset(r, 0xee, BF_CHIP_GROUP_MAX * sizeof *r);
        assert_int_equal(bf_chip_maker_run(r, &n, m, &job, NULL), BF_OK);
        check_group(r, n, &inside, &outside);
        assert_int_equal(r[0].still, i % 4 == 3);
        n_fakes += (unsigned)n - 1;
        n_half += r[0].half;
        n_coded += r[0].crf > 0;
        /* the same bits of the same job, by another maker that has made nothing else */
        if (i == 1 || i == SEEDS - 1) {
            memset(again, 0x11, BF_CHIP_GROUP_MAX * sizeof *again);
            assert_int_equal(bf_chip_maker_run(again, &n_again, other, &job, NULL), BF_OK);
            assert_int_equal(n, n_again);
            for (n = 0; n < n_again; n++) {
                r[n].group = again[n].group = 0;
                assert_memory_equal(&r[n], &again[n], sizeof *r);
            }
        }
    }
    assert_true(n_fakes >= SEEDS);
    assert_true(n_half > 0 && n_half < SEEDS && n_coded > SEEDS / 2);
    /* fakes differ where the mask says, and hardly elsewhere */
    assert_true(inside > 2 * outside);
    bf_chip_maker_free(&m);
    bf_chip_maker_free(&other);
    bf_chip_maker_free(&m);
    bf_moments_release(&ann);
    bf_moments_release(&ben);
    bf_moments_release(&still);
    bf_face_reader_free(&reader);
    free(r);
    free(again);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups),
    };

    return cmocka_run_group_tests(tests, text_root_make, text_root_remove);
}
