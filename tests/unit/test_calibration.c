/* Fits to made-up people of whom it is known what is to be learned; use and text of calibrations
 * written by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detector/calibration_impl.h"
#include "lib/nn/random.h"

#define PEOPLE 40
#define EACH 6 /* items: three real, three fake */
#define ITEMS (PEOPLE * EACH)

static const bool use_all[BF_CUES] = {
    true, true, true, true, true, true, true, true, true,
    true, true, true, true, true, true, true, true,
};

static void near(double a, double b, double within)
{
    if (!(fabs(a - b) <= within))
        fail_msg("%.17g is not %.17g", a, b);
}

/* The artifact cue is 1.5 deviations higher in fakes, on a scale of 10 round 100; the peak is
 * noise; the area is 0 in most reals; one in four lacks the temporal cue, and nobody has another.
 */
static void draw_people(struct bf_calibration_item *items, uint64_t seed)
{
    struct bf_random r = {seed};
    size_t i, j;

    for (i = 0; i < ITEMS; i++) {
        struct bf_calibration_item *it = &items[i];

        *it = (struct bf_calibration_item){
            .fake = i % 2, .person = 1000 + i / EACH * 77, .weight = 1};
        for (j = 0; j < BF_CUES; j++)
            it->cue[j] = (double)NAN;
        it->cue[BF_CUE_ARTIFACT] = 100 + 10 * ((double)bf_random_normal(&r) + (it->fake ? 1.5 : 0));
        it->cue[BF_CUE_ARTIFACT_PEAK] = (double)bf_random_normal(&r);
        it->cue[BF_CUE_BLEND_AREA] =
            bf_random_below(&r, 10) < (it->fake ? 7 : 3) ? (double)bf_random_uniform(&r) : 0;
        if (bf_random_below(&r, 4) > 0)
            it->cue[BF_CUE_TEMPORAL] = (double)bf_random_normal(&r) - (it->fake ? 1 : 0);
    }
}

static enum bf_err fit(struct bf_calibration *c, const struct bf_calibration_item *items, size_t n,
                       uint64_t seed)
{
    return bf_calibration_fit(c, items, n, use_all, 1e-3, 0.1, 0.1, seed, NULL);
}

static void cues_none(double cue[BF_CUES])
{
    size_t j;

    for (j = 0; j < BF_CUES; j++)
        cue[j] = (double)NAN;
}

static void learns_what_is_there(void **state)
{
    static struct bf_calibration_item items[ITEMS];
    static struct bf_calibration c;
    double cue[BF_CUES], low, high, p, before = 0, x;
    size_t j, d;

    (void)state;
    draw_people(items, 1);
    assert_int_equal(fit(&c, items, ITEMS, 1), BF_OK);
    assert_int_equal(c.cue[BF_CUE_ARTIFACT].n, ITEMS / 2);
    near(c.cue[BF_CUE_ARTIFACT].centre, 100, 3);
    near(c.cue[BF_CUE_ARTIFACT].spread, 10, 3);
    /* what is strange is so among fakes too */
    assert_true(c.cue[BF_CUE_ARTIFACT].high > c.cue[BF_CUE_ARTIFACT].quantile[100] + 2);
    assert_true(c.weight[0][BF_CUE_ARTIFACT] > 1 && c.weight[0][BF_CUE_TEMPORAL] < -0.5);
    assert_true(fabs(c.weight[0][BF_CUE_ARTIFACT_PEAK]) < 0.5);
    /* most reals' areas are the same, and still the others are not all at the end of the scale */
    near(c.cue[BF_CUE_BLEND_AREA].centre, 0, 0);
    assert_true(c.cue[BF_CUE_BLEND_AREA].spread > 0.03);
    /* what nobody had is not used, and weighs nothing in any fit */
    for (j = BF_CUE_POSE_GAP; j < BF_CUES; j++) {
        assert_false(c.cue[j].used);
        for (d = 0; d <= BF_CALIBRATION_DRAWS; d++)
            near(c.weight[d][j], 0, 1e-12);
    }
    cues_none(cue);
    cue[BF_CUE_TEMPORAL] = -0.5;
    for (x = 60; x <= 160; x += 5) {
        cue[BF_CUE_ARTIFACT] = x;
        p = bf_calibration_likelihood(&low, &high, &c, cue);
        assert_true(p > before || x > 155);
        assert_true(0 < low && low <= p && p <= high && high < 1 && high - low > 1e-6);
        before = p;
        if (x == 85)
            assert_true(p < 0.2);
        if (x == 130)
            assert_true(p > 0.9);
    }
}

