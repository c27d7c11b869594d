"""docs/openapi.yaml against the running program: every operation is asked, and every answer is what it says."""
import json
import os
import re
import unittest
import urllib.parse

import jsonschema
import yaml

from gateway import Gateway, Handler, Webhook, eventually

ROOT = os.path.join(os.path.dirname(__file__), "../..")
METHODS = ("get", "put", "post", "delete", "patch")


def document():
    with open(os.path.join(ROOT, "docs/openapi.yaml"), encoding="utf-8") as file:
        return yaml.safe_load(file)


def operations(spec):
    return {(method.upper(), path): item[method] for path, item in spec["paths"].items() for method in METHODS
            if method in item}


class Documents(unittest.TestCase):
    """The document, the program's own list of routes and the prose name the same ones."""

    def test_the_document_lists_the_routes_of_the_program_and_no_others(self):
        with open(os.path.join(ROOT, "src/admin/routes_table.cc"), encoding="utf-8") as file:
            routes = set(re.findall(r'{"([A-Z]+)", "([^"]+)", Endpoint::', file.read()))
        self.assertGreater(len(routes), 30)
        self.assertEqual(set(operations(document())), routes)

    def test_the_prose_has_a_word_on_each_route(self):
        with open(os.path.join(ROOT, "docs/api.md"), encoding="utf-8") as file:
            headings = "\n".join(line for line in file if line.startswith("###"))
        for _, path in operations(document()):
            short = path.removeprefix("/api/v1")
            self.assertTrue(f"{path}`" in headings or f"…{short}`" in headings, f"docs/api.md has no heading for {path}")

    def test_every_schema_is_used_and_strict(self):
        spec = document()
        text = json.dumps(spec)
        for name, schema in spec["components"]["schemas"].items():
            self.assertIn(f'#/components/schemas/{name}"', text, name)
            jsonschema.Draft202012Validator.check_schema(schema)
            if schema.get("type") == "object":
                self.assertIs(schema.get("additionalProperties"), False, name)


