/* From inside the sandbox nothing can be reached. */
#include "tests/unit/video_fixture.h"

#include "lib/media/sandbox.h"

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

static void nothing_gets_out(void **state)
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
#if defined(__SANITIZE_ADDRESS__) /* which reports from inside what is refused there */
    skip();
#endif
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gets_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
