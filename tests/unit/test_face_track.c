#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "lib/face/face_track.h"

enum { FRAME_US = 40000 };

static struct bf_face_tracks tracks;
/* Two people, whose descriptors are alike to 0.1; the third row is somebody in between. */
static float person[2][BF_IDENTITY_DIM];

static int clear(void **state)
{
    int i;

    (void)state;
    memset(&tracks, 0, sizeof tracks);
    memset(person, 0, sizeof person);
    for (i = 0; i < 100; i++) {
        person[0][i] = 0.1f;
        person[1][i + 90] = 0.1f;
    }
    return 0;
}

static struct bf_face_sight sight(float x, float y, float size)
{
    return (struct bf_face_sight){.centre = {x, y}, .size = size, .strong = true};
}

/* As the reader does: identities where they are asked for, and heard. */
static void step(uint32_t ids[], struct bf_face_sight *s, const int *who, size_t n, int64_t frame)
{
    int slot_of[8];
    size_t i;

    for (i = 0; i < n; i++)
        if (bf_face_tracks_wants_identity(&tracks, &s[i], frame * FRAME_US))
            s[i].identity = person[who[i]];
    assert_int_equal(bf_face_tracks_assign(slot_of, &tracks, s, n, frame * FRAME_US, NULL), BF_OK);
    for (i = 0; i < n; i++) {
        assert_true(slot_of[i] >= 0);
        if (frame % 5 == 0)
            bf_face_track_hear(&tracks, slot_of[i], person[who[i]]);
        ids[i] = tracks.slot[slot_of[i]].id;
    }
}

static void follows_one(void **state)
{
    uint32_t id;
    int i, who = 0;

    (void)state;
    for (i = 0; i < 200; i++) {
        struct bf_face_sight s =
            sight(300 + 150 * sinf((float)i * 0.1f), 200, 80 + 20 * cosf((float)i * 0.07f));

        step(&id, &s, &who, 1, i);
        assert_int_equal(id, 1);
    }
    assert_int_equal(tracks.n_ids, 1);
}

/* Two people walk through one another; in the middle one hides the other. */
static void crossing_does_not_swap(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 100; i++) {
        float a = 100 + 6 * (float)i, b = 700 - 6 * (float)i;
        struct bf_face_sight s[2] = {sight(a, 200, 100), sight(b, 205, 90)};
        int who[2] = {0, 1}, swapped[2] = {1, 0};
        uint32_t ids[2];

        if (fabsf(a - b) < 40) {
            step(ids, s, who, 1, i);
        } else if (i % 2) {
            struct bf_face_sight r[2] = {s[1], s[0]};

            step(ids, r, swapped, 2, i);
            assert_int_equal(ids[0], 2);
            assert_int_equal(ids[1], 1);
            continue;
        } else {
            step(ids, s, who, 2, i);
            assert_int_equal(ids[1], 2);
        }
        assert_int_equal(ids[0], 1);
    }
    assert_int_equal(tracks.n_ids, 2);
}

/* Out of sight for a second, and back; somebody else in the same place is somebody else. */
static void survives_occlusion(void **state)
{
    uint32_t id = 0;
    int i, who = 0;

    (void)state;
    for (i = 0; i < 140; i++) {
        struct bf_face_sight s = sight(300, 200, 80);

        if (i > 100)
            who = 1;
        if ((i > 40 && i < 60) || (i > 80 && i < 101))
            step(&id, &s, &who, 0, i);
        else
            step(&id, &s, &who, 1, i);
        if (i == 60 || i == 80)
            assert_int_equal(id, 1);
        /* a stranger is watched for a moment, in case it is the one who was there */
        if (i == 102)
            assert_int_equal(id, 0);
        if (i > 109)
            assert_int_equal(id, 2);
    }
}

