/*
 * Photographs, as the sandboxed decoder reads them: a picture within the limits, or a sentence.
 *
 * What claims to be large is left out: it is slow, and its limits are the unit tests'.
 */
#include "tests/fuzz/folder.h"

#include "lib/media/media_input.h"
#include "lib/media/photo_decode.h"
#include "lib/media/video.h"

enum { PIXELS = 1 << 20 };

static size_t le(const uint8_t *p, int n)
{
    size_t v = 0;

    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

static size_t be(const uint8_t *p, int n)
{
    size_t v = 0;

    while (n-- > 0)
        v = v << 8 | *p++;
    return v;
}

static bool many(size_t w, size_t h)
{
    return w > PIXELS || h > PIXELS || w * h > PIXELS;
}

static bool claims_much(const uint8_t *p, size_t n)
{
    size_t i;

    switch (bf_photo_kind_of(p, n)) {
    case BF_PHOTO_PNG:
        return n >= 24 && many(be(p + 16, 4), be(p + 20, 4));
    case BF_PHOTO_BMP:
        return n >= 26 && (many(le(p + 18, 4), 1) || many(le(p + 18, 4), le(p + 22, 4)));
    case BF_PHOTO_JPEG:
        for (i = 0; i + 9 <= n; i++)
            if (p[i] == 0xff && p[i + 1] >= 0xc0 && p[i + 1] <= 0xcf &&
                many(be(p + i + 5, 2), be(p + i + 7, 2)))
                return true;
        return false;
    case BF_PHOTO_WEBP:
        for (i = 0; i + 30 <= n; i++)
            if (memcmp(p + i, "VP8", 3) == 0 &&
                (many(le(p + i + 14, 2) & 0x3fff, le(p + i + 16, 2) & 0x3fff) ||
                 many(le(p + i + 12, 3), le(p + i + 15, 3)) ||
                 many(le(p + i + 9, 2) & 0x3fff, (le(p + i + 10, 4) >> 6) & 0x3fff)))
                return true;
        return false;
    case BF_PHOTO_NONE:
        break;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bf_picture p = {0};
    struct bf_error err = {0};
    volatile unsigned sum = 0;
    struct fuzz_path path;
    int fd;

    if (size == 0 || claims_much(data, size))
        return 0;
    bf_media_silence();
    path = fuzz_put("photo", data, size);
    fd = open(path.text, O_RDONLY);
    MUST(fd >= 0);
    if (bf_photo_decode(&p, fd, (int64_t)size, "input", &err) == BF_OK) {
        MUST(p.width >= 1 && p.height >= 1);
        MUST(p.width <= BF_VIDEO_DIM_MAX && p.height <= BF_VIDEO_DIM_MAX);
        sum += p.rgb[0];
        sum += p.rgb[(size_t)p.width * p.height * 3 - 1];
        (void)sum;
    } else {
        MUST(err.text[0] != '\0');
    }
    bf_picture_release(&p);
    close(fd);
    return 0;
}