/* How many fakes one person has, or how many videos, moves no weight; nor does a copy. */
static void people_and_kinds_count_alike(void **state)
{
    static struct bf_calibration_item items[ITEMS], more[ITEMS * 2];
    static struct bf_calibration one, other;
    size_t i, j, n = ITEMS;

    (void)state;
    draw_people(items, 2);
    memcpy(more, items, sizeof items);
    for (i = 0; i < ITEMS; i++)
        if (items[i].fake && (i < ITEMS / 4 || i % 4 == 1)) {
            more[n] = items[i];
            /* either the copy shares its person's weight evenly, or it has none to speak of */
            if (i >= ITEMS / 4)
                more[n].weight = 1e-12;
            n++;
        }
    assert_int_equal(fit(&one, items, ITEMS, 3), BF_OK);
    assert_int_equal(fit(&other, more, n, 3), BF_OK);
    near(one.bias[0], other.bias[0], 1e-7);
    for (j = 0; j < BF_CUES; j++)
        near(one.weight[0][j], other.weight[0][j], 1e-7);
    /* it is no accident of a fit that weights do not reach */
    for (i = 0; i < ITEMS; i++)
        items[i].weight = i % EACH == 1 ? 5 : 1;
    assert_int_equal(fit(&other, items, ITEMS, 3), BF_OK);
    assert_true(fabs(one.weight[0][BF_CUE_ARTIFACT] - other.weight[0][BF_CUE_ARTIFACT]) > 1e-3);
}

