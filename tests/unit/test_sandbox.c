/*
 * From inside the sandbox nothing can be reached, and a decoder that ends, hangs or lies costs its
 * own file alone.
 */
#include "tests/unit/video_fixture.h"

#include "lib/media/decode_host.h"
#include "lib/media/decode_talk.h"
#include "lib/media/photo.h"
#include "lib/media/sandbox.h"
#include "lib/media/video.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

/* --- attempts: each answers with 0 where it got what it wanted, else with errno --- */

static int spare_fd; /* an open file, inside */

static int refused_or(bool got)
{
    return got ? 0 : errno;
}

static int try_open(void)
{
    return refused_or(open("/etc/passwd", O_RDONLY) >= 0);
}

static int try_open_call(void)
{
#ifdef SYS_open
    return refused_or(syscall(SYS_open, "/etc/passwd", O_RDONLY) >= 0);
#else
    return EACCES;
#endif
}

static int try_create(void)
{
    return refused_or(openat(AT_FDCWD, "/tmp/bonafide-escaped", O_WRONLY | O_CREAT, 0600) >= 0);
}

static int try_openat2(void)
{
    static const uint64_t how[3] = {O_RDONLY, 0, 0};

    return refused_or(syscall(437, AT_FDCWD, "/etc/passwd", how, sizeof how) >= 0);
}

static int try_stat(void)
{
    struct stat st;

    return refused_or(stat("/etc/passwd", &st) == 0);
}

static int try_unlink(void)
{
    return refused_or(unlink("/tmp/bonafide-escaped") == 0 || errno == ENOENT);
}

static int try_socket(void)
{
    return refused_or(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}

static int try_unix_socket(void)
{
    return refused_or(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static int try_connect(void)
{
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};

    return refused_or(connect(3, (const struct sockaddr *)&to, sizeof to) == 0);
}

static int try_sendto(void)
{
    const struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/notify"};

    return refused_or(sendto(3, "x", 1, 0, (const struct sockaddr *)&to, sizeof to) == 1);
}

static int try_exec(void)
{
    char name[] = "/bin/true", *argv[] = {name, NULL};

    execv("/bin/true", argv);
    return errno;
}

static int try_fexec(void)
{
    char name[] = "true", *argv[] = {name, NULL};

    syscall(SYS_execveat, spare_fd, "", argv, NULL, 0x1000); /* AT_EMPTY_PATH */
    return errno;
}

static int try_memfd(void)
{
    return refused_or(syscall(SYS_memfd_create, "escaped", 0) >= 0);
}

static int try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return refused_or(pid > 0);
}

static int try_clone(void)
{
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid == 0)
        syscall(SYS_exit, 0);
    return refused_or(pid > 0);
}

static int try_clone3(void)
{
    uint64_t args[8] = {0};

    return refused_or(syscall(435, args, sizeof args) >= 0);
}

static int try_ptrace(void)
{
    return refused_or(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0);
}

static int try_traceme(void)
{
    return refused_or(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
}

static int try_vm_readv(void)
{
    return refused_or(syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0) >= 0);
}

static int try_kill(void)
{
    return refused_or(kill(1, 0) == 0);
}

static int try_tgkill(void)
{
    return refused_or(syscall(SYS_tgkill, 1, 1, 0) == 0);
}

