/*
 * What is wrong with the ledger, in words for an administrator, and what to do
 * about it.
 */

#include "ledger_private.h"

#include "../core/text.h"

#include <string.h>

#define ANEW                                                                   \
    "Put a backup in its place, or move it away: then a new one is made, "     \
    "which knows nothing of what was served before."

/* A part of a driver's message, or of one of ours: what it means, if the message
 * doesn't say that well enough, and what helps.  The first that fits counts. */
static const struct {
    const char *part;
    const char *means;
    const char *remedy;
} table[] = {
    {"database or disk is full", "there is no room on the disk",
     "Make room on that file system; what the ledger had is still in it."},
    {"database is locked", "another program holds it locked",
     "See which one: fuser -v FILE; an open sqlite3 shell with a transaction, "
     "or a backup that copies the file while it is locked."},
    {"readonly database", "it can't be written to",
     "Let User write to the file and to its directory, and see that the file "
     "system is not mounted read-only."},
    {"disk image is malformed", "it is damaged", ANEW},
    {"is not a database", "it is no SQLite database, or its beginning is lost",
     ANEW},
    {"no such table", "tables are missing", ANEW},
    {"no such column", "it is damaged", ANEW},
    {"has no column", "it is damaged", ANEW},
    {"it is damaged", NULL, ANEW},
    {"unable to open database file", "it can't be opened",
     "Let User read and write the file and its directory."},
    {"disk I/O error", "the disk fails",
     "See the kernel's log (dmesg) for errors of that disk."},
    {"could not connect", "there is no connection to the database",
     "See that it runs, and that User can connect with the same parameters: "
     "psql \"PARAMS\"."},
    {"connection to server", "there is no connection to the database",
     "See that it runs, and that User can connect with the same parameters: "
     "psql \"PARAMS\"."},
    {"server closed the connection", "the database server went away",
     "Nothing, if it was restarted: it is tried again. Else see its log."},
    {"gave no answer", NULL,
     "See that it is not stopped, and not waiting for a disk; it is tried "
     "again."},
    {"terminating connection", "the database server went away",
     "Nothing, if it was restarted: it is tried again. Else see its log."},
    {"permission denied for", "the database user may not do that",
     "Give MTASTSLedger's user a database of its own: createdb -O USER NAME."},
    {"lock timeout", "another program holds it locked",
     "See which one: SELECT * FROM pg_stat_activity WHERE state <> 'idle'."},
    {"statement timeout", "the database server is too slow",
     "See what it is busy with: SELECT * FROM pg_stat_activity."},
    {"connection info string", NULL,
     "Write PARAMS as libpq reads them: host=/run/postgresql dbname=mtasts."},
    {"invalid connection option", NULL,
     "Write PARAMS as libpq reads them: host=/run/postgresql dbname=mtasts."},
    {"newer version", NULL,
     "Update the module here as well, or give this server a ledger of its "
     "own (MTASTSStateDir, MTASTSLedger)."},
    {"another program's", NULL,
     "Give the ledger a file of its own (MTASTSStateDir, MTASTSLedger)."},
    {"no driver", NULL,
     "Install it, or correct its name in MTASTSLedger; then restart httpd."},
    {"symbolic link", NULL,
     "Put the real path into MTASTSStateDir or MTASTSLedger."},
    {"others than its owner", NULL, "chmod go-w that file or directory."},
    {"belongs to", NULL,
     "If you run this by hand, run it as root, and leave the file as it is. If "
     "the error log says so of httpd: give it to User (chown), or name another "
     "one with MTASTSStateDir."},
    {"the directory does not exist", NULL,
     "httpd makes the state directory when it starts, if the one above it is "
     "there; make any other one, for User alone."},
    {"not the absolute path", NULL,
     "Write the path of a file behind MTASTSLedger sqlite3, or no path."},
    {"it is not a file", NULL, "Move away what is there."},
    {"where its directory", NULL, "Move away what is there."},
    {"is read-only", NULL,
     "Let User read and write the file and its directory, and see that the "
     "file system is not mounted read-only."},
    {"may not", NULL,
     "Let User read and write the file and its directory, and see that the "
     "file system is not mounted read-only."},
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static size_t row_of(const char *text)
{
    size_t i;

    for (i = 0; i < ROWS && !strstr(text, table[i].part); i++) {
    }
    return i;
}

const char *mtasts_ledger_remedy(const char *why)
{
    size_t i = row_of(why);

    return i < ROWS ? table[i].remedy
                    : "See that User can read and write it; what is served "
                      "and checked does not depend on it.";
}

/* A message may have several lines; the first one says it.  libpq repeats what
 * stands behind a word that it can't read: that may be a password. */
static void put_detail(char *out, size_t size, const char *detail)
{
    size_t len = strcspn(detail, "\r\n");

    if (strstr(detail, "connection info string")) {
        detail = "they can't be read as a connection info string";
        len = strlen(detail);
    }
    mtasts_escape_bytes(out, size, detail, len);
}

int mtasts_ledger_fail(mtasts_ledger *ledger, const char *what,
                       const char *detail)
{
    const char *where =
        ledger->dialect->is_file ? ledger->params : ledger->dialect->name;
    char place[200], text[200];

    mtasts_escape(place, sizeof(place), where);
    if (detail) {
        put_detail(text, sizeof(text), detail);
        apr_snprintf(ledger->why, sizeof(ledger->why), "%s: %s (%s)", place,
                     what, text);
    }
    else {
        apr_snprintf(ledger->why, sizeof(ledger->why), "%s: %s", place, what);
    }
    return 0;
}

int mtasts_ledger_fail_as(mtasts_ledger *ledger, const char *message)
{
    size_t i = row_of(message);

    if (i < ROWS && table[i].means) {
        return mtasts_ledger_fail(ledger, table[i].means, message);
    }
    return mtasts_ledger_fail(ledger, "it can't be used", message);
}
