/* What the scripts share: the task comes as JSON on standard input, the result goes out as JSON on
 * standard output.
 */
'use strict';

const fs = require('node:fs');

exports.task = JSON.parse(fs.readFileSync(0, 'utf8'));

/* Ends the process: clients keep connections and timers that would hold it. */
exports.finish = result => {
  fs.writeSync(1, JSON.stringify(result));
  process.exit(0);
};