/* Who comes back half hidden is not known at once, and then is. */
static void knows_who_came_back(void **state)
{
    uint32_t id = 0;
    int i, who = 0, hidden = 1;

    (void)state;
    for (i = 0; i < 90; i++) {
        struct bf_face_sight s = sight(300, 200, 80);

        step(&id, &s, i > 60 && i < 65 ? &hidden : &who, i > 40 && i < 61 ? 0 : 1, i);
        if (i > 60 && i < 65)
            assert_int_equal(id, 0);
        if (i >= 65)
            assert_int_equal(id, 1);
    }
    assert_int_equal(tracks.n_ids, 1);
}

static void hears_a_stranger(void **state)
{
    struct bf_face_sight s = sight(300, 200, 80);
    int slot;

    (void)state;
    assert_int_equal(bf_face_tracks_assign(&slot, &tracks, &s, 1, 0, NULL), BF_OK);
    assert_true(bf_face_track_hear(&tracks, slot, person[0]));
    assert_true(bf_face_track_hear(&tracks, slot, person[1]));
    assert_true(bf_face_track_hear(&tracks, slot, person[0]));
    assert_true(bf_face_track_hear(&tracks, slot, person[1]));
    assert_int_equal(tracks.slot[slot].id, 1);
    assert_false(bf_face_track_hear(&tracks, slot, person[1]));
    assert_int_equal(tracks.slot[slot].id, 2);
}

static void waits_to_be_sure(void **state)
{
    struct bf_face_sight s = sight(300, 200, 80);
    int slot, i;

    (void)state;
    s.strong = false;
    s.found = true;
    for (i = 0; i < 4; i++) {
        assert_int_equal(bf_face_tracks_assign(&slot, &tracks, &s, 1, i * FRAME_US, NULL), BF_OK);
        assert_int_equal(tracks.slot[slot].state, i < 3 ? BF_TRACK_TENTATIVE : BF_TRACK_SEEN);
    }
    assert_int_equal(bf_face_tracks_assign(&slot, &tracks, &s, 0, i * FRAME_US, NULL), BF_OK);
    assert_int_equal(tracks.slot[0].state, BF_TRACK_LOST);
    assert_int_equal(bf_face_tracks_assign(&slot, &tracks, &s, 0, 3000000, NULL), BF_OK);
    assert_int_equal(tracks.slot[0].state, BF_TRACK_FREE);
    assert_int_equal(bf_face_tracks_assign(&slot, &tracks, &s, 1, 3040000, NULL), BF_OK);
    assert_int_equal(tracks.slot[slot].id, 0);
    assert_int_equal(bf_face_tracks_assign(&slot, &tracks, &s, 0, 3080000, NULL), BF_OK);
    assert_int_equal(tracks.slot[0].state, BF_TRACK_FREE);
}

/* As many as there is room for, all moving; one more has no place. */
static void holds_a_crowd(void **state)
{
    static struct bf_face_sight s[BF_FACES_MAX];
    static int slot_of[BF_FACES_MAX];
    int i, k;

    (void)state;
    for (k = 0; k < 3; k++) {
        for (i = 0; i < BF_FACES_MAX; i++)
            s[i] = sight((float)(i % 16 * 40 + 3 * k), (float)(i / 16 * 40), 24);
        assert_int_equal(
            bf_face_tracks_assign(slot_of, &tracks, s, BF_FACES_MAX, k * FRAME_US, NULL), BF_OK);
        for (i = 0; i < BF_FACES_MAX; i++)
            assert_int_equal(tracks.slot[slot_of[i]].id, i + 1);
    }
    bf_face_tracks_end(&tracks);
    assert_int_equal(bf_face_tracks_assign(slot_of, &tracks, s, 1, k * FRAME_US, NULL), BF_OK);
    assert_int_equal(tracks.slot[slot_of[0]].id, BF_FACES_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(follows_one, clear),
        cmocka_unit_test_setup(crossing_does_not_swap, clear),
        cmocka_unit_test_setup(survives_occlusion, clear),
        cmocka_unit_test_setup(knows_who_came_back, clear),
        cmocka_unit_test_setup(hears_a_stranger, clear),
        cmocka_unit_test_setup(waits_to_be_sure, clear),
        cmocka_unit_test_setup(holds_a_crowd, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
