/* places.h - what the configuration names on this machine: files, folders, an address. Looked at
 * before anything is opened, so that --check-config and the start say the same of them. */
#ifndef GATEWAY_DAEMON_PLACES_H
#define GATEWAY_DAEMON_PLACES_H

#include "gateway/daemon/configuration.h"

/* The database's folder, the rights of the files in it, the TLS files, port_file, backup_folder and
 * listen_address, as far as this process may look. Changes nothing, and takes no port.
 * STATUS_CONFIGURATION, and the error names section, key, path and remedy. */
enum status places_check(const struct configuration *configuration, struct error *error) MUST_CHECK;

/* The database file, when there is one: a file, not another program's, and not of a newer version,
 * as far as its header says. A start looks closer. */
enum status places_check_database(const struct configuration *configuration,
                                  struct error *error) MUST_CHECK;

/* That the database has one name: under each of several another gateway could run, as the lock that
 * keeps a second one away lies beside the name. Asked for before the file is used in any way. */
enum status places_check_database_name(const struct configuration *configuration,
                                       struct error *error) MUST_CHECK;

/* What is no reason to leave people unpaged: a start goes on without, and says so when it misses
 * it. STATUS_CONFIGURATION: the rights of the ballast, of backup_folder. */
enum status places_check_ballast(const struct configuration *configuration,
                                 struct error *error) MUST_CHECK;
enum status places_check_backups(const struct configuration *configuration,
                                 struct error *error) MUST_CHECK;

#endif
