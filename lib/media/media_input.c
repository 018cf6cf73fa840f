#include "lib/media/media_input.h"
#include "lib/base/file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavformat/avformat.h>

enum { IO_BUFFER = 1 << 16 };

static int io_read(void *ctx, uint8_t *buf, int n)
{
    struct bf_media_input *in = ctx;
    ssize_t k;

    do
        k = pread(in->fd, buf, (size_t)n, in->at);
    while (k < 0 && errno == EINTR);
    if (k < 0)
        return AVERROR(errno);
    if (k == 0)
        return AVERROR_EOF;
    in->at += k;
    return (int)k;
}

static int64_t io_seek(void *ctx, int64_t offset, int whence)
{
    struct bf_media_input *in = ctx;

    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return in->size;
    case SEEK_SET:
        break;
    case SEEK_CUR:
        offset += in->at;
        break;
    case SEEK_END:
        offset += in->size;
        break;
    default:
        return AVERROR(EINVAL);
    }
    if (offset < 0)
        return AVERROR(EINVAL);
    in->at = offset;
    return offset;
}

/* Playlists and the like ask for other files; they do not get them. */
static int io_refuse(AVFormatContext *s, AVIOContext **pb, const char *url, int flags,
                     AVDictionary **options)
{
    (void)s, (void)pb, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

static void silence(void)
{
    av_log_set_level(AV_LOG_QUIET);
}

void bf_media_silence(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, silence);
}

/* FFmpeg's reason for a failed read of the file, in our words. */
static enum bf_err media_error(struct bf_error *err, const struct bf_media_input *in, int rc)
{
    char reason[AV_ERROR_MAX_STRING_SIZE];

    if (rc == AVERROR(ENOMEM))
        return bf_error_nomem(err);
    if (rc == AVERROR_INVALIDDATA || rc == AVERROR_EOF)
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is not a video, or it is damaged or cut off",
                            in->path);
    if (rc == AVERROR(EPERM))
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is a list of other files, not a video",
                            in->path);
    av_strerror(rc, reason, sizeof reason);
    return bf_error_set(err, BF_ERR_IO, "cannot read '%s': %s", in->path, reason);
}

static bool ends_with(const char *text, const char *tail)
{
    size_t n = strlen(text), k = strlen(tail);

    return n >= k && strcmp(text + n - k, tail) == 0;
}

static bool is_still_container(const AVFormatContext *fmt)
{
    static const char *const brands[] = {"avif", "mif1", "heic", "heix"};
    const AVDictionaryEntry *brand = av_dict_get(fmt->metadata, "major_brand", NULL, 0);
    size_t i;

    if (ends_with(fmt->iformat->name, "_pipe") || strcmp(fmt->iformat->name, "image2") == 0 ||
        strcmp(fmt->iformat->name, "ico") == 0)
        return true;
    for (i = 0; brand != NULL && i < sizeof brands / sizeof *brands; i++)
        if (strncmp(brand->value, brands[i], 4) == 0)
            return true;
    return false;
}

static enum bf_err open_container(struct bf_media_input *in, struct bf_error *err)
{
    const char *slash = strrchr(in->path, '/');
    uint8_t *buf = av_malloc(IO_BUFFER);
    int rc;

    in->fmt = avformat_alloc_context();
    if (buf == NULL || in->fmt == NULL) {
        av_free(buf);
        return bf_error_nomem(err);
    }
    in->fmt->pb = avio_alloc_context(buf, IO_BUFFER, 0, in, io_read, NULL, io_seek);
    if (in->fmt->pb == NULL) {
        av_free(buf);
        return bf_error_nomem(err);
    }
    in->fmt->io_open = io_refuse;
    /* The name helps to tell raw streams apart; nothing is opened by it. */
    AVIOContext *pb = in->fmt->pb;
    rc = avformat_open_input(&in->fmt, slash ? slash + 1 : in->path, NULL, NULL);
    if (rc < 0) {
        /* avformat_open_input frees the context on failure, but never a caller's AVIOContext. */
        av_freep(&pb->buffer);
        avio_context_free(&pb);
        return media_error(err, in, rc);
    }
    if (is_still_container(in->fmt))
        return bf_error_set(err, BF_ERR_FORMAT, "'%s' is a still image, not a video", in->path);
    rc = avformat_find_stream_info(in->fmt, NULL);
    if (rc < 0)
        return media_error(err, in, rc);
    return BF_OK;
}

enum bf_err bf_media_input_attach(struct bf_media_input *in, int fd, int64_t size, const char *path,
                                  struct bf_error *err)
{
    *in = (struct bf_media_input){.fd = fd, .size = size, .path = strdup(path)};
    if (in->path == NULL)
        return bf_error_nomem(err);
    bf_media_silence();
    return open_container(in, err);
}

enum bf_err bf_media_input_open(struct bf_media_input *in, const char *path, struct bf_error *err)
{
    enum bf_err rc;
    struct stat st;
    int fd = -1;

    *in = (struct bf_media_input){.fd = -1};
    rc = bf_file_open(&fd, path, err);
    if (rc != BF_OK)
        return rc;
    if (fstat(fd, &st) != 0) {
        rc = bf_error_errno(err, "cannot stat '%s'", path);
        close(fd);
        return rc;
    }
    rc = bf_media_input_attach(in, fd, st.st_size, path, err);
    in->own = true;
    return rc;
}

static void close_container(struct bf_media_input *in)
{
    if (in->fmt != NULL) {
        AVIOContext *pb = in->fmt->pb;

        avformat_close_input(&in->fmt);
        if (pb != NULL) {
            av_freep(&pb->buffer);
            avio_context_free(&pb);
        }
    }
}

enum bf_err bf_media_input_reopen(struct bf_media_input *in, struct bf_error *err)
{
    close_container(in);
    in->at = 0;
    return open_container(in, err);
}

void bf_media_input_close(struct bf_media_input *in)
{
    close_container(in);
    if (in->own && in->fd >= 0)
        close(in->fd);
    free(in->path);
    *in = (struct bf_media_input){.fd = -1};
}
