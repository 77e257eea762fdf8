/* Calls libowcapi and prints every result: owcapi_calls HOST PORT PATH... */

#include <owcapi.h>
#include <stdio.h>
#include <stdlib.h>

static void show_get(const char *path)
{
    char *value = NULL;
    size_t length = 0;
    ssize_t result = OW_get(path, &value, &length);

    printf("get %s %zd [", path, result);
    if (result >= 0)
        fwrite(value, 1, length, stdout);
    printf("] present %d\n", OW_present(path));
    free(value);
}

int main(int count, char **args)
{
    char server[100], value[5];
    ssize_t result;

    snprintf(server, sizeof server, "-s %s:%s", args[1], args[2]);
    if (OW_init(server) < 0)
        return 1;
    show_get("/");
    for (int i = 3; i < count; i++)
        show_get(args[i]);
    printf("put %zd\n", OW_put("/10.000010EF0000/temphigh", "24", 2));
    show_get("/10.000010EF0000/temphigh");
    result = OW_lread("/10.000010EF0000/address", value, sizeof value, 3);
    printf("lread %zd [%.*s]\n", result, (int)(result > 0 ? result : 0), value);
    OW_finish();
    return 0;
}
