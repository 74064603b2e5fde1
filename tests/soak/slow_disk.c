/* slow_disk.c - preloaded into the gateway: each sync of a file takes SLOW_DISK_MS longer. The real
 * disk still does its work; what the gateway can take becomes small enough to be overrun tenfold.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int fdatasync(int fd);

int fdatasync(int fd)
{
    static int (*real)(int);
    static long wait_ms;
    if (real == NULL) {
        union {
            void *found;
            int (*function)(int);
        } symbol = {dlsym(RTLD_NEXT, "fdatasync")};
        const char *text = getenv("SLOW_DISK_MS");
        wait_ms = text != NULL ? strtol(text, NULL, 10) : 0;
        real = symbol.function;
    }
    const struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};
    (void)nanosleep(&wait, NULL);
    return real(fd);
}
