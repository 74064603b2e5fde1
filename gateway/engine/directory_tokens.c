/* directory_tokens.c - API keys, tokens of agents and of shared phones, secrets of feeds: made
 * here, checked here, stored hashed. */
#include "gateway/engine/directory_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/base/encoding.h"
#include "gateway/base/text.h"

static const char *const role_words[] = {"none",  "call-centre", "telephony",
                                         "admin", "portal",      "agent"};

enum role role_parse(const char *word)
{
    for (int i = ROLE_CALL_CENTRE; i <= ROLE_AGENT; i++) {
        if (strcmp(role_words[i], word) == 0) {
            return (enum role)i;
        }
    }
    return ROLE_NONE;
}

const char *role_word(enum role role)
{
    return role_words[role];
}

bool token_split(const char *token, const char *prefix, struct token_parts *parts_r)
{
    if (strlen(token) != TOKEN_BYTES_MAX - 1 || strncmp(token, prefix, 3) != 0 ||
        token[3 + TOKEN_ID_CHARS] != '_') {
        return false;
    }
    memcpy(parts_r->id, token + 3, TOKEN_ID_CHARS);
    parts_r->id[TOKEN_ID_CHARS] = '\0';
    parts_r->secret = token + 3 + TOKEN_ID_CHARS + 1;
    return true;
}

struct digest token_hash(const char *secret)
{
    struct digest_part part = {secret, strlen(secret)};
    return digest_sha256(&part, 1);
}

void token_make(const char *prefix, const void *id_bytes, const struct random_source *random,
                char token_r[TOKEN_BYTES_MAX], struct digest *hash_r)
{
    uint8_t secret[32];
    char id_text[BASE64_TEXT_BYTES(16)], secret_text[BASE64_TEXT_BYTES(32)];
    random_fill(random, secret, sizeof secret);
    base64url_encode(id_bytes, 16, id_text);
    base64url_encode(secret, sizeof secret, secret_text);
    (void)snprintf(token_r, TOKEN_BYTES_MAX, "%s%s_%s", prefix, id_text, secret_text);
    *hash_r = token_hash(secret_text);
}

bool token_numbers(const struct token_parts *parts, int64_t numbers_r[2])
{
    uint8_t bytes[2 * sizeof numbers_r[0]];
    size_t count;
    if (base64_decode(parts->id, TOKEN_ID_CHARS, bytes, sizeof bytes, &count) != STATUS_OK) {
        return false;
    }
    assert(count == sizeof bytes); /* so many characters are neither more nor fewer */
    memcpy(numbers_r, bytes, sizeof bytes);
    return true;
}

void token_renumber(char token[TOKEN_BYTES_MAX], const int64_t numbers[2])
{
    char id_text[BASE64_TEXT_BYTES(16)];
    base64url_encode(numbers, 2 * sizeof numbers[0], id_text);
    memcpy(token + 3, id_text, TOKEN_ID_CHARS);
}

static int compare_key(const struct directory_api_key *key, const char *id)
{
    return strcmp(key->id, id);
}

