/*
 * Where a decoder draws in the memory that it shares: everything of a picture inside its slot, at
 * another place of a page in each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/media/frame_layout.h"
#include "lib/media/frame_pool.h"

#include <unistd.h>

#include <libavcodec/avcodec.h>

enum { SLOTS = 12, RESERVED = 2, PAGE = 4096 };

/* A pool lives as long as its process. */
static struct bf_frame_pool *pools[16];
static unsigned n_pools;

struct drawing {
    struct bf_frame_pool *pool;
    AVCodecContext *dec;
    AVFrame *av[SLOTS];
    size_t slot_bytes;
    int fd;
};

/* As the two sides make room for frames of that kind. */
static void begin(struct drawing *d, enum AVPixelFormat format, int width, int height)
{
    char path[] = "/tmp/frame_pool_XXXXXX";
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
    struct bf_frame_layout l;
    int i;

    assert_true(bf_frame_layout_set(&l, (uint32_t)format, (uint32_t)width, (uint32_t)height));
    d->slot_bytes = (bf_frame_layout_room(&l) + PAGE - 1) / PAGE * PAGE;
    d->fd = mkstemp(path);
    assert_true(d->fd >= 0);
    unlink(path);
    assert_int_equal(ftruncate(d->fd, (off_t)(SLOTS * d->slot_bytes)), 0);
    d->pool = bf_frame_pool_create();
    assert_non_null(d->pool);
    assert_true(n_pools < sizeof pools / sizeof *pools);
    pools[n_pools++] = d->pool;
    assert_true(bf_frame_pool_map(d->pool, d->fd, 0, SLOTS, d->slot_bytes));
    d->dec = avcodec_alloc_context3(codec);
    assert_non_null(d->dec);
    assert_int_equal(avcodec_open2(d->dec, codec, NULL), 0);
    d->dec->opaque = d->pool;
    d->dec->pix_fmt = format;
    for (i = 0; i < SLOTS; i++) {
        d->av[i] = av_frame_alloc();
        assert_non_null(d->av[i]);
        d->av[i]->format = format;
        d->av[i]->width = width;
        d->av[i]->height = height;
        assert_int_equal(bf_frame_pool_get_buffer(d->dec, d->av[i], 0), 0);
    }
}

static void end(struct drawing *d)
{
    int i;

    for (i = 0; i < SLOTS; i++)
        av_frame_free(&d->av[i]);
    avcodec_free_context(&d->dec);
    close(d->fd);
}

/* Sizes at which edges and alignment take up more or less of the room. */
static void inside_slots(void **state)
{
    static const struct {
        enum AVPixelFormat format;
        int width, height;
    } kinds[] = {{AV_PIX_FMT_YUV420P, 1280, 720}, {AV_PIX_FMT_YUV420P, 16, 16},
                 {AV_PIX_FMT_YUV420P, 1921, 3},   {AV_PIX_FMT_YUV444P10, 66, 1081},
                 {AV_PIX_FMT_YUVJ422P, 639, 479}, {AV_PIX_FMT_GRAY8, 64, 64}};
    size_t k;

    (void)state;
    for (k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct drawing d;
        int i, plane;

        begin(&d, kinds[k].format, kinds[k].width, kinds[k].height);
        for (i = 0; i < SLOTS - RESERVED; i++) {
            uint8_t *slot_at = NULL, *at = NULL;
            int slot = bf_frame_pool_find(d.pool, d.av[i]->data[0], &slot_at);

            assert_true(slot >= 0);
            for (plane = 0; plane < 4 && d.av[i]->data[plane] != NULL; plane++) {
                const uint8_t *p = d.av[i]->data[plane];
                int rows =
                    plane == 1 || plane == 2
                        ? AV_CEIL_RSHIFT(kinds[k].height, kinds[k].format == AV_PIX_FMT_YUV420P)
                        : kinds[k].height;

                assert_int_equal(bf_frame_pool_find(d.pool, p, &at), slot);
                assert_true(p + rows * d.av[i]->linesize[plane] <= slot_at + d.slot_bytes);
                assert_int_equal((uintptr_t)p % 64, 0);
            }
        }
        /* The last are for copies, so that there is always a way on. */
        for (; i < SLOTS; i++) {
            uint8_t *at = NULL;

            assert_int_equal(bf_frame_pool_find(d.pool, d.av[i]->data[0], &at), -1);
        }
        end(&d);
    }
}

static void apart_in_pages(void **state)
{
    struct drawing d;
    int i, k;

    (void)state;
    begin(&d, AV_PIX_FMT_YUV420P, 1280, 720);
    for (i = 0; i < SLOTS - RESERVED; i++)
        for (k = 0; k < i; k++)
            assert_int_not_equal((uintptr_t)d.av[i]->data[0] % PAGE,
                                 (uintptr_t)d.av[k]->data[0] % PAGE);
    end(&d);
}

/* A slot that the decoder has let go of is the next. */
static void taken_again(void **state)
{
    struct drawing d;
    const uint8_t *was;

    (void)state;
    begin(&d, AV_PIX_FMT_YUV420P, 320, 240);
    was = d.av[4]->data[0];
    av_frame_unref(d.av[4]);
    d.av[4]->format = AV_PIX_FMT_YUV420P;
    d.av[4]->width = 320;
    d.av[4]->height = 240;
    assert_int_equal(bf_frame_pool_get_buffer(d.dec, d.av[4], 0), 0);
    assert_ptr_equal(d.av[4]->data[0], was);
    end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inside_slots),
        cmocka_unit_test(apart_in_pages),
        cmocka_unit_test(taken_again),
    };

    return cmocka_run_group_tests_name("frame_pool", tests, NULL, NULL);
}
