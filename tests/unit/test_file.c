#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/bonafide-test-XXXXXX");
    return mkdtemp(dir) == NULL;
}

/* Whatever is left behind fails the test. */
static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static void put(const char *path, const char *text, unsigned flags)
{
    struct bf_output *out = NULL;
    struct bf_error err;

    assert_int_equal(bf_output_open(&out, path, flags, &err), BF_OK);
    assert_int_equal(bf_output_write(out, text, strlen(text), &err), BF_OK);
    assert_int_equal(bf_output_commit(out, &err), BF_OK);
    bf_output_close(&out);
    assert_null(out);
}

static void written_whole(void **state)
{
    const char *path = in_dir("a");
    struct bf_output *out = NULL;
    struct bf_buf b = {0};
    struct bf_error err;
    struct stat st;

    (void)state;
    put(path, "one", BF_OUTPUT_PRIVATE);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(bf_output_open(&out, path, 0, &err), BF_ERR_EXISTS);
    assert_null(out);
    put(path, "two two", BF_OUTPUT_FORCE);
    assert_int_equal(bf_file_read(&b, path, 7, &err), BF_OK);
    assert_int_equal(b.len, 7);
    assert_memory_equal(b.data, "two two", 7);
    b.len = 0;
    assert_int_equal(bf_file_read(&b, path, 6, &err), BF_ERR_LIMIT);
    bf_buf_release(&b);
    unlink(path);
}

static void not_committed(void **state)
{
    struct bf_output *out = NULL;
    struct bf_error err;
    struct stat st;

    (void)state;
    assert_int_equal(bf_output_open(&out, in_dir("b"), 0, &err), BF_OK);
    assert_int_equal(bf_output_write(out, "x", 1, &err), BF_OK);
    bf_output_close(&out);
    bf_output_close(&out);
    assert_int_not_equal(stat(in_dir("b"), &st), 0);
}

/* A file that appears while ours is being written is not ours to replace. */
static void appears_meanwhile(void **state)
{
    const char *path = in_dir("c");
    struct bf_output *out = NULL;
    struct bf_buf b = {0};
    struct bf_error err;

    (void)state;
    assert_int_equal(bf_output_open(&out, path, 0, &err), BF_OK);
    assert_int_equal(bf_output_write(out, "ours", 4, &err), BF_OK);
    put(path, "theirs", 0);
    assert_int_equal(bf_output_commit(out, &err), BF_ERR_EXISTS);
    bf_output_close(&out);
    assert_int_equal(bf_file_read(&b, path, 100, &err), BF_OK);
    assert_memory_equal(b.data, "theirs", 6);
    bf_buf_release(&b);
    unlink(path);
}

static void assert_holds(const char *path, const char *text)
{
    struct bf_buf b = {0};
    struct bf_error err;

    assert_int_equal(bf_file_read(&b, path, 100, &err), BF_OK);
    assert_int_equal(b.len, strlen(text));
    assert_memory_equal(b.data, text, b.len);
    bf_buf_release(&b);
}

/* late: the link is put there between the look at the name and the commit. */
static void one_link(bool late, bool dangling, bool force)
{
    char target[128], path[128];
    struct bf_output *out = NULL;
    struct bf_error err;
    struct stat st;

    snprintf(target, sizeof target, "%s", in_dir("target"));
    snprintf(path, sizeof path, "%s", in_dir("link"));
    if (!dangling)
        put(target, "theirs", 0);
    if (!late)
        assert_int_equal(symlink(target, path), 0);
    assert_int_equal(bf_output_open(&out, path, force ? BF_OUTPUT_FORCE : 0, &err),
                     late || force ? BF_OK : BF_ERR_EXISTS);
    if (late)
        assert_int_equal(symlink(target, path), 0);
    if (out != NULL) {
        assert_int_equal(bf_output_write(out, "ours", 4, &err), BF_OK);
        assert_int_equal(bf_output_commit(out, &err), force ? BF_OK : BF_ERR_EXISTS);
        bf_output_close(&out);
    }
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(S_ISLNK(st.st_mode) != 0, !force);
    if (force)
        assert_holds(path, "ours");
    if (dangling)
        assert_int_not_equal(stat(target, &st), 0);
    else
        assert_holds(target, "theirs");
    unlink(path);
    unlink(target);
}

/* A link at the output's name, whenever it is put there, never leads to what it points to. */
static void links(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 8; i++)
        one_link(i & 1, i & 2, i & 4);
}

static void refused(void **state)
{
    struct bf_output *out = NULL;
    struct bf_error err;
    int fd;

    (void)state;
    assert_int_equal(bf_file_open(&fd, in_dir("missing"), &err), BF_ERR_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(bf_file_open(&fd, dir, &err), BF_ERR_FORMAT);
    assert_int_equal(bf_file_open(&fd, "/dev/null", &err), BF_ERR_FORMAT);
    assert_int_equal(fd, -1);
    put(in_dir("empty"), "", 0);
    assert_int_equal(bf_file_open(&fd, in_dir("empty"), &err), BF_ERR_FORMAT);
    assert_non_null(strstr(err.text, "is empty"));
    unlink(in_dir("empty"));
    assert_int_equal(bf_output_open(&out, in_dir("no/such"), 0, &err), BF_ERR_IO);
    assert_int_equal(bf_output_open(&out, dir, BF_OUTPUT_FORCE, &err), BF_ERR_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_whole, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(not_committed, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(appears_meanwhile, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(links, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(refused, make_dir, remove_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
