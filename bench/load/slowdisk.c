/* slowdisk: a disk that takes its time to say that it has what was written, as one does that does not keep it in
 * memory only. LD_PRELOAD; DISK_US microseconds on top of each fsync and fdatasync. Linux.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_for_disk(void) {
    const char *text = getenv("DISK_US");
    long us = text ? atol(text) : 0;
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static int then(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    wait_for_disk();
    return real(file);
}

int fsync(int file) { return then("fsync", file); }
int fdatasync(int file) { return then("fdatasync", file); }
