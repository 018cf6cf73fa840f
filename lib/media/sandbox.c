#include "lib/media/sandbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sched.h>
#include <seccomp.h>

/* The address sanitiser maps terabytes, and says what it found on stderr. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITISED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITISED 1
#endif
#endif
#ifndef SANITISED
#define SANITISED 0
#endif

/* Beyond what the largest allowed frames need as references of a decoder with many threads. */
#define MEMORY_MAX (UINT64_C(32) << 30)

static atomic_bool off;

void bf_sandbox_use(bool on)
{
    atomic_store(&off, !on);
}

bool bf_sandbox_used(void)
{
    return !atomic_load(&off);
}

void bf_sandbox_close_from(int first)
{
    long max, fd;

#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
        return;
#endif
    max = sysconf(_SC_OPEN_MAX);
    for (fd = first; fd < (max > 0 && max < 1 << 20 ? max : 1 << 20); fd++)
        close((int)fd);
}

static bool limit(int what, uint64_t max)
{
    const struct rlimit r = {(rlim_t)max, (rlim_t)max};
    struct rlimit now;

    /* Only ever less than there is. */
    if (getrlimit(what, &now) == 0 && now.rlim_max != RLIM_INFINITY && now.rlim_max < r.rlim_max)
        return true;
    return setrlimit(what, &r) == 0;
}

static enum bf_err set_limits(int n_fds, struct bf_error *err)
{
    if ((!SANITISED && !limit(RLIMIT_AS, MEMORY_MAX)) || !limit(RLIMIT_FSIZE, 0) ||
        !limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, (uint64_t)n_fds) ||
        !limit(RLIMIT_MEMLOCK, 0) || !limit(RLIMIT_MSGQUEUE, 0))
        return bf_error_errno(err, "cannot set the limits of a decoder");
    return BF_OK;
}

/*
 * Landlock with no rule at all: no file or folder by any name. The numbers are the kernel's
 * (Documentation/userspace-api/landlock.rst), written out because the headers of a build machine
 * may know fewer than the kernel that runs. Nothing depends on it: where it fails, seccomp stands.
 */
static void use_landlock(void)
{
    enum { CREATE_RULESET = 444, RESTRICT_SELF = 446, VERSION = 1 };
    /* the rights to files that each version knows */
    static const uint64_t rights[] = {0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff};
    struct {
        uint64_t fs, net, scoped;
    } rules = {0};
    long version = syscall(CREATE_RULESET, NULL, (size_t)0, VERSION), fd;
    size_t size;

    if (version < 1)
        return;
    rules.fs = rights[version < 5 ? version : 5];
    rules.net = version >= 4 ? 3 : 0;    /* bind and connect TCP */
    rules.scoped = version >= 6 ? 3 : 0; /* abstract sockets and signals of others */
    size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    fd = syscall(CREATE_RULESET, &rules, size, 0);
    if (fd < 0)
        return;
    syscall(RESTRICT_SELF, fd, 0);
    close((int)fd);
}

/* What FFmpeg, its libraries and the C library's threads and memory call while they decode. */
static const int allowed[] = {
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(pread64),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getcpu),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sysinfo),
    SCMP_SYS(close),
    SCMP_SYS(sched_getaffinity),
};

/* What libraries try and can do without: they are told that they may not. */
static const struct {
    int call, error;
} denied[] = {
    {SCMP_SYS(open), EACCES},
    {SCMP_SYS(openat), EACCES},
    {SCMP_SYS(openat2), EACCES},
    {SCMP_SYS(access), EACCES},
    {SCMP_SYS(faccessat), EACCES},
    {SCMP_SYS(faccessat2), EACCES},
    {SCMP_SYS(stat), EACCES},
    {SCMP_SYS(lstat), EACCES},
    {SCMP_SYS(newfstatat), EACCES},
    {SCMP_SYS(statx), EACCES},
    {SCMP_SYS(readlink), EACCES},
    {SCMP_SYS(readlinkat), EACCES},
    {SCMP_SYS(ioctl), ENOTTY},
    {SCMP_SYS(sched_setaffinity), EPERM},
    {SCMP_SYS(sched_setscheduler), EPERM},
    {SCMP_SYS(prlimit64), EPERM},
    {SCMP_SYS(clone3), ENOSYS}, /* its flags cannot be read here: the C library then uses clone */
};

