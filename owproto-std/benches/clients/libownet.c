/* Runs calls of libownet. Reads lines MODE PATH COUNT, and prints a line after COUNT calls. Lists are split into entries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ownetapi.h>

/* The entries, which stay in the memory of the list. */
static char **cut(char *list)
{
    size_t room = 16, count = 0;
    char **entries = malloc(room * sizeof *entries);
    for (char *entry = list; entries && entry; count++) {
        if (count == room)
            entries = realloc(entries, (room *= 2) * sizeof *entries);
        if (!entries)
            break;
        entries[count] = entry;
        entry = strchr(entry, ',');
        if (entry)
            *entry++ = '\0';
    }
    return entries;
}

int main(int argc, char **argv)
{
    char mode[16], path[4096];
    long count;
    OWNET_HANDLE server = argc == 2 ? OWNET_init(argv[1]) : -1;
    if (server < 0)
        return 1;
    while (scanf("%15s %4095s %ld", mode, path, &count) == 3) {
        int failed = 0;
        for (long n = 0; n < count && !failed; n++) {
            char *answer = NULL;
            int is_read = strcmp(mode, "read") == 0;
            int len = is_read ? OWNET_read(server, path, &answer) : OWNET_dirlist(server, path, &answer);
            /* For a list that is too long it returns an empty one, not an error. No list here is empty. */
            failed = len < 0 || (!is_read && len == 0);
            if (!failed && !is_read)
                free(cut(answer));
            free(answer);
        }
        puts(failed ? "failed" : "done");
        fflush(stdout);
    }
    OWNET_finish();
    return 0;
}
