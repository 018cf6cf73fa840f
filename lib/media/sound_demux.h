/*
 * sound_demux.h - FFmpeg's side of reading sound: what sound.h promises, of a file that is open
 * already
 *
 * Runs in the sandboxed child (decode_child), or in the caller's own process where the sandbox is
 * off.
 */
#ifndef BF_SOUND_DEMUX_H
#define BF_SOUND_DEMUX_H

#include "lib/media/sound.h"

struct bf_sound_demux;

/* The file fd of size bytes stays the caller's; path is what errors call it. */
enum bf_err bf_sound_demux_open(struct bf_sound_demux **d, int fd, int64_t size, const char *path,
                                struct bf_error *err);
void bf_sound_demux_close(struct bf_sound_demux **d);
/* As their namesakes of sound.h. */
unsigned bf_sound_demux_n_tracks(const struct bf_sound_demux *d);
const struct bf_sound_track *bf_sound_demux_track(const struct bf_sound_demux *d, unsigned track);
enum bf_err bf_sound_demux_next(struct bf_sound_demux *d, const struct bf_sound_packet **p,
                                struct bf_error *err);

#endif
