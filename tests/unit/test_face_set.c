/*
 * Sets of faces: what is written is read, what is damaged is refused, who belongs together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "generator/face_order.h"
#include "lib/base/file.h"
#include "tests/unit/face_set_fixture.h"

static char root[] = "/tmp/bf_face_set.XXXXXX";

static const char *in_root(const char *name)
{
    static char path[2][256];
    static int turn;

    turn = 1 - turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", root, name);
    return path[turn];
}

static void written_and_read(void **state)
{
    struct bf_face_set set;
    char picture[512];

    (void)state;
    drawn_set(in_root("one"), 12, 120, 3);
    assert_int_equal(bf_face_set_load(&set, in_root("one"), NULL), BF_OK);
    assert_int_equal(set.n, 12);
    assert_int_equal(set.size, DRAWN_SIZE);
    assert_string_equal(set.subject, "terms.txt");
    assert_int_equal(set.subject32[31], 120);
    assert_string_equal(set.source[set.face[11].source], "drawn.mp4");
    assert_int_equal(set.face[11].frame, 11);
    assert_int_equal(set.face[11].pts_us, 440000);
    assert_float_equal(set.face[4].identity[3], 1, 1e-6);
    assert_float_equal(set.face[4].point[1].x, 64, 0.03);
    assert_float_equal(set.face[4].gap[1], 0.3, 1e-6);
    assert_false(set.crowd);
    set.crowd = true;
    assert_int_equal(bf_face_set_save(&set, in_root("one"), NULL), BF_OK);
    bf_face_set_release(&set);
    assert_int_equal(bf_face_set_load(&set, in_root("one"), NULL), BF_OK);
    assert_true(set.crowd);
    bf_face_set_release(&set);

    /* who deletes a picture takes the face out */
    snprintf(picture, sizeof picture, "%s/000003.png", in_root("one"));
    assert_int_equal(unlink(picture), 0);
    assert_int_equal(bf_face_set_load(&set, in_root("one"), NULL), BF_OK);
    assert_int_equal(set.n, 11);
    assert_string_equal(set.face[2].file, "000004.png");
    bf_face_set_release(&set);
}

/* The first face's line of a set that is whole, with one thing in it changed. */
static void refused_lines(void)
{
    static const struct {
        const char *find, *put;
    } changes[] = {
        {"\"file\":\"000001.png\"", "\"file\":\"../01.png\""},
        {"\"file\":\"000001.png\"", "\"file\":\"000001.jpg\""},
        {"\"frame\":0", "\"frame\":-1"},
        {"\"frame\":0", "\"frame\":\"a\""},
        {"\"frame\":", "\"frome\":"},
        {"\"source\":", "\"sauce\":"},
        {"\"track\":", "\"trick\":"},
        {"\"landmarks\":[", "\"landmarks\":[7,"},
        {"\"identity\":[", "\"identity\":[7,"},
        {"\"identity\":[", "\"identity\":[[],"},
        {"{", "[{"},
        {"}", ""},
    };
    struct bf_buf whole = {0};
    struct bf_face_set set;
    struct bf_error err;
    size_t i;

    drawn_set(in_root("whole"), 2, 120, 3);
    assert_int_equal(bf_file_read(&whole, in_root("whole/faces.jsonl"), 1 << 20, &err), BF_OK);
    assert_true(bf_buf_append(&whole, "", 1));
    for (i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *line = strchr((const char *)whole.data, '\n') + 1,
                   *at = strstr(line, changes[i].find);
        struct bf_buf text = {0};

        if (at == NULL)
            fail_msg("there is no %s in the line", changes[i].find);
        bf_buf_append(&text, whole.data, (size_t)(at - (const char *)whole.data));
        bf_buf_printf(&text, "%s%s", changes[i].put, at + strlen(changes[i].find));
        drawn_file(in_root("whole"), "faces.jsonl", (const char *)text.data, text.len);
        if (bf_face_set_load(&set, in_root("whole"), &err) != BF_ERR_FORMAT)
            fail_msg("%s is taken", changes[i].put);
        assert_non_null(strstr(err.text, "line 2"));
        bf_buf_release(&text);
    }
    bf_buf_release(&whole);
}

