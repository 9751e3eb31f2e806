/* storm: many WebSocket clients that come at once, say their first line, and stay. One thread, epoll. Linux.
 *
 *   storm -p PORT -c CONNS [-P PATH] [-I FILE] [-e TEXT -n TIMES] [-x TEXT] [-k OTHERS -M FILE -g MS] [-w WINDOW]
 *         [-t SECS] [-o FILE]
 *
 * Line i of FILE (-I) is what connection i says as soon as its handshake is answered. It is live when a text frame
 * with TEXT (-e) came TIMES times; without -e, when the handshake is answered. At most WINDOW (1000) handshakes are
 * under way, so that nobody waits for the kernel to repeat a SYN that found the queue of the listener full.
 *
 * The first OTHERS connections come before the storm and, while it lasts, say line i of -M every MS milliseconds, by
 * turns; in it, %b is "~~<monotonic ns>.<connection>~~" and some padding. How old these are when they reach one of
 * the others is the latency that is printed: from the post of one to its delivery.
 *
 * When all are live, or after SECS (60), one line of figures is printed. Then everything stays open and is read until
 * standard input ends. With -o, a line for each connection is written then: how often it saw "~~ns.connection~~" in
 * text frames without TEXT (-x), the sum of these ns modulo 2^64, and whether it is live. So what each was given
 * can be compared with what was stored.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    int fd, is_up, is_live, is_closed;
    int told;              /* frames with the text that makes it live */
    uint64_t live_at;      /* ns after the start of the storm */
    uint64_t seen, sum;    /* marks */
    unsigned char *in;
    size_t in_length, in_size;
    char *out;
    size_t out_length, out_sent;
} Client;

static int count = 100, port = 8000, others = 0, window = 1000, wanted = 1, gap_ms = 10, limit_s = 60, debug = 0;
static const char *path = "/ws", *live_text = NULL, *not_counted = NULL, *result = NULL;
static char **first = NULL, **posts = NULL;
static Client *clients;
static int poll_fd, opening = 0, up = 0, live = 0, ended = 0;
static uint64_t started = 0, accepted_at = 0, live_at = 0, posted = 0;
static uint32_t *ages;
static size_t age_count = 0, age_size = 4000000;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static char **lines_of(const char *name) {
    FILE *file = fopen(name, "r");
    char *line = NULL;
    size_t size = 0, length = 0, room = 1024;
    char **lines = malloc(room * sizeof *lines);
    if (!file) { perror(name); exit(2); }
    while (getline(&line, &size, file) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (length + 1 >= room) lines = realloc(lines, (room *= 2) * sizeof *lines);
        lines[length++] = strdup(line);
    }
    lines[length] = NULL;
    fclose(file);
    return lines;
}

static void watch(Client *client, int writing) {
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = client};
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

static void lost(Client *client) {
    if (client->is_closed) return;
    client->is_closed = 1;
    ended++;
    if (!client->is_up) opening--;
    epoll_ctl(poll_fd, EPOLL_CTL_DEL, client->fd, NULL);
    close(client->fd);
    free(client->in);
    client->in = NULL;
    client->in_length = client->in_size = 0;
}

static void flush_out(Client *client) {
    while (client->out_sent < client->out_length) {
        ssize_t sent = send(client->fd, client->out + client->out_sent, client->out_length - client->out_sent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == ENOTCONN) watch(client, 1);
            else lost(client);
            return;
        }
        client->out_sent += sent;
    }
    free(client->out);
    client->out = NULL;
    client->out_length = client->out_sent = 0;
    watch(client, 0);
}

static void say(Client *client, const char *data, size_t length) {
    client->out = realloc(client->out, client->out_length + length);
    memcpy(client->out + client->out_length, data, length);
    client->out_length += length;
    if (client->is_up) flush_out(client);
}

static void say_frame(Client *client, int kind, const char *data, size_t length) {
    static const unsigned char mask[4] = {1, 2, 3, 4};
    char *frame = malloc(length + 14);
    size_t head = 0;
    frame[head++] = 0x80 | kind;
    if (length < 126) frame[head++] = 0x80 | length;
    else { frame[head++] = 0x80 | 126; frame[head++] = length >> 8; frame[head++] = length; }
    memcpy(frame + head, mask, 4);
    head += 4;
    for (size_t i = 0; i < length; i++) frame[head + i] = data[i] ^ mask[i & 3];
    say(client, frame, head + length);
    free(frame);
}

