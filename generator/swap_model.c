#include "generator/swap_model.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

enum { ABOUT_BYTES_MAX = 1 << 16, BATCH_MAX = 256, PATH_CAP = 4096 };

#define VERSION "1"
#define LEAK 0.1f

const struct bf_swap_shape bf_swap_shapes[BF_SWAP_PRESETS] = {
    {"quick", "swap-autoencoder-64", 64, 32, 256, 256, {128, 64, 32, 16}, 20000},
    {"standard", "swap-autoencoder-96", 96, 32, 256, 192, {128, 64, 32, 16}, 30000},
    {"fine", "swap-autoencoder-128", 128, 48, 512, 256, {192, 96, 48, 24}, 60000},
};

bool bf_swap_preset_parse(enum bf_swap_preset *out, const char *name)
{
    int i;

    for (i = 0; i < BF_SWAP_PRESETS; i++)
        if (strcmp(name, bf_swap_shapes[i].name) == 0) {
            *out = (enum bf_swap_preset)i;
            return true;
        }
    return false;
}

static int down(struct bf_net *net, const char *name, int x, size_t c)
{
    return bf_net_rectify(net, bf_net_conv(net, name, x, c, 5, 2), LEAK);
}

/* The name of a layer of one person's decoder. */
static const char *of(char out[BF_PARAM_NAME_MAX], enum bf_swap_who who, const char *layer)
{
    snprintf(out, BF_PARAM_NAME_MAX, "decoder_%c.%s", who == BF_SWAP_A ? 'a' : 'b', layer);
    return out;
}

static int up(struct bf_net *net, const char *name, int x, size_t c)
{
    return bf_net_shuffle(net, bf_net_rectify(net, bf_net_conv(net, name, x, 4 * c, 3, 1), LEAK),
                          2);
}

/* Transposed by convolution and pixel shuffle; the first doubling belongs to both people. */
static void build(struct bf_swap_net *n, const struct bf_swap_shape *s, enum bf_swap_who who)
{
    static const char *const layer[] = {"up2", "up3", "up4"};
    struct bf_net *net = n->net;
    unsigned side = s->size / 16;
    char name[BF_PARAM_NAME_MAX];
    int x = n->in = bf_net_input(net, s->size, s->size, 3), i;

    x = down(net, "encoder.conv1", x, s->width);
    x = down(net, "encoder.conv2", x, (size_t)2 * s->width);
    x = down(net, "encoder.conv3", x, (size_t)4 * s->width);
    x = down(net, "encoder.conv4", x, (size_t)8 * s->width);
    x = bf_net_dense(net, "encoder.code", x, s->code);
    x = bf_net_dense(net, "encoder.uncode", x, (size_t)side * side * s->bottom);
    x = up(net, "encoder.up1", bf_net_reshape(net, x, side, side, s->bottom), s->up[0]);
    for (i = 0; i < 3; i++)
        x = up(net, of(name, who, layer[i]), x, s->up[i + 1]);
    n->rgb = bf_net_sigmoid(net, bf_net_conv(net, of(name, who, "rgb"), x, 3, 5, 1));
    n->mask = bf_net_sigmoid(net, bf_net_conv(net, of(name, who, "mask"), x, 1, 5, 1));
}

enum bf_err bf_swap_model_create(struct bf_swap_model *m, const struct bf_swap_about *about,
                                 bool training, struct bf_error *err)
{
    enum bf_err rc;
    int who;

    *m = (struct bf_swap_model){.about = *about, .shape = &bf_swap_shapes[about->preset]};
    m->kind = (struct bf_weights_kind){m->shape->architecture, VERSION};
    rc = bf_params_create(&m->params, err);
    for (who = BF_SWAP_A; who <= BF_SWAP_B && rc == BF_OK; who++) {
        rc = bf_net_create(&m->net[who].net, m->params, err);
        if (rc == BF_OK)
            build(&m->net[who], m->shape, (enum bf_swap_who)who);
    }
    if (rc == BF_OK)
        rc = bf_params_allocate(m->params, training, about->seed, err);
    if (rc != BF_OK)
        bf_swap_model_release(m);
    return rc;
}

void bf_swap_model_release(struct bf_swap_model *m)
{
    bf_net_free(&m->net[BF_SWAP_A].net);
    bf_net_free(&m->net[BF_SWAP_B].net);
    bf_params_free(&m->params);
}

/* --- the folder
 * --------------------------------------------------------------------------------------- */

