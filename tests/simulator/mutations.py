"""Bugs that the simulator must catch: each a name and what it changes, as (file, old, new).

They are what pagers have died of: a message sent before it is known to be kept, a deadline that is
forgotten, two who believe they hold it, a disk that was believed. An old text must stand in its
file once; when the code changes, the mutation changes with it."""

from mutation import CORE, ENGINE, ROTA, STORE, mutation


SENDING = "    return dispatcher->send(dispatcher->context, &effect);\n"


def swallow(which):
    """Keeps from leaving what fits `which`, and says that it has failed."""
    return ("    if (" + which + ") {\n"
            "        struct transport_request swallowed = {\n"
            "            .attempt = attempt->id,\n"
            "            .transport = ATTEMPT_FAILED,\n"
            "            .at = wall,\n"
            "            .gone_since = WALL_NEVER,\n"
            "            .reason = \"simulated\",\n"
            "        };\n"
            "        engine_outcome(engine, pending->customer_id, pending->escalation_id,\n"
            "                       attempt->path, &swallowed);\n"
            "        return STATUS_OK;\n"
            "    }\n" + SENDING)


MUTATIONS = [
    # ---- commits and the disk ----
    mutation("send before commit", (
        ENGINE + "turn.c",
        "    enum status status = outbox_pump(engine, error);\n",
        "    enum status status = outbox_pump(engine, error);\n    outbox_send(engine);\n",
    ), (
        ENGINE + "outbox.c", "    assert(!store_in_transaction(engine->store));\n", "",
    )),
    mutation("answer before commit", (
        ENGINE + "turn.c",
        "    if (status == STATUS_OK) {\n"
        "        status = finish_transaction(engine, &error);\n    }\n",
        "    if (status == STATUS_OK) {\n        complete_batch(engine, &turn->urgent);\n"
        "        complete_batch(engine, &turn->patient);\n"
        "        status = finish_transaction(engine, &error);\n    }\n",
    )),
    mutation("swallowed I/O error at the commit", (
        STORE + "store.c",
        "    return !failed ? status : is_share_used_up(store) ? "
        "STATUS_DISK_FULL : STATUS_UNCERTAIN;",
        "    return failed && !is_share_used_up(store) ? STATUS_OK : status;",
    ), (
        STORE + "store.c",
        "    assert(status != STATUS_OK || !store_in_transaction(store));\n    /* The log",
        "    /* The log",
    )),
    mutation("synchronous=OFF", (
        STORE + "store.c", "PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF",
    )),
    mutation("a skipped sync (synchronous=NORMAL)", (
        STORE + "store.c", "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL",
    )),
    mutation("savepoint trusted after a vanished transaction", (
        ENGINE + "turn.c",
        "    if (!store_in_transaction(engine->store)) {\n        return false;\n    }\n"
        "    struct error ignored;",
        "    if (!store_in_transaction(engine->store)) {\n        return true;\n    }\n"
        "    struct error ignored;",
    ), (
        STORE + "store.c",
        "    assert(store->writer && store_in_transaction(store));\n"
        "    assert(store->heads_count <= JOURNAL_HEADS_MAX);\n",
        "",
    ), (
        STORE + "store.c",
        "    assert(status != STATUS_OK || store_in_transaction(store)); /* released",
        "    /* released",
    )),
    mutation("journal heads kept after a rollback", (
        STORE + "store.c",
        "    store->heads_count = store->heads_at_savepoint_count;\n",
        "",
    )),
    mutation("the batch's failure is nobody's", (
        ENGINE + "turn.c", "        run_each_alone(turn);\n", "",
    )),
    # ---- restart ----
    mutation("attempts in flight are forgotten at a restart", (
        ENGINE + "engine.c",
        "        status = store_rewind_attempts(engine->store, &rewound, error);\n",
        "        rewound = 0;\n",
    )),
    mutation("the outbox is not looked at after a restart", (
        ENGINE + "engine.c",
        "        engine->outbox_waiting = true;\n        log_info(\"engine.recovered\"",
        "        log_info(\"engine.recovered\"",
    )),
    mutation("calls in progress are forgotten at a restart", (
        ENGINE + "engine.c",
        "        status = outbox_recover_calls(engine, error);\n",
        "        engine->calls_count = 0;\n",
    )),
    mutation("engine time begins anew at a restart", (
        ENGINE + "engine_clock.c",
        "    if (is_same_boot(configuration, &saved, boot)) {\n"
        "        engine->anchor.engine.ms = saved.engine.ms + (boot.ms - saved.boot.ms);\n",
        "    if (is_same_boot(configuration, &saved, boot)) {\n"
        "        engine->anchor.engine.ms = saved.engine.ms;\n",
    )),
    mutation("waits follow the wall clock", (
        ENGINE + "engine_clock.c",
        "    return engine_time_at(engine, clock_monotonic(&engine->configuration.clock));",
        "    return (struct engine_time){clock_wall(&engine->configuration.clock).ms};",
    )),
    mutation("a full disk stops what is open: nothing draws on the reserve", (
        ENGINE + "reserve.c",
        "    bool given = ballast_give(engine->ballast);\n",
        "    bool given = false;\n",
    )),
    mutation("a full disk stops what is open: acknowledgments are refused with what is new", (
        ENGINE + "reserve.c",
        "    case COMMAND_AGENT_VERB:\n",
        "    case COMMAND_AGENT_VERB:\n        return false;\n",
    ), (
        ENGINE + "reserve.c",
        "    return type == COMMAND_ESCALATE ||\n",
        "    return type == COMMAND_ESCALATE || type == COMMAND_AGENT_VERB ||\n",
    )),
    mutation("freed room is not noticed", (
        ENGINE + "reserve.c",
        "        take_new_ones_again(engine);\n        return INT64_MAX;",
        "        if (now.ms < 0) {\n            take_new_ones_again(engine);\n        }\n"
        "        return DISK_PROBE_EVERY_MS;",
    )),
    # ---- deadlines ----
    mutation("forgotten due time while waiting for the next round", (
        CORE + "move.c",
        "    now->due_at = engine_time_earlier(now->wait_until, now->received_until);\n",
        "    now->due_at = now->state == ESCALATION_WAITING\n"
        " ? engine_time_add(now->wait_until, 3600000)\n"
        " : engine_time_earlier(now->wait_until, now->received_until);\n",
    ), (
        CORE + "move.c",
        "    assert(now->due_at.ms <= now->wait_until.ms && now->due_at.ms <= "
        "now->received_until.ms);\n",
        "",
    ), (
        CORE + "move.c",
        "    if (now->due_at.ms > now->wait_until.ms && !closed && !now->quarantined) {",
        "    if (now->due_at.ms < 0) {",
    )),
    mutation("lost wake-up: sleeps past a deadline", (
        ENGINE + "turn.c",
        "    return wait_ms < 0 ? 0 : wait_ms > most_ms ? most_ms : wait_ms;",
        "    return wait_ms < 0 ? 0 : most_ms;",
    )),
    mutation("only the severest deadlines are looked for", (
        STORE + "store_escalation.c",
        "severity >= SEVERITY_INFO && count",
        "severity >= SEVERITY_MINOR && count",
    )),
    mutation("a deadline is taken before its time", (
        CORE + "event_deadline.c",
        "    if (engine_time_reached(now->wait_until, at)) {\n        on_wait_over(step);",
        "    if (engine_time_reached(now->due_at, at)) {\n        on_wait_over(step);",
    ), (
        CORE + "event_deadline.c",
        "    assert(engine_time_reached(step->now->wait_until, step->event->now));\n",
        "",
    )),
    mutation("reception is waited for twice as long", (
        CORE + "procedure_run.c",
        "? engine_time_add(step->event->now, wanted->received_within_ms)",
        "? engine_time_add(step->event->now, 2 * wanted->received_within_ms)",
    )),
    mutation("a step is a second too short", (
        CORE + "procedure_run.c",
        "engine_time_add(step->event->now, wanted->accepted_within_ms);",
        "engine_time_add(step->event->now, wanted->accepted_within_ms - 1000);",
    )),
    mutation("a silent holder keeps it half the time", (
        CORE + "event_deadline.c",
        "step->context->procedure->holder_silent_ms);",
        "step->context->procedure->holder_silent_ms / 2);",
    )),
    # ---- the procedure ----
    mutation("wrong round: one too few", (
        CORE + "procedure_run.c",
        "    if (now->round + 1 >= procedure->rounds) {",
        "    if (now->round + 2 >= procedure->rounds) {",
    )),
    mutation("rounds are not spaced", (
        CORE + "procedure_run.c",
        "engine_time_add(now->round_started_at, procedure->round_spacing_ms);\n"
        "    if (engine_time_reached",
        "engine_time_add(step->event->now, 1000);\n    if (engine_time_reached",
    )),
    mutation("a step is skipped", (
        CORE + "procedure_run.c",
        "    record_end(step, ENTRY_STEP_ENDED, why);\n"
        "    start_from(step, (size_t)step->now->step + 1);",
        "    record_end(step, ENTRY_STEP_ENDED, why);\n"
        "    start_from(step, step->context->procedure->steps_count);",
    )),
    mutation("exhausted is said once", (
        CORE + "procedure_run.c",
        "    now->wait_until = engine_time_add(step->event->now, procedure->exhausted_every_ms);\n"
        "    now->announcements++;",
        "    now->wait_until =\n"
        "        engine_time_add(step->event->now, 100 * procedure->exhausted_every_ms);\n"
        "    now->announcements++;",
    )),
    # ---- who holds it ----
    mutation("double acceptance", (
        CORE + "event_answer.c",
        "    if (escalation_is_held(now)) {\n"
        "        return accept_beside_holder(step);\n    }\n",
        "",
    ), (
        CORE + "holding.c",
        "    assert(!escalation_is_held(now)); /* the first acceptance wins */\n", "",
    )),
    mutation("the loser is told that they won", (
        CORE + "event_answer.c",
        "return step_refuse(step, STATUS_ALREADY_ACCEPTED, \"accept\");",
        "return STATUS_OK;",
    )),
    mutation("done by anybody", (
        CORE + "event_progress.c",
        "    if (refuse_unless_holder(step, \"done\") || team_goes_on(step)) {\n"
        "        return STATUS_OK; /* or the others are still at it: one of them holds it now */\n"
        "    }\n",
        "",
    ), (
        CORE + "event_progress.c",
        "    assert(escalation_is_closed(now) && escalation_is_held(now));\n",
        "",
    )),
    mutation("a stale state is written over a newer one", (
        ENGINE + "apply.c",
        "        status = store_get_escalation(engine->store, customer_id, id, &before, error);\n"
        "    }\n    if (status == STATUS_OK && before.quarantined",
        "        status = store_get_escalation(engine->store, customer_id, id, &before, error);\n"
        "        static struct escalation stale;\n"
        "        if (uuid_equal(stale.id, id) && before.version == stale.version + 1) {\n"
        "            stale.version = before.version;\n"
        "            before = stale;\n"
        "        } else {\n"
        "            stale = before;\n"
        "        }\n"
        "    }\n    if (status == STATUS_OK && before.quarantined",
    )),
    # ---- attempts ----
    mutation("handed over without a word in its row", (
        ENGINE + "outbox.c",
        "    return store_update_attempt(engine->store, row->customer_id, row->escalation_id, "
        "&row->attempt,\n                                error);\n}\n\n/* Moves one row",
        "    (void)error;\n    return STATUS_OK;\n}\n\n/* Moves one row",
    )),
    mutation("outcomes are thrown away", (
        ENGINE + "command_outcome.c",
        "    if (request->transport == ATTEMPT_PLANNED) {\n        return put_back",
        "    if (request->transport == ATTEMPT_FAILED) {\n        return STATUS_OK;\n    }\n"
        "    if (request->transport == ATTEMPT_PLANNED) {\n        return put_back",
    )),
    mutation("what the dispatcher refused is not tried again", (
        ENGINE + "command_outcome.c",
        "        outbox_wait(engine, engine_now(engine));\n", "",
    )),
    mutation("an outcome that could not be written is thrown away", (
        ENGINE + "again.c",
        "    if (!again_is_for(command->type) || !command->request.transport.unwritten) {",
        "    if (again->count == 0) {",
    )),
    # ---- poison ----
    mutation("what makes it abort is never set aside", (
        ENGINE + "engine_private.h",
        "#define ABORTS_TO_QUARANTINE 2",
        "#define ABORTS_TO_QUARANTINE 1000",
    )),
    mutation("one abort is enough to be set aside", (
        ENGINE + "engine_private.h",
        "#define ABORTS_TO_QUARANTINE 2",
        "#define ABORTS_TO_QUARANTINE 1",
    )),
    mutation("set aside in silence", (
        CORE + "event_desk.c",
        "    (void)step_attempt(step, PURPOSE_QUARANTINE, NULL, NULL, run_desk(step),\n"
        "                       engine_time_add(step->event->now, INT64_C(3600000)));\n"
        "    assert(step->update->created_count > 0); /* never set aside in silence */\n",
        "",
    )),
    # ---- who is on call ----
    mutation("turns are handed over by winter time", (
        ROTA + "range.c",
        "    return zone_utc_s(range->zone, local_s) * 1000;",
        "    (void)range;\n    return (local_s - 3600) * 1000;",
    )),
    mutation("whoever was on call an hour ago is alerted", (
        ENGINE + "people.c",
        "        if (interval->from.ms <= at.ms && at.ms < interval->to.ms) {",
        "        if (interval->from.ms + 3600000 <= at.ms && at.ms < interval->to.ms + 3600000) {",
    )),
    # ---- duty and tests of phones ----
    mutation("a second check-in leaves the first", (
        ENGINE + "command_device.c",
        "    enum status status = check_in_end(engine, command->customer_id, request->agent_id, "
        "NULL,\n"
        "                                      command->received_at, error);\n"
        "    int64_t id = 0;",
        "    enum status status = STATUS_OK;\n    int64_t id = 0;",
    )),
    mutation("a check-out is answered and not written", (
        ENGINE + "command_device.c",
        "        status = check_in_end(engine, command->customer_id, request->agent_id, "
        "request->note,\n"
        "                              command->received_at, error);",
        "        status = STATUS_OK;",
    )),
    mutation("a missing check-in is noted, and nobody is asked", (
        ENGINE + "command_check_in.c",
        "STATUS_NOT_FOUND ? escalate(engine, command, customer, rota, duty, error)",
        "STATUS_NOT_FOUND ? (duty->state = DUTY_MISSING, STATUS_OK)",
    ), (
        ENGINE + "command_check_in.c",
        "static enum status escalate(",
        "__attribute__((unused)) static enum status escalate(",
    )),
    mutation("shifts are not looked at after a start", (
        ENGINE + "check_in_watch.c",
        "(struct check_in_watch){.all = true, .next_at = WALL_NEVER}",
        "(struct check_in_watch){.next_at = WALL_NEVER}",
    )),
    mutation("a check-in counts before its push was heard", (
        ENGINE + "command_check_in.c",
        "    if (status == STATUS_NOT_FOUND && duty->shift_to_at.ms <= ",
        "    if (status == STATUS_NOT_FOUND &&\n"
        "        store_get_check_in(engine->store, duty->customer_id, duty->agent_id,\n"
        "                           engine->scratch, &check_in, error) == STATUS_OK) {\n"
        "        return STATUS_OK;\n"
        "    }\n"
        "    if (status == STATUS_NOT_FOUND && duty->shift_to_at.ms <= ",
    )),
    mutation("who accepts in the app counts as checked in", (
        ENGINE + "command_check_in.c",
        "    if (!is_said(event)) {\n",
        "    if (!is_said(event) && event->type != EVENT_ACCEPT) {\n",
    )),
    mutation("a shift that is given back is nobody's", (
        ENGINE + "command_check_in.c",
        "           shift->to.ms > until_ms;",
        "           shift->to.ms > until_ms && false;",
    )),
    mutation("a missing check-in is withdrawn for any change of a rota", (
        ENGINE + "command_check_in.c",
        "    if (shift != NULL && shift->to.ms > now.ms) {\n        return true;\n    }\n"
        "    return agent == NULL",
        "    if (shift != NULL && shift->to.ms > now.ms) {\n        return false;\n    }\n"
        "    return agent == NULL",
    )),
    mutation("a phone's test is answered and not written", (
        ENGINE + "device_tests.c",
        "    hand_over(engine, row_r, now);\n"
        "    return store_add_device_test(engine->store, row_r, error);",
        "    (void)now;\n    return STATUS_OK;",
    )),
    # ---- what is planned, and never leaves ----
    mutation("announcements after the first are swallowed", (
        ENGINE + "outbox.c", SENDING,
        swallow("attempt->purpose == PURPOSE_EXHAUSTED && attempt->number >= 2"),
    )),
    mutation("every announcement is swallowed", (
        ENGINE + "outbox.c", SENDING, swallow("attempt->purpose == PURPOSE_EXHAUSTED"),
    )),
    mutation("a third of what asks somebody is swallowed", (
        ENGINE + "outbox.c", SENDING,
        swallow("(attempt->purpose == PURPOSE_ALERT || attempt->purpose == PURPOSE_TASK ||\n"
                "         attempt->purpose == PURPOSE_CANCEL_NOTICE) &&\n"
                "        attempt->id.bytes[15] % 3 == 0"),
    )),
    mutation("no call ever leaves", (
        ENGINE + "outbox.c",
        "    if (engine->effects_count == EFFECTS_PER_TURN_MAX) {\n        return false;\n    }\n"
        "    bool push",
        "    if (engine->effects_count == EFFECTS_PER_TURN_MAX || attempt->path == PATH_CALL) {\n"
        "        return false;\n    }\n    bool push",
    )),
    mutation("everything is of minor severity", (
        ENGINE + "outbox.c", "        .severity = attempt->severity,\n",
        "        .severity = SEVERITY_MINOR,\n",
    )),
    mutation("everything is a drill", (
        ENGINE + "outbox.c", "        .drill = pending->drill,\n", "        .drill = true,\n",
    )),
    mutation("pushes carry no button to accept", (
        ENGINE + "outbox.c", "        effect->token_accept = tokens->accept;\n", "",
    )),
    mutation("announcements become rare", (
        CORE + "procedure_run.c",
        "    now->wait_until = engine_time_add(step->event->now, procedure->exhausted_every_ms);\n"
        "    now->announcements++;\n",
        "    now->wait_until = engine_time_add(step->event->now,\n"
        "                                      procedure->exhausted_every_ms * "
        "(now->announcements + 1));\n"
        "    now->announcements++;\n",
    )),
    # ---- the webhook, isolation ----
    mutation("the idempotency key is not looked up", (
        ENGINE + "idempotency.c",
        "    if (asked->key == NULL) {\n        return STATUS_NOT_FOUND;",
        "    if (asked->key != NULL) {\n        return STATUS_NOT_FOUND;",
    ), (
        ENGINE + "idempotency.c",
        "    return store_add_idempotency(engine->store, &row, error);",
        "    (void)row;\n    (void)engine;\n    (void)error;\n    return STATUS_OK;",
    )),
    mutation("a repeat is answered with the state of now", (
        ENGINE + "idempotency.c",
        "    command->answer.body = row.answer;\n",
        "    command->answer.body = \"{}\";\n",
    )),
    mutation("any customer's agent may answer", (
        ENGINE + "command_agent.c",
        "    event_of_verb(request, &event);\n",
        "    event_of_verb(request, &event);\n"
        "    (void)!store_get_escalation_customer(engine->store, command->escalation_id,\n"
        "                                         &command->customer_id, error);\n",
    )),
    # ---- what is planned ----
    mutation("only the first telephone of a person is tried", (
        CORE + "procedure_run.c",
        "        for (size_t i = 0; i < person->devices_count; i++) {\n            made +=\n",
        "        for (size_t i = 0; i < person->devices_count && i < 1; i++) {\n"
        "            made +=\n",
    )),
    mutation("only the first person of a step is asked", (
        CORE + "procedure_run.c",
        "    for (size_t i = 0; i < known->persons_count; i++) {\n"
        "        const struct context_person *person = &known->persons[i];\n"
        "        if (run_is_beside_holder(step, &person->ref)) {\n            continue; /* they",
        "    for (size_t i = 0; i < known->persons_count && i < 1; i++) {\n"
        "        const struct context_person *person = &known->persons[i];\n"
        "        if (run_is_beside_holder(step, &person->ref)) {\n            continue; /* they",
    )),
    mutation("whoever declined is asked again in the same round", (
        CORE + "procedure_run.c",
        "        if (asked && attempt->round == step->now->round && ",
        "        if (asked && attempt->round < 0 && ",
    )),
    mutation("whoever handed it back is asked next", (
        CORE + "procedure_run.c",
        "    if (person_equal(&step->now->handed_back_by, person)) {\n"
        "        return true;\n    }\n",
        "",
    )),
    mutation("a decline is not heeded before the step's time is over", (
        CORE + "event_answer.c",
        "    run_end_hopeless_step(step);\n    /* A \"no\"",
        "    /* A \"no\"",
    )),
    mutation("what was handed back begins with the same step", (
        CORE + "procedure_run.c",
        "    start_from(step, (size_t)now->step + 1);\n    assert(now->wait_until",
        "    start_from(step, (size_t)now->step);\n    assert(now->wait_until",
    )),
    mutation("a new telephone is not tried in a step that runs", (
        CORE + "event_desk.c",
        "    run_top_up(step);\n    team_look_at_shift(step);\n",
        "    team_look_at_shift(step);\n",
    )),
    mutation("reception is confirmed, and waited for", (
        CORE + "event_outcome.c",
        "    if (attempt->position == step->now->position && attempt->purpose == PURPOSE_ALERT) "
        "{\n        step->now->received_until = ENGINE_NEVER;\n    }\n",
        "",
    )),
    mutation("it is always the first who is told that nobody was reached", (
        CORE + "procedure_run.c",
        "    size_t index = (size_t)now->announcements % procedure->exhausted_count;\n",
        "    size_t index = 0;\n",
    )),
    mutation("the desk does not hear that the first round was fruitless", (
        CORE + "procedure_run.c",
        "    if (now->round == 0) {\n        struct attempt *told",
        "    if (now->round < 0) {\n        struct attempt *told",
    )),
    mutation("nothing is withdrawn from the screens", (
        CORE + "procedure_run.c",
        "        bool wanted = needs_withdrawal(step, i);\n",
        "        bool wanted = i > ATTEMPTS_LOADED_MAX && needs_withdrawal(step, i);\n",
    )),
    mutation("what rings after it was taken stays on the screen", (
        CORE + "event_outcome.c",
        "    return asks && over && !wanted;\n",
        "    return asks && over && !wanted && attempt->position < 0;\n",
    )),
    mutation("a holder does not hear of what is new", (
        CORE + "procedure_run.c",
        "        if (holder != NULL && "
        "run_reach(step, PURPOSE_UPDATE, holder, VIA_PUSH, not_after) == 0) {\n",
        "        if (holder != NULL && not_after.ms < 0) {\n",
    )),
    mutation("whoever is being asked does not hear of what is new", (
        CORE + "procedure_run.c",
        "            (void)run_reach(step, PURPOSE_UPDATE, person, VIA_PUSH, "
        "run_step_ends(step->now));\n",
        "",
    )),
    mutation("a holder without progress is not called", (
        CORE + "event_deadline.c",
        "    if (holder != NULL &&\n        run_reach(step, PURPOSE_HOLDER_CALL, holder, VIA_CALL, "
        "now->wait_until) == 0) {\n",
        "    if (holder != NULL && now->round < 0) {\n",
    )),
    mutation("a holder does not hear that it is cancelled", (
        CORE + "event_desk.c",
        "        if (step->context->holder != NULL &&\n            run_reach",
        "        if (step->context->holder != NULL && now->round < 0 &&\n            run_reach",
    )),
    mutation("a holder hears once that it is cancelled", (
        CORE + "event_deadline.c",
        "    if (now->notices > CANCEL_NOTICES_MAX ||",
        "    if (now->notices > 1 ||",
    )),
    mutation("a task of the desk is written down and not told", (
        CORE + "record.c",
        "    struct attempt *attempt =\n"
        "        step_attempt(step, PURPOSE_TASK, NULL, NULL, run_desk(step),\n"
        "                     engine_time_add(step->event->now,\n"
        "                                     step->context->procedure->holder_silent_ms + "
        "INT64_C(600000)));\n",
        "    struct attempt *attempt = NULL;\n",
    ), (
        CORE + "event_desk.c", "    assert(step->update->created_count > 0);", "",
    )),
    mutation("a cancelled one forgets what was promised", (
        CORE + "event_desk.c",
        "    leave_open_promises_to_the_desk(step);\n    if",
        "    if (step == NULL) {\n"
        "        leave_open_promises_to_the_desk(step);\n    }\n    if",
    )),
    mutation("a promise wakes nobody", (
        CORE + "move.c",
        "        if (warn_at.ms < now->due_at.ms) {\n",
        "        if (warn_at.ms < 0) {\n",
    )),
    mutation("each attempt has a fifth of a second", (
        CORE + "record.c",
        "    attempt->not_after = not_after;\n",
        "    attempt->not_after = engine_time_add(step->event->now, 200);\n"
        "    (void)not_after;\n",
    )),
    mutation("what leaves has a fifth of a second", (
        ENGINE + "outbox.c",
        "        .deadline = {boot.ms + left_ms},\n",
        "        .deadline = {boot.ms + DEADLINE_MS_MIN},\n",
    )),
    mutation("a call has nothing to say", (
        ENGINE + "outbox.c", "    return told->summary;\n", "    return NULL;\n",
    )),
    mutation("no alarm is told", (
        ENGINE + "alarms.c",
        "    if (dispatcher->alarm != NULL) {\n",
        "    if (dispatcher->alarm != NULL && kind == NULL) {\n",
    )),
    mutation("no alarm is on record", (
        ENGINE + "alarms.c",
        "    if (engine_post(engine, command) != STATUS_OK) {\n",
        "    if (command != NULL) {\n",
    )),
    mutation("what fails for ever is never set aside", (
        ENGINE + "changes.c",
        "    if (++slot->times >= FAILURES_TO_QUARANTINE) {\n",
        "    if (++slot->times < 0) {\n",
    )),
    mutation("the word that it was set aside is told again at each start", (
        ENGINE + "command_outcome.c",
        "attempt.purpose == PURPOSE_QUARANTINE &&\n        request->transport == ATTEMPT_ACCEPTED",
        "attempt.purpose == PURPOSE_TEST &&\n        request->transport == ATTEMPT_ACCEPTED",
    )),
    # ---- what people said ----
    mutation("a holder's progress is watched ten times too late", (
        CORE + "holding.c",
        "engine_time_add(step->event->now, step->context->procedure->progress_within_ms);",
        "engine_time_add(step->event->now, 10 * "
        "step->context->procedure->progress_within_ms);",
    )),
    mutation("progress extends nothing", (
        CORE + "event_progress.c",
        "    now->wait_until =\n"
        "        engine_time_add(event->now, "
        "step->context->procedure->progress_within_ms + event->eta_ms);",
        "    if (now->wait_until.ms <= event->now.ms + 60000) {\n"
        "        now->wait_until = engine_time_add(event->now, 60000);\n"
        "    }",
    )),
    mutation("who is on the way is overdue before they can be there", (
        CORE + "event_progress.c",
        "engine_time_add(event->now, step->context->procedure->progress_within_ms "
        "+ event->eta_ms);",
        "engine_time_add(event->now, step->context->procedure->progress_within_ms);",
    )),
    mutation("only the first caller's promise counts", (
        CORE + "event_opened.c",
        "    if (event->promised_ms > 0) {\n"
        "        promise->state",
        "    if (event->promised_ms > 0 && now->callers_count == 1) {\n"
        "        promise->state",
    )),
    mutation("a more urgent caller makes it no more urgent", (
        CORE + "event_opened.c",
        "    } else if (!worsen(step)) {\n"
        "        run_update_people(step);\n"
        "    }\n"
        "    assert(step->now->severity >= step->event->severity);",
        "    } else {\n"
        "        run_update_people(step);\n"
        "    }",
    )),
    mutation("a lower urgency is said and not done", (
        CORE + "event_opened.c",
        "        step->now->severity = step->event->severity;\n"
        "        entry->word",
        "        entry->word",
    ), (
        CORE + "event_opened.c",
        "    assert(step->now->severity == step->event->severity);\n",
        "",
    )),
    mutation("whoever wants it between the rounds is refused", (
        CORE + "event_answer.c",
        "    if (escalation_is_held(now)) {\n"
        "        return accept_beside_holder(step);\n"
        "    }\n"
        "    step_mark",
        "    if (escalation_is_held(now)) {\n"
        "        return accept_beside_holder(step);\n"
        "    }\n"
        "    if (now->state == ESCALATION_WAITING || now->state == "
        "ESCALATION_EXHAUSTED) {\n"
        "        return step_refuse(step, STATUS_CLOSED, \"accept\");\n"
        "    }\n"
        "    step_mark",
    )),
    mutation("the desk is not reminded of what it took", (
        CORE + "event_deadline.c",
        "        step_task(step, TASK_PROGRESS, 0);\n"
        "        step->now->wait_until =\n"
        "            engine_time_add(step->event->now, "
        "step->context->procedure->progress_within_ms);",
        "        (void)step_record(step, ENTRY_NOTE);\n"
        "        step->now->wait_until =\n"
        "            engine_time_add(step->event->now, INT64_C(31536000000));",
    )),
    mutation("the timeline does not say that the clock was set", (
        CORE + "event_clock.c",
        "        record_move(step, ENTRY_CLOCK_STEPPED);\n"
        "        run_top_up",
        "        run_top_up",
    )),
    mutation("a changed rota means nothing to a step that runs", (
        ENGINE + "command_configuration.c",
        "        command->answer.created = !known;\n"
        "        engine_customer_changed(engine, command->customer_id, true);\n"
        "    }\n"
        "    return status;\n"
        "}\n"
        "\n"
        "void enrolment_code_make",
        "        command->answer.created = !known;\n"
        "        engine_customer_changed(engine, command->customer_id, false);\n"
        "    }\n"
        "    return status;\n"
        "}\n"
        "\n"
        "void enrolment_code_make",
    )),
    mutation("the keys of a holder's call are swapped", (
        ENGINE + "command_outcome.c",
        "        event->type = yes ? EVENT_PROGRESS : EVENT_HAND_BACK;\n"
        "        event->progress = INTERVENTION_NONE;",
        "        event->type = yes ? EVENT_HAND_BACK : EVENT_PROGRESS;\n"
        "        event->progress = INTERVENTION_NONE;",
    )),
    mutation("a key does not confirm a cancellation", (
        ENGINE + "command_outcome.c",
        "        event->type = EVENT_SEEN;\n",
        "        event->type = EVENT_CALL;\n",
    )),
    mutation("another caller's promise is kept", (
        CORE + "event_desk.c",
        "    step->now->promises[caller - 1].state = PROMISE_KEPT;",
        "    step->now->promises[caller < step->now->callers_count ? caller : "
        "caller - 1].state = PROMISE_KEPT;",
    )),
    mutation("the desk's callbacks go elsewhere", (
        CORE + "procedure_run.c",
        "            return procedure->exhausted[i].name;\n"
        "        }",
        "            return \"nobody-listens-here\";\n"
        "        }",
    )),
    mutation("it was closed when it was opened", (
        CORE + "move.c",
        "step->now->closed_at = step->event->wall;",
        "step->now->closed_at = step->now->opened_at;",
    )),
]
