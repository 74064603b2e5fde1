"""What one key is told never depends on what customers have that it does not cover: every list, its
pages and its searches are the same, byte by byte, before and after others' rows come."""

import re
import unittest
import urllib.parse

import astreinte_test
from astreinte_test import wait_until

CALLERS = ("Mme Martin", "M. Durand", "Mme Wisniewska")
PAGES_MAX = 60


class Isolation(astreinte_test.GatewayTest):
    def fill(self, customer, calls):
        """Of three calls one is only noted, whose promise is the desk's task at once, one goes on,
        and one is over."""
        answer = customer.admin.put(f"/v1/customers/{customer.slug}/rules", {
            "rules": [{"name": "tout", "then": {"action": "ticket"}}]})
        self.assertIn(answer.status, (200, 201), answer)
        for number in range(calls):
            members = {"override": {"action": "escalate", "reason": "essai"}} if number % 3 else {
                "callback_promised_s": 60}
            answer = customer.escalate(
                summary=f"Appel {number} clinique", caller={"name": CALLERS[number % 3],
                                                            "phone": "+33612345678"}, **members)
            self.assertEqual(answer.status, 202, answer)
            if number % 3 == 2:
                self.assertEqual(customer.verb(answer["id"], "cancel", reason="fin").status, 200)
        wait_until(lambda: all(self.count(customer.desk, what) >= calls // 3 for what in (
            "tasks", "escalations?state=cancelled", "escalations?state=exhausted")),
            "all to be settled")

    @staticmethod
    def count(client, what):
        return len(client.get(f"/v1/{what}")["items"])

    def key(self, *customers, role="call-centre"):
        answer = self.admin.post("/v1/api-keys", {
            "name": "of some", "role": role,
            "customers": [customer.slug for customer in customers]})
        self.assertEqual(answer.status, 201, answer)
        return self.gateway.client(answer["key"])

    @staticmethod
    def ask(client, path):
        answer = client.get(path)
        headers = sorted((name.lower(), value) for name, value in dict(answer.headers).items()
                         if name.lower() != "date")
        # The clocks are read anew for it, and differ by a millisecond.
        body = re.sub(rb'"next":{"at":"[^"]*"', b'"next":{', answer.body)
        return answer, (answer.status, headers, body)

    def walk(self, client, path):
        """Every page, as it came."""
        pages, cursor = [], ""
        while cursor is not None:
            self.assertLess(len(pages), PAGES_MAX)
            answer, page = self.ask(client, path + cursor)
            pages.append(page)
            cursor = answer.json.get("next_cursor")
            cursor = cursor and f"&cursor={cursor}"
        return pages

    def everything(self, client, ids):
        paths = [f"/v1/{what}limit={limit}" for limit in (1, 3, 50)
                 for what in ("tickets?", "tickets?state=open&", "tickets?state=closed&",
                              "escalations?", "escalations?state=open&", "tasks?")]
        paths += [f"/v1/tickets?limit={limit}&" + urllib.parse.urlencode({"q": words})
                  for limit in (1, 50)
                  for words in ("wisniewska", "wis*", "clinique", "absent", "06 12 34 56 78",
                                "1001", "1001 clinique")]
        paths += ["/v1/tickets/1001", "/v1/tickets/1012", "/v1/customers", "/v1/api-keys"]
        paths += [f"/v1/{what}/{one}" for what in ("tickets", "escalations") for one in ids]
        told = {}
        for path in paths:
            told[path] = (self.walk(client, path) if "limit=" in path
                          else [self.ask(client, path)[1]])
        return told

    def test_nothing_shows_of_others(self):
        first, second, other = (self.customer(devices=False) for _ in range(3))
        self.fill(other, 3)
        self.fill(first, 3)
        self.fill(second, 3)
        own = [item["id"] for item in first.desk.get("/v1/tickets")["items"]]
        clients = [self.key(first, second), self.key(first, second, role="portal"),
                   self.key(first)]
        before = [self.everything(client, own) for client in clients]
        self.fill(other, 6)
        after = [self.everything(client, own) for client in clients]
        for told, again in zip(before, after):
            for path, pages in told.items():
                self.assertEqual(again[path], pages, path)
        # It would have shown: the rows are there, for whoever covers all.
        everyone = self.gateway.client()
        for client, counts in ((everyone, (15, 15, 15, 5)), (clients[0], (6, 6, 6, 2))):
            self.assertEqual(tuple(self.count(client, what) for what in (
                "tickets", "tickets?q=clinique", "escalations", "tasks")), counts)
        self.foreign_cursors(clients[0], everyone, other)

    def foreign_cursors(self, client, everyone, other):
        """Another's id given as a cursor is a place in the order of ids, and says nothing."""
        for what in ("tickets", "escalations", "tasks"):
            theirs = [item["id"] for item in
                      everyone.get(f"/v1/{what}?customer={other.slug}")["items"]]
            self.assertTrue(theirs)
            for one in theirs:
                near = one[:-1] + ("0" if one[-1] != "0" else "1")
                self.assertEqual(self.walk(client, f"/v1/{what}?limit=1&cursor={one}"),
                                 self.walk(client, f"/v1/{what}?limit=1&cursor={near}"))
                if what != "tasks":
                    unknown = client.get(f"/v1/{what}/{near}")
                    answer = client.get(f"/v1/{what}/{one}")
                    self.assertEqual((answer.status, re.sub(one, near, answer.body.decode())),
                                     (unknown.status, unknown.body.decode()))
            slug = client.get(f"/v1/{what}?customer={other.slug}")
            nobody = client.get(f"/v1/{what}?customer=nobody")
            self.assertEqual((slug.status, slug.body), (404, nobody.body))


if __name__ == "__main__":
    unittest.main()