static void post(Client *client) {
    static char text[8192];
    const char *template = posts[client - clients], *body = strstr(template, "%b");
    size_t before = body - template;
    int length;
    memcpy(text, template, before);
    length = before + sprintf(text + before, "~~%llu.%d~~", (unsigned long long)now(), (int)(client - clients));
    while (length < (int)before + 100) text[length++] = 'x';
    strcpy(text + length, body + 2);
    say_frame(client, 1, text, strlen(text));
    posted++;
}

static void becomes_live(Client *client) {
    if (client->is_live) return;
    client->is_live = 1;
    client->live_at = now() - started;
    live++;
    live_at = now();
}

static void count_marks(Client *client, char *text, char *end) {
    char *here = text;
    while ((here = memmem(here, end - here, "~~", 2))) {
        uint64_t time = 0;
        char *digit = here += 2;
        while (digit < end && *digit >= '0' && *digit <= '9') time = time * 10 + *digit++ - '0';
        if (digit == here || digit >= end || *digit != '.') continue;
        for (digit++; digit < end && *digit >= '0' && *digit <= '9';) digit++;
        if (digit + 1 >= end || digit[0] != '~' || digit[1] != '~') continue;
        here = digit + 2;
        client->seen++;
        client->sum += time;
        if (client < clients + others && started && time >= started && age_count < age_size)
            ages[age_count++] = (now() - time) / 1000;
    }
}

static void take_text(Client *client, char *text, size_t length) {
    if (live_text && memmem(text, length, live_text, strlen(live_text)) && ++client->told >= wanted) becomes_live(client);
    if (!not_counted || !memmem(text, length, not_counted, strlen(not_counted))) count_marks(client, text, text + length);
}

static size_t greet(Client *client) {
    char *end = memmem(client->in, client->in_length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(client->in, "HTTP/1.1 101", 12)) {
        if (debug) fprintf(stderr, "handshake: %.80s\n", client->in);
        lost(client);
        return 0;
    }
    client->is_up = 1;
    opening--;
    up++;
    accepted_at = now();
    if (first) say_frame(client, 1, first[client - clients], strlen(first[client - clients]));
    if (!live_text) becomes_live(client);
    return end + 4 - (char *)client->in;
}

static void parse(Client *client) {
    size_t at = 0;
    if (!client->is_up && !(at = greet(client))) return;
    while (!client->is_closed && client->in_length - at >= 2) {
        unsigned char *frame = client->in + at;
        size_t head = 2;
        uint64_t length = frame[1] & 127;
        if (length == 126) {
            if (client->in_length - at < 4) break;
            length = frame[2] << 8 | frame[3];
            head = 4;
        } else if (length == 127) {
            if (client->in_length - at < 10) break;
            length = 0;
            for (int i = 0; i < 8; i++) length = length << 8 | frame[2 + i];
            head = 10;
        }
        if (client->in_length - at < head + length) break;
        int kind = frame[0] & 15;
        if (kind == 1) take_text(client, (char *)frame + head, length);
        else if (kind == 9) say_frame(client, 10, (char *)frame + head, length);
        else if (kind == 8) {
            if (debug) fprintf(stderr, "closed: %d %.*s\n", frame[head] << 8 | frame[head + 1], (int)length - 2, frame + head + 2);
            lost(client);
        }
        at += head + length;
    }
    if (client->is_closed) return;
    memmove(client->in, client->in + at, client->in_length - at);
    client->in_length -= at;
}

static void readable(Client *client) {
    for (;;) {
        if (client->in_size - client->in_length < 16384)
            client->in = realloc(client->in, client->in_size = client->in_length * 2 + 32768);
        ssize_t length = recv(client->fd, client->in + client->in_length, client->in_size - client->in_length, 0);
        if (length <= 0) {
            if (length == 0 || errno != EAGAIN) lost(client);
            break;
        }
        client->in_length += length;
        parse(client);
        if (client->is_closed || length < 16384) break;
    }
    if (!client->in_length) { free(client->in); client->in = NULL; client->in_size = 0; }
}

