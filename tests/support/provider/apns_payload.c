#include "tests/support/provider/apns_private.h"

#include "tests/support/provider/device_keys.h"

/* Apple takes much that no phone will show; a pager's test wants to hear of it. Each rule says what
 * kinds a member of aps may have ("Generating a remote notification"). */
struct member_rule {
    const char *name;
    unsigned kinds; /* bits by enum json_kind */
    const char *detail;
};

#define KIND(name) (1U << JSON_KIND_##name)

static const struct member_rule aps_rules[] = {
    {"alert", KIND(TEXT) | KIND(OBJECT), "aps.alert must be a text or an object"},
    {"badge", KIND(NUMBER), "aps.badge must be a number"},
    {"sound", KIND(TEXT) | KIND(OBJECT), "aps.sound must be a text or an object"},
    {"thread-id", KIND(TEXT), "aps.thread-id must be a text"},
    {"category", KIND(TEXT), "aps.category must be a text"},
    {"content-available", KIND(NUMBER), "aps.content-available must be a number"},
    {"mutable-content", KIND(NUMBER), "aps.mutable-content must be a number"},
    {"interruption-level", KIND(TEXT), "aps.interruption-level must be a text"},
    {"relevance-score", KIND(NUMBER), "aps.relevance-score must be a number"},
};

static const struct member_rule sound_rules[] = {
    {"critical", KIND(NUMBER), "aps.sound.critical must be a number"},
    {"name", KIND(TEXT), "aps.sound.name must be a text"},
    {"volume", KIND(NUMBER), "aps.sound.volume must be a number"},
};

static const char *check_members(const struct json_scan *scan, unsigned object,
                                 const struct member_rule *rules, size_t rules_count)
{
    for (size_t i = 0; i < rules_count; i++) {
        unsigned member = json_scan_member(scan, object, rules[i].name);
        if (member != JSON_SCAN_NONE && (rules[i].kinds & (1U << scan->tokens[member].kind)) == 0) {
            return rules[i].detail;
        }
    }
    return NULL;
}

static const char *check_level(struct view level)
{
    static const char *const levels[] = {"passive", "active", "time-sensitive", "critical"};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (view_equals(level, levels[i])) {
            return NULL;
        }
    }
    return "aps.interruption-level is none of Apple's";
}

/* What is wrong with aps, or NULL. */
static const char *check_aps(const struct json_scan *scan, unsigned aps)
{
    const char *detail =
        check_members(scan, aps, aps_rules, sizeof aps_rules / sizeof aps_rules[0]);
    unsigned sound = json_scan_member(scan, aps, "sound");
    unsigned level = json_scan_member(scan, aps, "interruption-level");
    if (detail == NULL && json_scan_is(scan, sound, JSON_KIND_OBJECT)) {
        detail =
            check_members(scan, sound, sound_rules, sizeof sound_rules / sizeof sound_rules[0]);
    }
    if (detail == NULL && level != JSON_SCAN_NONE) {
        detail = check_level(json_scan_view(scan, level));
    }
    return detail;
}

enum apns_reason apns_check_payload(struct simulator *simulator, struct received *received)
{
    struct json_scan *scan = &simulator->scan;
    if (received->payload.bytes == 0) {
        return APNS_PayloadEmpty;
    }
    if (json_scan_text(scan, received->payload) != STATUS_OK ||
        !json_scan_is(scan, 0, JSON_KIND_OBJECT)) {
        received->detail = "the payload is not a JSON object";
        return APNS_PayloadEmpty;
    }
    unsigned aps = json_scan_member(scan, 0, "aps");
    if (!json_scan_is(scan, aps, JSON_KIND_OBJECT)) {
        received->detail = "the payload has no aps object";
        return APNS_PayloadEmpty;
    }
    received->detail = check_aps(scan, aps);
    if (received->detail != NULL) {
        return APNS_PayloadEmpty;
    }
    struct view encrypted = json_scan_view(scan, json_scan_member(scan, 0, "encrypted"));
    return device_keys_read_member(simulator, encrypted, received) ? APNS_FINE
                                                                   : APNS_EncryptedUnreadable;
}
