/* commands.h - every command's function; one file per group (command_<group>.c), one signature.
 * They answer enum ctl_exit. What each does is said once, in the table of commands.c. */
#ifndef GATEWAY_CTL_COMMANDS_H
#define GATEWAY_CTL_COMMANDS_H

#include "gateway/ctl/ctl.h"

#define COMMAND(name)                                                                              \
    enum ctl_exit command_##name(struct ctl *ctl, const struct arguments *arguments)

/* command_key.c */
COMMAND(key_generate);
COMMAND(key_create);
COMMAND(key_list);
COMMAND(key_revoke);
/* command_vapid.c */
COMMAND(vapid_create);
COMMAND(vapid_public);
/* command_customer.c */
COMMAND(apply);
COMMAND(holidays);
COMMAND(enrol);
COMMAND(on_call);
/* command_phone.c */
COMMAND(phone_share);
COMMAND(phone_list);
COMMAND(phone_revoke);
COMMAND(pin_set);
COMMAND(pin_clear);
/* command_calendar.c */
COMMAND(rota_import);
COMMAND(feed_create);
COMMAND(feed_list);
COMMAND(feed_revoke);
/* command_publication.c */
COMMAND(publish);
COMMAND(publications);
/* command_escalation.c */
COMMAND(escalate);
COMMAND(show);
COMMAND(list);
/* command_desk.c */
COMMAND(note);
COMMAND(cancel);
COMMAND(severity);
COMMAND(resume);
COMMAND(release);
COMMAND(take);
COMMAND(on_behalf);
COMMAND(called_back);
COMMAND(split);
COMMAND(done);
COMMAND(tasks);
COMMAND(task_done);
/* command_team.c */
COMMAND(assign);
COMMAND(interventions);
/* command_ticket.c */
COMMAND(tickets);
COMMAND(ticket);
COMMAND(ticket_note);
COMMAND(ticket_close);
COMMAND(ticket_reopen);
COMMAND(ticket_link);
COMMAND(ticket_unlink);
/* command_live.c */
COMMAND(watch);
COMMAND(follow);
/* command_backup.c */
COMMAND(backup);
/* command_rehearse.c */
COMMAND(rehearse);
/* command_shifts.c */
COMMAND(shifts);
/* command_coverage.c */
COMMAND(coverage);
/* command_desk_call.c */
COMMAND(desk);
COMMAND(reachability);
/* command_health.c */
COMMAND(health);

/* Who at the desk does this (command_desk.c): it goes into the record under a person's name, never
 * a guessed one. NULL: nobody was named, which was told. */
const char *ctl_operator(struct ctl *ctl, const struct arguments *arguments);

extern const struct command commands[];
extern const struct option_spec global_options[];

/* help.c: the whole, or one command's page. */
void help_print(FILE *file, const struct command *command);

/* The commands whose first word is `group` ("key"). */
void help_print_group(FILE *file, const char *group);

#endif
