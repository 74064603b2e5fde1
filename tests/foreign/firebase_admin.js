/* Sends to task.devices with firebase-admin's messaging, the service account in task.serviceAccount;
 * answers, for each, {device, messageId} or {device, code}, in the order of the devices. task.each
 * says whether all go in one sendEach() (HTTP/2) or each in a send() of its own.
 */
'use strict';

const { initializeApp, cert } = require('firebase-admin/app');
const { getMessaging } = require('firebase-admin/messaging');
const { task, finish } = require('./client.js');

async function main() {
  const messaging = getMessaging(initializeApp({ credential: cert(task.serviceAccount) }));
  const messages = task.devices.map(token => ({
    token,
    data: { data: task.data },
    android: { priority: 'high', ttl: 60000 },
  }));
  const failure = (device, error) => ({ device, code: error.code, message: error.message });
  if (task.each) {
    const { responses } = await messaging.sendEach(messages);
    finish(
      responses.map(({ messageId, error }, i) =>
        error ? failure(task.devices[i], error) : { device: task.devices[i], messageId }
      )
    );
  }
  const send = async message => {
    try {
      return { device: message.token, messageId: await messaging.send(message) };
    } catch (error) {
      return failure(message.token, error);
    }
  };
  finish(await Promise.all(messages.map(send)));
}

main();
