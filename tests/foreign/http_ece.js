/* Has task.program (seal-records) encrypt a random text of each length in task.lengths, for some
 * receivers in turn, and decrypts with http_ece as RFC 8291 says; answers the lengths that did not
 * come back as they were, each {length, error}.
 */
'use strict';

const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const ece = require('http_ece');
const { task, finish } = require('./client.js');

const receivers = Array.from({ length: task.receivers }, () => {
  const privateKey = crypto.createECDH('prime256v1');
  privateKey.generateKeys();
  return { privateKey, authSecret: crypto.randomBytes(16) };
});
const texts = task.lengths.map(length => crypto.randomBytes(length));
const receiverOf = i => receivers[i % receivers.length];

const lines = texts.map((text, i) => {
  const { privateKey, authSecret } = receiverOf(i);
  return [privateKey.getPublicKey(), authSecret, text].map(x => x.toString('base64')).join(' ');
});
const records = execFileSync(task.program, { input: lines.join('\n') + '\n', encoding: 'utf8' })
  .trim()
  .split('\n')
  .map(line => Buffer.from(line, 'base64'));

const failures = [];
texts.forEach((text, i) => {
  const { privateKey, authSecret } = receiverOf(i);
  try {
    const plain = ece.decrypt(records[i], { version: 'aes128gcm', privateKey, authSecret });
    if (!plain.equals(text)) {
      failures.push({ length: text.length, error: 'another text' });
    }
  } catch (error) {
    failures.push({ length: text.length, error: error.message });
  }
});
finish(failures);
