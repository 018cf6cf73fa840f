/*
 * fake_video.h - one person's face changed through a whole video by a method of fake_maker.h
 */
#ifndef BF_FAKE_VIDEO_H
#define BF_FAKE_VIDEO_H

#include "generator/fake_maker.h"
#include "lib/base/progress.h"
#include "lib/face/face_reader.h"

struct bf_fake_video_options {
    const struct bf_fake_method *method;
    const char *path;     /* of the video to be changed */
    uint32_t track;       /* the face; 0: whose is the largest where one is first seen */
    const char *donor;    /* video, photograph or face set; of methods that need another person's */
    uint32_t donor_track; /* the same of it */
    size_t donor_faces;   /* at most so many are taken; 0: what there is room for */
    uint64_t seed;
    float strength; /* 0 to 1 */
    bool seamless;
    enum bf_colour_mode colour;
};

struct bf_fake_video;

/*
 * Ready for the frames of info's video, all of them and in order. What the method needs of a donor,
 * or of the video itself, is read now; progress counts it. reader's networks are used, and it must
 * be left alone until the end. BF_ERR_NOT_FOUND where the donor has no face.
 */
enum bf_err bf_fake_video_create(struct bf_fake_video **f, struct bf_face_reader *reader,
                                 const struct bf_video_info *info,
                                 const struct bf_fake_video_options *options,
                                 const struct bf_progress *progress, struct bf_error *err);
void bf_fake_video_free(struct bf_fake_video **f);
/*
 * canvas has taken frame; its face is changed where it is there. truth (canvas height, width)
 * receives how much of each pixel was replaced, 0 to 255; it may be NULL.
 */
enum bf_err bf_fake_video_frame(struct bf_fake_video *f, struct bf_canvas *canvas, uint8_t *truth,
                                const struct bf_frame *frame, struct bf_error *err);

#endif
