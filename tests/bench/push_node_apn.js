/* @parse/node-apn as a sender for tests/bench/push. */
'use strict';

const apn = require('@parse/node-apn');
const { task, makeData, run } = require('./push_client.js');

const provider = new apn.Provider({
  token: { key: task.key, keyId: task.keyId, teamId: task.teamId },
  address: 'localhost',
  port: task.port,
});
const note = new apn.Notification({ alert: { title: 'Astreinte', body: task.body } });
note.topic = task.topic;
note.pushType = 'alert';
note.payload = { data: '' };
note.payload = { data: makeData(note.compile()) };

run(async () => {
  const { failed } = await provider.send(note, task.device);
  if (failed.length > 0) {
    throw new Error(`refused: ${JSON.stringify(failed[0])} ${failed[0].error ?? ''}`);
  }
});
