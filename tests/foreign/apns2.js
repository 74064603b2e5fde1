/* Sends to task.devices with apns2; answers, for each, {device, status, reason, timestamp}, in the
 * order of the devices. The client's port is 443 whatever one says: redirect.js knows where to.
 */
'use strict';

const fs = require('node:fs');
const { ApnsClient, Notification } = require('apns2');
const { task, finish } = require('./client.js');

async function main() {
  const client = new ApnsClient({
    team: task.teamId,
    keyId: task.keyId,
    signingKey: fs.readFileSync(task.key, 'utf8'),
    defaultTopic: task.topic,
    host: 'localhost',
  });
  const send = async device => {
    const note = new Notification(device, { alert: 'apns2', data: { data: task.data } });
    try {
      await client.send(note);
      return { device, status: 200 };
    } catch (error) {
      const { statusCode: status, reason, timestamp, message } = error;
      return { device, status, reason: reason ?? message, timestamp };
    }
  };
  finish(await Promise.all(task.devices.map(send)));
}

main();