static int try_exec_memory(void)
{
    return refused_or(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

static int try_make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return refused_or(p == MAP_FAILED || mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
}

static int try_write(void)
{
    return refused_or(write(spare_fd, "x", 1) == 1);
}

static int try_dup(void)
{
    return refused_or(dup(3) >= 0);
}

static int try_io_uring(void)
{
    return refused_or(syscall(425, 1, NULL) >= 0);
}

static int try_bpf(void)
{
    return refused_or(syscall(SYS_bpf, 0, NULL, 0) >= 0);
}

static int try_unshare(void)
{
    return refused_or(syscall(SYS_unshare, 0x10000000) == 0); /* CLONE_NEWUSER */
}

/* What it may do. */
static void *add_one(void *p)
{
    ++*(int *)p;
    return NULL;
}

static int may_thread(void)
{
    pthread_t t;
    int n = 41;

    if (pthread_create(&t, NULL, add_one, &n) != 0 || pthread_join(t, NULL) != 0)
        return 1;
    return n == 42 ? 0 : 1;
}

static int may_read(void)
{
    char c;

    return refused_or(pread(spare_fd, &c, 1, 0) == 1);
}

static int may_allocate(void)
{
    char *p = malloc(64 << 20);

    if (p == NULL)
        return ENOMEM;
    memset(p, 1, 64 << 20);
    free(p);
    return 0;
}

/* In a process of its own: the exit status of attempt inside the sandbox, or -signal. */
static int inside(int (*attempt)(void))
{
    int pair[2], status, i;
    pid_t pid;

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct bf_error err = {0};

        i = open("/bin/true", O_RDONLY);
        if (dup2(pair[1], 9) < 0 || dup2(i, 8) < 0 || dup2(9, 3) < 0 || dup2(8, 4) < 0)
            _exit(250);
        spare_fd = 4;
        if (bf_sandbox_enter(3, 5, &err) != BF_OK)
            _exit(251);
        i = attempt();
        syscall(SYS_exit_group, i);
    }
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

#if defined(__SANITIZE_ADDRESS__)
__attribute__((unused))
#endif
static void
nothing_gets_out(void **state)
{
    static const struct {
        const char *name;
        int (*fn)(void);
    } attempt[] = {
        {"open", try_open},
        {"open, the call", try_open_call},
        {"create", try_create},
        {"openat2", try_openat2},
        {"stat", try_stat},
        {"unlink", try_unlink},
        {"socket", try_socket},
        {"unix socket", try_unix_socket},
        {"connect", try_connect},
        {"sendto", try_sendto},
        {"exec", try_exec},
        {"execveat", try_fexec},
        {"memfd_create", try_memfd},
        {"fork", try_fork},
        {"clone", try_clone},
        {"clone3", try_clone3},
        {"ptrace", try_ptrace},
        {"ptrace me", try_traceme},
        {"process_vm_readv", try_vm_readv},
        {"kill", try_kill},
        {"tgkill", try_tgkill},
        {"executable memory", try_exec_memory},
        {"memory made executable", try_make_executable},
        {"write", try_write},
        {"dup", try_dup},
        {"io_uring", try_io_uring},
        {"bpf", try_bpf},
        {"unshare", try_unshare},
    };
    const char *preload = getenv("LD_PRELOAD");
    size_t i;

    (void)state;
    /* valgrind makes calls of its own in the name of what it runs */
    if (preload != NULL && strstr(preload, "vgpreload") != NULL)
        skip();
    for (i = 0; i < sizeof attempt / sizeof *attempt; i++) {
        int rc = inside(attempt[i].fn);

        if (rc != -SIGSYS && rc != EACCES && rc != EPERM && rc != ENOSYS)
            fail_msg("%s ends with %d", attempt[i].name, rc);
    }
    printf("# %zu attempts to get out, each refused or ended\n", i);
    assert_int_equal(inside(may_thread), 0);
    assert_int_equal(inside(may_read), 0);
    assert_int_equal(inside(may_allocate), 0);
}

/* --- a decoder in trouble --- */

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

/* Any child of pid, 0 where there is none. */
static pid_t child_of(pid_t pid)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    pid_t child = 0;

    assert_non_null(d);
    while (child == 0 && (e = readdir(d)) != NULL) {
        long n = strtol(e->d_name, NULL, 10);

        if (n > 0 && parent_of((pid_t)n) == pid)
            child = (pid_t)n;
    }
    closedir(d);
    return child;
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
#if !defined(__SANITIZE_ADDRESS__) /* which reports from inside what is refused there */
        cmocka_unit_test(nothing_gets_out),
#endif
        cmocka_unit_test(trouble),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(changes_nothing),
        cmocka_unit_test_prestate(changes_nothing, limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
