/*
 * text_fixture.h - files of text in a folder of their own
 */
#ifndef BF_TEXT_FIXTURE_H
#define BF_TEXT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"

static char text_root[64];

static inline int text_root_make(void **state)
{
    (void)state;
    snprintf(text_root, sizeof text_root, "/tmp/bonafide-test-text-XXXXXX");
    return mkdtemp(text_root) == NULL;
}

static inline int text_root_remove(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", text_root);
    return system(command);
}

static inline const char *text_path(const char *name)
{
    static char path[8][256];
    static int turn;

    turn = (turn + 1) % 8;
    snprintf(path[turn], sizeof path[turn], "%s/%s", text_root, name);
    return path[turn];
}

/* n bytes as that file, in a folder that is made where it is not there. */
static inline void text_bytes(const char *name, const void *text, size_t n)
{
    struct bf_buf b = {0};
    char dir[256], *p;

    snprintf(dir, sizeof dir, "%s", text_path(name));
    for (p = dir + strlen(text_root) + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
        *p = 0;
        mkdir(dir, 0777);
    }
    bf_buf_append(&b, text, n);
    assert_int_equal(bf_file_write(text_path(name), BF_OUTPUT_FORCE, &b, NULL), BF_OK);
    bf_buf_release(&b);
}

static inline void text_file(const char *name, const char *text)
{
    text_bytes(name, text, strlen(text));
}

#endif
