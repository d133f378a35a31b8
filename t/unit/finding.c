/* The table of findings and what is done to values from outside. */

#include "../../src/core/finding.h"
#include "../../src/core/text.h"
#include "tap.h"

#include <stdlib.h>

static void table(void)
{
    static const char *const args[] = {"A", "B", "C", "D", "E",
                                       "F", "G", "H", "I"};
    int i, j;

    for (i = 0; i < MTASTS_CODES; i++) {
        const char *name = mtasts_code_name((mtasts_code)i);
        mtasts_finding f;

        if (!ok(name != NULL, "row", "named")) {
            continue;
        }
        ok(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0',
           name, "kebab-case");
        for (j = 0; j < i; j++) {
            if (!strcmp(name, mtasts_code_name((mtasts_code)j))) {
                break;
            }
        }
        ok(j == i, name, "unique");
        mtasts_finding_fill(&f, (mtasts_code)i, "example.com", args,
                            sizeof(args) / sizeof(args[0]));
        ok(*f.text && *f.remedy, name, "has text and remedy");
        ok(!strchr(f.text, '{') && !strchr(f.remedy, '{'), name,
           "asks for at most nine values");
        ok(mtasts_severity_name(mtasts_code_severity((mtasts_code)i)) != NULL,
           name, "severity");
    }
}

static void escape(void)
{
    static const struct {
        const char *in;
        size_t size;
        const char *want;
    } cases[] = {{"plain", 16, "plain"},
                 {"", 8, ""},
                 {"1234567", 8, "1234567"},
                 {"12345678", 8, "1234..."},
                 {"a\nb", 16, "a\\x0ab"},
                 {"\\", 16, "\\x5c"},
                 {"\\x0a", 16, "\\x0a"},
                 {"\\xa\\x0", 16, "\\x5cxa\\x5cx0"},
                 {"\\x0g\\X00", 16, "\\x5cx0g\\x5cX00"},
                 {"\x1b[2J", 16, "\\x1b[2J"},
                 {"\xc3\xbc", 16, "\\xc3\\xbc"},
                 {"\xff\xff\xff", 8, "\\xff..."},
                 {"123\n", 8, "123\\x0a"},
                 {"1234\n", 8, "1234..."},
                 {"\"<>&", 16, "\"<>&"}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[16];

        memset(out, '#', sizeof(out));
        mtasts_escape(out, cases[i].size, cases[i].in);
        is_str(out, cases[i].want, "escape", cases[i].want);
        ok(cases[i].size == sizeof(out) || out[cases[i].size] == '#', "escape",
           "stays inside");
    }
}

static void hostile(void)
{
    size_t size = 70000;
    char *huge = malloc(size);
    mtasts_finding f;

    memset(huge, '\n', size - 1);
    huge[size - 1] = '\0';
    MTASTS_FILL(&f, MTASTS_DOMAIN_TWICE, huge, huge, huge, huge);
    ok(strlen(f.subject) < sizeof(f.subject), "huge", "subject");
    ok(strlen(f.text) < sizeof(f.text), "huge", "text");
    ok(strlen(f.remedy) < sizeof(f.remedy), "huge", "remedy");
    ok(strstr(f.text, "...") && !strchr(f.text, '\n'), "huge",
       "cut and escaped");
    MTASTS_FILL(&f, MTASTS_MODE_VALUE, "", "{0}{1}");
    is_str(f.text, "'{0}{1}' is not a mode", "values", "not expanded again");
    free(huge);
}

int main(void)
{
    table();
    escape();
    hostile();
    return done();
}
