/* opening_hours_private.h - opening hours as windows, for those who compile more than them. */
#ifndef GATEWAY_ROTA_OPENING_HOURS_PRIVATE_H
#define GATEWAY_ROTA_OPENING_HOURS_PRIVATE_H

#include "gateway/rota/opening_hours.h"
#include "gateway/rota/range_private.h"

/* Appends when it is open within the range, joined with what is there. Narrow: for those who are on
 * duty outside of it. */
enum status opening_hours_windows(const struct opening_hours *hours,
                                  const struct holidays *holidays, const struct range *range,
                                  enum range_width width, struct spans *windows) MUST_CHECK;

#endif
