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
        "    return person->busy ? \"busy\" : person->paused ? \"paused\" : NULL;",
        "    return person->paused ? \"paused\" : NULL;",
    )),
    mutation("others are asked beside everybody", (
        CORE + "asking.c",
        "    return person->busy ? \"busy\" : person->paused ? \"paused\" : NULL;",
        "    return person->busy ? \"busy\" : \"paused\";",
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
        "    ask(step, person, offer.role, VIA_PUSH | VIA_CALL, offer.until);\n"
        "    assert(step->update->created_count > 0 || step->update->dropped > 0);\n",
        "    ask(step, person, offer.role, VIA_PUSH, offer.until);\n",
    )),
    mutation("of whoever is asked by name only the first number is called", (
        CORE + "procedure_run.c",
        "    if (ended->purpose == PURPOSE_OFFER && team_offer(now, &ref) != NULL) {",
        "    if (ended->purpose == PURPOSE_TEST && team_offer(now, &ref) != NULL) {",
    )),
    mutation("members do not hear that it is theirs to take", (
        CORE + "team.c",
        "        if (now->members[i].intervention != INTERVENTION_DONE && known != NULL && "
        "via != 0) {",
        "        if (now->members[i].intervention == INTERVENTION_DONE && known != NULL && "
        "via != 0) {",
    )),
    mutation("a member is asked twice at once", (
        CORE + "team.c",
        "            left &= attempt->path == PATH_CALL ? ~VIA_CALL : ~VIA_PUSH;\n",
        "            left |= VIA_CALL;\n",
    )),
    mutation("who is busy as a member is free", (
        "schema/sqlite/queries_standing.sql",
        "  WHERE open.members_count > 0 AND open.check_in_agent = 0",
        "  WHERE open.members_count < 0 AND open.check_in_agent = 0",
    )),
    mutation("nobody comes for a member who leaves", (
        CORE + "team.c",
        "    tell_holder(step);\n    run_seek_again(step);\n",
        "    tell_holder(step);\n",
    )),
    mutation("nobody comes for a holder who hands over to a member", (
        CORE + "team.c",
        "    run_look_at_search(step);\n    run_seek_again(step);\n",
        "    run_look_at_search(step);\n",
    )),
    mutation("somebody comes for who is done", (
        CORE + "procedure_run.c",
        "    if (watched && !escalation_seeks_members(now) && team_served(now) < now->wanted) {",
        "    if (watched && !escalation_seeks_members(now) && team_at_work(now) < now->wanted) {",
    )),
    mutation("who left is asked to come back", (
        CORE + "team.c",
        "        step->now->handed_back_by = step->event->actor;",
        "",
    )),
    mutation("who is sought does not hear that it is worse", (
        CORE + "procedure_run.c",
        "    if (run_asks_step(step->now)) { /* beside the holder, too, when more are sought */",
        "    if (run_asks_step(step->now) && !escalation_is_held(step->now)) {",
    )),
    mutation("of the new holder only the first number is called", (
        CORE + "procedure_run.c",
        "((ended->purpose == PURPOSE_UPDATE || ended->purpose == PURPOSE_TEAM) && at_it);",
        "(ended->purpose == PURPOSE_UPDATE && at_it);",
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
        "    }\n    step_task(step, TASK_OFFER, 0);\n    if (expired.origin",
        "    }\n    if (expired.origin",
    )),
    mutation("nobody is asked beside who is asked by name", (
        CORE + "team.c",
        "    team_add_offer(step, person, offer);\n    run_back_up_offer(step, person, offer);\n",
        "    team_add_offer(step, person, offer);\n",
    )),
    mutation("who works on it is asked beside somebody", (
        CORE + "asking.c",
        "           !team_has(step->now, &person->ref) && !run_stepped_aside(step, &person->ref);",
        "           !run_stepped_aside(step, &person->ref);",
    )),
    mutation("one acceptance is enough", (
        CORE + "procedure_run.c",
        "    if (team_at_work(now) >= now->wanted) {\n        return false;",
        "    if (team_at_work(now) >= 1) {\n        return false;",
    )),
    mutation("fewer than are wanted are nobody's task", (
        CORE + "procedure_run.c",
        "        step_task(step, TASK_TEAM, 0);\n",
        "",
    )),
    mutation("others are asked as if nobody were in doubt", (
        ENGINE + "standing.c",
        "        return wants_several(procedure, escalation);",
        "        return wants_several(procedure, escalation) && event->type == EVENT_DECLINE;",
    )),
    mutation("who has accepted is called on", (
        CORE + "procedure_run.c",
        "        bool asked = person != NULL && !run_stepped_aside(step, &person->ref) &&\n"
        "                     !run_is_beside_holder(step, &person->ref);",
        "        bool asked = person != NULL && !run_stepped_aside(step, &person->ref);",
    )),
]
