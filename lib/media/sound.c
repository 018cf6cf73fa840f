#include "lib/media/sound.h"
#include "lib/base/file.h"
#include "lib/media/sandbox.h"
#include "lib/media/sound_demux.h"
#include "lib/media/sound_link.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct bf_sound {
    int fd;
    /* one of them: */
    struct bf_sound_link *link;
    struct bf_sound_demux *demux; /* where the sandbox is off */
};

enum bf_err bf_sound_open(struct bf_sound **out, const char *path, struct bf_error *err)
{
    struct bf_sound *s = calloc(1, sizeof *s);
    struct stat st;
    enum bf_err rc;

    *out = NULL;
    if (s == NULL)
        return bf_error_nomem(err);
    s->fd = -1;
    rc = bf_file_open(&s->fd, path, err);
    if (rc == BF_OK && fstat(s->fd, &st) != 0)
        rc = bf_error_errno(err, "cannot stat '%s'", path);
    if (rc == BF_OK && bf_sandbox_used())
        rc = bf_sound_link_open(&s->link, s->fd, st.st_size, path, err);
    else if (rc == BF_OK)
        rc = bf_sound_demux_open(&s->demux, s->fd, st.st_size, path, err);
    *out = s;
    if (rc != BF_OK)
        bf_sound_close(out);
    return rc;
}

void bf_sound_close(struct bf_sound **out)
{
    struct bf_sound *s = *out;

    if (s == NULL)
        return;
    bf_sound_link_close(&s->link);
    bf_sound_demux_close(&s->demux);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
    *out = NULL;
}

unsigned bf_sound_n_tracks(const struct bf_sound *s)
{
    return s->link != NULL ? bf_sound_link_n_tracks(s->link) : bf_sound_demux_n_tracks(s->demux);
}

const struct bf_sound_track *bf_sound_track(const struct bf_sound *s, unsigned track)
{
    return s->link != NULL ? bf_sound_link_track(s->link, track)
                           : bf_sound_demux_track(s->demux, track);
}

enum bf_err bf_sound_next(struct bf_sound *s, const struct bf_sound_packet **p,
                          struct bf_error *err)
{
    return s->link != NULL ? bf_sound_link_next(s->link, p, err)
                           : bf_sound_demux_next(s->demux, p, err);
}