static void seeds(void **state)
{
    static struct bf_calibration_item items[ITEMS];
    static struct bf_calibration a, b;

    (void)state;
    draw_people(items, 4);
    assert_int_equal(fit(&a, items, ITEMS, 7), BF_OK);
    assert_int_equal(fit(&b, items, ITEMS, 7), BF_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(fit(&b, items, ITEMS, 8), BF_OK);
    assert_true(a.bias[0] == b.bias[0] && a.bias[1] != b.bias[1]);
}

/* Worked by hand, from likelihoods and weights; the last column is what the shares ask for. */
static void thresholds_by_hand(void **state)
{
    static const double chance[] = {0.9, 0.1, 0.3, 0.8, 0.6, 0.3, 0.7, 0.2, 0.95, 0.4};
    static const uint8_t fake[] = {1, 0, 0, 0, 0, 1, 1, 0, 1, 1};
    /* reals at 0.1, 0.2, 0.3, 0.6, 0.8; fakes at 0.3, 0.4, 0.7, 0.9, 0.95; each weighs 0.1 */
    static const double weight[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    static const struct {
        double false_alarms, misses, above, from, below;
    } rows[] = {
        {0, 0, 0.8, 0.9, 0.3},        {0.19, 0.24, 0.8, 0.9, 0.3}, {0.2, 0.25, 0.6, 0.61, 0.4},
        {0.39, 0.39, 0.6, 0.61, 0.4}, {0.4, 0.4, 0, 0.5, 0.5},     {1, 1, 0, 0.5, 0.5},
    };
    struct bf_calibration c;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(bf_calibration_place_thresholds(&c, chance, fake, weight, 10,
                                                         rows[i].false_alarms, rows[i].misses,
                                                         NULL),
                         BF_OK);
        assert_true(c.fake_above > rows[i].above && c.fake_above <= rows[i].from);
        assert_true(c.fake_above >= 0.5 && c.real_below <= c.fake_above);
        near(c.real_below, rows[i].below, 1e-12);
    }
}

/* The lowest likelihoods are fakes': nothing can be called real until reals outweigh them. */
static void thresholds_of_the_hopeless(void **state)
{
    static const double chance[] = {0.1, 0.2, 0.3, 0.45}, weight[] = {0.25, 0.25, 0.25, 0.25};
    static const uint8_t fake[] = {1, 1, 0, 0};
    struct bf_calibration c;

    (void)state;
    bf_calibration_place_thresholds(&c, chance, fake, weight, 4, 0.1, 0.4, NULL);
    near(c.fake_above, 0.5, 0);
    near(c.real_below, 0, 0);
    bf_calibration_place_thresholds(&c, chance, fake, weight, 4, 0.1, 0.5, NULL);
    near(c.real_below, 0.5, 0);
}

/* Three reals of five are six tenths, though three times 0.1, doubled, are more than 0.6. */
static void thresholds_count_to_the_last(void **state)
{
    static const double chance[] = {0.55, 0.6, 0.7, 0.8, 0.9}, weight[] = {0.1, 0.1, 0.1, 0.1, 0.1};
    static const uint8_t fake[] = {0, 0, 0, 0, 0};
    struct bf_calibration c;

    (void)state;
    bf_calibration_place_thresholds(&c, chance, fake, weight, 5, 0.6, 0, NULL);
    near(c.fake_above, 0.6, 1e-12);
}

/* A cue that three reals had says nothing; of four it does. */
static void cues_of_few_are_left(void **state)
{
    static struct bf_calibration_item items[ITEMS];
    static struct bf_calibration c;
    bool use[BF_CUES] = {false};
    size_t i;

    (void)state;
    draw_people(items, 9);
    for (i = 0; i < ITEMS; i++) {
        bool seen = items[i].fake || i == 0 || i == 12 || i == 24;
        double value = (double)(i % 5) + (items[i].fake ? 4 : 0);

        items[i].cue[BF_CUE_NOISE] = seen ? value : (double)NAN;
        items[i].cue[BF_CUE_CHROMA] = seen || i == 36 ? value : (double)NAN;
    }
    use[BF_CUE_NOISE] = use[BF_CUE_CHROMA] = true;
    assert_int_equal(bf_calibration_fit(&c, items, ITEMS, use, 1e-3, 0.1, 0.1, 1, NULL), BF_OK);
    assert_int_equal(c.cue[BF_CUE_NOISE].n, 3);
    assert_int_equal(c.cue[BF_CUE_CHROMA].n, 4);
    assert_false(c.cue[BF_CUE_NOISE].used);
    assert_true(c.cue[BF_CUE_CHROMA].used && !c.cue[BF_CUE_ARTIFACT].used);
    assert_true(c.weight[0][BF_CUE_CHROMA] > 0.1);
    near(c.weight[0][BF_CUE_NOISE], 0, 1e-12);
    near(c.weight[0][BF_CUE_ARTIFACT], 0, 1e-12);
    near(c.cue[BF_CUE_ARTIFACT].centre, 100, 3);
}

/* Eight people, an item of each kind, seventeen cues of noise: a fit to all of them tells them
 * apart, and is worth nothing. Who is judged by a fit that saw him gets thresholds of a half. */
static void thresholds_leave_people_out(void **state)
{
    static struct bf_calibration_item items[16];
    static struct bf_calibration c;
    struct bf_random r = {11};
    double low, high;
    size_t i, j, right = 0;

    (void)state;
    for (i = 0; i < 16; i++) {
        items[i] = (struct bf_calibration_item){.fake = i % 2, .person = i / 2, .weight = 1};
        for (j = 0; j < BF_CUES; j++)
            items[i].cue[j] = (double)bf_random_normal(&r);
    }
    assert_int_equal(bf_calibration_fit(&c, items, 16, use_all, 1e-6, 0.05, 0.05, 1, NULL), BF_OK);
    for (i = 0; i < 16; i++)
        right += (bf_calibration_likelihood(&low, &high, &c, items[i].cue) > 0.5) == items[i].fake;
    assert_int_equal(right, 16);
    assert_true(c.fake_above > 0.9);
    assert_true(c.real_below < 0.1);
}

/* On people who were not there the thresholds keep what they promise, about. */
static void thresholds_hold_for_others(void **state)
{
    static struct bf_calibration_item items[ITEMS], others[ITEMS];
    static struct bf_calibration c;
    double low, high, p;
    size_t i, alarms = 0, found = 0, below = 0, missed = 0, seed;

    (void)state;
    draw_people(items, 5);
    assert_int_equal(fit(&c, items, ITEMS, 1), BF_OK);
    for (seed = 100; seed < 110; seed++) {
        draw_people(others, seed);
        for (i = 0; i < ITEMS; i++) {
            p = bf_calibration_likelihood(&low, &high, &c, others[i].cue);
            alarms += p >= c.fake_above && !others[i].fake;
            found += p >= c.fake_above && others[i].fake;
            below += p < c.real_below;
            missed += p < c.real_below && others[i].fake;
        }
    }
    assert_true(alarms > 60 && alarms < 192);
    assert_true(found > 720);
    assert_true(below > 600 && (double)missed < 0.16 * (double)below);
}

static void refuses_to_fit(void **state)
{
    static struct bf_calibration_item items[ITEMS];
    static struct bf_calibration c;
    struct bf_error err;
    size_t i;

    (void)state;
    draw_people(items, 6);
    assert_int_equal(bf_calibration_fit(&c, items, 3 * EACH, use_all, 1, 0.1, 0.1, 1, &err),
                     BF_ERR_FORMAT);
    assert_string_equal(err.text,
                        "too few people to calibrate on: real videos of 3 and fakes of 3, "
                        "where each takes 4");
    assert_int_equal(fit(&c, items, 4 * EACH, 1), BF_OK);
    assert_int_equal(fit(&c, items, 0, 1), BF_ERR_FORMAT);
    assert_int_equal(bf_calibration_fit(&c, items, ITEMS, use_all, 0, 0.1, 0.1, 1, NULL),
                     BF_ERR_USAGE);
    assert_int_equal(bf_calibration_fit(&c, items, ITEMS, use_all, 1, 1.1, 0.1, 1, NULL),
                     BF_ERR_USAGE);
    assert_int_equal(bf_calibration_fit(&c, items, ITEMS, use_all, 1, 0.1, (double)NAN, 1, NULL),
                     BF_ERR_USAGE);
    items[9].weight = 0;
    assert_int_equal(fit(&c, items, ITEMS, 1), BF_ERR_USAGE);
    items[9].weight = (double)NAN;
    assert_int_equal(fit(&c, items, ITEMS, 1), BF_ERR_USAGE);
    items[9].weight = 1;
    /* who has one kind alone counts for that; four of each are enough whoever they are */
    for (i = 0; i < 8 * EACH; i++)
        items[i].fake = i < 4 * EACH;
    assert_int_equal(fit(&c, items, 8 * EACH, 1), BF_OK);
    assert_int_equal(fit(&c, items, 8 * EACH - EACH, 1), BF_ERR_FORMAT);
}

/* Quantiles 0, 2, 4 ... 200, but flat from 60 to 70 %; centre 100, spread 10; range 50 to 150. */
static void by_hand(struct bf_calibration *c)
{
    size_t i;

    memset(c, 0, sizeof *c);
    for (i = 0; i < BF_CUES; i++)
        c->cue[i].spread = 1;
    c->fake_above = 0.75;
    c->real_below = 0.25;
    c->cue[2].used = true;
    c->cue[2].n = 500;
    c->cue[2].centre = 100;
    c->cue[2].spread = 10;
    c->cue[2].low = 50;
    c->cue[2].high = 150;
    for (i = 0; i < BF_CALIBRATION_QUANTILES; i++)
        c->cue[2].quantile[i] = i >= 60 && i < 70 ? 120 : 2 * (double)i;
    c->bias[0] = 1;
    c->weight[0][2] = -0.5;
    for (i = 1; i <= BF_CALIBRATION_DRAWS; i++)
        c->bias[i] = 0.1 * (double)(i - 1);
}

static void percentiles(void **state)
{
    static const double rows[][2] = {
        {-5, 0},   {0, 0},      {1, 0.5},    {50, 25},   {120, 64.5}, {119, 59.5},
        {140, 70}, {130, 69.5}, {199, 99.5}, {200, 100}, {1e8, 100},
    };
    struct bf_calibration c;
    size_t i;

    (void)state;
    by_hand(&c);
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
        near(bf_calibration_percentile(&c, 2, rows[i][0]), rows[i][1], 1e-9);
    assert_true(isnan(bf_calibration_percentile(&c, 2, (double)NAN)));
    assert_true(isnan(bf_calibration_percentile(&c, 2, (double)INFINITY)));
    assert_true(isnan(bf_calibration_percentile(&c, 3, 1)));
}

static void likelihoods(void **state)
{
    struct bf_calibration c;
    double cue[BF_CUES], z[BF_CUES], low, high;
    size_t d;

    (void)state;
    by_hand(&c);
    cues_none(cue);
    cue[3] = 1e6; /* not used */
    bf_calibration_scale(z, &c, cue);
    near(z[2], 0, 0);
    near(z[3], 0, 0);
    /* draws' logits are 0, 0.1 ... 4.9: the 5th and 95th percentile lie between the third and
     * fourth from either end */
    near(bf_calibration_likelihood(&low, &high, &c, cue), 1 / (1 + exp(-1)), 1e-12);
    assert_true(low > 1 / (1 + exp(-0.2)) && low < 1 / (1 + exp(-0.3)));
    assert_true(high > 1 / (1 + exp(-4.6)) && high < 1 / (1 + exp(-4.7)));
    cue[2] = 120;
    near(bf_calibration_likelihood(&low, &high, &c, cue), 0.5, 1e-12);
    cue[2] = 1e9; /* six deviations and no more: a logit of -2, which draws do not reach */
    bf_calibration_scale(z, &c, cue);
    near(z[2], 6, 0);
    near(bf_calibration_likelihood(&low, &high, &c, cue), 1 / (1 + exp(2)), 1e-12);
    near(low, 1 / (1 + exp(2)), 1e-12);
    cue[2] = (double)-INFINITY;
    near(bf_calibration_likelihood(&low, &high, &c, cue), 1 / (1 + exp(-1)), 1e-12);
    for (d = 0; d <= BF_CALIBRATION_DRAWS; d++)
        c.bias[d] = 1e12;
    near(bf_calibration_likelihood(&low, &high, &c, cue), 1 - 1e-6, 1e-15);
}

static void strangeness(void **state)
{
    static const double rows[][2] = {{100, 0},
                                     {50, 0},
                                     {150, 0},
                                     {40, 1},
                                     {175, 2.5},
                                     {(double)NAN, 0},
                                     {(double)INFINITY, 0},
                                     {1e9, 1e8 - 15}};
    struct bf_calibration c;
    double cue[BF_CUES];
    size_t i;

    (void)state;
    by_hand(&c);
    cues_none(cue);
    cue[3] = 1e6;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cue[2] = rows[i][0];
        near(bf_calibration_strangeness(&c, cue), rows[i][1], 1e-6);
    }
    c.cue[3].used = true;
    c.cue[3].n = 1;
    c.cue[3].spread = 1e3;
    c.cue[3].high = 998000;
    cue[2] = 165;
    near(bf_calibration_strangeness(&c, cue), 2, 1e-9);
}