static const struct directory_api_key *find_key(const struct directory *directory, const char *id)
{
    size_t low = 0, high = directory->keys_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_key(&directory->keys[middle], id);
        if (order == 0) {
            return &directory->keys[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static enum status authenticate_key(const struct directory *directory,
                                    const struct token_parts *parts, struct principal *principal_r)
{
    const struct directory_api_key *key = find_key(directory, parts->id);
    struct digest hash = token_hash(parts->secret);
    if (key == NULL ||
        !text_equal_constant_time(hash.bytes, key->secret_hash.bytes, sizeof hash.bytes)) {
        return STATUS_UNAUTHENTICATED;
    }
    *principal_r = (struct principal){
        .role = key->role,
        .all_customers = key->all_customers,
        .customers = key->customers,
        .customers_count = key->customers_count,
    };
    (void)text_copy(principal_r->key_id, sizeof principal_r->key_id, key->id);
    return STATUS_OK;
}

/* An agent token's id is the customer's and the enrolment's number. */
static enum status authenticate_agent(const struct directory *directory,
                                      const struct token_parts *parts,
                                      struct principal *principal_r)
{
    int64_t numbers[2];
    if (!token_numbers(parts, numbers)) {
        return STATUS_UNAUTHENTICATED;
    }
    const struct directory_customer *customer = directory_customer(directory, numbers[0]);
    struct digest hash = token_hash(parts->secret);
    for (size_t i = 0; customer != NULL && i < customer->enrolments_count; i++) {
        const struct directory_enrolment *enrolment = &customer->enrolments[i];
        if (enrolment->id != numbers[1]) {
            continue;
        }
        const struct directory_person *agent = directory_agent(customer, enrolment->agent_id);
        if (agent == NULL || !agent->active ||
            !text_equal_constant_time(hash.bytes, enrolment->token_hash.bytes, sizeof hash.bytes)) {
            break;
        }
        *principal_r = (struct principal){
            .role = ROLE_AGENT, .customer_id = customer->id, .agent_id = enrolment->agent_id};
        (void)text_copy(principal_r->key_id, sizeof principal_r->key_id, parts->id);
        return STATUS_OK;
    }
    return STATUS_UNAUTHENTICATED;
}

/* A shared phone's token holds the customer's and the phone's number. Whoever signed in there last
 * asks; an agent who is not active any more is nobody. */
static enum status authenticate_phone(const struct directory *directory,
                                      const struct token_parts *parts,
                                      struct principal *principal_r)
{
    int64_t numbers[2];
    if (!token_numbers(parts, numbers)) {
        return STATUS_UNAUTHENTICATED;
    }
    const struct directory_customer *customer = directory_customer(directory, numbers[0]);
    const struct directory_shared_phone *phone =
        customer == NULL ? NULL : directory_shared_phone(customer, numbers[1]);
    struct digest hash = token_hash(parts->secret);
    if (phone == NULL || !phone->enrolled ||
        !text_equal_constant_time(hash.bytes, phone->token_hash.bytes, sizeof hash.bytes)) {
        return STATUS_UNAUTHENTICATED;
    }
    bool signed_in = directory_shares(customer, phone, phone->owner_id);
    *principal_r = (struct principal){.role = ROLE_AGENT,
                                      .customer_id = customer->id,
                                      .agent_id = signed_in ? phone->owner_id : 0,
                                      .phone_id = phone->id};
    (void)text_copy(principal_r->key_id, sizeof principal_r->key_id, parts->id);
    return STATUS_OK;
}

enum status directory_authenticate(const struct directory *directory, const char *token,
                                   struct principal *principal_r)
{
    struct token_parts parts;
    if (token_split(token, "ak_", &parts)) {
        return authenticate_key(directory, &parts, principal_r);
    }
    if (token_split(token, "at_", &parts)) {
        return authenticate_agent(directory, &parts, principal_r);
    }
    if (token_split(token, "st_", &parts)) {
        return authenticate_phone(directory, &parts, principal_r);
    }
    return STATUS_UNAUTHENTICATED;
}

/* A feed's secret holds the customer's and the feed's number. */
static const struct directory_feed *find_feed(const struct directory *directory,
                                              const struct token_parts *parts,
                                              const struct directory_customer **customer_r)
{
    int64_t numbers[2];
    if (!token_numbers(parts, numbers)) {
        return NULL;
    }
    *customer_r = directory_customer(directory, numbers[0]);
    for (size_t i = 0; *customer_r != NULL && i < (*customer_r)->feeds_count; i++) {
        if ((*customer_r)->feeds[i].id == numbers[1]) {
            return &(*customer_r)->feeds[i];
        }
    }
    return NULL;
}

const struct directory_feed *directory_feed_by_secret(const struct directory *directory,
                                                      const char *secret,
                                                      const struct directory_customer **customer_r)
{
    static const struct digest nobodys = {{0}};
    struct token_parts parts;
    const struct directory_customer *customer = NULL;
    if (!token_split(secret, "fd_", &parts)) {
        return NULL;
    }
    const struct directory_feed *feed = find_feed(directory, &parts, &customer);
    const struct digest *wanted = feed != NULL ? &feed->secret_hash : &nobodys;
    struct digest hash = token_hash(parts.secret);
    bool equal = text_equal_constant_time(hash.bytes, wanted->bytes, sizeof hash.bytes);
    if (feed == NULL || !equal) {
        return NULL;
    }
    *customer_r = customer;
    return feed;
}

bool principal_covers(const struct principal *principal, int64_t customer_id)
{
    if (principal->role == ROLE_AGENT) {
        return principal->customer_id == customer_id;
    }
    if (principal->all_customers) {
        return true;
    }
    for (size_t i = 0; i < principal->customers_count; i++) {
        if (principal->customers[i] == customer_id) {
            return true;
        }
    }
    return false;
}
