/* Calls of libownet, as many as each line on the standard input says: MODE PATH COUNT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ownetapi.h>

int main(int argc, char **argv)
{
    char mode[16], path[4096];
    long count;
    OWNET_HANDLE server = argc == 2 ? OWNET_init(argv[1]) : -1;
    if (server < 0)
        return 1;
    while (scanf("%15s %4095s %ld", mode, path, &count) == 3) {
        for (long n = 0; n < count; n++) {
            char *answer = NULL;
            int len = strcmp(mode, "read") == 0 ? OWNET_read(server, path, &answer)
                                                : OWNET_dirlist(server, path, &answer);
            if (len < 0)
                return 1;
            free(answer);
        }
        puts("done");
        fflush(stdout);
    }
    OWNET_finish();
    return 0;
}
