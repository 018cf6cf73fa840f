/*
 * replay.h - what every fuzz target includes
 *
 * A target is one function from bytes to nothing that must not crash, leak or hang. libFuzzer gives
 * it a main of its own; with BF_FUZZ_REPLAY it gets one that runs each file named on the command
 * line, or in a folder named there, once.
 */
#ifndef BF_REPLAY_H
#define BF_REPLAY_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; also where asserts are compiled out. */
#define MUST(condition)   \
    do {                  \
        if (!(condition)) \
            abort();      \
    } while (0)

#ifdef BF_FUZZ_REPLAY

#include <dirent.h>
#include <sys/stat.h>

#include "lib/base/file.h"

static int replay_file(const char *path)
{
    struct bf_buf data = {0};
    struct bf_error err;
    uint8_t *copy;

    if (bf_file_read(&data, path, (size_t)1 << 26, &err) != BF_OK && data.len == 0 &&
        err.code != BF_ERR_FORMAT) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    /* A block of exactly the input's size, so that valgrind and the address sanitiser see the first
     * byte behind it. */
    copy = malloc(data.len ? data.len : 1);
    if (copy == NULL)
        return 1;
    if (data.len > 0)
        memcpy(copy, data.data, data.len);
    LLVMFuzzerTestOneInput(copy, data.len);
    free(copy);
    bf_buf_release(&data);
    return 0;
}

static int replay_folder(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char file[4096];
    int rc = 0;

    if (d == NULL)
        return 1;
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' &&
            (size_t)snprintf(file, sizeof file, "%s/%s", path, e->d_name) < sizeof file)
            rc |= replay_file(file);
    closedir(d);
    return rc;
}

int main(int argc, char **argv)
{
    struct stat st;
    int i, rc = 0;

    for (i = 1; i < argc; i++)
        rc |= stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? replay_folder(argv[i])
                                                             : replay_file(argv[i]);
    return rc;
}

#endif

#endif
