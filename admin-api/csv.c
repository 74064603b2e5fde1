#include "admin-api/csv.h"

#include <string.h>

void csv_init(struct csv *csv, char *text, size_t bytes_max)
{
    *csv = (struct csv){.bytes_max = bytes_max};
    csv->text = text;
}

static void put(struct csv *csv, const char *bytes, size_t count)
{
    if (csv->overflowed || count > csv->bytes_max - csv->used) {
        csv->overflowed = true;
        return;
    }
    memcpy(csv->text + csv->used, bytes, count);
    csv->used += count;
}

/* Also in the wide forms that East Asian keyboards write, which spreadsheets take as well. */
static bool is_formula(const char *text)
{
    static const char *const begins[] = {"=",  "+",  "-",  "@",  "\t", "\r",
                                         "\n", "＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        if (strncmp(text, begins[i], strlen(begins[i])) == 0) {
            return true;
        }
    }
    return false;
}

void csv_text(struct csv *csv, const char *text)
{
    const char *field = text != NULL ? text : "";
    bool formula = is_formula(field);
    bool quoted = formula || strpbrk(field, "\",\r\n;\t") != NULL;
    put(csv, ",", csv->in_row ? 1 : 0);
    put(csv, "\"", quoted ? 1 : 0);
    put(csv, "'", formula ? 1 : 0);
    while (*field != '\0') {
        size_t plain = strcspn(field, "\"");
        put(csv, field, plain);
        field += plain;
        if (*field == '"') {
            put(csv, "\"\"", 2);
            field++;
        }
    }
    put(csv, "\"", quoted ? 1 : 0);
    csv->in_row = true;
}

void csv_time(struct csv *csv, struct wall_time time)
{
    char text[RFC3339_BYTES_MAX] = "";
    if (time.ms != TIME_NEVER_MS) {
        wall_time_format(time, text);
    }
    csv_text(csv, text);
}

void csv_end_row(struct csv *csv)
{
    put(csv, "\r\n", 2);
    csv->in_row = false;
}
