/* responder PORT DELAY_MS LOSS_PERCENT : answers every DNS question on
 * 127.0.0.1 and PORT as a well kept domain would, DELAY_MS later, and loses
 * some questions.  Loss 100 is a dead server, 110 one that is silent on every
 * tenth domain.  It does nothing else, so that
 * what is measured is who asks.  Ends with its parent. */

#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLOTS  65536 /* answers that wait */
#define PACKET 512

typedef struct {
    double due;
    struct sockaddr_in to;
    size_t len;
    unsigned char data[PACKET];
} packet;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int bound(int port)
{
    struct sockaddr_in a;
    int s = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;

    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)port);
    /* As root more than the system's limit: it is not what is measured. */
    if (setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size))) {
        setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    if (bind(s, (struct sockaddr *)&a, sizeof(a))) {
        perror("bind");
        exit(1);
    }
    return s;
}

/* Turns the question into the answer. */
static void answer(packet *p)
{
    static const char txt[] = "\16v=STSv1; id=1;";
    static const char mx[] = "\0\12\2mx\5bench\4test";
    size_t at = 12, size;
    unsigned char *out;
    const void *data;
    int type;

    while (at < p->len && p->data[at]) {
        at += p->data[at] + 1u;
    }
    at += 5;
    if (at > p->len || at > PACKET - 64) {
        return;
    }
    type = p->data[at - 3];
    data = type == 16 ? txt : type == 15 ? mx : "\300\0\2\1";
    size = type == 16 ? sizeof(txt) - 1 : type == 15 ? sizeof(mx) : 4;
    p->data[2] = 0x84; /* a reply, authoritative */
    p->data[3] = 0;
    memset(p->data + 6, 0, 6);
    p->len = at;
    if (type == 28) {
        return; /* no AAAA */
    }
    p->data[7] = 1;
    out = p->data + at;
    memcpy(out, "\300\14\0\0\0\1\0\0\0\74\0", 11);
    out[3] = (unsigned char)type;
    out[11] = (unsigned char)size;
    memcpy(out + 12, data, size);
    p->len = at + 12 + size;
}

static int is_lost(const packet *p, int percent)
{
    const unsigned char *bench;

    if (percent <= 100) {
        return rand() % 100 < percent;
    }
    bench = memmem(p->data, p->len, "\5bench", 6);
    return bench && bench[-1] == '0';
}

int main(int argc, char **argv)
{
    packet *queue = malloc(SLOTS * sizeof(*queue));
    size_t head = 0, tail = 0;
    pid_t parent = getppid();
    struct pollfd fd = {-1, POLLIN, 0};
    double delay;

    if (argc != 4 || !queue) {
        return 2;
    }
    fd.fd = bound(atoi(argv[1]));
    delay = atof(argv[2]) / 1000;
    while (getppid() == parent) {
        int i;

        poll(&fd, 1, head == tail ? 100 : 1);
        for (i = 0; i < 1000 && tail - head < SLOTS; i++) {
            packet *p = &queue[tail % SLOTS];
            socklen_t size = sizeof(p->to);
            ssize_t len = recvfrom(fd.fd, p->data, PACKET, MSG_DONTWAIT,
                                   (struct sockaddr *)&p->to, &size);

            if (len < 17) {
                break;
            }
            p->len = (size_t)len;
            if (is_lost(p, atoi(argv[3]))) {
                continue;
            }
            answer(p);
            p->due = now() + delay;
            tail++;
        }
        while (head != tail && queue[head % SLOTS].due <= now()) {
            packet *p = &queue[head++ % SLOTS];

            sendto(fd.fd, p->data, p->len, 0, (struct sockaddr *)&p->to,
                   sizeof(p->to));
        }
    }
    free(queue);
    return 0;
}
