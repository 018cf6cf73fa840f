#include "lib/media/photo_decode.h"
#include "lib/media/media_input.h"

#include <errno.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>

enum bf_photo_kind bf_photo_kind_of(const uint8_t *p, size_t n)
{
    if (n >= 3 && memcmp(p, "\xff\xd8\xff", 3) == 0)
        return BF_PHOTO_JPEG;
    if (n >= 8 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0)
        return BF_PHOTO_PNG;
    if (n >= 12 && memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0)
        return BF_PHOTO_WEBP;
    if (n >= 2 && memcmp(p, "BM", 2) == 0)
        return BF_PHOTO_BMP;
    return BF_PHOTO_NONE;
}

static uint16_t exif16(const uint8_t *p, bool big)
{
    return (uint16_t)(big ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

static uint32_t exif32(const uint8_t *p, bool big)
{
    return big ? (uint32_t)exif16(p, big) << 16 | exif16(p + 2, big)
               : (uint32_t)exif16(p + 2, big) << 16 | exif16(p, big);
}

/* Tag 0x0112 of the first directory of a TIFF block (EXIF 2.3, 4.6.4); 1 where there is none. */
static unsigned tiff_orientation(const uint8_t *p, size_t n)
{
    bool big;
    uint32_t at, i, count;

    if (n < 8 || (memcmp(p, "II*\0", 4) != 0 && memcmp(p, "MM\0*", 4) != 0))
        return 1;
    big = p[0] == 'M';
    at = exif32(p + 4, big);
    if (at > n - 2)
        return 1;
    count = exif16(p + at, big);
    for (i = 0; i < count; i++) {
        size_t entry = (size_t)at + 2 + (size_t)12 * i;

        if (entry + 12 > n)
            return 1;
        if (exif16(p + entry, big) == 0x0112) {
            unsigned v = exif16(p + entry + 8, big);

            return v >= 1 && v <= 8 ? v : 1;
        }
    }
    return 1;
}

/* Walks a JPEG's segments to its APP1. Other kinds of pictures are hardly ever written turned. */
static unsigned exif_orientation(const uint8_t *p, size_t n)
{
    size_t at = 2;

    if (bf_photo_kind_of(p, n) != BF_PHOTO_JPEG)
        return 1;
    while (at + 4 <= n && p[at] == 0xff && p[at + 1] != 0xda) {
        size_t len = (size_t)p[at + 2] << 8 | p[at + 3];

        if (len < 2 || at + 2 + len > n)
            return 1;
        if (p[at + 1] == 0xe1 && len >= 8 && memcmp(p + at + 4, "Exif\0\0", 6) == 0)
            return tiff_orientation(p + at + 10, len - 8);
        at += 2 + len;
    }
    return 1;
}

/* How shown pixels come from stored ones, for EXIF's values 1 to 8. */
static const struct bf_orientation turn[9] = {{1, 0, 0, 1},   {1, 0, 0, 1},   {-1, 0, 0, 1},
                                              {-1, 0, 0, -1}, {1, 0, 0, -1},  {0, 1, 1, 0},
                                              {0, 1, -1, 0},  {0, -1, -1, 0}, {0, -1, 1, 0}};

/*
 * A JPEG's and WebP's colours are BT.601 whatever their size; a JPEG's are of full range, and
 * FFmpeg says so by the format or by the frame.
 */
static enum bf_err to_rgb(struct bf_picture *rgb, const AVFrame *av, struct bf_error *err)
{
    const int *colours = sws_getCoefficients(SWS_CS_ITU601);
    bool full = av->color_range == AVCOL_RANGE_JPEG || av->format == AV_PIX_FMT_YUVJ420P ||
                av->format == AV_PIX_FMT_YUVJ422P || av->format == AV_PIX_FMT_YUVJ444P ||
                av->format == AV_PIX_FMT_YUVJ440P || av->format == AV_PIX_FMT_YUVJ411P;
    struct SwsContext *sws = sws_getContext(
        av->width, av->height, (enum AVPixelFormat)av->format, av->width, av->height,
        AV_PIX_FMT_RGB24, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
    uint8_t *dst[4] = {rgb->rgb, NULL, NULL, NULL};
    int stride[4] = {av->width * 3, 0, 0, 0};
    enum bf_err rc = BF_OK;

    if (sws == NULL)
        return bf_error_set(err, BF_ERR_FORMAT, "pixels of a kind that cannot be shown");
    sws_setColorspaceDetails(sws, colours, full, colours, 1, 0, 1 << 16, 1 << 16);
    if (sws_scale(sws, (const uint8_t *const *)av->data, av->linesize, 0, av->height, dst,
                  stride) != av->height)
        rc = bf_error_set(err, BF_ERR_FORMAT, "pixels of a kind that cannot be shown");
    sws_freeContext(sws);
    return rc;
}

static enum bf_err to_picture(struct bf_picture *out, const AVFrame *av, unsigned exif,
                              struct bf_error *err)
{
    struct bf_picture_scaler *scaler = bf_picture_scaler_create();
    bool swapped = turn[exif].xx == 0;
    struct bf_picture stored = {0};
    struct bf_frame f;
    enum bf_err rc = scaler == NULL ? bf_error_nomem(err) : BF_OK;

    if (rc == BF_OK)
        rc = bf_picture_create(&stored, (uint32_t)av->width, (uint32_t)av->height, err);
    if (rc == BF_OK)
        rc = to_rgb(&stored, av, err);
    if (rc == BF_OK && exif <= 1) {
        *out = stored;
        stored = (struct bf_picture){0};
        goto out;
    }
    if (rc == BF_OK)
        rc = bf_picture_create(out, swapped ? stored.height : stored.width,
                               swapped ? stored.width : stored.height, err);
    if (rc == BF_OK) {
        bf_photo_frame(&f, &stored);
        f.orientation = turn[exif];
        rc = bf_picture_scale(out, scaler, &f, err);
    }
out:
    bf_picture_release(&stored);
    bf_picture_scaler_free(&scaler);
    return rc;
}

static enum bf_err decode(AVFrame *av, AVCodecContext *dec, const AVCodec *codec,
                          const struct bf_buf *file, const char *path, struct bf_error *err)
{
    AVPacket *pkt = av_packet_alloc();
    enum bf_err rc = BF_OK;

    /* Bounded before anything is allocated by what the file says of its size. */
    dec->max_pixels = BF_VIDEO_PIXELS_MAX;
    dec->thread_count = 1;
    dec->err_recognition = AV_EF_CRCCHECK | AV_EF_EXPLODE;
    if (pkt == NULL || av_new_packet(pkt, (int)file->len) < 0) {
        rc = bf_error_nomem(err);
        goto out;
    }
    memcpy(pkt->data, file->data, file->len);
    if (avcodec_open2(dec, codec, NULL) < 0 || avcodec_send_packet(dec, pkt) < 0 ||
        (avcodec_send_packet(dec, NULL), avcodec_receive_frame(dec, av)) < 0 ||
        av->decode_error_flags != 0)
        rc = bf_error_set(err, BF_ERR_FORMAT, "the picture '%s' is damaged or cut off", path);
    else if (av->width > BF_VIDEO_DIM_MAX || av->height > BF_VIDEO_DIM_MAX)
        rc = bf_error_set(err, BF_ERR_LIMIT, "'%s' has %dx%d pixels; the limit is %dx%d", path,
                          av->width, av->height, BF_VIDEO_DIM_MAX, BF_VIDEO_DIM_MAX);
out:
    av_packet_free(&pkt);
    return rc;
}

static enum bf_err read_file(struct bf_buf *file, int fd, int64_t size, const char *path,
                             struct bf_error *err)
{
    ssize_t n;

    if (size <= 0 || size > BF_PHOTO_BYTES_MAX)
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' is larger than the limit of %u bytes", path,
                            BF_PHOTO_BYTES_MAX);
    if (!bf_buf_reserve(file, (size_t)size))
        return bf_error_nomem(err);
    while (file->len < (size_t)size) {
        n = pread(fd, file->data + file->len, (size_t)size - file->len, (off_t)file->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return bf_error_errno(err, "cannot read '%s'", path);
        if (n == 0)
            break;
        file->len += (size_t)n;
    }
    return BF_OK;
}

enum bf_err bf_photo_decode(struct bf_picture *out, int fd, int64_t size, const char *path,
                            struct bf_error *err)
{
    static const enum AVCodecID codec_of[] = {[BF_PHOTO_NONE] = AV_CODEC_ID_NONE,
                                              [BF_PHOTO_JPEG] = AV_CODEC_ID_MJPEG,
                                              [BF_PHOTO_PNG] = AV_CODEC_ID_PNG,
                                              [BF_PHOTO_WEBP] = AV_CODEC_ID_WEBP,
                                              [BF_PHOTO_BMP] = AV_CODEC_ID_BMP};
    struct bf_buf file = {0};
    AVCodecContext *dec = NULL;
    AVFrame *av = av_frame_alloc();
    const AVCodec *codec = NULL;
    enum bf_photo_kind kind;
    enum bf_err rc = read_file(&file, fd, size, path, err);

    *out = (struct bf_picture){0};
    bf_media_silence();
    if (rc != BF_OK)
        goto out;
    kind = bf_photo_kind_of(file.data, file.len);
    if (kind == BF_PHOTO_NONE) {
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is not a JPEG, PNG, WebP or BMP picture", path);
        goto out;
    }
    codec = avcodec_find_decoder(codec_of[kind]);
    dec = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (codec == NULL) {
        rc = bf_error_set(err, BF_ERR_LIBRARY, "this FFmpeg cannot read pictures like '%s'", path);
        goto out;
    }
    if (dec == NULL || av == NULL) {
        rc = bf_error_nomem(err);
        goto out;
    }
    rc = decode(av, dec, codec, &file, path, err);
    if (rc == BF_OK)
        rc = to_picture(out, av, exif_orientation(file.data, file.len), err);
out:
    if (rc != BF_OK)
        bf_picture_release(out);
    avcodec_free_context(&dec);
    av_frame_free(&av);
    bf_buf_release(&file);
    return rc;
}
