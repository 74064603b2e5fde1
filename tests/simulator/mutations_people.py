"""Bugs about people, that the simulator must catch: their numbers, how they stand, who works on an
escalation with whom. As those of mutations.py."""

from mutation import CORE, ENGINE, STORE, mutation

MUTATIONS = [
    # ---- several numbers ----
    mutation("only the first number is called", (
        CORE + "procedure_run.c",
        "    if (ended->path != PATH_CALL || attempt_has_hope(ended) ||\n",
        "    if (ended->path != PATH_CALL || !attempt_has_hope(ended) ||\n",
    )),
    mutation("of a holder only the first number is called", (
        CORE + "procedure_run.c",
        "    bool wanted = (ended->purpose == PURPOSE_HOLDER_CALL && "
        "now->state == ESCALATION_OVERDUE) ||\n",
        "    bool wanted =\n",
    )),
    mutation("the last number is called next", (
        CORE + "procedure_run.c",
        "    while (next < person->phones_count && called[next]) {\n        next++;\n    }\n"
        "    return next;",
        "    size_t last = person->phones_count;\n"
        "    (void)next;\n    while (last > 0 && called[last - 1]) {\n        last--;\n    }\n"
        "    return last > 0 ? last - 1 : person->phones_count;",
    )),
    mutation("a number that is busy is called again", (
        CORE + "procedure_run.c",
        "            called[p] = called[p] || is_call_to(attempt, person, p);",
        "            called[p] = called[p] || (attempt->answer != ANSWER_BUSY && "
        "is_call_to(attempt, person, p));",
    )),
    mutation("a number that was taken away is dialled", (
        ENGINE + "outbox.c",
        "    return directory_has_phone(person, attempt->phone) ? attempt->phone : NULL;",
        "    return attempt->phone;",
    )),
    # ---- how somebody stands ----
    mutation("who pauses is not called", (
        CORE + "asking.c",
        "    return person->paused ? \"paused\" : person->doubtful ? \"doubtful\" : NULL;",
        "    return person->doubtful ? \"doubtful\" : NULL;",
    )),
    mutation("who pauses is not called by the step that runs", (
        ENGINE + "command_pause.c",
        "        engine_customer_changed(engine, command->customer_id, true);",
        "        engine_customer_changed(engine, command->customer_id, false);",
    )),
    mutation("a pause takes an hour", (
        ENGINE + "command_pause.c",
        "    int64_t lasts_ms = request->minutes * INT64_C(60000);",
        "    int64_t lasts_ms = INT64_C(3600000);",
    )),
    mutation("a pause does not end with a word", (
        STORE + "store_standing.c",
        "query_write_row(store, QUERY_pause_delete, &pause_map, &row, error);",
        "query_write_row(store, QUERY_pause_get, &pause_map, &row, error);",
    )),
    mutation("nobody is asked beside who is busy", (
        CORE + "asking.c",
        "    if ((!person->busy && !person->paused) || is_left_alone",
        "    if (!person->paused || is_left_alone",
    )),
    mutation("others are asked beside everybody", (
        CORE + "asking.c",
        "    if ((!person->busy && !person->paused) || is_left_alone",
        "    if (is_left_alone",
    )),
    mutation("doubt calls where the procedure does not mind", (
        ENGINE + "people.c",
        "    if (alone && resolving->procedure->doubtful_calls_too && person_r",
        "    if (alone && person_r",
    )),
    # ---- several on one escalation ----
    mutation("whoever takes over is not watched", (
        CORE + "team.c",
        "    now->wait_until =\n"
        "        engine_time_add(event->now, step->context->procedure->progress_within_ms +\n",
        "    now->wait_until =\n"
        "        engine_time_add(event->now, INT64_C(86400000) +\n",
    )),
    mutation("whoever is asked by name has it at once", (
        CORE + "event_team.c",
        "    team_ask(step, person, event->role, event->origin, event->stays);\n"
        "    assert(team_offer(now, &event->whom) != NULL);",
        "    team_ask(step, person, event->role, event->origin, event->stays);\n"
        "    if (event->role == OFFER_AS_HOLDER && escalation_is_held(now)) {\n"
        "        step->now->holder = event->whom;\n"
        "        step->now->offers_count = 0;\n    }",
    )),
    mutation("whoever is asked by name is not called", (
        CORE + "team.c",
        "    int made = run_reach(step, PURPOSE_OFFER, person, VIA_PUSH | VIA_CALL, until);",
        "    int made = run_reach(step, PURPOSE_OFFER, person, VIA_PUSH, until);",
    ), (
        CORE + "team.c",
        "    assert(made > 0 || update->dropped > 0 || !can_be_reached(person));\n",
        "    (void)made;\n",
    )),
    mutation("of whoever is asked by name only the first number is called", (
        CORE + "procedure_run.c",
        "    if (ended->purpose == PURPOSE_OFFER && team_offer(now, &ref) != NULL) {",
        "    if (ended->purpose == PURPOSE_TEST && team_offer(now, &ref) != NULL) {",
    )),
    mutation("members do not hear that it is theirs to take", (
        CORE + "team.c",
        "    for (int i = 0; i < now->members_count; i++) {\n"
        "        const struct person_ref ref = "
        "ref_of(now->members[i].kind, now->members[i].id);\n"
        "        const struct context_person *known = team_person(step, &ref);\n"
        "        if (now->members[i].intervention != INTERVENTION_DONE && known != NULL) {\n"
        "            ask(",
        "    for (int i = 0; i < now->members_count; i++) {\n"
        "        const struct person_ref ref = "
        "ref_of(now->members[i].kind, now->members[i].id);\n"
        "        const struct context_person *known = team_person(step, &ref);\n"
        "        if (now->members[i].intervention == INTERVENTION_DONE && known != NULL) {\n"
        "            ask(",
    )),
    mutation("it is done while others are at work", (
        CORE + "event_progress.c",
        "    if (refuse_unless_holder(step, \"done\") || team_goes_on(step)) {",
        "    if (refuse_unless_holder(step, \"done\")) {",
    )),
    mutation("a member's word extends the holder's time", (
        CORE + "event_progress.c",
        "    if (event->progress != INTERVENTION_NONE) {\n"
        "        member->intervention = event->progress;\n    }\n",
        "    if (event->progress != INTERVENTION_NONE) {\n"
        "        member->intervention = event->progress;\n    }\n"
        "    step->now->wait_until = engine_time_add(event->now, "
        "step->context->procedure->progress_within_ms);\n",
    )),
    mutation("the desk does not hear that an offer was not answered", (
        CORE + "team.c",
        "    run_withdraw_from(step, &whom);\n    step_task(step, TASK_OFFER, 0);\n",
        "    run_withdraw_from(step, &whom);\n",
    )),
    mutation("one acceptance is enough", (
        CORE + "procedure_run.c",
        "    if (team_at_work(now) >= wanted) {",
        "    if (team_at_work(now) >= 1) {",
    )),
    mutation("fewer than are wanted are nobody's task", (
        CORE + "procedure_run.c",
        "    if (kind == ENTRY_TEAM_SHORT) {\n        step_task(step, TASK_TEAM, 0);\n    }\n",
        "",
    )),
    mutation("others are asked as if nobody were in doubt", (
        ENGINE + "standing.c",
        "        return wants_several(procedure);",
        "        return wants_several(procedure) && event->type == EVENT_DECLINE;",
    )),
    mutation("who has accepted is called on", (
        CORE + "procedure_run.c",
        "        bool asked = person != NULL && !run_stepped_aside(step, &person->ref) &&\n"
        "                     !run_is_beside_holder(step, &person->ref);",
        "        bool asked = person != NULL && !run_stepped_aside(step, &person->ref);",
    )),
]
