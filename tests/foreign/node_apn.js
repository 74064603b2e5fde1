/* Sends to task.devices with @parse/node-apn; answers, for each, {device, status, reason,
 * timestamp}, in the order of the devices. The first goes alone: the client does not know that APNs
 * takes one request only until it has seen a good token.
 */
'use strict';

const apn = require('@parse/node-apn');
const { task, finish } = require('./client.js');

async function main() {
  const provider = new apn.Provider({
    token: { key: task.key, keyId: task.keyId, teamId: task.teamId },
    address: 'localhost',
    port: task.port,
  });
  const send = async device => {
    const note = new apn.Notification({ alert: { title: 'foreign', body: 'node-apn' } });
    note.topic = task.topic;
    note.pushType = 'alert';
    note.payload = { data: task.data };
    const { sent, failed } = await provider.send(note, device);
    if (sent.length === 1) {
      return { device: sent[0].device, status: 200 };
    }
    const { status, response, error } = failed[0];
    const reason = response?.reason ?? error?.message;
    return { device: failed[0].device, status, reason, timestamp: response?.timestamp };
  };
  const [first, ...others] = task.devices;
  const results = [await send(first)];
  finish(results.concat(await Promise.all(others.map(send))));
}

main();
