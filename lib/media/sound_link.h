/*
 * sound_link.h - the program's end of a sandboxed reader of sound
 *
 * What the other end says is checked as decode_talk.h has it.
 */
#ifndef BF_SOUND_LINK_H
#define BF_SOUND_LINK_H

#include "lib/media/sound.h"

struct bf_sound_link;

/* The file fd of size bytes stays the caller's and open until the link is closed; path is what
 * errors call it. */
enum bf_err bf_sound_link_open(struct bf_sound_link **l, int fd, int64_t size, const char *path,
                               struct bf_error *err);
void bf_sound_link_close(struct bf_sound_link **l);
/* As their namesakes of sound.h. */
unsigned bf_sound_link_n_tracks(const struct bf_sound_link *l);
const struct bf_sound_track *bf_sound_link_track(const struct bf_sound_link *l, unsigned track);
enum bf_err bf_sound_link_next(struct bf_sound_link *l, const struct bf_sound_packet **p,
                               struct bf_error *err);

/* For tests: as if a reader were at the other end of the socket wire, which is the link's from here
 * on, also where this fails. */
enum bf_err bf_sound_link_attach(struct bf_sound_link **l, int wire, struct bf_error *err);

#endif