class Operations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.spec = document()
        cls.asked = {}
        cls.handler = cls.enterClassContext(
            Handler(reply=lambda request: 500 if b"fail." in request["body"] else 200))
        toml = f"""
[sources.openai]
[destinations.app]
url = "{cls.handler.url}/app"
retry = {{ initial = "10ms", factor = 1, max = "10ms", jitter = 0, attempts = 2 }}
breaker = {{}}
rate = "1000/s"
[destinations.spare]
url = "{cls.handler.url}/spare"
[[routes]]
name = "all"
from = "openai"
to = "app"
filter = {{ body = {{ type = {{ "$exist" = true }} }} }}
"""
        cls.creel = cls.enterClassContext(Gateway(toml=toml))
        cls.ids = {}
        for type in ("fine.one", "fail.one", "fail.two"):
            webhook = Webhook(type=type)
            assert cls.creel.post(webhook).status == 200
            cls.ids[type] = webhook.id
        bad = Webhook(type="bad.one")
        bad.signature = "v1,AAAA"
        assert cls.creel.post(bad).status == 400
        odd = Webhook(body=b"\xff\xfe no text")
        odd.signature = "v1,AAAA"
        assert cls.creel.post(odd).status == 400
        page = eventually(lambda: cls.settled(), "two dead letters")
        cls.dead = [delivery["id"] for delivery in page["deliveries"]]
        cls.event = cls.dead[0].split(".")[0]
        cls.fine = cls.plain("GET", "/api/v1/events?type=fine.*")["events"][0]["id"]

    @classmethod
    def plain(cls, method, path, body=None):
        return json.loads(cls.creel.admin(path, method, body=body).body)

    @classmethod
    def settled(cls):
        page = cls.plain("GET", "/api/v1/deliveries?state=dead")
        return page if len(page["deliveries"]) == 2 else None

    def schema(self, schema):
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema,
                "components": {"schemas": self.spec["components"]["schemas"]}}

    def resolved(self, item):
        return self.spec["components"][item["$ref"].split("/")[2]][item["$ref"].split("/")[3]] if "$ref" in item else item

    def check_request(self, operation, path, query, headers, body):
        known = {(each["in"], each["name"]): each for each in map(self.resolved, operation.get("parameters", []))}
        for name, value in query:
            self.assertIn(("query", name), known, f"the document has no parameter {name}")
        for name in headers:
            self.assertIn(("header", name), known)
        if body is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            jsonschema.validate(body, self.schema(schema))

    def ask(self, method, path, status=200, query=(), body=None, headers=None, is_bad=False, **values):
        """Asks one operation and holds its answer against the document; `is_bad` for what the document forbids."""
        operation = operations(self.spec)[(method, path)]
        if not is_bad:
            self.check_request(operation, path, query, headers or {}, body)
        target = re.sub("{([a-z]+)}", lambda found: urllib.parse.quote(str(values[found.group(1)]), safe=""), path)
        if query:
            target += "?" + urllib.parse.urlencode(query)
        text = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.creel.admin(target, method, body=text, headers=headers or {})
        self.assertEqual(answer.status, status, f"{method} {target}: {answer}")
        self.asked.setdefault((method, path), set()).add(status)
        self.assertIn(str(status), operation["responses"], f"{method} {path} answers what the document does not know")
        response = self.resolved(operation["responses"][str(status)])
        for name, header in response.get("headers", {}).items():
            value = answer.headers.get(name)
            self.assertIsNotNone(value, f"{method} {target}: no {name}")
            jsonschema.validate(value, header["schema"])
        if "content" not in response:
            self.assertEqual(answer.body, b"")
            return None
        kind = answer.headers["Content-Type"].split(";")[0]
        self.assertIn(kind, response["content"], f"{method} {target}")
        if not kind.endswith("json"):
            return answer.body
        found = json.loads(answer.body)
        jsonschema.validate(found, self.schema(response["content"][kind]["schema"]))
        if status >= 400:
            self.assertEqual(found["status"], status)
            self.assertEqual(found["type"], "urn:creel:problem:" + found["code"])
        return found

    def until_done(self, job):
        def ended():
            now = self.ask("GET", "/api/v1/jobs/{id}", id=job["id"])
            return now if now["state"] != "running" else None
        return eventually(ended, f"{job['id']} ends")

    # The order matters: the last one looks at what the others have asked.

    def test_a_events(self):
        page = self.ask("GET", "/api/v1/events", query=[("limit", 1)])
        self.assertTrue(page["more"])
        for query in ([("cursor", page["cursor"])], [("source", "openai"), ("type", "f*"), ("destination", "app")],
                      [("state", "dead"), ("status", "5xx"), ("error", "status")], [("text", "fail.one")],
                      [("filter", '{"body":{"type":"fine.one"}}')], [("since", "0"), ("until", "2100-01-01T00:00:00Z")],
                      [("id", self.ids["fine.one"])], [("subject", "resp_x")],
                      [("order", "oldest"), ("wait", 1), ("cursor", page["cursor"])]):
            self.ask("GET", "/api/v1/events", query=query)
        self.assertEqual([event["type"] for event in
                          self.ask("GET", "/api/v1/events", query=[("filter", '{"body":{"type":"fine.one"}}')])["events"]],
                         ["fine.one"])
        self.assertEqual(len(self.ask("GET", "/api/v1/events", query=[("text", "fail.one")])["events"]), 1)
        self.ask("GET", "/api/v1/events", 400, query=[("tpye", "x")], is_bad=True)
        self.ask("GET", "/api/v1/events", 400, query=[("filter", '{"body":{"a":{"$regex":"x"}}}')])
        self.ask("GET", "/api/v1/events/{id}", id=self.event)
        self.ask("GET", "/api/v1/events/{id}", 404, id="wh_none")
        self.assertIn(b"fail.", self.ask("GET", "/api/v1/events/{id}/raw", id=self.event))
        self.assertIn(b"POST", self.ask("GET", "/api/v1/events/{id}/raw", query=[("part", "head")], id=self.event))
        self.ask("GET", "/api/v1/events/{id}/raw", 404, id="wh_none")
        self.ask("POST", "/api/v1/events/{id}/retry", id=self.event, query=[("destination", "app")])
        self.ask("POST", "/api/v1/events/{id}/retry", 404, id=self.event, query=[("destination", "none")])
        eventually(self.settled, "it is dead again")
        self.ask("POST", "/api/v1/events/{id}/cancel", 404, id="wh_none")

    def test_b_deliveries(self):
        page = self.ask("GET", "/api/v1/deliveries", query=[("state", "dead"), ("status", "500"), ("limit", 1)])
        self.assertEqual(page["deliveries"][0]["last_attempt"]["status"], 500)
        self.ask("GET", "/api/v1/deliveries", 400, query=[("wait", "1")], is_bad=True)
        found = self.ask("GET", "/api/v1/deliveries/{id}", id=self.dead[0])
        self.assertGreaterEqual(len(found["history"]), 2)
        self.ask("GET", "/api/v1/deliveries/{id}", 404, id="cev_0000000002000.none.1")
        self.ask("POST", "/api/v1/deliveries/{id}/retry", id=self.dead[1])
        eventually(self.settled, "it is dead again")
        self.ask("POST", "/api/v1/deliveries/{id}/retry", 404, id="cev_0000000002000.none.1")
        self.ask("POST", "/api/v1/deliveries/{id}/cancel", 404, id="cev_0000000002000.none.1")

    def test_c_jobs(self):
        request = {"kind": "retry", "select": {"state": "dead", "status": 500}, "rate": "100/s"}
        plan = self.ask("POST", "/api/v1/jobs/plan", body=request)
        self.assertEqual((plan["deliveries"], plan["destinations"]), (2, {"app": 2}))
        self.ask("POST", "/api/v1/jobs/plan", body={**request, "cursor": plan["cursor"], "upto": plan["upto"]})
        self.ask("POST", "/api/v1/jobs/plan", 400, body={"kind": "retry"})
        headers = {"Idempotency-Key": "one"}
        job = self.ask("POST", "/api/v1/jobs", 202, body=request, headers=headers)
        self.ask("POST", "/api/v1/jobs", 200, body=request, headers=headers)
        self.ask("POST", "/api/v1/jobs", 422, body={"kind": "cancel", "all": True}, headers=headers)
        self.ask("POST", "/api/v1/jobs", 400, body={"kind": "replay", "select": {"ids": [self.fine]}, "to": ["none"]})
        self.ask("POST", "/api/v1/jobs", 413, body=b" " * 200_000, is_bad=True)
        self.assertEqual(self.until_done(job)["deliveries"], 2)
        self.ask("POST", "/api/v1/jobs/{id}/cancel", 409, id=job["id"])
        self.ask("GET", "/api/v1/jobs/{id}", 404, id="job_99")
        self.ask("POST", "/api/v1/jobs/{id}/cancel", 404, id="job_99")
        slow = self.ask("POST", "/api/v1/jobs", 202, body={"kind": "replay", "all": True, "to": ["spare"], "rate": "1/m"})
        self.assertEqual(self.ask("POST", "/api/v1/jobs/{id}/cancel", id=slow["id"])["state"], "cancelled")
        self.assertEqual(len(self.ask("GET", "/api/v1/jobs")["jobs"]), 2)

    def test_d_bookmarks(self):
        self.ask("PUT", "/api/v1/bookmarks/{name}", name="odd", body={"event": self.fine, "note": "the odd one"})
        self.ask("PUT", "/api/v1/bookmarks/{name}", 400, name="odd", body={}, is_bad=True)
        self.ask("PUT", "/api/v1/bookmarks/{name}", 404, name="odd", body={"event": "wh_none"})
        self.assertEqual(self.ask("GET", "/api/v1/bookmarks/{name}", name="odd")["event"], self.fine)
        self.assertEqual(len(self.ask("GET", "/api/v1/bookmarks")["bookmarks"]), 1)
        before = self.handler.ids().count(self.ids["fine.one"])
        job = self.ask("POST", "/api/v1/bookmarks/{name}/replay", 202, name="odd", body={"to": ["spare"]})
        self.assertEqual(self.until_done(job)["deliveries"], 1)
        eventually(lambda: self.handler.ids().count(self.ids["fine.one"]) > before, "it was delivered again")
        self.until_done(self.ask("POST", "/api/v1/bookmarks/{name}/replay", 202, name="odd"))
        self.ask("POST", "/api/v1/bookmarks/{name}/replay", 404, name="none")
        self.ask("DELETE", "/api/v1/bookmarks/{name}", 204, name="odd")
        self.ask("DELETE", "/api/v1/bookmarks/{name}", 404, name="odd")
        self.ask("GET", "/api/v1/bookmarks/{name}", 404, name="odd")

    def test_e_rejected(self):
        page = self.ask("GET", "/api/v1/rejected", query=[("source", "openai"), ("accepted", "false"), ("limit", 5)])
        odd, bad = (row["id"] for row in page["rejected"])
        self.assertIn("body", self.ask("GET", "/api/v1/rejected/{id}", id=bad))
        self.assertIn("body_base64", self.ask("GET", "/api/v1/rejected/{id}", id=odd))
        self.ask("GET", "/api/v1/rejected/{id}/explain", id=bad)
        self.assertEqual(self.ask("POST", "/api/v1/rejected/{id}/accept", id=bad)["result"], "still_rejected")
        self.ask("POST", "/api/v1/rejected/accept", body={"source": "openai", "limit": 10})
        self.ask("POST", "/api/v1/rejected/accept", 400, body={}, is_bad=True)
        for method, path in (("GET", ""), ("GET", "/explain"), ("POST", "/accept")):
            self.ask(method, "/api/v1/rejected/{id}" + path, 404, id=999)

    def test_f_what_is_configured(self):
        for what, name in (("sources", "openai"), ("routes", "all"), ("destinations", "app")):
            self.ask("GET", f"/api/v1/{what}")
            self.ask("GET", f"/api/v1/{what}/{{name}}", name=name)
            self.ask("GET", f"/api/v1/{what}/{{name}}", 404, name="none")
            self.assertIsNotNone(self.ask("POST", f"/api/v1/{what}/{{name}}/pause", name=name)["pause"])
            self.ask("GET", f"/api/v1/{what}/{{name}}", name=name)
            self.ask("POST", f"/api/v1/{what}/{{name}}/pause", 404, name="none")
            self.assertIsNone(self.ask("POST", f"/api/v1/{what}/{{name}}/resume", name=name)["pause"])
            self.ask("POST", f"/api/v1/{what}/{{name}}/resume", 404, name="none")

    def test_g_plan_and_status(self):
        routes = [{"name": "few", "from": ["openai"], "types": ["fine.*"], "to": ["spare"],
                   "transform": "return function(event) event.body.new = 1; return event end"}]
        self.assertTrue(self.ask("POST", "/api/v1/plan", body={"routes": routes, "details": 5})["differences"])
        self.ask("POST", "/api/v1/plan", 400, body={"routes": [{"to": 1}]}, is_bad=True)
        self.ask("GET", "/api/v1/status")
        self.assertIn(b"creel_jobs_running", self.ask("GET", "/metrics"))

    def test_h_whoever_may_not(self):
        for (method, path), operation in operations(self.spec).items():
            target = re.sub("{[a-z]+}", "x", path)
            for status, headers in ((401, {"Authorization": "Bearer no"}), (421, {"Host": "evil.example"})):
                answer = self.creel.admin(target, method, body=b"{}" if method != "GET" else None, headers=headers)
                self.assertEqual(answer.status, status, f"{method} {target}")
                problem = self.resolved(operation["responses"][str(status)])["content"]["application/problem+json"]
                jsonschema.validate(answer.json(), self.schema(problem["schema"]))
            if method != "GET":
                answer = self.creel.admin(target, method, body=b"{}", headers={"Origin": "http://evil.example"})
                self.assertEqual(answer.status, 403, f"{method} {target}")

    def test_i_cancels(self):
        self.assertEqual(self.ask("POST", "/api/v1/deliveries/{id}/cancel", id=self.dead[1])["state"], "cancelled")
        shown = self.ask("POST", "/api/v1/events/{id}/cancel", id=self.event)
        self.assertIn("cancelled", [delivery["state"] for delivery in shown["deliveries"]])

    def test_z_nothing_was_left_unasked(self):
        succeeded = {route for route, statuses in self.asked.items() if any(status < 300 for status in statuses)}
        self.assertEqual(set(operations(self.spec)) - succeeded, set())


if __name__ == "__main__":
    unittest.main()