/* Ends in NUL, which is not counted. */
static struct bf_buf encoded(const struct bf_calibration *c)
{
    struct bf_buf out = {0};

    assert_int_equal(bf_calibration_encode(&out, c, NULL), BF_OK);
    assert_true(bf_buf_put_u8(&out, 0));
    out.len--;
    return out;
}

static void there_and_back(void **state)
{
    static struct bf_calibration_item items[ITEMS];
    static struct bf_calibration c, back;
    struct bf_buf text, again;
    double cue[BF_CUES], low[2], high[2];

    (void)state;
    draw_people(items, 8);
    assert_int_equal(fit(&c, items, ITEMS, 1), BF_OK);
    text = encoded(&c);
    assert_int_equal(bf_calibration_parse(&back, text.data, text.len, "c.json", NULL), BF_OK);
    again = encoded(&back);
    assert_int_equal(text.len, again.len);
    assert_memory_equal(text.data, again.data, text.len);
    memcpy(cue, items[1].cue, sizeof cue);
    assert_true(bf_calibration_likelihood(&low[0], &high[0], &c, cue) ==
                bf_calibration_likelihood(&low[1], &high[1], &back, cue));
    assert_true(low[0] == low[1] && high[0] == high[1]);
    assert_true(c.fake_above == back.fake_above && c.real_below == back.real_below);
    assert_true(c.cue[0].high == back.cue[0].high && c.cue[0].n == back.cue[0].n);
    bf_buf_release(&again);
    bf_buf_release(&text);
}

