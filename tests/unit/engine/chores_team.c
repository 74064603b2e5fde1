/* chores_team.c - of those who are asked by name, and of members. */
#include "tests/unit/engine/chores.h"

static struct uuid held_one(struct house *house)
{
    house_advance(house, 3600000); /* the trunk is free */
    struct uuid id = open_one(house);
    house_run(house, agent_command(house, id, VERB_ACCEPT, house->jean, NULL));
    return id;
}

static struct command *assign(struct house *house, struct uuid id, enum offer_role role)
{
    struct command *command = desk_command(house, id, DESK_ASSIGN);
    command->request.desk.agent = "paul";
    command->request.desk.role = role;
    return command;
}

struct command *chore_assign(struct house *house)
{
    return assign(house, held_one(house), OFFER_AS_HOLDER);
}

struct command *chore_accept_an_offer(struct house *house)
{
    struct uuid id = held_one(house);
    struct command *command = assign(house, id, OFFER_AS_HOLDER);
    command->request.desk.stays = true;
    house_run(house, command);
    return agent_command(house, id, VERB_ACCEPT, house->paul, NULL);
}

struct command *chore_join_the_holder(struct house *house)
{
    struct uuid id = held_one(house);
    house_run(house, assign(house, id, OFFER_AS_MEMBER));
    return agent_command(house, id, VERB_JOIN, house->paul, NULL);
}

struct command *chore_offer_runs_out(struct house *house)
{
    house_run(house, assign(house, held_one(house), OFFER_AS_HOLDER));
    house_advance(house, 300001);
    return NULL;
}
