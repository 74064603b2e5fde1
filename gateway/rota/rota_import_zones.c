/* The zones that a calendar's TZIDs mean. */
#include "gateway/rota/rota_import_private.h"

#include <string.h>

/* Windows' names, which Outlook writes, as CLDR's table windowsZones reads them: those of France,
 * of its neighbours and overseas whose rules are the same all over the zone. */
static const char *const windows_zones[][2] = {
    {"Romance Standard Time", "Europe/Paris"},
    {"W. Europe Standard Time", "Europe/Berlin"},
    {"Central Europe Standard Time", "Europe/Budapest"},
    {"GMT Standard Time", "Europe/London"},
    {"Mauritius Standard Time", "Indian/Mauritius"},
    {"E. Africa Standard Time", "Africa/Nairobi"},
    {"SA Western Standard Time", "America/La_Paz"},
    {"SA Eastern Standard Time", "America/Cayenne"},
    {"Saint Pierre Standard Time", "America/Miquelon"},
    {"Central Pacific Standard Time", "Pacific/Guadalcanal"},
    {"Hawaiian Standard Time", "Pacific/Honolulu"},
};

static const char *plain_name(const char *tzid)
{
    for (size_t i = 0; i < sizeof windows_zones / sizeof windows_zones[0]; i++) {
        if (strcmp(windows_zones[i][0], tzid) == 0) {
            return windows_zones[i][1];
        }
    }
    return tzid;
}

static enum status load(struct zones *zones, const char *tzid, struct zone **zone_r)
{
    enum status status = zone_load(plain_name(tzid), zones->arena, zone_r);
    /* "/example.com/Europe/Paris": what stands in front says only whose definition it is. */
    const char *slash = tzid[0] == '/' ? tzid : NULL;
    while (status == STATUS_NOT_FOUND && slash != NULL) {
        status = zone_load(slash + 1, zones->arena, zone_r);
        slash = strchr(slash + 1, '/');
    }
    return status;
}

enum status zones_find(struct zones *zones, const char *tzid, const struct zone **zone_r)
{
    for (size_t i = 0; i < zones->count; i++) {
        if (strcmp(zones->all[i].name, tzid) == 0) {
            *zone_r = zones->all[i].zone;
            return STATUS_OK;
        }
    }
    if (zones->count == ROTA_IMPORT_ZONES_MAX) {
        return STATUS_TOO_LARGE;
    }
    struct zone *zone;
    enum status status = load(zones, tzid, &zone);
    const char *name = status == STATUS_OK ? arena_text(zones->arena, tzid) : NULL;
    if (status != STATUS_OK || name == NULL) {
        return status != STATUS_OK ? status : STATUS_NO_MEMORY;
    }
    zones->all[zones->count].name = name;
    zones->all[zones->count++].zone = zone;
    *zone_r = zone;
    return STATUS_OK;
}

int64_t zones_utc_s(const struct zone *zone, int64_t local_s)
{
    int64_t utc_s = zone_utc_s(zone, local_s);
    bool skipped = utc_s + zone_offset_s(zone, utc_s) != local_s;
    return skipped ? local_s - zone_offset_s(zone, utc_s - 1) : utc_s;
}
