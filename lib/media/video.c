#include "lib/media/video.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/media/decode_link.h"
#include "lib/media/decoder.h"
#include "lib/media/limits.h"
#include "lib/media/sandbox.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

struct bf_video {
    char *path;
    int fd;
    struct stat st; /* at opening, to notice a file that is still being written */
    /* one of them: */
    struct bf_decode_link *link;
    struct bf_decoder *decoder; /* where the sandbox is off */
};

const char *bf_video_libraries(void)
{
    static char text[160];
    unsigned f = avformat_version(), c = avcodec_version(), s = swscale_version();

    snprintf(text, sizeof text, "libavformat %u.%u.%u, libavcodec %u.%u.%u, libswscale %u.%u.%u",
             f >> 16, f >> 8 & 255, f & 255, c >> 16, c >> 8 & 255, c & 255, s >> 16, s >> 8 & 255,
             s & 255);
    return text;
}

static enum bf_err changed(const struct bf_video *v, struct bf_error *err)
{
    struct stat now;

    if (fstat(v->fd, &now) != 0)
        return bf_error_errno(err, "cannot stat '%s'", v->path);
    if (now.st_size != v->st.st_size || now.st_mtim.tv_sec != v->st.st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != v->st.st_mtim.tv_nsec)
        return bf_error_set(err, BF_ERR_IO, "'%s' changed while it was being read", v->path);
    return BF_OK;
}

static enum bf_err check_size(const struct bf_video *v, uint32_t width, uint32_t height,
                              struct bf_error *err)
{
    const uint64_t most = bf_limit(BF_LIMIT_SIDE);

    if (width <= most && height <= most)
        return BF_OK;
    return bf_error_set(err, BF_ERR_LIMIT,
                        "'%s' has frames of %" PRIu32 "x%" PRIu32 " pixels; the limit is %" PRIu64
                        "x%" PRIu64,
                        v->path, width, height, most, most);
}

/* What the container says. */
static enum bf_err check_info(const struct bf_video *v, struct bf_error *err)
{
    const struct bf_video_info *i = bf_video_info(v);
    const uint64_t n = (uint64_t)i->n_video + i->n_audio + i->n_other;

    if (n > bf_limit(BF_LIMIT_STREAMS))
        return bf_error_set(err, BF_ERR_LIMIT,
                            "'%s' has %" PRIu64 " streams; the limit is %" PRIu64, v->path, n,
                            bf_limit(BF_LIMIT_STREAMS));
    return check_size(v, i->width, i->height, err);
}

/* Containers lie about how much there is: each frame counts when it comes. */
static enum bf_err check_frame(const struct bf_video *v, const struct bf_frame *f,
                               struct bf_error *err)
{
    if (f->index >= bf_limit(BF_LIMIT_FRAMES))
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' has more frames than the limit of %" PRIu64,
                            v->path, bf_limit(BF_LIMIT_FRAMES));
    if (f->pts_us > 0 && (uint64_t)f->pts_us >= bf_limit(BF_LIMIT_SECONDS) * 1000000)
        return bf_error_set(err, BF_ERR_LIMIT, "'%s' is longer than the limit of %" PRIu64 " s",
                            v->path, bf_limit(BF_LIMIT_SECONDS));
    return check_size(v, f->width, f->height, err);
}

enum bf_err bf_video_open(struct bf_video **out, const char *path, struct bf_error *err)
{
    struct bf_video *v = calloc(1, sizeof *v);
    enum bf_err rc;

    *out = NULL;
    if (v == NULL)
        return bf_error_nomem(err);
    v->fd = -1;
    v->path = strdup(path);
    rc = v->path == NULL ? bf_error_nomem(err) : bf_file_open(&v->fd, path, err);
    if (rc == BF_OK && fstat(v->fd, &v->st) != 0)
        rc = bf_error_errno(err, "cannot stat '%s'", path);
    if (rc == BF_OK && bf_sandbox_used())
        rc = bf_decode_link_open(&v->link, BF_DECODE_VIDEO, v->fd, v->st.st_size, path, err);
    else if (rc == BF_OK)
        rc = bf_decoder_open(&v->decoder, v->fd, v->st.st_size, path, NULL, err);
    if (rc == BF_OK)
        rc = check_info(v, err);
    if (rc == BF_OK)
        *out = v;
    else
        bf_video_close(&v);
    return rc;
}

void bf_video_close(struct bf_video **out)
{
    struct bf_video *v = *out;

    if (v == NULL)
        return;
    bf_decode_link_close(&v->link);
    bf_decoder_close(&v->decoder);
    if (v->fd >= 0)
        close(v->fd);
    free(v->path);
    free(v);
    *out = NULL;
}

const struct bf_video_info *bf_video_info(const struct bf_video *v)
{
    return v->link != NULL ? bf_decode_link_info(v->link) : bf_decoder_info(v->decoder);
}

int64_t bf_video_start_us(const struct bf_video *v)
{
    return v->link != NULL ? bf_decode_link_start_us(v->link) : bf_decoder_start_us(v->decoder);
}

int64_t bf_video_end_us(const struct bf_video *v)
{
    return v->link != NULL ? bf_decode_link_end_us(v->link) : bf_decoder_end_us(v->decoder);
}

enum bf_err bf_video_next(struct bf_video *v, const struct bf_frame **frame, struct bf_error *err)
{
    enum bf_err rc = v->link != NULL ? bf_decode_link_next(v->link, frame, err)
                                     : bf_decoder_next(v->decoder, frame, err);

    if (rc == BF_OK && *frame != NULL)
        rc = check_frame(v, *frame, err);
    if (rc != BF_OK)
        *frame = NULL;
    return rc;
}

enum bf_err bf_video_seek(struct bf_video *v, int64_t pts_us, struct bf_error *err)
{
    enum bf_err rc = changed(v, err);

    if (rc != BF_OK)
        return rc;
    return v->link != NULL ? bf_decode_link_seek(v->link, pts_us, err)
                           : bf_decoder_seek(v->decoder, pts_us, err);
}

void bf_video_stream_hash(struct bf_video *v, uint8_t hash32[32])
{
    if (v->link != NULL)
        bf_decode_link_stream_hash(v->link, hash32);
    else
        bf_decoder_stream_hash(v->decoder, hash32);
}

enum bf_err bf_video_file_hash(struct bf_video *v, uint8_t hash32[32], uint64_t *size,
                               struct bf_error *err)
{
    enum bf_err rc = bf_hash_fd(hash32, size, v->fd, v->path, err);

    return rc == BF_OK ? changed(v, err) : rc;
}
