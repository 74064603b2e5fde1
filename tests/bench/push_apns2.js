/* apns2 as a sender for tests/bench/push; tests/foreign/redirect.js leads it to the server. */
'use strict';

const fs = require('node:fs');
const { ApnsClient, Notification } = require('apns2');
const { task, makeData, run } = require('./push_client.js');

const client = new ApnsClient({
  team: task.teamId,
  keyId: task.keyId,
  signingKey: fs.readFileSync(task.key, 'utf8'),
  defaultTopic: task.topic,
  host: 'localhost',
});
const make = data =>
  new Notification(task.device, { alert: { title: 'Astreinte', body: task.body }, data });
const note = make({ data: makeData(JSON.stringify(make({ data: '' }).buildApnsOptions())) });

run(() => client.send(note));
