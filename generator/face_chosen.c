#include "generator/face_chosen.h"
#include "lib/face/face_box.h"

#include <string.h>

void bf_face_chosen_init(struct bf_face_chosen *c, uint32_t track)
{
    memset(c, 0, sizeof *c);
    c->asked = track;
}

const struct bf_face *bf_face_chosen_find(struct bf_face_chosen *c, struct bf_face_reader *reader,
                                          const struct bf_face *faces, size_t n)
{
    const struct bf_face *best = NULL;
    const float *identity;
    size_t i;

    for (i = 0; i < n; i++) {
        if (c->asked != 0 ? faces[i].track == c->asked : faces[i].track == c->current) {
            best = &faces[i];
            break;
        }
        if (c->asked == 0 && c->current == 0 &&
            (best == NULL || bf_face_box_area(&faces[i].box) > bf_face_box_area(&best->box)))
            best = &faces[i];
    }
    if (best == NULL && c->asked == 0 && c->known)
        /* After a cut, or a while out of sight: only who is known to be the same. */
        for (i = 0; i < n; i++) {
            identity = bf_face_reader_identity(reader, faces[i].track);
            if (identity != NULL &&
                bf_identity_likeness(identity, c->identity) > BF_IDENTITY_SAME &&
                (best == NULL || bf_face_box_area(&faces[i].box) > bf_face_box_area(&best->box)))
                best = &faces[i];
        }
    if (best == NULL)
        return NULL;
    c->current = best->track;
    identity = bf_face_reader_identity(reader, best->track);
    if (identity != NULL) {
        memcpy(c->identity, identity, sizeof c->identity);
        c->known = true;
    }
    return best;
}
