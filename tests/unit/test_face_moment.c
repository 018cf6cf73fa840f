/* Moments of a person, out of a photograph and out of a video. */
#include "tests/unit/face_fixture.h"

#include <math.h>

#include "cli/face_moment.h"

/* The face is in its square as it was in the picture: where the points say eyes, there are eyes. */
static void check_moment(const struct bf_moment *m, unsigned n_frames)
{
    unsigned f, i;

    assert_int_equal(m->n_frames, n_frames);
    assert_true(m->side % 16 == 0 && m->side > 80 && m->side <= BF_MOMENT_SIDE_MAX);
    for (f = 0; f < n_frames; f++) {
        const struct bf_face_box *b = &m->face[f].box;
        const uint8_t *rgb = m->rgb[f];
        double eye = 0, all = 0;

        assert_non_null(rgb);
        assert_true(b->left > 0 && b->top > 0 && b->right < (float)m->side &&
                    b->bottom < (float)m->side);
        assert_true(fabsf((b->left + b->right) / 2 - (float)m->side / 2) < 3);
        for (i = 0; i < BF_FACE_POINTS; i++)
            assert_true(m->face[f].point[i].x > -20 && m->face[f].point[i].x < (float)m->side + 20);
        /* the pupils are darker than the face */
        for (i = 0; i < BF_EYES; i++) {
            const struct bf_point2 *p = &m->face[f].eye[i].iris[0];

            eye += rgb[((size_t)p->y * m->side + (size_t)p->x) * 3] / 2.0;
        }
        for (i = 0; i < 468; i++) {
            const struct bf_point3 *p = &m->face[f].point[i];

            if (p->x >= 0 && p->y >= 0 && p->x < (float)m->side && p->y < (float)m->side)
                all += rgb[((size_t)p->y * m->side + (size_t)p->x) * 3] / 468.0;
        }
        assert_true(eye < all - 20);
        assert_true(f == 0 || m->pts_us[f] > m->pts_us[f - 1]);
    }
    for (f = n_frames; f < BF_MOMENT_FRAMES; f++)
        assert_null(m->rgb[f]);
}

static void of_a_photograph(void **state)
{
    struct bf_face_reader *r;
    struct bf_moments m;

    (void)state;
    if (!face_models())
        skip();
    r = face_reader();
    face_photo("ann.png", ANN);
    assert_int_equal(bf_moments_read(&m, text_path("ann.png"), 5, r, NULL), BF_OK);
    assert_int_equal(m.n, 1);
    assert_int_equal(m.donor.n, 1);
    check_moment(&m.moment[0], 1);
    bf_moments_release(&m);
    assert_null(m.moment);
    bf_moments_release(&m);
    bf_face_reader_free(&r);
}

static void of_a_video(void **state)
{
    struct bf_face_reader *r;
    struct bf_moments m, again;
    size_t i;

    (void)state;
    if (!face_models())
        skip();
    r = face_reader();
    face_video("ben.y4m", BEN, 480, 360, 24);
    assert_int_equal(bf_moments_read(&m, text_path("ben.y4m"), 3, r, NULL), BF_OK);
    assert_int_equal(m.n, 3);
    assert_int_equal(m.donor.n, 3);
    assert_true(m.known);
    for (i = 0; i < m.n; i++) {
        check_moment(&m.moment[i], BF_MOMENT_FRAMES);
        assert_int_equal(m.moment[i].pts_us[2] - m.moment[i].pts_us[0], 200000);
        assert_true(i == 0 || m.moment[i].pts_us[0] > m.moment[i - 1].pts_us[2]);
    }
    /* the same from the same, whoever was read before */
    assert_int_equal(bf_moments_read(&again, text_path("ben.y4m"), 3, r, NULL), BF_OK);
    assert_int_equal(again.n, 3);
    assert_memory_equal(again.moment[1].rgb[1], m.moment[1].rgb[1],
                        (size_t)m.moment[1].side * m.moment[1].side * 3);
    bf_moments_release(&m);
    bf_moments_release(&again);
    bf_face_reader_free(&r);
}

/* Nobody, too small a face, and no file at all. */
static void of_nobody(void **state)
{
    struct bf_face_reader *r;
    struct bf_moments m;
    struct bf_error err = {0};

    (void)state;
    if (!face_models())
        skip();
    r = face_reader();
    face_video("corner.y4m", ANN, 32, 24, 4);
    assert_int_equal(bf_moments_read(&m, text_path("corner.y4m"), 3, r, NULL), BF_OK);
    assert_int_equal(m.n, 0);
    assert_false(m.known);
    bf_moments_release(&m);
    text_file("bad.mp4", "no video");
    assert_int_equal(bf_moments_read(&m, text_path("bad.mp4"), 3, r, &err), BF_ERR_FORMAT);
    assert_null(m.moment);
    assert_int_equal(bf_moments_read(&m, text_path("none.mp4"), 3, r, &err), BF_ERR_IO);
    text_bytes("cut.png", "\211PNG\r\n\032\n\0\0\0\rIHDR", 16);
    assert_int_not_equal(bf_moments_read(&m, text_path("cut.png"), 3, r, &err), BF_OK);
    assert_int_equal(m.n, 0);
    bf_face_reader_free(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_photograph),
        cmocka_unit_test(of_a_video),
        cmocka_unit_test(of_nobody),
    };

    return cmocka_run_group_tests(tests, text_root_make, text_root_remove);
}
