/* chores_phone.c - phones that several agents share, and the PINs by which they sign in. */
#include "tests/unit/engine/chores.h"

#include <stdio.h>

#include "tests/unit/engine/phones.h"

/* One of the tries before, or a new one; registered, whatever they did to it. */
static int64_t shared_phone(struct house *house)
{
    int64_t phone = house_number(house, "SELECT coalesce(max(phone_id), 0) FROM shared_phone "
                                        "WHERE revoked_at IS NULL AND installation = 's-1'");
    if (house_number(house, "SELECT count(*) FROM agent_pin") < 2) {
        set_pin(house, house->jean);
        set_pin(house, house->paul);
    }
    if (phone == 0) {
        return put_shared_phone(house);
    }
    if (house_number(house, "SELECT count(*) FROM shared_phone WHERE revoked_at IS NULL AND "
                            "target IS NOT NULL") == 0) {
        house_run(house, shared_phone_command(house, COMMAND_PUT_DEVICE, phone));
    }
    return phone;
}

/* One that jean is signed in on. */
static int64_t phone_of_jean(struct house *house)
{
    int64_t phone = shared_phone(house);
    char sql[96];
    (void)snprintf(sql, sizeof sql,
                   "SELECT coalesce(owner_id, 0) FROM shared_phone WHERE phone_id = %lld",
                   (long long)phone);
    if (house_number(house, sql) != house->jean) {
        (void)enter_pin(house, phone, house->jean, true);
    }
    return phone;
}

struct command *chore_share_a_phone(struct house *house)
{
    static const char *const agents[] = {"jean"};
    struct command *command = house_command(house, COMMAND_ADD_SHARED_PHONE);
    command->request.shared_phone =
        (struct shared_phone_request){.name = "Garde", .agents = agents, .agents_count = 1};
    while (house_number(house, "SELECT count(*) FROM shared_phone WHERE revoked_at IS NULL") > 9) {
        house_run(house,
                  shared_phone_command(house, COMMAND_REVOKE_SHARED_PHONE,
                                       house_number(house, "SELECT max(phone_id) FROM shared_phone "
                                                           "WHERE revoked_at IS NULL")));
    }
    return command;
}

struct command *chore_enrol_a_shared_phone(struct house *house)
{
    struct command *added = chore_share_a_phone(house);
    house_run(house, added);
    char *code = arena_alloc(added->arena, 64);
    answered_text(added, "code", code, 64);
    struct command *command = house_command(house, COMMAND_USE_ENROLMENT);
    command->customer_id = 0;
    command->request.enrolment.code = code;
    return command;
}

/* With another target, under an owner. */
struct command *chore_register_a_shared_phone(struct house *house)
{
    int64_t phone = phone_of_jean(house);
    struct command *command = shared_phone_command(house, COMMAND_PUT_DEVICE, phone);
    command->request.device.target = house->commands_count % 2 == 0 ? "another" : "token";
    return command;
}

struct command *chore_log_a_shared_phone_out(struct house *house)
{
    int64_t phone = phone_of_jean(house);
    return shared_phone_command(house, COMMAND_DELETE_DEVICE, phone);
}

struct command *chore_revoke_a_shared_phone(struct house *house)
{
    return shared_phone_command(house, COMMAND_REVOKE_SHARED_PHONE, shared_phone(house));
}

/* After a wrong PIN, on a phone of jean's. */
struct command *chore_sign_in(struct house *house)
{
    int64_t phone = phone_of_jean(house);
    set_pin(house, house->paul); /* those of the tries before are forgotten */
    (void)enter_pin(house, phone, house->paul, false);
    struct command *command = house_command(house, COMMAND_SIGN_IN);
    command->request.sign_in = (struct sign_in_request){
        .phone_id = phone, .agent_id = house->paul, .salt = SALT, .matches = true};
    return command;
}

struct command *chore_sign_out(struct house *house)
{
    int64_t phone = phone_of_jean(house);
    return shared_phone_command(house, COMMAND_SIGN_OUT, phone);
}

struct command *chore_set_a_pin(struct house *house)
{
    struct command *command = house_command(house, COMMAND_PUT_PIN);
    command->request.pin = (struct pin_request){.agent_id = house->paul, .salt = SALT};
    return command;
}

struct command *chore_clear_a_pin(struct house *house)
{
    struct command *command = chore_set_a_pin(house);
    command->request.pin.clear = true;
    return command;
}
