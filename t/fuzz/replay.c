/* Runs a fuzz target over the files named; TAP. */

#include "fuzz.h"

int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];
    int i;

    printf("1..%d\n", argc - 1);
    for (i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        size_t size;

        if (!f) {
            printf("not ok %d - %s: can't be read\n", i, argv[i]);
            continue;
        }
        size = fread(data, 1, sizeof(data), f);
        fclose(f);
        LLVMFuzzerTestOneInput(data, size);
        printf("ok %d - %s\n", i, argv[i]);
    }
    return argc < 2;
}
