/* phones.c - phones of several customers and agents. */
#include "tests/unit/engine/phones.h"

int64_t put_other_customer(struct house *house, const char *slug, int64_t *customer_id_r)
{
    struct command *command = house_command(house, COMMAND_PUT_CUSTOMER);
    command->request.customer = (struct customer_request){.slug = slug,
                                                          .name = slug,
                                                          .time_zone = "Europe/Paris",
                                                          .language = "fr",
                                                          .alias = "Azur",
                                                          .active = true};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    struct command *agent = house_command(house, COMMAND_PUT_PERSON);
    agent->customer_id = *customer_id_r = command->customer_id;
    agent->request.person = (struct person_request){.kind = PERSON_AGENT,
                                                    .slug = "zoe",
                                                    .name = "Zoé",
                                                    .phone = "+33600000009",
                                                    .language = "fr",
                                                    .active = true};
    house_run(house, agent);
    assert_int_equal(agent->answer.status, STATUS_OK);
    const struct directory *directory = engine_directory_acquire(house->engine);
    int64_t id = directory_agent_by_slug(directory_customer(directory, *customer_id_r), "zoe")->id;
    engine_directory_release(house->engine, directory);
    return id;
}

struct command *register_phone(struct house *house, int64_t customer_id, int64_t agent_id,
                               const char *installation, const char *target)
{
    struct command *command = house_command(house, COMMAND_PUT_DEVICE);
    command->customer_id = customer_id;
    command->request.device = (struct device_request){.agent_id = agent_id,
                                                      .installation = installation,
                                                      .platform = PLATFORM_FCM,
                                                      .target = target,
                                                      .battery_percent = -1};
    house_run(house, command);
    return command;
}

int64_t enrol_shared_phone(struct house *house)
{
    static const char *const agents[] = {"jean", "paul"};
    struct command *added = house_command(house, COMMAND_ADD_SHARED_PHONE);
    added->request.shared_phone =
        (struct shared_phone_request){.name = "Garde", .agents = agents, .agents_count = 2};
    house_run(house, added);
    assert_int_equal(added->answer.status, STATUS_OK);
    char *code = arena_alloc(added->arena, 64);
    answered_text(added, "code", code, 64);
    struct command *used = house_command(house, COMMAND_USE_ENROLMENT);
    used->customer_id = 0;
    used->request.enrolment.code = code;
    house_run(house, used);
    assert_int_equal(used->answer.status, STATUS_OK);
    return house_number(house, "SELECT max(phone_id) FROM shared_phone");
}

struct command *shared_phone_command(struct house *house, enum command_type type, int64_t phone_id)
{
    struct command *command = house_command(house, type);
    if (type == COMMAND_SIGN_OUT) {
        command->request.sign_in.phone_id = phone_id;
    } else if (type == COMMAND_REVOKE_SHARED_PHONE) {
        command->request.shared_phone.phone_id = phone_id;
    } else {
        command->request.device = (struct device_request){.phone_id = phone_id,
                                                          .installation = "s-1",
                                                          .platform = PLATFORM_FCM,
                                                          .target = "token",
                                                          .battery_percent = -1};
    }
    return command;
}

int64_t put_shared_phone(struct house *house)
{
    int64_t phone = enrol_shared_phone(house);
    struct command *command = shared_phone_command(house, COMMAND_PUT_DEVICE, phone);
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
    return phone;
}

void set_pin(struct house *house, int64_t agent_id)
{
    struct command *command = house_command(house, COMMAND_PUT_PIN);
    command->request.pin = (struct pin_request){.agent_id = agent_id, .salt = SALT};
    house_run(house, command);
    assert_int_equal(command->answer.status, STATUS_OK);
}

struct command *enter_pin(struct house *house, int64_t phone_id, int64_t agent_id, bool right)
{
    struct command *command = house_command(house, COMMAND_SIGN_IN);
    command->request.sign_in = (struct sign_in_request){
        .phone_id = phone_id, .agent_id = agent_id, .salt = SALT, .matches = right};
    house_run(house, command);
    return command;
}
