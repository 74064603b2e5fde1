/* Sends task.messages, each {endpoint, p256dh, auth, text}, with web-push; answers, for each,
 * {status, location, body}, in their order.
 */
'use strict';

const webPush = require('web-push');
const { task, finish } = require('./client.js');

async function main() {
  const keys = webPush.generateVAPIDKeys();
  webPush.setVapidDetails('mailto:test@localhost', keys.publicKey, keys.privateKey);
  const send = async ({ endpoint, p256dh, auth, text }) => {
    const options = { TTL: 60, urgency: 'high', contentEncoding: 'aes128gcm' };
    try {
      const subscription = { endpoint, keys: { p256dh, auth } };
      const { statusCode, headers } = await webPush.sendNotification(subscription, text, options);
      return { status: statusCode, location: headers.location };
    } catch (error) {
      const { statusCode, headers, body, message } = error;
      return { status: statusCode ?? message, retryAfter: headers?.['retry-after'], body };
    }
  };
  finish(await Promise.all(task.messages.map(send)));
}

main();
