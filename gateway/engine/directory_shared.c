/* directory_shared.c - phones that several agents share: who may sign in, and whose they are. */
#include <string.h>

#include "gateway/engine/directory_private.h"
#include "gateway/store/store_installation.h"

const struct directory_shared_phone *directory_shared_phone(
    const struct directory_customer *customer, int64_t phone_id)
{
    for (size_t i = 0; i < customer->shared_phones_count; i++) {
        if (customer->shared_phones[i].id == phone_id) {
            return &customer->shared_phones[i];
        }
    }
    return NULL;
}

bool directory_shares(const struct directory_customer *customer,
                      const struct directory_shared_phone *phone, int64_t agent_id)
{
    for (size_t i = 0; i < phone->agents_count; i++) {
        if (phone->agents[i] == agent_id) {
            const struct directory_person *agent = directory_agent(customer, agent_id);
            return agent != NULL && agent->active;
        }
    }
    return false;
}

bool directory_was_handed_over(const struct directory_device *device)
{
    return !device->live && device->retired_reason != NULL &&
           (strcmp(device->retired_reason, DEVICE_SIGNED_OUT) == 0 ||
            strcmp(device->retired_reason, DEVICE_TAKEN_OVER) == 0);
}

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "no memory for the directory");
}

/* The agents of one phone among the customer's, which come ordered by phone; *place moves on. */
static bool keep_agents(struct arena *arena, const struct shared_phone_agent_row *rows,
                        size_t count, size_t *place, struct directory_shared_phone *phone)
{
    size_t first = *place;
    while (*place < count && rows[*place].phone_id == phone->id) {
        (*place)++;
    }
    int64_t *agents = arena_alloc(arena, (*place - first) * sizeof *agents);
    for (size_t i = first; i < *place && agents != NULL; i++) {
        agents[i - first] = rows[i].agent_id;
    }
    phone->agents = agents;
    phone->agents_count = *place - first;
    return agents != NULL;
}

/* False: no memory. */
static bool keep_phone(struct arena *arena, const struct shared_phone_row *row,
                       struct directory_shared_phone *phone_r)
{
    *phone_r = (struct directory_shared_phone){
        .id = row->phone_id,
        .name = arena_text(arena, row->name),
        .enrolled = row->used_at.ms != TIME_NEVER_MS,
        .token_hash = row->token_hash,
        .installation = arena_text(arena, row->installation),
        .has_target = row->target != NULL,
        .created_at = row->created_at,
        .registration = row->registration,
        .owner_id = row->owner_id,
        .owned_since = row->owned_since,
    };
    return phone_r->name != NULL && (row->installation == NULL || phone_r->installation != NULL);
}

enum status shared_phones_load(const struct directory_builder *builder,
                               struct customer_snapshot *snapshot, struct arena *rows,
                               struct error *error)
{
    struct directory_customer *customer = &snapshot->customer;
    struct shared_phone_row *phone_rows = NULL;
    struct shared_phone_agent_row *agent_rows = NULL;
    size_t count = 0, agents_count = 0, place = 0;
    arena_reset(rows);
    enum status status =
        store_list_shared_phones(builder->store, customer->id, rows, &phone_rows, &count, error);
    if (status == STATUS_OK && count > 0) { /* most customers have none */
        status = store_list_shared_phone_agents(builder->store, customer->id, rows, &agent_rows,
                                                &agents_count, error);
    }
    if (status != STATUS_OK || count == 0) {
        return status;
    }
    struct directory_shared_phone *phones = arena_alloc(snapshot->arena, count * sizeof *phones);
    for (size_t i = 0; i < count && phones != NULL; i++) {
        if (!keep_phone(snapshot->arena, &phone_rows[i], &phones[i]) ||
            !keep_agents(snapshot->arena, agent_rows, agents_count, &place, &phones[i])) {
            phones = NULL;
        }
    }
    if (phones == NULL) {
        return out_of_memory(error);
    }
    customer->shared_phones = phones;
    customer->shared_phones_count = count;
    return STATUS_OK;
}
