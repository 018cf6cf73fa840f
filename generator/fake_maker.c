#include "generator/fake_maker.h"
#include "generator/face_paste.h"
#include "generator/face_warp.h"
#include "generator/self_blend.h"

#include <string.h>

const struct bf_fake_method bf_fake_methods[] = {
    {"self", "the face blended with itself, moved and recoloured a little", BF_FAKE_OWN_FRAME,
     "self-blend", bf_self_blend_create, bf_self_blend_change, bf_self_blend_release},
    {"paste", "another person's face over this one", BF_FAKE_DONOR, "face swap",
     bf_face_paste_create_face, bf_face_paste_change, bf_face_paste_release},
    {"mesh", "another person's face, bent to this one's expression", BF_FAKE_DONOR, "face swap",
     bf_face_paste_create_mesh, bf_face_paste_change, bf_face_paste_release},
    {"mouth", "the mouth of another moment, as when other words are put into it", BF_FAKE_OWN_VIDEO,
     "lip", bf_face_paste_create_mouth, bf_face_paste_change, bf_face_paste_release},
    {"eyes", "the eyes of another moment", BF_FAKE_OWN_VIDEO, "eyes", bf_face_paste_create_eyes,
     bf_face_paste_change, bf_face_paste_release},
    {"warp", "the face bent to an expression that it did not have", BF_FAKE_OWN_FRAME,
     "reenactment", bf_face_warp_create, bf_face_warp_change, bf_face_warp_release},
    {0},
};

const struct bf_fake_method *bf_fake_method_find(const char *name)
{
    const struct bf_fake_method *m;

    for (m = bf_fake_methods; m->name != NULL; m++)
        if (strcmp(m->name, name) == 0)
            return m;
    return NULL;
}
