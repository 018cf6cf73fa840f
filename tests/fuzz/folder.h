/*
 * folder.h - a folder in memory for targets whose parsers take the name of a file
 *
 * It is made for the process and goes with it.
 */
#ifndef BF_FUZZ_FOLDER_H
#define BF_FUZZ_FOLDER_H

#include "tests/fuzz/replay.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline char *fuzz_folder_name(void)
{
    static char name[64];

    return name;
}

static inline void fuzz_folder_remove(void)
{
    DIR *d = opendir(fuzz_folder_name());
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
    rmdir(fuzz_folder_name());
}

static inline const char *fuzz_folder(void)
{
    char *name = fuzz_folder_name();

    if (name[0] != '\0')
        return name;
    snprintf(name, 64, "/dev/shm/bonafide-fuzz-XXXXXX");
    if (mkdtemp(name) == NULL) {
        snprintf(name, 64, "/tmp/bonafide-fuzz-XXXXXX");
        MUST(mkdtemp(name) != NULL);
    }
    atexit(fuzz_folder_remove);
    return name;
}

struct fuzz_path {
    char text[128];
};

static inline struct fuzz_path fuzz_path(const char *file)
{
    struct fuzz_path p;

    snprintf(p.text, sizeof p.text, "%s/%s", fuzz_folder(), file);
    return p;
}

/* The file of that name in the folder, with these bytes. */
static inline struct fuzz_path fuzz_put(const char *file, const void *data, size_t size)
{
    struct fuzz_path p = fuzz_path(file);
    int fd = open(p.text, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    return p;
}

/* Both files hold the same bytes. */
static inline bool fuzz_same(const char *a, const char *b)
{
    FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
    int x = 0, y = 0;

    MUST(f != NULL && g != NULL);
    while (x == y && x != EOF) {
        x = getc(f);
        y = getc(g);
    }
    fclose(f);
    fclose(g);
    return x == y;
}

#endif
