#!/usr/bin/python3
"""Verifies a webhook of the gateway, for receivers written in Python (standard library only).

The gateway signs as Standard Webhooks. Verify the body as it came, before parsing it; answer a
webhook-id that was handled before with 200 and do nothing: the gateway repeats until it is
answered. Run as it is to check the specification's example.
"""

import argparse
import base64
import hashlib
import hmac
import time

TOLERANCE_S = 300


def verify(secret, headers, body, now_s=None):
    """True if the body (bytes) was signed with the secret ("whsec_…") within TOLERANCE_S of now.
    headers: their names in lower case."""
    timestamp = headers["webhook-timestamp"]
    now_s = time.time() if now_s is None else now_s
    if not timestamp.isdecimal() or abs(now_s - int(timestamp)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest())
    # Several signatures stand there while a secret is changed: one must match.
    found = headers["webhook-signature"].encode().split(b" ")
    return any(hmac.compare_digest(expected, one) for one in found)


if __name__ == "__main__":
    argparse.ArgumentParser(allow_abbrev=False, description=__doc__).parse_args()
    EXAMPLE = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    BODY = b'{"test": 2432232314}'
    assert verify(SECRET, EXAMPLE, BODY, now_s=1614265330)
    assert not verify(SECRET, EXAMPLE, BODY + b" ", now_s=1614265330)
    assert not verify(SECRET, EXAMPLE, BODY, now_s=1614266330)
    print("the specification's example verifies")
