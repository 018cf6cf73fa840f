/* A decoder that ends, hangs or lies costs its own file alone, and the sandbox changes nothing of
 * what is read. */
#include "tests/unit/video_fixture.h"

#include "lib/media/decode_host.h"
#include "lib/media/decode_talk.h"
#include "lib/media/photo.h"
#include "lib/media/sandbox.h"
#include "lib/media/video.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static pid_t parent_of(pid_t pid)
{
    char name[64];
    long parent = 0;
    FILE *f;

    snprintf(name, sizeof name, "/proc/%ld/stat", (long)pid);
    f = fopen(name, "r");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%*d (%*[^)]) %*c %ld", &parent) != 1)
        parent = 0;
    fclose(f);
    return (pid_t)parent;
}

static bool runs(pid_t pid)
{
    char name[64], state = 'Z';
    FILE *f;

    snprintf(name, sizeof name, "/proc/%ld/stat", (long)pid);
    f = fopen(name, "r");
    if (f == NULL)
        return false;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    fclose(f);
    return state != 'Z' && state != 'X';
}

/* A decoder that waits for its file. */
static bool is_spare(pid_t pid)
{
    char name[64], comm[32] = "";
    FILE *f;

    snprintf(name, sizeof name, "/proc/%ld/comm", (long)pid);
    f = fopen(name, "r");
    if (f == NULL)
        return false;
    if (fscanf(f, "%31s", comm) != 1)
        comm[0] = '\0';
    fclose(f);
    return strcmp(comm, "bonafide-spare") == 0;
}

/* Any child of pid that is a spare decoder, or is none; 0 where there is none. */
static pid_t find_child(pid_t pid, bool spare)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    pid_t child = 0;

    assert_non_null(d);
    while (child == 0 && (e = readdir(d)) != NULL) {
        long n = strtol(e->d_name, NULL, 10);

        if (n > 0 && parent_of((pid_t)n) == pid && is_spare((pid_t)n) == spare)
            child = (pid_t)n;
    }
    closedir(d);
    return child;
}

static pid_t child_of(pid_t pid)
{
    return find_child(pid, false);
}

static int open_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

static void wait_until_childless(pid_t pid)
{
    int i;

    for (i = 0; i < 500 && child_of(pid) != 0; i++)
        usleep(10000);
    assert_int_equal(child_of(pid), 0);
}

enum { N_FRAMES = 60 };

static uint64_t read_all(struct bf_video *v, struct bf_error *err)
{
    const struct bf_frame *f = NULL;
    uint64_t n = 0;

    while (bf_video_next(v, &f, err) == BF_OK && f != NULL)
        n++;
    return n;
}

static void hit(const char *name, int signal_number, enum bf_err code, const char *word)
{
    struct bf_video *v = NULL, *other = NULL;
    const struct bf_frame *f = NULL;
    struct bf_error err = {0};
    pid_t host, decoder;
    enum bf_err rc;

    assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
    assert_int_equal(bf_video_next(v, &f, &err), BF_OK);
    assert_non_null(f);
    host = child_of(getpid());
    assert_true(host > 0);
    decoder = child_of(host);
    assert_true(decoder > 0);
    assert_int_equal(kill(decoder, signal_number), 0);
    while ((rc = bf_video_next(v, &f, &err)) == BF_OK && f != NULL)
        ;
    assert_int_equal(rc, code);
    assert_null(f);
    if (strstr(err.text, word) == NULL || strstr(err.text, "refused '") == NULL)
        fail_msg("signal %d says: %s", signal_number, err.text);
    /* and again the same */
    assert_int_equal(bf_video_next(v, &f, &err), code);
    assert_non_null(strstr(err.text, word));
    assert_int_equal(bf_video_seek(v, 0, &err), code);
    /* what else is opened is read */
    assert_int_equal(bf_video_open(&other, name, &err), BF_OK);
    assert_int_equal(read_all(other, &err), N_FRAMES);
    bf_video_close(&other);
    bf_video_close(&v);
    wait_until_childless(host);
}

/* The one that waits; it comes into being behind the back of whoever opens a file. */
static pid_t spare_of(pid_t host)
{
    pid_t pid = 0;
    int i;

    for (i = 0; i < 500 && (pid = find_child(host, true)) == 0; i++)
        usleep(10000);
    assert_true(pid > 0);
    return pid;
}

/* It gets the next file; where something has killed it, the file is decoded all the same. */
static void spare_decoder(void **state)
{
    struct scene sc = {.seed = 6};
    struct bf_video *v = NULL;
    struct bf_error err = {0};
    char name[64];
    pid_t host, spare;
    int i, k;

    (void)state;
    fixture_y4m(name, &sc, 98, 54, N_FRAMES);
    for (i = 0; i < 6; i++) {
        assert_int_equal(bf_decode_host_start(&err), BF_OK);
        host = child_of(getpid());
        spare = spare_of(host);
        if (i % 2 == 1)
            kill(spare, SIGKILL);
        for (k = 0; i % 2 == 1 && k < 500 && find_child(host, true) != 0; k++)
            usleep(10000);
        assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
        if (i % 2 == 0)
            assert_int_equal(child_of(host), spare);
        assert_int_equal(read_all(v, &err), N_FRAMES);
        bf_video_close(&v);
        wait_until_childless(host);
    }
    unlink(name);
}

