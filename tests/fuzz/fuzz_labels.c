/*
 * The journal of a set that is being made: what is read stays as it is but for half a line at the
 * end, is read again alike, and takes another line.
 */
#include "tests/fuzz/folder.h"

#include "cli/dataset_labels.h"

static char file_name[] = "one.mp4", person[] = "Ann", subject[] = "terms.txt";
static struct bf_plan_video video = {
    .file = file_name, .path = file_name, .person = person, .subject = subject};
static const struct bf_plan plan = {.video = &video, .n_videos = 1};
static const struct bf_plan_item real = {
    .donor = SIZE_MAX, .crf = 23, .file = "real/0001-one.0.mp4"};

/* The journal as it is now, under another name. */
static struct fuzz_path keep(const char *as)
{
    struct fuzz_path from = fuzz_path(".journal"), to = fuzz_path(as);

    unlink(to.text);
    MUST(link(from.text, to.text) == 0);
    return to;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bf_fake_job_done done = {.width = 64, .height = 48, .n_frames = 9};
    struct bf_labels *l = NULL;
    struct bf_error err = {0};

    unlink(fuzz_path(".journal").text);
    fuzz_put(".journal", data, size);
    if (bf_labels_open(&l, fuzz_folder(), &err) != BF_OK) {
        MUST(err.text[0] != '\0' && size > 0);
        return 0;
    }
    /* its video is not there, so that it is not done */
    MUST(!bf_labels_has(l, &plan, &real));
    MUST(bf_labels_add(l, &plan, &real, &done, &err) == BF_OK);
    MUST(bf_labels_write(l, &plan, &real, 1, &err) == BF_OK);
    bf_labels_close(&l);
    keep("before");
    MUST(bf_labels_open(&l, fuzz_folder(), &err) == BF_OK);
    bf_labels_close(&l);
    MUST(fuzz_same(fuzz_path("before").text, fuzz_path(".journal").text));
    return 0;
}
