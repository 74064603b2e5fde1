/* What tests/bench/push has in common for the npm clients: keeps task.inFlight requests in flight
 * until task.requests were answered, after a warm-up that is not counted, and answers what it took.
 */
'use strict';

const { task, finish } = require('../foreign/client.js');

const WARM_UP_PART = 0.1; /* for the compiler, beside connecting */

exports.task = task;

/* The data member that fills a payload up to task.payloadBytes. */
exports.makeData = without => 'x'.repeat(Math.max(0, task.payloadBytes - without.length));

async function keepInFlight(send, requests, timesNs) {
  let left = requests;
  const worker = async () => {
    while (left > 0) {
      left--;
      const began = process.hrtime.bigint();
      await send();
      timesNs?.push(Number(process.hrtime.bigint() - began));
    }
  };
  await Promise.all(Array.from({ length: Math.min(task.inFlight, requests) }, worker));
}

/* send() sends one request and throws unless it was accepted. */
exports.run = async send => {
  await send(); /* alone: so that APNs' one-stream rule is kept */
  await keepInFlight(send, Math.ceil(task.requests * WARM_UP_PART));
  const timesNs = task.inFlight === 1 ? [] : undefined;
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  await keepInFlight(send, task.requests, timesNs);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  finish({ seconds, cpuSeconds: (user + system) / 1e6, timesNs });
};