/* On architectures that lack a call there is nothing to say of it. */
static bool added(int rc)
{
    return rc == 0 || rc == -EDOM || rc == -EEXIST;
}

static bool allow(scmp_filter_ctx ctx, int call, const struct scmp_arg_cmp *where, unsigned n)
{
    return added(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, n, where));
}

/* Argument number arg is value. */
static struct scmp_arg_cmp is(unsigned arg, uint64_t value)
{
    return (struct scmp_arg_cmp){arg, SCMP_CMP_EQ, value, 0};
}

/* Of the bits of mask argument number arg has those of value. */
static struct scmp_arg_cmp has(unsigned arg, uint64_t mask, uint64_t value)
{
    return (struct scmp_arg_cmp){arg, SCMP_CMP_MASKED_EQ, mask, value};
}

static bool add_rules(scmp_filter_ctx ctx, int wire_fd)
{
    const uint64_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
    const struct scmp_arg_cmp not_executed = has(2, PROT_EXEC, 0),
                              a_thread = has(0, thread, thread),
                              to_peer[2] = {is(0, (uint64_t)wire_fd), is(4, 0)},
                              naming = is(0, PR_SET_NAME), own = is(0, (uint64_t)getpid()),
                              error_output = is(0, STDERR_FILENO);
    bool ok = true;
    size_t i;

    for (i = 0; i < sizeof allowed / sizeof *allowed; i++)
        ok = ok && allow(ctx, allowed[i], NULL, 0);
    for (i = 0; i < sizeof denied / sizeof *denied; i++)
        ok = ok && added(seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO((uint32_t)denied[i].error),
                                                denied[i].call, 0, NULL));
    ok = ok && allow(ctx, SCMP_SYS(mmap), &not_executed, 1) &&
         allow(ctx, SCMP_SYS(mprotect), &not_executed, 1) &&
         /* not a process */
         allow(ctx, SCMP_SYS(clone), &a_thread, 1) &&
         /* to whom the socket is connected, and to nobody by address */
         allow(ctx, SCMP_SYS(sendto), to_peer, 2) && allow(ctx, SCMP_SYS(recvfrom), to_peer, 1) &&
         /* FFmpeg names its threads */
         allow(ctx, SCMP_SYS(prctl), &naming, 1) &&
         /* abort() */
         allow(ctx, SCMP_SYS(tgkill), &own, 1);
    if (SANITISED)
        ok = ok && allow(ctx, SCMP_SYS(write), &error_output, 1);
    return ok;
}

static enum bf_err no_filters(struct bf_error *err)
{
    return bf_error_set(err, BF_ERR_LIBRARY,
                        "this kernel has no seccomp filters, and without them no file is decoded; "
                        "--no-sandbox decodes it all the same, with nothing between a flaw in a "
                        "decoder and this machine");
}

static enum bf_err use_seccomp(int wire_fd, struct bf_error *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    enum bf_err rc = BF_OK;

    if (ctx == NULL)
        return bf_error_nomem(err);
    /*
     * Older kernels switch off the guessing of loads past stores inside a filter, which costs every
     * decoder dearly. There is nothing to guess here: no code runs that was made from the file.
     */
    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
    seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!add_rules(ctx, wire_fd) || seccomp_load(ctx) != 0)
        rc = no_filters(err);
    seccomp_release(ctx);
    return rc;
}

enum bf_err bf_sandbox_enter(int wire_fd, int n_fds, struct bf_error *err)
{
    enum bf_err rc;

    bf_sandbox_close_from(n_fds);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return no_filters(err);
    use_landlock();
    rc = set_limits(n_fds, err);
    return rc == BF_OK ? use_seccomp(wire_fd, err) : rc;
}
