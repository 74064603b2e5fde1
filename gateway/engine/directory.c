/* directory.c - lookups. */
#include "gateway/engine/directory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/engine/directory_private.h"

#define NOTICE_DAYS_BY_LAW 15 /* Code du travail, R3121-3 */

/* The place of the first customer with a greater id. */
static size_t place_behind(const struct directory *directory, int64_t customer_id)
{
    size_t low = 0, high = directory->customers_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (directory->by_id[middle]->customer.id <= customer_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct directory_customer *directory_customer(const struct directory *directory,
                                                    int64_t customer_id)
{
    size_t place = place_behind(directory, customer_id);
    return place > 0 && directory->by_id[place - 1]->customer.id == customer_id
               ? &directory->by_id[place - 1]->customer
               : NULL;
}

const struct directory_customer *directory_customer_after(const struct directory *directory,
                                                          int64_t customer_id)
{
    size_t place = place_behind(directory, customer_id);
    return place < directory->customers_count ? &directory->by_id[place]->customer : NULL;
}

const struct directory_customer *directory_customer_by_slug(const struct directory *directory,
                                                            const char *slug)
{
    size_t low = 0, high = directory->customers_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(directory->by_slug[middle]->customer.slug, slug);
        if (order == 0) {
            return &directory->by_slug[middle]->customer;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct directory_customer *directory_customer_by_number(const struct directory *directory,
                                                              const char *number)
{
    size_t low = 0, high = directory->numbers_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(directory->numbers[middle].number, number);
        if (order == 0) {
            return &directory->numbers[middle].snapshot->customer;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

size_t directory_customers_count(const struct directory *directory)
{
    return directory->customers_count;
}

const struct directory_customer *directory_customer_at(const struct directory *directory,
                                                       size_t index)
{
    assert(index < directory->customers_count);
    return &directory->by_slug[index]->customer;
}

static const struct directory_person *person_by_slug(const struct directory_person *persons,
                                                     size_t count, const char *slug)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(persons[middle].slug, slug);
        if (order == 0) {
            return &persons[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static const struct directory_person *person_by_id(const struct directory_person *persons,
                                                   size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (persons[i].id == id) {
            return &persons[i];
        }
    }
    return NULL;
}

const struct directory_person *directory_agent(const struct directory_customer *customer,
                                               int64_t agent_id)
{
    return person_by_id(customer->agents, customer->agents_count, agent_id);
}

const struct directory_person *directory_agent_by_slug(const struct directory_customer *customer,
                                                       const char *slug)
{
    return person_by_slug(customer->agents, customer->agents_count, slug);
}

const struct directory_person *directory_contact(const struct directory_customer *customer,
                                                 int64_t contact_id)
{
    return person_by_id(customer->contacts, customer->contacts_count, contact_id);
}

const struct directory_person *directory_contact_by_slug(const struct directory_customer *customer,
                                                         const char *slug)
{
    return person_by_slug(customer->contacts, customer->contacts_count, slug);
}

const struct directory_person *directory_person(const struct directory_customer *customer,
                                                const struct person_ref *ref)
{
    if (ref->kind == PERSON_AGENT) {
        return directory_agent(customer, ref->id);
    }
    return ref->kind == PERSON_CONTACT ? directory_contact(customer, ref->id) : NULL;
}

const struct directory_rota *directory_rota(const struct directory_customer *customer,
                                            const char *slug)
{
    for (size_t i = 0; i < customer->rotas_count; i++) {
        if (strcmp(customer->rotas[i].slug, slug) == 0) {
            return &customer->rotas[i];
        }
    }
    return NULL;
}

const struct directory_rota *directory_feed_rota(const struct directory_customer *customer,
                                                 const struct directory_feed *feed)
{
    for (size_t i = 0; i < customer->rotas_count; i++) {
        if (customer->rotas[i].id == feed->rota_id) {
            return &customer->rotas[i];
        }
    }
    return NULL;
}

int directory_notice_days(const struct directory_customer *customer)
{
    return customer->notice_days > 0 ? (int)customer->notice_days : NOTICE_DAYS_BY_LAW;
}

const struct directory_procedure *directory_procedure(const struct directory_customer *customer,
                                                      const char *slug)
{
    for (size_t i = 0; i < customer->procedures_count; i++) {
        if (strcmp(customer->procedures[i].procedure->slug, slug) == 0) {
            return &customer->procedures[i];
        }
    }
    return NULL;
}

const struct directory_device *directory_device(const struct directory_customer *customer,
                                                int64_t device_id,
                                                const struct directory_person **agent_r)
{
    for (size_t a = 0; a < customer->agents_count; a++) {
        const struct directory_person *agent = &customer->agents[a];
        for (size_t d = 0; d < agent->devices_count; d++) {
            if (agent->devices[d].id == device_id) {
                if (agent_r != NULL) {
                    *agent_r = agent;
                }
                return &agent->devices[d];
            }
        }
    }
    return NULL;
}

size_t directory_api_keys_count(const struct directory *directory)
{
    return directory->keys_count;
}

const struct directory_api_key *directory_api_key_at(const struct directory *directory,
                                                     size_t index)
{
    assert(index < directory->keys_count);
    return &directory->keys[index];
}

void directory_hold(struct directory *directory)
{
    atomic_fetch_add(&directory->references, 1);
}

void directory_release(struct directory *directory)
{
    if (atomic_fetch_sub(&directory->references, 1) != 1) {
        return;
    }
    for (size_t i = 0; i < directory->customers_count; i++) {
        customer_snapshot_release(directory->by_id[i]);
    }
    struct arena *arena = directory->arena;
    arena_destroy(&arena);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The same of one customer. */
static int64_t customer_wear(const struct directory_customer *customer, struct wall_time now)
{
    int64_t first_ms = TIME_NEVER_MS;
    for (size_t r = 0; r < customer->rotas_count; r++) {
        const struct directory_rota *rota = &customer->rotas[r];
        first_ms = smaller(first_ms, rota->compiled_until.ms - ROTA_LEFT_MS - now.ms);
        first_ms = smaller(first_ms, now.ms - ROTA_BEHIND_LEFT_MS - rota->compiled_from.ms);
    }
    if (customer->calendar != NULL) {
        first_ms = smaller(first_ms, customer->calendar_until.ms - CALENDAR_LEFT_MS - now.ms);
        first_ms = smaller(first_ms, now.ms - CALENDAR_BEHIND_LEFT_MS - customer->calendar_from.ms);
    }
    return first_ms;
}

int64_t directory_rotas_wear(const struct directory *directory, struct wall_time now,
                             int64_t *customer_id_r)
{
    int64_t first_ms = TIME_NEVER_MS;
    for (size_t i = 0; i < directory->customers_count; i++) {
        const struct directory_customer *customer = &directory->by_id[i]->customer;
        int64_t left_ms = customer_wear(customer, now);
        if (left_ms < first_ms) {
            first_ms = left_ms;
            *customer_id_r = customer->id;
        }
    }
    return first_ms;
}

bool directory_rotas_cover(const struct directory_customer *customer, struct wall_time now)
{
    for (size_t r = 0; r < customer->rotas_count; r++) {
        if (now.ms < customer->rotas[r].compiled_from.ms ||
            now.ms >= customer->rotas[r].compiled_until.ms) {
            return false;
        }
    }
    return true;
}