static void assert_refused(const void *text, size_t n, const char *why)
{
    static struct bf_calibration c, before;
    struct bf_error err;

    memset(&c, 0x5a, sizeof c);
    memcpy(&before, &c, sizeof c);
    assert_int_equal(bf_calibration_parse(&c, text, n, "c.json", &err), BF_ERR_FORMAT);
    assert_memory_equal(&c, &before, sizeof c);
    assert_int_equal(strncmp(err.text, "'c.json' is no ", 15), 0);
    if (strstr(err.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

/* One place of the text put otherwise. */
static void garbled(void **state)
{
    static const struct {
        const char *there, *instead, *why;
    } rows[] = {
        {"calibration/1", "calibration/2", "'schema' is not bonafide.calibration/1"},
        {"\"schema\"", "\"shema\"", "'schema' is not"},
        {"\"fake_above\":0.75", "\"fake_above\":0.4", "'fake_above' is not a number in its range"},
        {"\"fake_above\":0.75", "\"fake_above\":1.5", "'fake_above'"},
        {"\"fake_above\":0.75", "\"fake_above\":\"0.75\"", "'fake_above' is not a number"},
        {"\"fake_above\":0.75", "\"fake_below\":0.75", "'fake_above' is missing"},
        {"\"fake_above\":0.75", "\"fake_above\":NaN", "no JSON"},
        {"\"fake_above\":0.75", "\"fake_above\":0.75,\"fake_above\":0.75", "no JSON"},
        {"\"fake_above\":0.75", "\"fake_above\":0.75,\"more\":1", "a member is unknown"},
        {"\"real_below\":0.25", "\"real_below\":0.6", "'real_below'"},
        {"\"real_below\":0.25", "\"real_below\":-0.1", "'real_below'"},
        {"\"bias\":[", "\"bias\":[1,", "'bias' has not as many numbers"},
        {"\"bias\":[1.0,0.0", "\"bias\":[1.0", "'bias' has not as many numbers"},
        {"\"bias\":[1.0", "\"bias\":[1e13", "'bias' holds what is not a number in its range"},
        {"\"bias\":[1.0", "\"bias\":[null", "'bias' holds what is not a number"},
        {"\"bias\":[1.0", "\"bias\":[1e999", "no JSON"},
        {"\"cues\":{", "\"cues\":{\"smile\":{},", "'cues' does not hold each cue once"},
        {"\"blend-area\"", "\"blend-areas\"", "'blend-area' is missing among the cues"},
        {"\"used\":true", "\"used\":1", "cue 'blend-area': 'used' is not true or false"},
        {"\"n\":500", "\"n\":-1", "cue 'blend-area': 'n' is not a count"},
        {"\"n\":500", "\"n\":1.5", "'n' is not a count"},
        {"\"n\":500", "\"n\":99999999999999999999", "no JSON"},
        {"\"n\":500", "\"n\":0", "'used' is true of what was never measured"},
        {"\"n\":500", "\"n\":500,\"m\":1", "cue 'blend-area': a member is unknown"},
        {"\"centre\":100.0", "\"centre\":-2e12", "'centre' is not a number in its range"},
        {"\"spread\":10.0", "\"spread\":0", "'spread' is not a number in its range"},
        {"\"spread\":10.0", "\"spread\":-1", "'spread'"},
        {"\"high\":150.0", "\"high\":49.0", "'high' is not a number in its range"},
        {",198.0,", ",201.0,", "cue 'blend-area': 'quantiles' do not rise"},
        {",198.0,", ",", "'quantiles' has not as many numbers"},
        {"[-0.5,", "[true,", "'weights' holds what is not a number"},
        {"}}}", "}}", "no JSON"},
        {"}}}", "}}}}", "no JSON"},
    };
    struct bf_calibration c;
    struct bf_buf text;
    size_t i;

    (void)state;
    by_hand(&c);
    text = encoded(&c);
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *all = (const char *)text.data, *at = strstr(all, rows[i].there), *rest;
        struct bf_buf b = {0};

        if (at == NULL)
            fail_msg("there is no %s", rows[i].there);
        rest = at + strlen(rows[i].there);
        bf_buf_append(&b, all, (size_t)(at - all));
        bf_buf_append(&b, rows[i].instead, strlen(rows[i].instead));
        bf_buf_append(&b, rest, strlen(rest));
        assert_refused(b.data, b.len, rows[i].why);
        bf_buf_release(&b);
    }
    bf_buf_release(&text);
}

static void cut_short(void **state)
{
    static const char *const others[] = {"", "{}", "[]", "null", "1", "\"bonafide.calibration/1\""};
    struct bf_calibration c, back;
    struct bf_buf text;
    size_t i;

    (void)state;
    by_hand(&c);
    text = encoded(&c);
    for (i = 0; i < text.len; i += 1 + text.len / 200)
        assert_refused(text.data, i, "no JSON");
    assert_refused(text.data, text.len - 1, "no JSON");
    for (i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_refused(others[i], strlen(others[i]), "");
    while (text.len <= 1 << 20)
        bf_buf_append(&text, "                                ", 32);
    assert_int_equal(text.data[text.len - 1], ' ');
    assert_refused(text.data, text.len, "too long");
    bf_buf_release(&text);
    /* and as it was it is taken */
    text = encoded(&c);
    assert_int_equal(bf_calibration_parse(&back, text.data, text.len, "c.json", NULL), BF_OK);
    assert_true(back.cue[2].quantile[65] == 120 && back.weight[0][2] == -0.5);
    bf_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_what_is_there),
        cmocka_unit_test(people_and_kinds_count_alike),
        cmocka_unit_test(seeds),
        cmocka_unit_test(thresholds_by_hand),
        cmocka_unit_test(thresholds_of_the_hopeless),
        cmocka_unit_test(thresholds_count_to_the_last),
        cmocka_unit_test(cues_of_few_are_left),
        cmocka_unit_test(thresholds_leave_people_out),
        cmocka_unit_test(thresholds_hold_for_others),
        cmocka_unit_test(refuses_to_fit),
        cmocka_unit_test(percentiles),
        cmocka_unit_test(likelihoods),
        cmocka_unit_test(strangeness),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(garbled),
        cmocka_unit_test(cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