static void trouble(void **state)
{
    struct scene sc = {.seed = 5};
    struct bf_video *v = NULL;
    struct bf_error err = {0};
    char name[64];
    pid_t host, decoder;
    int fds, i;

    (void)state;
    fixture_y4m(name, &sc, 98, 54, N_FRAMES);
    assert_int_equal(bf_decode_host_start(&err), BF_OK);
    fds = open_fds();
    hit(name, SIGKILL, BF_ERR_FORMAT, "its decoder was killed");
    hit(name, SIGSEGV, BF_ERR_FORMAT, "its decoder crashed");
    hit(name, SIGSYS, BF_ERR_FORMAT, "a forbidden system call");
    bf_decode_talk_set_patience(1);
    hit(name, SIGSTOP, BF_ERR_LIMIT, "took too long");
    bf_decode_talk_set_patience(30);
    /* the host itself */
    assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
    host = child_of(getpid());
    decoder = child_of(host);
    assert_true(decoder > 0);
    kill(host, SIGKILL);
    /* the decoder goes with it, and not at once */
    for (i = 0; i < 500 && parent_of(decoder) == host; i++)
        usleep(10000);
    for (i = 0; i < 500 && runs(decoder); i++)
        usleep(10000);
    assert_true(read_all(v, &err) < N_FRAMES);
    assert_non_null(strstr(err.text, "refused '"));
    bf_video_close(&v);
    for (i = 0; i < 20; i++) {
        assert_int_equal(bf_video_open(&v, name, &err), BF_OK);
        if (i % 2 == 0)
            assert_int_equal(read_all(v, &err), N_FRAMES);
        bf_video_close(&v);
    }
    assert_int_not_equal(child_of(getpid()), host);
    wait_until_childless(child_of(getpid()));
    assert_int_equal(open_fds(), fds);
    unlink(name);
}

static void *read_often(void *p)
{
    const char *name = p;
    struct bf_error err = {0};
    intptr_t i, right = 0;

    for (i = 0; i < 8; i++) {
        struct bf_video *a = NULL, *b = NULL;

        if (bf_video_open(&a, name, &err) == BF_OK && bf_video_open(&b, name, &err) == BF_OK)
            right += read_all(a, &err) == N_FRAMES && bf_video_seek(b, 3000000, &err) == BF_OK &&
                     read_all(b, &err) == N_FRAMES - 30;
        bf_video_close(&a);
        bf_video_close(&b);
    }
    return (void *)right;
}

static void many_at_once(void **state)
{
    struct scene sc = {.seed = 5};
    pthread_t thread[4];
    char name[64];
    size_t i;

    (void)state;
    fixture_y4m(name, &sc, 98, 54, N_FRAMES);
    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_often, name), 0);
    for (i = 0; i < 4; i++) {
        void *right = NULL;

        assert_int_equal(pthread_join(thread[i], &right), 0);
        assert_int_equal((intptr_t)right, 8);
    }
    unlink(name);
}

/* The same frames, to the byte, with the sandbox and without. */
static void changes_nothing(void **state)
{
    const bool limited = *state != NULL;
    const struct rlimit small = {4096, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
    struct scene sc = {.seed = 9};
    char name[64];
    struct bf_video *v[2] = {NULL, NULL};
    const struct bf_frame *f[2] = {NULL, NULL};
    uint8_t hash32[2][32];
    uint32_t y;
    int i;

    fixture_y4m(name, &sc, 401, 253, 20);
    if (limited)
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (i = 0; i < 2; i++) {
        bf_sandbox_use(i == 0);
        assert_int_equal(bf_video_open(&v[i], name, NULL), BF_OK);
    }
    bf_sandbox_use(true);
    for (;;) {
        for (i = 0; i < 2; i++)
            assert_int_equal(bf_video_next(v[i], &f[i], NULL), BF_OK);
        if (f[0] == NULL || f[1] == NULL)
            break;
        assert_int_equal(f[0]->index, f[1]->index);
        assert_int_equal(f[0]->pts_us, f[1]->pts_us);
        assert_int_equal(f[0]->n_planes, f[1]->n_planes);
        assert_string_equal(f[0]->pixel_format, f[1]->pixel_format);
        for (i = 0; i < (int)f[0]->n_planes; i++)
            for (y = 0; y < f[0]->plane[i].rows; y++)
                assert_memory_equal(f[0]->plane[i].data + (ptrdiff_t)y * f[0]->plane[i].stride,
                                    f[1]->plane[i].data + (ptrdiff_t)y * f[1]->plane[i].stride,
                                    f[0]->plane[i].row_bytes);
    }
    assert_null(f[0]);
    assert_null(f[1]);
    for (i = 0; i < 2; i++) {
        assert_int_equal(bf_video_end_us(v[i]), 2000000);
        bf_video_stream_hash(v[i], hash32[i]);
        assert_string_equal(bf_video_info(v[i])->container, "yuv4mpegpipe");
        bf_video_close(&v[i]);
    }
    assert_memory_equal(hash32[0], hash32[1], 32);
    if (limited) {
        assert_int_equal(bf_video_open(&v[0], name, NULL), BF_OK);
        assert_int_equal(bf_video_next(v[0], &f[0], NULL), BF_OK);
        assert_int_equal(bf_video_seek(v[0], 1500000, NULL), BF_OK);
        assert_int_equal(bf_video_next(v[0], &f[0], NULL), BF_OK);
        assert_int_equal(f[0]->pts_us, 1500000);
        bf_video_close(&v[0]);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    }
    unlink(name);
}

int main(void)
{
    static char limited[] = "within a limit on the size of files";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spare_decoder),
        cmocka_unit_test(trouble),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(changes_nothing),
        cmocka_unit_test_prestate(changes_nothing, limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
