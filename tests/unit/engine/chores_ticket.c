/* chores_ticket.c - tickets: what the desk does to them, and calls that are held, noted or put
 * through instead of escalated. */
#include "tests/unit/engine/chores.h"

#include "gateway/base/text.h"
#include "gateway/engine/engine_private.h"

struct command *ticket_command(struct house *house, enum ticket_verb verb, struct uuid ticket)
{
    struct command *command = house_command(house, COMMAND_TICKET_VERB);
    command->request.ticket = (struct ticket_request){
        .verb = verb,
        .ticket_id = ticket,
        .key_id = "desk",
        .idempotency_key = arena_format(command->arena, "ticket-%zu", house->commands_count),
        .operator_name = "Léa",
        .text = "le gardien rappelle",
    };
    return command;
}

struct uuid recorded_ticket(struct house *house)
{
    char text[UUID_TEXT_BYTES];
    struct uuid id;
    struct command *command = chore_record_a_call(house);
    house_run(house, command);
    answered_text(command, "ticket", text, sizeof text);
    assert_int_equal(uuid_parse(text, &id), STATUS_OK);
    return id;
}

struct command *chore_note_on_ticket(struct house *house)
{
    return ticket_command(house, TICKET_ADD_NOTE, recorded_ticket(house));
}

struct command *chore_reopen_ticket(struct house *house)
{
    return ticket_command(house, TICKET_REOPEN, recorded_ticket(house));
}

struct command *chore_close_ticket(struct house *house)
{
    struct uuid ticket = recorded_ticket(house);
    house_run(house, ticket_command(house, TICKET_REOPEN, ticket));
    return ticket_command(house, TICKET_CLOSE, ticket);
}

struct command *chore_link_tickets(struct house *house)
{
    struct command *command = ticket_command(house, TICKET_LINK, recorded_ticket(house));
    command->request.ticket.other = recorded_ticket(house);
    return command;
}

struct command *chore_unlink_tickets(struct house *house)
{
    struct command *linked = chore_link_tickets(house);
    house_run(house, linked);
    struct command *command =
        ticket_command(house, TICKET_UNLINK, linked->request.ticket.ticket_id);
    command->request.ticket.other = linked->request.ticket.other;
    return command;
}

struct command *chore_wait_for_the_index(struct house *house)
{
    (void)recorded_ticket(house);
    house_advance(house, 10000);
    return NULL;
}

static struct command *overridden_call(struct house *house, enum rule_action action)
{
    struct command *command = escalate_command(house, SEVERITY_MINOR, NULL);
    command->request.escalate.override = (struct escalate_override){
        .given = true, .action = action, .operator_name = "Zoé", .reason = "it can wait"};
    return command;
}

static void open_in_an_hour(struct house *house)
{
    struct command *owner = house_command(house, COMMAND_ALARM);
    put_hours(house,
              arena_format(owner->arena, "opens-at %lld", (long long)house->wall.ms + 3600000));
}

struct command *chore_hold(struct house *house)
{
    open_in_an_hour(house);
    return overridden_call(house, RULE_HOLD);
}

struct command *chore_join_what_is_on_hold(struct house *house)
{
    struct command *first = chore_hold(house);
    const char *key = arena_format(first->arena, "held-%zu", house->commands_count);
    first->request.escalate.dedup_key = key;
    house_run(house, first);
    struct command *command = escalate_command(house, SEVERITY_MAJOR, NULL);
    command->request.escalate.dedup_key = key;
    return command;
}

struct command *chore_open_the_doors(struct house *house)
{
    house_run(house, chore_hold(house));
    house_advance(house, 3600000);
    return NULL;
}

struct command *chore_note_a_ticket(struct house *house)
{
    return overridden_call(house, RULE_TICKET);
}

struct command *chore_keep_a_ticket_s_promise(struct house *house)
{
    struct command *command = overridden_call(house, RULE_TICKET);
    command->request.escalate.promised_ms = 600000;
    house_run(house, command);
    house_advance(house, 600000);
    return NULL;
}

struct command *chore_put_through(struct house *house)
{
    return overridden_call(house, RULE_FORWARD);
}
