#include "lib/media/decode_host.h"
#include "lib/media/decode_child.h"
#include "lib/media/decode_warm.h"
#include "lib/media/decode_wire.h"
#include "lib/media/limits.h"
#include "lib/media/media_input.h"
#include "lib/media/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nobody comes to these words by chance. */
#define HOST_NAME "bonafide-decoder"
#define HOST_MARK "--decode-what-comes-on-descriptor-3"
#define SPARE_NAME "bonafide-spare"

enum {
    HOST_FD = 3,
    CHILDREN_MAX = 512,
    N_SENT = 3, /* wire, file, memory */
    FILES = 'f',
    MORE_TO_COME = 'm',
};

extern char **environ;

/* --- in the program --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int host_fd = -1;
static pid_t host_pid;

static bool starts_with(const char *text, const char *head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

/* Of the environment what loading a program wants, and not its owner's affairs. NULL: memory. */
static char **host_environment(void)
{
    static char one_thread[] = "OPENBLAS_NUM_THREADS=1";
    char **env;
    size_t n = 0, k = 0;

    while (environ != NULL && environ[n] != NULL)
        n++;
    env = calloc(n + 2, sizeof *env);
    if (env == NULL)
        return NULL;
    env[k++] = one_thread;
    for (n = 0; environ != NULL && environ[n] != NULL; n++)
        if (starts_with(environ[n], "LD_") || starts_with(environ[n], "ASAN_") ||
            starts_with(environ[n], "UBSAN_") || starts_with(environ[n], "LSAN_"))
            env[k++] = environ[n];
    return env;
}

/* Standard descriptors lead nowhere; the sanitisers alone have something to say. */
static int set_files(posix_spawn_file_actions_t *files, int fd)
{
    int rc = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
#if !defined(__SANITIZE_ADDRESS__)
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_WRONLY, 0);
#endif
    return rc == 0 ? posix_spawn_file_actions_adddup2(files, fd, HOST_FD) : rc;
}

/* fd becomes the host's only descriptor. 0, or errno's value. */
static int spawn(pid_t *pid, int fd)
{
    char name[] = HOST_NAME, mark[] = HOST_MARK, program[64];
    char *argv[] = {name, mark, NULL};
    char **env = host_environment();
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), rc = env == NULL ? ENOMEM : 0;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;

    if (self < 0 && rc == 0)
        rc = errno;
    /* By descriptor: under valgrind the link itself names valgrind. */
    snprintf(program, sizeof program, "/proc/self/fd/%d", self);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (rc == 0)
        rc = set_files(&files, fd);
    if (rc == 0)
        rc = posix_spawn(pid, program, &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    if (self >= 0)
        close(self);
    free(env);
    return rc;
}

/* The host's own limit is that of each decoder, which is forked from it. */
static void limit_memory(pid_t pid)
{
#if !defined(__SANITIZE_ADDRESS__)
    const rlim_t bytes = (rlim_t)bf_limit(BF_LIMIT_MEMORY) << 20;
    const struct rlimit r = {bytes, bytes};

    if (bf_limit(BF_LIMIT_MEMORY) < bf_limit_most(BF_LIMIT_MEMORY))
        prlimit(pid, RLIMIT_AS, &r, NULL);
#else
    (void)pid;
#endif
}

/* With lock held. */
static enum bf_err start(struct bf_error *err)
{
    int pair[2], rc;

    if (host_fd >= 0)
        return BF_OK;
    if (host_pid > 0)
        waitpid(host_pid, NULL, 0);
    host_pid = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return bf_error_errno(err, "cannot speak to a decoder");
    rc = spawn(&host_pid, pair[1]);
    close(pair[1]);
    if (rc != 0) {
        close(pair[0]);
        host_pid = 0;
        errno = rc;
        return bf_error_errno(err, "cannot start a decoder");
    }
    limit_memory(host_pid);
    host_fd = pair[0];
    return BF_OK;
}

enum bf_err bf_decode_host_start(struct bf_error *err)
{
    enum bf_err rc;

