/* Pieces of a long video: what is said of them, drawn, and put into the object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/score_pieces.h"
#include "lib/base/bytes.h"

#include <math.h>
#include <string.h>

#include <jansson.h>

/* What is said beside the verdict of the whole where single pieces are likely fake. */
static void but(void **state)
{
    struct bf_score score = {.verdict = BF_SCORE_LIKELY_REAL};
    struct bf_score_pieces pieces = {.n = 9, .n_of = {[BF_SCORE_LIKELY_REAL] = 9}};
    struct bf_score_answer a = {.score = &score, .pieces = &pieces};
    char text[160] = "left over";

    (void)state;
    bf_score_pieces_but(text, sizeof text, &a);
    assert_string_equal(text, "");
    pieces.n_of[BF_SCORE_LIKELY_FAKE] = 1;
    bf_score_pieces_but(text, sizeof text, &a);
    assert_string_equal(text, "by itself 1 of the 9 pieces is likely fake: look at it");
    pieces.n_of[BF_SCORE_LIKELY_FAKE] = 2;
    bf_score_pieces_but(text, sizeof text, &a);
    assert_string_equal(text, "by themselves 2 of the 9 pieces are likely fake: look at them");
    score.verdict = BF_SCORE_INCONCLUSIVE;
    bf_score_pieces_but(text, sizeof text, &a);
    assert_string_not_equal(text, "");
    score.verdict = BF_SCORE_LIKELY_FAKE;
    bf_score_pieces_but(text, sizeof text, &a);
    assert_string_equal(text, "");
    a.pieces = NULL;
    score.verdict = BF_SCORE_LIKELY_REAL;
    bf_score_pieces_but(text, sizeof text, &a);
    assert_string_equal(text, "");
}

/* A bar for each piece that has a likelihood, of the height that it says; how many by chance. */
static void drawn(void **state)
{
    static const char card[] =
        "{\"evaluation\":[{\"material\":\"all\",\"n\":9,\"false_alarm_rate\":0.02}]}";
    struct bf_score score = {.verdict = BF_SCORE_LIKELY_REAL};
    struct bf_score_piece piece[2] = {
        {.from_us = 0,
         .to_us = 5000000,
         .verdict = BF_SCORE_LIKELY_FAKE,
         .likelihood = 0.5,
         .low = 0.4,
         .high = 0.6,
         .n_faces = 1},
        {.from_us = 5000000,
         .to_us = 10000000,
         .verdict = BF_SCORE_INCONCLUSIVE,
         .likelihood = (double)NAN,
         .low = (double)NAN,
         .high = (double)NAN},
    };
    struct bf_score_pieces pieces = {
        .piece = piece,
        .n = 2,
        .n_of = {[BF_SCORE_LIKELY_FAKE] = 1, [BF_SCORE_INCONCLUSIVE] = 1},
        .n_scored = 1,
        .each_us = 5000000};
    struct bf_score_answer a = {.score = &score, .pieces = &pieces, .card = card};
    struct bf_buf b = {0};
    json_t *list;

    (void)state;
    bf_score_pieces_report(&b, &a);
    assert_true(bf_buf_append(&b, "", 1));
    assert_non_null(strstr(
        (const char *)b.data,
        "<rect class=\"likely-fake\" x=\"0.00\" y=\"29.0\" width=\"499.00\" height=\"31.0\"/>"));
    assert_non_null(strstr((const char *)b.data, "height=\"0.0\"/>"));
    assert_non_null(strstr((const char *)b.data, "by chance 0.0 of 1 pieces"));
    bf_buf_release(&b);
    list = bf_score_pieces_json(&pieces);
    assert_int_equal(json_array_size(list), 2);
    assert_true(json_is_null(json_object_get(json_array_get(list, 1), "likelihood")));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "from_us")),
                     5000000);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(but), cmocka_unit_test(drawn)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