static void refused(void **state)
{
    static const char head[] = "{\"schema\":\"bonafide.face-set/1\",\"size\":256,\"subject\":\"t\","
                               "\"subject_sha256\":\"00000000000000000000000000000000000000000000"
                               "00000000000000000000\"}\n";
    static const char *const heads[] = {
        "", "{}\n", "{\"schema\":\"bonafide.face-set/2\",\"size\":256,\"subject\":\"t\"}\n",
        "[1,2]\n"};
    struct bf_face_set set;
    struct bf_error err;
    size_t i;

    (void)state;
    assert_int_equal(bf_face_set_load(&set, in_root("nowhere"), &err), BF_ERR_FORMAT);
    assert_int_equal(mkdir(in_root("bad"), 0777), 0);
    for (i = 0; i < sizeof heads / sizeof *heads; i++) {
        drawn_file(in_root("bad"), "faces.jsonl", heads[i], strlen(heads[i]));
        assert_int_equal(bf_face_set_load(&set, in_root("bad"), &err), BF_ERR_FORMAT);
    }
    refused_lines();
    /* a head alone is an empty set */
    drawn_file(in_root("bad"), "faces.jsonl", head, strlen(head));
    assert_int_equal(bf_face_set_load(&set, in_root("bad"), &err), BF_OK);
    assert_int_equal(set.n, 0);
    bf_face_set_release(&set);
}

/* Tracks of two people in three files, unequally many faces. */
static void people(void **state)
{
    struct bf_face_set set = {.size = 64};
    unsigned person[60];
    size_t i;

    (void)state;
    for (i = 0; i < 60; i++) {
        struct bf_set_face *f = bf_face_set_add(&set);
        char source[16];

        assert_non_null(f);
        snprintf(source, sizeof source, "clip%zu", i / 20);
        assert_int_equal(bf_face_set_source(&f->source, &set, source, NULL), BF_OK);
        f->track = 1 + (i % 20 >= 15);
        /* clip 1 has one person alone; in the others the second track is another's */
        f->identity[i % 20 >= 15 && i / 20 != 1 ? 7 : 5] = 0.9f;
        f->identity[10 + i % 20] = 0.3f;
    }
    assert_int_equal(bf_face_set_people(person, &set), 2);
    for (i = 0; i < 60; i++)
        assert_int_equal(person[i], i % 20 >= 15 && i / 20 != 1);
    bf_face_set_release(&set);
}

static void orders(void **state)
{
    struct bf_face_set set = {.size = 64};
    struct bf_face_thumb thumb[6];
    float rgb[64 * 64 * 3];
    size_t order[6], i, k;

    (void)state;
    for (i = 0; i < 6; i++) {
        struct bf_set_face *f = bf_face_set_add(&set);

        assert_non_null(f);
        f->sharpness = (float)((i * 5) % 6);
        f->yaw_deg = -(float)((i * 5) % 6);
        for (k = 0; k < 64 * 64 * 3; k++)
            rgb[k] = (float)(10 * ((i * 5) % 6));
        bf_face_thumb_make(&thumb[i], rgb, 64);
        assert_false(bf_face_thumb_known(thumb, i));
    }
    bf_face_set_order(order, &set, thumb, BF_EXTRACT_AS_FOUND);
    for (i = 0; i < 6; i++)
        assert_int_equal(order[i], i);
    bf_face_set_order(order, &set, thumb, BF_EXTRACT_BY_SHARPNESS);
    for (i = 0; i < 6; i++)
        assert_int_equal((order[i] * 5) % 6, 5 - i);
    bf_face_set_order(order, &set, thumb, BF_EXTRACT_BY_POSE);
    for (i = 0; i < 6; i++)
        assert_int_equal((order[i] * 5) % 6, 5 - i);
    /* the first is the darkest; each next one is the next brighter */
    bf_face_set_order(order, &set, thumb, BF_EXTRACT_BY_SIMILARITY);
    for (i = 0; i < 6; i++)
        assert_int_equal((order[i] * 5) % 6, i);
    /* one step of luma is no difference */
    for (k = 0; k < 64 * 64 * 3; k++)
        rgb[k] = 31;
    bf_face_thumb_make(&thumb[5], rgb, 64);
    assert_true(bf_face_thumb_known(thumb, 5));
    bf_face_set_release(&set);
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) == NULL;
}

static int remove_root(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(refused),
        cmocka_unit_test(people),
        cmocka_unit_test(orders),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