static void open_one(Client *client) {
    int number = client - clients, one = 1;
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
    char request[1024];
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0) { perror("socket"); exit(2); }
    from.sin_addr.s_addr = htonl(0x7f000002 + number / 5000); /* an address has some 28,000 ports */
    to.sin_addr.s_addr = htonl(0x7f000001);
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(client->fd, (void *)&from, sizeof from)) { perror("bind"); exit(2); }
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, client->fd, &event);
    if (connect(client->fd, (void *)&to, sizeof to) && errno != EINPROGRESS) { perror("connect"); exit(2); }
    int length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", path, port);
    say(client, request, length);
    opening++;
}

static void turn(int wait_ms) {
    struct epoll_event events[512];
    int found = epoll_wait(poll_fd, events, 512, wait_ms);
    for (int i = 0; i < found; i++) {
        Client *client = events[i].data.ptr;
        if (!client) continue;
        if (!client->is_closed && events[i].events & EPOLLOUT) flush_out(client);
        if (!client->is_closed && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(client);
    }
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int by_age(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Open clients from `begin` to `end` and return when all are live or lost, or it takes too long. */
static void storm(int begin, int end) {
    int next = begin, turn_of = 0;
    uint64_t last_post = now(), deadline = now() + limit_s * 1000000000ull;
    while (now() < deadline && live + ended < end) {
        while (next < end && opening < window) open_one(clients + next++);
        turn(1);
        if (begin < others || !posts) continue;
        if (now() - last_post >= gap_ms * 1000000ull) {
            last_post = now();
            post(clients + turn_of++ % others);
        }
    }
}

static void tell(void) {
    int storming = count - others, found = 0;
    uint64_t *times = calloc(count, sizeof *times);
    for (int i = others; i < count; i++)
        if (clients[i].is_live) times[found++] = clients[i].live_at / 1000;
    qsort(times, found, sizeof *times, by_size);
    qsort(ages, age_count, sizeof *ages, by_age);
    printf("clients=%d up=%d live=%d closed=%d accept_s=%.3f live_s=%.3f live_p50_us=%llu posts=%llu ages=%zu "
        "age_p50_us=%u age_p99_us=%u age_max_us=%u\n",
        storming, up - others, live - others, ended, (accepted_at - started) / 1e9, (live_at - started) / 1e9,
        found ? (unsigned long long)times[found / 2] : 0, (unsigned long long)posted, age_count,
        age_count ? ages[age_count / 2] : 0, age_count ? ages[age_count * 99 / 100] : 0, age_count ? ages[age_count - 1] : 0);
    fflush(stdout);
    free(times);
}

static void stay(void) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    char nothing[64];
    fcntl(0, F_SETFL, O_NONBLOCK);
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, 0, &event);
    for (;;) {
        ssize_t length = read(0, nothing, sizeof nothing);
        if (length == 0 || (length < 0 && errno != EAGAIN)) return;
        turn(100);
    }
}

static void save(void) {
    FILE *file = fopen(result, "w");
    if (!file) { perror(result); exit(2); }
    for (Client *client = clients; client < clients + count; client++)
        fprintf(file, "%llu %llu %d\n", (unsigned long long)client->seen, (unsigned long long)client->sum, client->is_live && !client->is_closed);
    fclose(file);
}

int main(int argc, char **argv) {
    int option;
    while ((option = getopt(argc, argv, "p:c:P:I:e:n:x:k:M:g:w:t:o:v")) > 0) switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'c': count = atoi(optarg); break;
        case 'P': path = optarg; break;
        case 'I': first = lines_of(optarg); break;
        case 'e': live_text = optarg; break;
        case 'n': wanted = atoi(optarg); break;
        case 'x': not_counted = optarg; break;
        case 'k': others = atoi(optarg); break;
        case 'M': posts = lines_of(optarg); break;
        case 'g': gap_ms = atoi(optarg); break;
        case 'w': window = atoi(optarg); break;
        case 't': limit_s = atoi(optarg); break;
        case 'o': result = optarg; break;
        case 'v': debug = 1; break;
        default: return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < (rlim_t)count + 64) files.rlim_max = count + 64; /* works as root only */
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    clients = calloc(count, sizeof *clients);
    ages = malloc(age_size * sizeof *ages);
    poll_fd = epoll_create1(0);
    storm(0, others);
    started = now();
    storm(others, count);
    tell();
    stay();
    if (result) save();
    return 0;
}