    pthread_mutex_lock(&lock);
    rc = start(err);
    if (rc == BF_OK)
        send(host_fd, &(const char){MORE_TO_COME}, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    pthread_mutex_unlock(&lock);
    return rc;
}

static bool send_files(int to, const int fds[N_SENT])
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(N_SENT * sizeof(int))];
    } control = {0};
    char what = FILES;
    struct iovec data = {&what, 1};
    struct msghdr m = {.msg_iov = &data,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    ssize_t n;

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(N_SENT * sizeof(int));
    memcpy(CMSG_DATA(c), fds, N_SENT * sizeof(int));
    do
        n = sendmsg(to, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

enum bf_err bf_decode_host_fork(int *wire, int fd, int memory_fd, struct bf_error *err)
{
    enum bf_err rc = BF_OK;
    int pair[2], tries;
    bool sent = false;

    *wire = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return bf_error_errno(err, "cannot speak to a decoder");
    pthread_mutex_lock(&lock);
    /* A host that somebody has killed is replaced once. */
    for (tries = 0; tries < 2 && rc == BF_OK && !sent; tries++) {
        rc = start(err);
        sent = rc == BF_OK && send_files(host_fd, (const int[N_SENT]){pair[1], fd, memory_fd});
        if (rc == BF_OK && !sent) {
            close(host_fd);
            host_fd = -1;
        }
    }
    pthread_mutex_unlock(&lock);
    close(pair[1]);
    if (rc == BF_OK && !sent)
        rc = bf_error_set(err, BF_ERR_LIBRARY, "cannot start a decoder");
    if (rc == BF_OK)
        *wire = pair[0];
    else
        close(pair[0]);
    return rc;
}

/* --- in the host --- */

struct host {
    struct pollfd poll[1 + CHILDREN_MAX]; /* ours, then the children's ends of their wires */
    pid_t pid[1 + CHILDREN_MAX];
    nfds_t n;
    /*
     * A child that waits for its file, with all done that can be done before: half of what opening
     * a small file takes. pid 0: none.
     */
    pid_t spare;
    int spare_fd;
    bool asked; /* for a file, before: there may be more */
};

static void on_child(int number)
{
    (void)number; /* to wake ppoll is all */
}

/* FILES, with fds; MORE_TO_COME; or 0, at the end. */
static int receive(int from, int fds[N_SENT])
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(N_SENT * sizeof(int))];
    } control = {0};
    char what;
    struct iovec data = {&what, 1};
    struct msghdr m = {.msg_iov = &data,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c;
    ssize_t n;

    do
        n = recvmsg(from, &m, 0);
    while (n < 0 && errno == EINTR);
    if (n == 1 && what == MORE_TO_COME)
        return MORE_TO_COME;
    c = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c == NULL || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(N_SENT * sizeof(int)))
        return 0;
    memcpy(fds, CMSG_DATA(c), N_SENT * sizeof(int));
    return FILES;
}

/* The last word on a wire. Where the child has filled it up, the end says enough. */
static void say_gone(int wire, int status)
{
    const struct bf_wire_said m = {.kind = BF_WIRE_GONE, .status = status};
    struct bf_buf out = {0};

    if (bf_wire_said_encode(&out, &m))
        send(wire, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    bf_buf_release(&out);
}

static _Noreturn void become_child(int fds[N_SENT])
{
    int i;

    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* Out of the way of the places where they are going. */
    for (i = 0; i < N_SENT; i++)
        fds[i] = fcntl(fds[i], F_DUPFD, BF_WIRE_FD + N_SENT);
    for (i = 0; i < N_SENT; i++)
        if (fds[i] < 0 || dup2(fds[i], BF_WIRE_FD + i) < 0)
            _exit(1);
    bf_decode_child_run();
    _exit(0);
}

/* fd becomes its only descriptor. */
static _Noreturn void become_spare(int fd)
{
    int fds[N_SENT];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, SPARE_NAME);
    if (dup2(fd, HOST_FD) < 0)
        _exit(1);
    bf_sandbox_close_from(HOST_FD + 1);
    bf_decode_warm();
    if (receive(HOST_FD, fds) != FILES)
        _exit(0);
    prctl(PR_SET_NAME, HOST_NAME);
    become_child(fds);
}

