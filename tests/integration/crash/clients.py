"""Clients that outlive the gateway: they repeat a request until it is answered, as good software
does, and keep outside what they were promised."""

import http.client
import importlib.machinery
import importlib.util
import json
import threading
import time

import astreinte_test
from crash.evidence import Promise

REPEAT_AFTER_S = 0.05
GIVE_UP_AFTER_S = 120


def load_night():
    """contrib/night as a module: the one night that the quick start plays too."""
    loader = importlib.machinery.SourceFileLoader(
        "night", str(astreinte_test.SOURCE_DIR / "contrib/night"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("night", loader))
    loader.exec_module(module)
    return module


class Ledger:
    """Every 2xx of the webhook. Any thread."""

    def __init__(self):
        self.promises = []
        self.repeated = 0  # requests sent again after a lost connection
        self._lock = threading.Lock()

    def note(self, idempotency_key, request, status, answer):
        document = json.loads(answer)
        promise = Promise(idempotency_key, request, status, answer, document["id"],
                          json.loads(request)["customer"])
        with self._lock:
            self.promises.append(promise)

    def note_repeat(self):
        with self._lock:
            self.repeated += 1


class PersistentGateway:
    """Stands in for the Gateway of contrib/night."""

    def __init__(self, port, ledger):
        self.port, self.ledger = port, ledger

    def exchange(self, method, path, key=None, body=None, idempotency_key=None):
        """(status, body, whether it had to be sent again)."""
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = "Bearer " + key
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        until, again = time.monotonic() + GIVE_UP_AFTER_S, False
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request(method, path, data, headers)
                response = connection.getresponse()
                text = response.read()
                if response.status != 503:
                    break
            except (OSError, http.client.HTTPException):
                if time.monotonic() > until:
                    raise
            finally:
                connection.close()
            again = True
            self.ledger.note_repeat()
            time.sleep(REPEAT_AFTER_S)
        return response.status, text, again

    def call(self, method, path, key=None, body=None, idempotency_key=None):
        status, text, again = self.exchange(method, path, key, body, idempotency_key)
        if idempotency_key and path == "/v1/escalations" and 200 <= status <= 299:
            self.ledger.note(idempotency_key, body, status, text)
        if again and status == 409:
            status = 200  # the first sending did it; only its answer was lost
        try:
            return status, json.loads(text) if text else None
        except ValueError:
            return status, None

    def must(self, method, path, key=None, body=None):
        status, answer = self.call(method, path, key, body)
        if not 200 <= status <= 299:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer
