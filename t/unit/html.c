/* Hostile text in a page. */

#include "../../src/core/html.h"
#include "tap.h"

#include <stdlib.h>

/* All of it, through a buffer of that size. */
static char *html(const char *in, size_t len, size_t size)
{
    static char out[4096];
    char *buf = malloc(size); /* of its own size: an overrun is seen */
    size_t at = 0, n;

    while (len && buf) {
        n = mtasts_html(buf, size, &in, &len);
        if (!n || n > size || at + n >= sizeof(out)) {
            snprintf(out, sizeof(out), "stands still");
            free(buf);
            return out;
        }
        memcpy(out + at, buf, n);
        at += n;
    }
    out[at] = '\0';
    free(buf);
    return out;
}

static void characters(void)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"", ""},
        {"example.com", "example.com"},
        {"a & b", "a &amp; b"},
        {"&amp;", "&amp;amp;"},
        {"<script>", "&lt;script&gt;"},
        {"\"x' y", "&quot;x&#39; y"},
        {"`/=\\", "`/=\\"},
        {"\\x41", "\\x41"},
        {"a\tb\r\nc", "a\\x09b\\x0d\\x0ac"},
        {"\001\037\177\033[31m", "\\x01\\x1f\\x7f\\x1b[31m"},
        /* UTF-8 as it is */
        {"b\303\274cher", "b\303\274cher"},
        {"\302\240", "\302\240"},
        {"\337\277\340\240\200\357\277\275",
         "\337\277\340\240\200\357\277\275"},
        {"\355\237\277\356\200\200", "\355\237\277\356\200\200"},
        {"\360\237\224\222", "\360\237\224\222"},
        {"\364\217\277\275", "\364\217\277\275"},
        {"\327\251\327\234\327\225\327\235",
         "\327\251\327\234\327\225\327\235"},
        /* what is none */
        {"\200", "\\x80"},
        {"\303", "\\xc3"},
        {"\303<", "\\xc3&lt;"},
        {"\303\303\274", "\\xc3\303\274"},
        {"\300\200", "\\xc0\\x80"},
        {"\300\274script", "\\xc0\\xbcscript"},
        {"\301\277", "\\xc1\\xbf"},
        {"\340\200\274", "\\xe0\\x80\\xbc"},
        {"\340\237\277", "\\xe0\\x9f\\xbf"},
        {"\342\202", "\\xe2\\x82"},
        {"\342\202\"", "\\xe2\\x82&quot;"},
        {"\355\240\200", "\\xed\\xa0\\x80"},
        {"\355\277\277", "\\xed\\xbf\\xbf"},
        {"\360\200\200\274", "\\xf0\\x80\\x80\\xbc"},
        {"\360\217\277\277", "\\xf0\\x8f\\xbf\\xbf"},
        {"\364\220\200\200", "\\xf4\\x90\\x80\\x80"},
        {"\365\200\200\200", "\\xf5\\x80\\x80\\x80"},
        {"\376\377", "\\xfe\\xff"},
        /* what hides, or turns what is around it */
        {"\302\200\302\237", "\\u{0080}\\u{009F}"},
        {"a\302\255b", "a\\u{00AD}b"},
        {"\330\234", "\\u{061C}"},
        {"\341\240\216", "\\u{180E}"},
        {"\342\200\212", "\342\200\212"},
        {"\342\200\213\342\200\217", "\\u{200B}\\u{200F}"},
        {"\342\200\220", "\342\200\220"},
        {"\342\200\247", "\342\200\247"},
        {"\342\200\250\342\200\251", "\\u{2028}\\u{2029}"},
        {"moc.\342\200\256elpmaxe\342\200\254",
         "moc.\\u{202E}elpmaxe\\u{202C}"},
        {"\342\200\252\342\200\255", "\\u{202A}\\u{202D}"},
        {"\342\200\257", "\342\200\257"},
        {"\342\201\240\342\201\246\342\201\251", "\\u{2060}\\u{2066}\\u{2069}"},
        {"\342\201\257\342\201\260", "\\u{206F}\342\201\260"},
        {"\357\273\277", "\\u{FEFF}"},
        {"\357\277\271\357\277\273", "\\u{FFF9}\\u{FFFB}"},
        {"\363\240\200\200\363\240\201\277", "\\u{E0000}\\u{E007F}"},
        {"\363\240\204\200", "\\u{E0100}"},
        /* no characters */
        {"\357\267\220\357\267\257", "\\u{FDD0}\\u{FDEF}"},
        {"\357\277\276\357\277\277", "\\u{FFFE}\\u{FFFF}"},
        {"\360\237\277\276", "\\u{1FFFE}"},
        {"\364\217\277\277", "\\u{10FFFF}"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = strlen(cases[i].in);

        is_str(html(cases[i].in, len, 1024), cases[i].want, "at once",
               cases[i].want);
        is_str(html(cases[i].in, len, MTASTS_HTML_SIZE), cases[i].want,
               "piece by piece", cases[i].want);
    }
    is_str(html("a\0<", 3, 64), "a\\x00&lt;", "at once", "a NUL");
}

/* Whatever octet comes first, second and third: nothing gets through. */
static void all_of_three(void)
{
    static const char last[] = {'<', '"', '\200', '\277', '\256', 'a'};
    unsigned a, b, bad = 0;
    size_t c;

    for (a = 0; a < 256; a++) {
        for (b = 0; b < 256; b++) {
            for (c = 0; c < sizeof(last); c++) {
                char in[3] = {(char)a, (char)b, last[c]};
                const char *out = html(in, 3, MTASTS_HTML_SIZE);

                bad += strpbrk(out, "<>\"'\177") != NULL;
                bad += strstr(out, "\342\200\256") != NULL;
            }
        }
    }
    ok(!bad, "three octets", "no markup and no override comes through");
}

/* What does not fit whole waits. */
static void bounds(void)
{
    const char *in = "aaaaaaaaaaaaaa&b";
    size_t len = strlen(in);
    char buf[18];

    memset(buf, '#', sizeof(buf));
    ok(mtasts_html(buf, 16, &in, &len) == 14, "bounds", "up to what fits");
    ok(len == 2 && *in == '&', "bounds", "the rest waits");
    ok(buf[14] == '#', "bounds", "nothing behind it");
    ok(mtasts_html(buf, 16, &in, &len) == 6 && !len && !*in, "bounds",
       "then comes the rest");
    ok(mtasts_html(buf, 16, &in, &len) == 0, "bounds", "nothing is left");
}

int main(void)
{
    characters();
    all_of_three();
    bounds();
    return done();
}