static bool read_person(struct bf_swap_about *about, int who, const json_t *o)
{
    const char *name = json_string_value(json_object_get(o, "subject"));
    const char *hash = json_string_value(json_object_get(o, "subject_sha256"));

    if (name == NULL || hash == NULL || strlen(name) >= BF_SWAP_NAME_MAX ||
        !bf_hex_parse(about->subject32[who], 32, hash, strlen(hash)))
        return false;
    snprintf(about->subject[who], BF_SWAP_NAME_MAX, "%s", name);
    return true;
}

enum bf_err bf_swap_about_load(struct bf_swap_about *about, const char *dir, struct bf_error *err)
{
    const char *schema, *preset;
    struct bf_buf text = {0};
    char path[PATH_CAP];
    json_int_t batch, seed;
    json_t *o = NULL;
    enum bf_err rc;

    *about = (struct bf_swap_about){0};
    snprintf(path, sizeof path, "%s/model.json", dir);
    if (access(path, F_OK) != 0)
        return bf_error_set(err, BF_ERR_NOT_FOUND,
                            "'%s' is no model: make one by 'bonafide swap train'", dir);
    rc = bf_file_read(&text, path, ABOUT_BYTES_MAX, err);
    if (rc != BF_OK)
        goto out;
    o = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    schema = json_string_value(json_object_get(o, "schema"));
    preset = json_string_value(json_object_get(o, "preset"));
    batch = json_integer_value(json_object_get(o, "batch"));
    seed = json_integer_value(json_object_get(o, "seed"));
    if (schema == NULL || strcmp(schema, BF_SWAP_SCHEMA) != 0 || preset == NULL ||
        !bf_swap_preset_parse(&about->preset, preset) || batch < 1 || batch > BATCH_MAX ||
        seed < 0 || !read_person(about, BF_SWAP_A, json_object_get(o, "a")) ||
        !read_person(about, BF_SWAP_B, json_object_get(o, "b")))
        rc = bf_error_set(err, BF_ERR_FORMAT, "'%s' is damaged, or of another version", path);
    about->batch = (unsigned)batch;
    about->seed = (uint64_t)seed;
out:
    json_decref(o);
    bf_buf_release(&text);
    return rc;
}

static json_t *person(const struct bf_swap_about *about, int who)
{
    char hash[65];

    bf_hex_format(hash, about->subject32[who], 32);
    return json_pack("{s:s, s:s}", "subject", about->subject[who], "subject_sha256", hash);
}

enum bf_err bf_swap_about_save(const struct bf_swap_about *about, const char *dir,
                               struct bf_error *err)
{
    const struct bf_swap_shape *shape = &bf_swap_shapes[about->preset];
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:i, s:i, s:I, s:o, s:o}", "schema", BF_SWAP_SCHEMA, "preset",
                  shape->name, "architecture", shape->architecture, "size", (int)shape->size,
                  "batch", (int)about->batch, "seed", (json_int_t)about->seed, "a",
                  person(about, BF_SWAP_A), "b", person(about, BF_SWAP_B));
    char *text = o != NULL ? json_dumps(o, JSON_INDENT(2)) : NULL;
    struct bf_buf b = {0};
    char path[PATH_CAP];
    enum bf_err rc;

    snprintf(path, sizeof path, "%s/model.json", dir);
    if (text != NULL) {
        bf_buf_printf(&b, "%s\n", text);
        rc = bf_file_write(path, BF_OUTPUT_FORCE, &b, err);
    } else {
        rc = bf_error_nomem(err);
    }
    bf_buf_release(&b);
    free(text);
    json_decref(o);
    return rc;
}

enum bf_err bf_swap_model_load(struct bf_swap_model *m, const char *dir, size_t n,
                               struct bf_pool *pool, struct bf_error *err)
{
    struct bf_swap_about about;
    char path[PATH_CAP];
    enum bf_err rc = bf_swap_about_load(&about, dir, err);
    int who;

    *m = (struct bf_swap_model){0};
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    if (rc == BF_OK && access(path, F_OK) != 0)
        rc = bf_error_set(err, BF_ERR_NOT_FOUND, "the model in '%s' has not been trained yet", dir);
    if (rc == BF_OK)
        rc = bf_swap_model_create(m, &about, false, err);
    if (rc == BF_OK)
        rc = bf_weights_load(m->params, path, &m->kind, err);
    for (who = BF_SWAP_A; who <= BF_SWAP_B && rc == BF_OK; who++)
        rc = bf_net_plan(m->net[who].net, n, 0, pool, err);
    if (rc != BF_OK)
        bf_swap_model_release(m);
    return rc;
}
