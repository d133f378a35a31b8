/*
 * The file of a ledger in SQLite: what must hold before it is opened.  It is
 * looked at by its path only: to open and close it here would take away the
 * locks that another connection of this process holds on it (fcntl(2)).
 */

#include "ledger_private.h"

#include "apr_user.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)

static const char *user_name(apr_pool_t *p, uid_t uid)
{
    char *name;

    return apr_uid_name_get(&name, uid, p) == APR_SUCCESS
               ? name
               : apr_psprintf(p, "uid %lu", (unsigned long)uid);
}

static int fail_errno(mtasts_ledger *l, const char *what, int error)
{
    char text[128];

    apr_strerror(error, text, sizeof(text));
    return mtasts_ledger_fail(l, what, text);
}

/* What is said of file and directory alike; `what` is one of these words. */
static int check_owner(mtasts_ledger *l, apr_pool_t *p, const char *what,
                       const struct stat *st, int root_may)
{
    if (st->st_uid != geteuid() && !(root_may && st->st_uid == 0)) {
        return mtasts_ledger_fail(
            l,
            apr_psprintf(p, "the %s belongs to %s, and this runs as %s", what,
                         user_name(p, st->st_uid), user_name(p, geteuid())),
            NULL);
    }
    if (st->st_mode & OTHERS_WRITE) {
        return mtasts_ledger_fail(
            l,
            apr_psprintf(p, "others than its owner may write to the %s", what),
            NULL);
    }
    return 1;
}

/* 1 if its directory and file could be written; else 0 and l->why. */
static int check_writable(mtasts_ledger *l, const char *dir, int absent)
{
    /* Its journal comes and goes in there. */
    if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS)) {
        return fail_errno(l, "the directory may not be written to", errno);
    }
    if (!absent && faccessat(AT_FDCWD, l->params, W_OK, AT_EACCESS)) {
        return fail_errno(l, "the file is read-only", errno);
    }
    return 1;
}

static int check_directory(mtasts_ledger *l, apr_pool_t *p, const char *dir,
                           int *absent)
{
    struct stat st;

    if (lstat(dir, &st)) {
        if (errno == ENOENT && !l->create) {
            *absent = 1;
            return 1;
        }
        return errno == ENOENT
                   ? mtasts_ledger_fail(l, "the directory does not exist", NULL)
                   : fail_errno(l, "the directory may not be read", errno);
    }
    if (S_ISLNK(st.st_mode)) {
        return mtasts_ledger_fail(l, "the directory is a symbolic link", NULL);
    }
    if (!S_ISDIR(st.st_mode)) {
        return mtasts_ledger_fail(
            l, "something else is where its directory should be", NULL);
    }
    if (!check_owner(l, p, "directory", &st, 1)) {
        return 0;
    }
    return !l->create || check_writable(l, dir, 1);
}

/* Empty, with rights of its own: SQLite would go by the umask. */
static int make_file(mtasts_ledger *l)
{
    int fd = open(l->params,
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        /* Another process was first: all is well. */
        return errno == EEXIST
                   ? 1
                   : fail_errno(l, "the file may not be made", errno);
    }
    close(fd);
    return 1;
}

static int check_file(mtasts_ledger *l, apr_pool_t *p)
{
    if (lstat(l->params, &l->file)) {
        return fail_errno(l, "the file may not be read", errno);
    }
    if (S_ISLNK(l->file.st_mode)) {
        return mtasts_ledger_fail(l, "it is a symbolic link", NULL);
    }
    if (!S_ISREG(l->file.st_mode)) {
        return mtasts_ledger_fail(l, "it is not a file", NULL);
    }
    if (!check_owner(l, p, "file", &l->file, 0)) {
        return 0;
    }
    if (faccessat(AT_FDCWD, l->params, l->create ? R_OK | W_OK : R_OK,
                  AT_EACCESS)) {
        return fail_errno(
            l, l->create ? "the file is read-only" : "the file may not be read",
            errno);
    }
    return 1;
}

/* For who only reads. */
static void note_unwritable(mtasts_ledger *l, const char *dir, int absent)
{
    l->unwritable = NULL;
    if (!l->create && (l->is_writer || !absent) &&
        !check_writable(l, dir, absent) &&
        !(absent && faccessat(AT_FDCWD, dir, F_OK, AT_EACCESS))) {
        l->unwritable = apr_pstrdup(l->pool, l->why);
    }
}

int mtasts_ledger_file_ready(mtasts_ledger *l, int *absent)
{
    const char *slash = strrchr(l->params, '/'), *dir;
    apr_pool_t *p;
    int good;

    *absent = 0;
    /* No ":memory:", and no "file:" with options. */
    if (*l->params != '/' || !slash[1]) {
        return mtasts_ledger_fail(l, "that is not the absolute path of a file",
                                  NULL);
    }
    apr_pool_create(&p, l->pool);
    dir = slash == l->params
              ? "/"
              : apr_pstrndup(p, l->params, (apr_size_t)(slash - l->params));
    good = check_directory(l, p, dir, absent);
    if (good && !*absent && lstat(l->params, &l->file) && errno == ENOENT) {
        *absent = !l->create;
        good = *absent || make_file(l);
    }
    good = good && (*absent || check_file(l, p));
    if (good) {
        note_unwritable(l, dir, *absent);
    }
    apr_pool_destroy(p);
    return good;
}

int mtasts_ledger_file_same(const mtasts_ledger *l)
{
    struct stat st;

    return !lstat(l->params, &st) && st.st_dev == l->file.st_dev &&
           st.st_ino == l->file.st_ino;
}

int mtasts_ledger_file_fits(const mtasts_ledger *l, int64_t page_size)
{
    struct stat st;

    /* One byte is as good as none, to SQLite. */
    return lstat(l->params, &st) || st.st_size <= 1 || page_size < 1 ||
           st.st_size % page_size == 0;
}
