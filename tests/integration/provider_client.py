"""What the tests of the provider simulator send with: HTTP/2 by hand, and a Web Push sender.

By hand, because a client that behaves does not show what the server does. The encryption is that of
RFC 8188 and 8291 out of openssl's commands and a few lines of GCM: the standard library has none.
"""

import base64
import hashlib
import hmac
import os
import socket
import ssl
import subprocess
import tempfile
import time

PATIENCE_S = 60
DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    0, 1, 3, 4, 5, 6, 7, 8, 9)
ACK = END_STREAM = 1
END_HEADERS = 4
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 3, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + payload)


def hpack(headers):
    """Literals without indexing and without Huffman's code (RFC 7541, section 6.2.2)."""

    def text(value):
        data = value.encode()
        if len(data) < 127:
            return bytes([len(data)]) + data
        rest, out = len(data) - 127, bytes([127])
        while rest > 127:
            out += bytes([rest % 128 + 128])
            rest //= 128
        return out + bytes([rest]) + data

    return b"".join(b"\x00" + text(name) + text(value) for name, value in headers)


class Peer:
    """A connection that reads frames one by one and sends only what it is told to."""

    def __init__(self, port, ca, version=None, alpn=("h2",), certificate=None, session=None,
                 context=None, hello=True):
        context = context or ssl.create_default_context(cafile=ca)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if version:
            context.maximum_version = version
        if certificate:
            context.load_cert_chain(*certificate)
        self.context = context
        self.tcp = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.tls = context.wrap_socket(self.tcp, server_hostname="localhost", session=session)
        self.buffer, self.stream = b"", -1
        if hello:
            self.tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS))

    def close(self):
        self.tls.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *frames):
        self.tls.sendall(b"".join(frames))

    def request(self, headers, body=b""):
        """Opens the next stream; its number."""
        self.stream += 2
        self.send(frame(HEADERS, END_HEADERS | (0 if body else END_STREAM), self.stream,
                        hpack(headers)))
        if body:
            self.send(frame(DATA, END_STREAM, self.stream, body))
        return self.stream

    def exactly(self, count):
        while len(self.buffer) < count:
            data = self.tls.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read(self):
        """The next frame: kind, flags, stream, payload. SETTINGS are acknowledged."""
        head = self.exactly(9)
        payload = self.exactly(int.from_bytes(head[:3], "big"))
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big")
        if kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK))
        return kind, flags, stream, payload

    def until(self, kind, stream=None):
        """Reads up to a frame; all frames read, that one last."""
        frames = []
        while True:
            frames.append(self.read())
            if frames[-1][0] == kind and stream in (None, frames[-1][2]):
                return frames

    def setting(self, name):
        """Reads until SETTINGS hold this one; its value."""
        while True:
            kind, flags, _, payload = self.read()
            if kind == SETTINGS and not flags & ACK:
                for at in range(0, len(payload), 6):
                    if int.from_bytes(payload[at:at + 2], "big") == name:
                        return int.from_bytes(payload[at + 2:at + 6], "big")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True, timeout=PATIENCE_S).stdout


SPKI_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


class PushKey:
    """A P-256 key in a file."""

    def __init__(self):
        handle, self.path = tempfile.mkstemp()
        os.close(handle)
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.path)
        self.point = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-65:]

    def agree(self, point):
        """The ECDH secret with another's public key."""
        with tempfile.NamedTemporaryFile() as peer:
            peer.write(SPKI_P256 + point)
            peer.flush()
            return openssl("pkeyutl", "-derive", "-inkey", self.path, "-peerkey", peer.name,
                           "-peerform", "DER")

    def remove(self):
        os.unlink(self.path)


def gcm_seal(key, nonce, plain):
    """AES-128-GCM (NIST SP 800-38D)."""

    def ctr(block, data):
        return openssl("enc", "-aes-128-ctr", "-K", key.hex(), "-iv", block.hex(), data=data)

    def multiply(x, y):
        product = 0
        for i in range(127, -1, -1):
            if x >> i & 1:
                product ^= y
            y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
        return product

    first = nonce + b"\0\0\0\1"
    sealed = ctr(nonce + b"\0\0\0\2", plain)
    hash_key = int.from_bytes(ctr(b"\0" * 16, b"\0" * 16), "big")
    blocks = sealed + b"\0" * (-len(sealed) % 16) + (len(sealed) * 8).to_bytes(16, "big")
    state = 0
    for at in range(0, len(blocks), 16):
        state = multiply(state ^ int.from_bytes(blocks[at:at + 16], "big"), hash_key)
    return sealed + ctr(first, state.to_bytes(16, "big"))


def encrypt(keys, plain, padding=0):
    """One aes128gcm record for {"p256dh":…, "auth":…}."""
    point, secret = from_base64url(keys["p256dh"]), from_base64url(keys["auth"])
    sender, salt = PushKey(), os.urandom(16)
    shared = sender.agree(point)

    def mac(key, data):
        return hmac.new(key, data, hashlib.sha256).digest()

    mixed = mac(mac(secret, shared), b"WebPush: info\0" + point + sender.point + b"\1")
    seed = mac(salt, mixed)
    key = mac(seed, b"Content-Encoding: aes128gcm\0\1")[:16]
    nonce = mac(seed, b"Content-Encoding: nonce\0\1")[:12]
    sealed = gcm_seal(key, nonce, plain + b"\2" + b"\0" * padding)
    sender.remove()
    return salt + (4096).to_bytes(4, "big") + b"\x41" + sender.point + sealed


def vapid_claims(port, **changes):
    return {"aud": f"https://localhost:{port}", "exp": int(time.time()) + 3600,
            "sub": "mailto:duty@example.org", **changes}
