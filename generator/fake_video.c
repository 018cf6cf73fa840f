#include "generator/fake_video.h"
#include "generator/donor.h"
#include "generator/face_chosen.h"

#include <stdlib.h>
#include <string.h>

struct bf_fake_video {
    const struct bf_fake_method *method;
    void *maker;
    struct bf_face_reader *reader;
    struct bf_face_chosen chosen;
    struct bf_donor donor;
    struct bf_face_patch patch;
};

static enum bf_err load_donor(struct bf_fake_video *f, const struct bf_fake_video_options *o,
                              const struct bf_progress *progress, struct bf_error *err)
{
    switch (o->method->need) {
    case BF_FAKE_OWN_FRAME:
        return BF_OK;
    case BF_FAKE_OWN_VIDEO:
        return bf_donor_load(&f->donor, o->path, o->track, o->donor_faces, f->reader, progress,
                             err);
    case BF_FAKE_DONOR:
        break;
    }
    if (o->donor == NULL)
        return bf_error_set(err, BF_ERR_USAGE, "the method %s needs a donor", o->method->name);
    return bf_donor_load(&f->donor, o->donor, o->donor_track, o->donor_faces, f->reader, progress,
                         err);
}

enum bf_err bf_fake_video_create(struct bf_fake_video **out, struct bf_face_reader *reader,
                                 const struct bf_video_info *info,
                                 const struct bf_fake_video_options *options,
                                 const struct bf_progress *progress, struct bf_error *err)
{
    struct bf_fake_video *f = calloc(1, sizeof *f);
    struct bf_fake_options how = {.seed = options->seed,
                                  .strength = options->strength,
                                  .aspect = (float)info->sar_num / (float)info->sar_den,
                                  .seamless = options->seamless,
                                  .colour = options->colour};
    enum bf_err rc;

    *out = f;
    if (f == NULL)
        return bf_error_nomem(err);
    f->method = options->method;
    f->reader = reader;
    bf_face_chosen_init(&f->chosen, options->track);
    rc = load_donor(f, options, progress, err);
    how.donor = &f->donor;
    if (rc == BF_OK)
        rc = f->method->create(&f->maker, &how, err);
    bf_face_reader_restart(reader, info);
    if (rc != BF_OK)
        bf_fake_video_free(out);
    return rc;
}

void bf_fake_video_free(struct bf_fake_video **out)
{
    struct bf_fake_video *f = *out;

    if (f == NULL)
        return;
    if (f->maker != NULL)
        f->method->release(f->maker);
    bf_donor_release(&f->donor);
    bf_face_patch_release(&f->patch);
    free(f);
    *out = NULL;
}

enum bf_err bf_fake_video_frame(struct bf_fake_video *f, struct bf_canvas *canvas, uint8_t *truth,
                                const struct bf_frame *frame, struct bf_error *err)
{
    const struct bf_face *faces, *face;
    size_t n;
    enum bf_err rc = bf_face_reader_next(f->reader, &faces, &n, frame, err);

    if (rc != BF_OK)
        return rc;
    face = bf_face_chosen_find(&f->chosen, f->reader, faces, n);
    f->patch.w = f->patch.h = 0;
    if (face != NULL)
        rc = f->method->change(&f->patch, f->maker, canvas, face, frame->pts_us, err);
    if (rc != BF_OK)
        return rc;
    bf_face_patch_put(&f->patch, canvas);
    if (truth != NULL)
        bf_face_patch_truth(truth, canvas->height, canvas->width, &f->patch);
    return BF_OK;
}