static void prepare_spare(struct host *h)
{
    int pair[2];

    if (h->spare > 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return;
    h->spare = fork();
    if (h->spare == 0)
        become_spare(pair[1]);
    close(pair[1]);
    h->spare_fd = pair[0];
    if (h->spare < 0) {
        close(pair[0]);
        h->spare = 0;
    }
}

/* Its process, which then is one like the others; -1 where there is none. */
static pid_t send_to_spare(struct host *h, const int fds[N_SENT])
{
    pid_t pid = h->spare;
    bool sent;

    if (pid <= 0)
        return -1;
    sent = send_files(h->spare_fd, fds);
    close(h->spare_fd);
    h->spare = 0;
    return sent ? pid : -1;
}

static void fork_one(struct host *h, int fds[N_SENT])
{
    pid_t pid = -1;

    if (h->n < 1 + CHILDREN_MAX) {
        pid = send_to_spare(h, fds);
        if (pid < 0)
            pid = fork();
    }
    if (pid == 0)
        become_child(fds);
    close(fds[1]);
    close(fds[2]);
    if (pid < 0) {
        say_gone(fds[0], -1);
        close(fds[0]);
        return;
    }
    h->poll[h->n] = (struct pollfd){.fd = fds[0], .events = 0}; /* POLLHUP comes unasked */
    h->pid[h->n] = pid;
    h->n++;
}

static void take_order(struct host *h)
{
    int fds[N_SENT];

    switch (receive(HOST_FD, fds)) {
    case FILES:
        fork_one(h, fds);
        /* One file may be all; who asks for a second may ask for many. */
        if (h->asked)
            prepare_spare(h);
        h->asked = true;
        break;
    case MORE_TO_COME:
        prepare_spare(h);
        break;
    default:
        _exit(0); /* the program has ended */
    }
}

static void forget(struct host *h, nfds_t i)
{
    close(h->poll[i].fd);
    h->n--;
    h->poll[i] = h->poll[h->n];
    h->pid[i] = h->pid[h->n];
}

static void reap(struct host *h)
{
    nfds_t i;
    pid_t pid;
    int status;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == h->spare) {
            close(h->spare_fd);
            h->spare = 0;
        }
        for (i = 1; i < h->n; i++)
            if (h->pid[i] == pid) {
                say_gone(h->poll[i].fd, status);
                forget(h, i);
                break;
            }
    }
}

static _Noreturn void run_host(void)
{
    static struct host h;
    struct sigaction wake = {.sa_handler = on_child};
    sigset_t chld, none;
    nfds_t i;

    bf_sandbox_close_from(HOST_FD + 1);
    /* Ctrl-C is for the program, and the host's end follows its. */
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&none);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    sigaction(SIGCHLD, &wake, NULL);
    prctl(PR_SET_NAME, HOST_NAME);
    bf_media_silence();
    h.poll[0] = (struct pollfd){.fd = HOST_FD, .events = POLLIN};
    h.n = 1;
    for (;;) {
        int n = ppoll(h.poll, h.n, NULL, &none);

        reap(&h);
        if (n <= 0)
            continue;
        /* Backwards: what is forgotten is replaced by the last. A child is not asked to end. */
        for (i = h.n; i-- > 1;)
            if (h.poll[i].revents & (POLLHUP | POLLERR)) {
                kill(h.pid[i], SIGKILL);
                waitpid(h.pid[i], NULL, 0);
                forget(&h, i);
            }
        if (h.poll[0].revents & (POLLIN | POLLHUP))
            take_order(&h);
    }
}

/*
 * Runs before main in every program that this file is linked into, and returns at once but in the
 * host. So no program has to remember to ask, and none of its own code runs in the host. (The C
 * library hands main's arguments to constructors.)
 */
__attribute__((constructor)) static void host_instead_of_main(int argc, char **argv)
{
    if (argc == 2 && argv != NULL && strcmp(argv[0], HOST_NAME) == 0 &&
        strcmp(argv[1], HOST_MARK) == 0)
        run_host();
}
