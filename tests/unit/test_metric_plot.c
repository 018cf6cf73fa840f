/* The drawings as text; how they look is for eyes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detector/metric_plot.h"
#include "lib/nn/random.h"

#define MANY 20000

typedef enum bf_err (*plot)(struct bf_buf *out, const struct bf_plot_curve *curves, size_t n,
                            struct bf_error *err);

/* For the caller to release; ends in NUL. */
static struct bf_buf drawn(plot draw, const struct bf_plot_curve *curves, size_t n)
{
    struct bf_buf out = {0};

    assert_int_equal(draw(&out, curves, n, NULL), BF_OK);
    assert_true(bf_buf_put_u8(&out, 0));
    return out;
}

static const char *text(const struct bf_buf *b)
{
    return (const char *)b->data;
}

static size_t count(const struct bf_buf *b, const char *what)
{
    const char *at = text(b);
    size_t n = 0;

    while ((at = strstr(at, what)) != NULL) {
        at += strlen(what);
        n++;
    }
    return n;
}

/* Every element that is opened is closed, in order. */
static void assert_well_formed(const struct bf_buf *b)
{
    const char *at = text(b), *open[16];
    size_t depth = 0;

    assert_int_equal(strncmp(at, "<svg xmlns=", 11), 0);
    while ((at = strchr(at, '<')) != NULL) {
        const char *close = strchr(at, '>');

        assert_non_null(close);
        if (at[1] == '/') {
            size_t len = (size_t)(close - at) - 2;

            assert_true(depth > 0);
            depth--;
            assert_int_equal(strncmp(open[depth], at + 2, len), 0);
        } else if (close[-1] != '/') {
            assert_true(depth < 16);
            open[depth++] = at + 1;
        }
        at = close;
    }
    assert_int_equal(depth, 0);
    assert_string_equal(text(b) + b->len - strlen("</svg>\n") - 1, "</svg>\n");
}

static const double scores[] = {0.1, 0.3, 0.4, 0.8};
static const uint8_t fakes[] = {0, 1, 0, 1}, reals[] = {0, 0, 0, 0};

static void roc(void **state)
{
    const struct bf_plot_curve curves[] = {{"network", scores, fakes, 4},
                                           {"nobody", scores, reals, 4}};
    struct bf_buf b = drawn(bf_plot_roc, curves, 2);

    (void)state;
    assert_well_formed(&b);
    /* from the lower left by thresholds 0.8, 0.4, 0.3 and 0.1 to the upper right */
    assert_non_null(strstr(
        text(&b), "c0 d0\" d=\"M70.0 444.0L70.0 244.0L270.0 244.0L270.0 44.0L470.0 44.0\"/>"));
    assert_non_null(strstr(text(&b), ">network: AUC 0.750<"));
    assert_non_null(strstr(text(&b), ">nobody: no AUC<"));
    assert_int_equal(count(&b, "class=\"curve c0"), 2); /* itself and in the legend */
    assert_int_equal(count(&b, "class=\"curve c1"), 1);
    assert_int_equal(count(&b, "class=\"chance\""), 1);
    assert_non_null(strstr(text(&b), "prefers-color-scheme:dark"));
    bf_buf_release(&b);
}

static void reliability(void **state)
{
    const struct bf_plot_curve curves[] = {{"a", scores, fakes, 4}, {"b", scores, reals, 4}};
    struct bf_buf b = drawn(bf_plot_reliability, curves, 2);

    (void)state;
    assert_well_formed(&b);
    assert_int_equal(count(&b, "<circle"), 4);
    assert_non_null(strstr(text(&b), "cx=\"110.0\" cy=\"444.0\""));
    assert_non_null(strstr(text(&b), "cx=\"390.0\" cy=\"44.0\""));
    /* 0.1, 0.7, 0.4 and 0.2 off */
    assert_non_null(strstr(text(&b), ">a: ECE 0.350<"));
    assert_non_null(strstr(text(&b), ">b: no ECE<"));
    bf_buf_release(&b);
}

static void names_are_no_markup(void **state)
{
    static const struct {
        const char *name, *shown;
    } rows[] = {
        {"</text><script>", ">&lt;/text&gt;&lt;script&gt;: AUC"},
        {"R&D \"x\"", ">R&amp;D &quot;x&quot;: AUC"},
        {"a\nb\x1b\xff", ">a\\x0ab\\x1b\\xff: AUC"},
        /* cut before the letter that would not fit */
        {"1234567890123456789012345678901234567 \xc3\xa9\xc3\xa9",
         ">1234567890123456789012345678901234567 \xc3\xa9\xe2\x80\xa6: AUC"},
        {"12345678901234567890123456789012345678 \xc3\xa9",
         ">12345678901234567890123456789012345678 \xe2\x80\xa6: AUC"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bf_plot_curve c = {rows[i].name, scores, fakes, 4};
        struct bf_buf b = drawn(bf_plot_roc, &c, 1);

        assert_well_formed(&b);
        assert_non_null(strstr(text(&b), rows[i].shown));
        bf_buf_release(&b);
    }
}

/* Nor does a curve of very many items make a huge drawing; many curves and none are drawings. */
static void sizes(void **state)
{
    static double score[MANY];
    static uint8_t fake[MANY];
    struct bf_plot_curve curves[20];
    struct bf_random r = {3};
    struct bf_buf b;
    size_t i;

    (void)state;
    for (i = 0; i < MANY; i++) {
        fake[i] = (uint8_t)bf_random_below(&r, 2);
        score[i] = (double)(bf_random_normal(&r) + (fake[i] ? 1.0f : 0.0f));
    }
    for (i = 0; i < 20; i++)
        curves[i] = (struct bf_plot_curve){"many", score, fake, MANY};
    b = drawn(bf_plot_roc, curves, 1);
    assert_well_formed(&b);
    assert_true(b.len < 40000);
    bf_buf_release(&b);
    b = drawn(bf_plot_roc, curves, 20);
    assert_well_formed(&b);
    assert_int_equal(count(&b, ">many: AUC 0.7"), 20);
    bf_buf_release(&b);
    b = drawn(bf_plot_reliability, NULL, 0);
    assert_well_formed(&b);
    bf_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roc),
        cmocka_unit_test(reliability),
        cmocka_unit_test(names_are_no_markup),
        cmocka_unit_test(sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
