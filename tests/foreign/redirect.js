/* Loaded before a client (node --require), so that it reaches the simulator unchanged:
 *
 * - Names that a client has built in lead to the loopback. FOREIGN_ROUTES says where:
 *   {"fcm.googleapis.com:443": 40001, …}. TLS still verifies the name and the chain (the simulator's
 *   CA comes through NODE_EXTRA_CA_CERTS). Any other host that is not the loopback is refused.
 * - The simulator speaks HTTP/2 only. Clients that use HTTP/1.1 through the https module or fetch()
 *   get HTTP/2 underneath.
 * - firebase-admin 14.5.1 sends ":scheme: https:", with the colon, which no scheme may have (RFC
 *   3986, section 3.1). Google lets it pass, nghttp2 does not; the colon goes.
 */
'use strict';

const nodeHttp2 = require('node:http2');
const https = require('node:https');
const net = require('node:net');
const http2 = require('http2-wrapper');
const undici = require('undici');

const routes = JSON.parse(process.env.FOREIGN_ROUTES ?? '{}');
const loopback = ['127.0.0.1', 'localhost', '::1'];

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const given = Array.isArray(args[0]) ? args[0][0] : args[0];
  const port = routes[`${given.host}:${given.port}`];
  if (port === undefined) {
    if (!loopback.includes(given.host)) {
      throw new Error(`a client wanted to leave the machine: ${given.host}:${given.port}`);
    }
    return connect.apply(this, args);
  }
  /* HTTP/2 sessions derive from it which origins they may be asked for. */
  Object.defineProperty(this, 'remotePort', { value: Number(given.port) });
  const options = { ...given, host: '127.0.0.1', port, lookup: undefined };
  if (Array.isArray(args[0])) {
    /* net.connect() hands its arguments on in an array that it has marked as normal already. */
    args[0][0] = options;
    return connect.apply(this, args);
  }
  return connect.call(this, options, ...args.slice(1));
};

const connectHttp2 = nodeHttp2.connect;
nodeHttp2.connect = (...args) => {
  const session = connectHttp2(...args);
  if (!String(args[0]).includes('fcm.googleapis.com')) {
    return session;
  }
  const request = session.request;
  session.request = (headers, ...rest) => {
    const scheme = headers?.[':scheme'] === 'https:' ? { ':scheme': 'https' } : {};
    return request.call(session, { ...headers, ...scheme }, ...rest);
  };
  return session;
};

https.request = http2.request;
undici.setGlobalDispatcher(new undici.Agent({ allowH2: true }));
