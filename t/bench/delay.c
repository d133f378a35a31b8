/* delay FROM_PORT TO_PORT DELAY_MS LOSS_PERCENT : hands UDP packets to
 * 127.0.0.1:TO_PORT on and the answers back, each way DELAY_MS / 2 later, and
 * loses some.  Ends with its parent. */

#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLOTS  65536 /* packets on the way, and clients remembered by id */
#define PACKET 2048

typedef struct {
    double due;
    struct sockaddr_in to;
    int out;
    uint16_t len;
    unsigned char data[PACKET];
} packet;

static packet *queue;
static size_t head, tail;

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
    setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    if (bind(s, (struct sockaddr *)&a, sizeof(a))) {
        perror("bind");
        exit(1);
    }
    return s;
}

int main(int argc, char **argv)
{
    /* Who asked with which id: c-ares' ids are random, clashes are rare and
     * cost a repetition. */
    static struct sockaddr_in clients[SLOTS];
    static uint16_t ids[SLOTS];
    static uint16_t next;
    struct sockaddr_in server;
    struct pollfd fds[2];
    double delay;
    int loss;
    pid_t parent = getppid();

    if (argc != 5 || !(queue = malloc(SLOTS * sizeof(*queue)))) {
        return 2;
    }
    delay = atof(argv[3]) / 2000;
    loss = atoi(argv[4]);
    fds[0].fd = bound(atoi(argv[1]));
    fds[1].fd = bound(0);
    fds[0].events = fds[1].events = POLLIN;
    memset(&server, 0, sizeof(server));
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons((uint16_t)atoi(argv[2]));

    while (getppid() == parent) {
        int i;

        poll(fds, 2, head == tail ? 100 : 1);
        for (i = 0; i < 2; i++) {
            for (;;) {
                packet *p = &queue[tail % SLOTS];
                struct sockaddr_in from;
                socklen_t size = sizeof(from);
                ssize_t len;
                uint16_t id;

                if (tail - head >= SLOTS - 1) {
                    break;
                }
                len = recvfrom(fds[i].fd, p->data, PACKET, MSG_DONTWAIT,
                               (struct sockaddr *)&from, &size);
                if (len < 12) {
                    break;
                }
                if (rand() % 200 < loss) { /* half of it each way */
                    continue;
                }
                p->due = now() + delay;
                p->len = (uint16_t)len;
                if (i == 0) {
                    memcpy(&ids[next], p->data, 2);
                    clients[next] = from;
                    memcpy(p->data, &next, 2);
                    next++;
                    p->to = server;
                    p->out = fds[1].fd;
                }
                else {
                    memcpy(&id, p->data, 2);
                    memcpy(p->data, &ids[id], 2);
                    p->to = clients[id];
                    p->out = fds[0].fd;
                }
                tail++;
            }
        }
        while (head != tail && queue[head % SLOTS].due <= now()) {
            packet *p = &queue[head++ % SLOTS];

            sendto(p->out, p->data, p->len, MSG_DONTWAIT,
                   (struct sockaddr *)&p->to, sizeof(p->to));
        }
    }
    return 0;
}
