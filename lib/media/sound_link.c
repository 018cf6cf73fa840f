#include "lib/media/sound_link.h"
#include "lib/media/decode_talk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bf_sound_link {
    struct bf_decode_talk talk;
    unsigned n_tracks;
    struct bf_sound_track track[BF_SOUND_TRACKS_MAX];
    uint8_t *header[BF_SOUND_TRACKS_MAX];
    struct bf_sound_packet packet;
    uint8_t *data;
    size_t cap;
};

static enum bf_err add_track(struct bf_sound_link *l, struct bf_error *err)
{
    const struct bf_sound_track *said = &l->talk.said.track;
    unsigned i = l->n_tracks;

    if (i == BF_SOUND_TRACKS_MAX)
        return bf_decode_talk_nonsense(&l->talk, err);
    l->header[i] = malloc(said->header_len + 1);
    if (l->header[i] == NULL)
        return bf_error_nomem(err);
    if (said->header_len > 0)
        memcpy(l->header[i], said->header, said->header_len);
    l->track[i] = *said;
    l->track[i].header = l->header[i];
    l->n_tracks++;
    return BF_OK;
}

static enum bf_err begin(struct bf_sound_link *l, struct bf_error *err)
{
    struct bf_wire_asked m = {.order = BF_WIRE_OPEN_SOUND, .size = l->talk.size};
    enum bf_err rc;

    snprintf(m.path, sizeof m.path, "%s", l->talk.path);
    rc = bf_decode_talk_ask(&l->talk, &m, err);
    while (rc == BF_OK && (rc = bf_decode_talk_hear(&l->talk, err)) == BF_OK) {
        switch (l->talk.said.kind) {
        case BF_WIRE_TRACK:
            rc = add_track(l, err);
            break;
        case BF_WIRE_OPENED_SOUND:
            return BF_OK;
        case BF_WIRE_FAILED:
            return bf_decode_talk_failed(&l->talk, err);
        default:
            return bf_decode_talk_nonsense(&l->talk, err);
        }
    }
    return rc;
}

static enum bf_err open_link(struct bf_sound_link **out, int fd, int wire, int64_t size,
                             const char *path, struct bf_error *err)
{
    struct bf_sound_link *l = calloc(1, sizeof *l);
    enum bf_err rc;

    *out = NULL;
    if (l == NULL) {
        if (wire >= 0)
            close(wire);
        return bf_error_nomem(err);
    }
    rc = bf_decode_talk_open(&l->talk, fd, wire, size, path, err);
    if (rc == BF_OK)
        rc = begin(l, err);
    *out = l;
    if (rc != BF_OK)
        bf_sound_link_close(out);
    return rc;
}

enum bf_err bf_sound_link_open(struct bf_sound_link **l, int fd, int64_t size, const char *path,
                               struct bf_error *err)
{
    return open_link(l, fd, -1, size, path, err);
}

enum bf_err bf_sound_link_attach(struct bf_sound_link **l, int wire, struct bf_error *err)
{
    return open_link(l, -1, wire, 1, "a test", err);
}

void bf_sound_link_close(struct bf_sound_link **out)
{
    struct bf_sound_link *l = *out;
    unsigned i;

    if (l == NULL)
        return;
    bf_decode_talk_close(&l->talk);
    for (i = 0; i < l->n_tracks; i++)
        free(l->header[i]);
    free(l->data);
    free(l);
    *out = NULL;
}

unsigned bf_sound_link_n_tracks(const struct bf_sound_link *l)
{
    return l->n_tracks;
}

const struct bf_sound_track *bf_sound_link_track(const struct bf_sound_link *l, unsigned track)
{
    return &l->track[track];
}

static enum bf_err take_packet(struct bf_sound_link *l, struct bf_error *err)
{
    struct bf_sound_packet *p = &l->packet;

    *p = l->talk.said.packet;
    if (p->track >= l->n_tracks)
        return bf_decode_talk_nonsense(&l->talk, err);
    if (p->size > l->cap) {
        free(l->data);
        l->cap = 0;
        l->data = malloc(p->size);
        if (l->data == NULL)
            return bf_decode_talk_lose(&l->talk, BF_ERR_NOMEM,
                                       "there is not enough memory for its sound", err);
        l->cap = p->size;
    }
    p->data = l->data;
    return bf_decode_talk_hear_bytes(&l->talk, l->data, p->size, err);
}

enum bf_err bf_sound_link_next(struct bf_sound_link *l, const struct bf_sound_packet **p,
                               struct bf_error *err)
{
    const struct bf_wire_asked m = {.order = BF_WIRE_NEXT};
    enum bf_err rc = bf_decode_talk_ask(&l->talk, &m, err);

    *p = NULL;
    if (rc == BF_OK)
        rc = bf_decode_talk_hear(&l->talk, err);
    if (rc != BF_OK)
        return rc;
    if (l->talk.said.kind == BF_WIRE_FAILED)
        return bf_decode_talk_failed(&l->talk, err);
    if (l->talk.said.kind == BF_WIRE_END)
        return BF_OK;
    if (l->talk.said.kind != BF_WIRE_PACKET)
        return bf_decode_talk_nonsense(&l->talk, err);
    rc = take_packet(l, err);
    if (rc == BF_OK)
        *p = &l->packet;
    return rc;
}
