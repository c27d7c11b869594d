"""What the ingest port answers, byte by byte over a raw socket: a test for each row of the table of answers."""
import json
import unittest

from gateway import Gateway, Webhook, is_closed, read_answer


class IngestPort(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.creel = cls.enterClassContext(Gateway())

    def exchange(self, data):
        """Sends bytes on a new connection: the answer, and the connection for more."""
        connection = self.creel.connect()
        self.addCleanup(connection.close)
        connection.sendall(data)
        answer, self.rest = read_answer(connection)
        return answer, connection

    def refused(self, data, status):
        answer, connection = self.exchange(data)
        self.assertIsNotNone(answer, "closed without an answer")
        self.assertEqual(answer.status, status, answer)
        self.assertTrue(is_closed(connection), "the connection stays open")
        return answer

    def test_a_valid_webhook_is_received(self):
        answer, _ = self.exchange(Webhook().raw())
        self.assertEqual((answer.status, answer.body), (200, b'{"received":true}'))
        self.assertEqual(answer.headers["content-type"], "application/json")

    def test_a_duplicate_is_received_and_kept_once(self):
        webhook = Webhook()
        self.exchange(webhook.raw())
        answer, _ = self.exchange(webhook.raw())
        self.assertEqual((answer.status, answer.body), (200, b'{"received":true,"duplicate":true}'))
        self.assertEqual(len(self.creel.events("&id=" + webhook.id)), 1)

    def test_a_wrong_signature_is_refused_without_a_reason(self):
        webhook = Webhook()
        webhook.body += b" "
        answer, _ = self.exchange(webhook.raw())
        self.assertEqual((answer.status, answer.body), (400, b"Invalid signature"))

    def test_a_missing_signature_is_refused(self):
        body = b'{"type":"x"}'
        answer, _ = self.exchange(b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n" + body)
        self.assertEqual((answer.status, answer.body), (400, b"Invalid signature"))

    def test_a_time_outside_the_window_is_refused(self):
        for age in (301 + 5, -301 - 5):
            answer, _ = self.exchange(Webhook(age=age).raw())
            self.assertEqual((answer.status, answer.body), (400, b"Invalid signature"))

    def test_the_cause_of_a_refusal_is_in_quarantine(self):
        webhook = Webhook(age=4000)
        self.exchange(webhook.raw())
        kept = self.creel.admin("/api/v1/rejected?limit=1000").json()["rejected"]
        self.assertIn("timestamp_too_old", [row["cause"] for row in kept])

    def test_an_authentic_body_that_is_no_json_is_refused(self):
        answer, _ = self.exchange(Webhook(body='{"type": nonsense').raw())
        self.assertEqual((answer.status, answer.body), (400, b"Invalid JSON payload"))

    def test_an_unknown_path_is_not_found(self):
        answer, _ = self.exchange(Webhook().raw(path="/webhooks/nobody"))
        self.assertEqual(answer.status, 404)

    def test_a_wrong_method_is_told_the_right_one(self):
        answer, _ = self.exchange(b"GET /webhooks/openai HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertEqual(answer.status, 405)
        self.assertIn("POST", answer.headers["allow"])

    def test_a_body_over_the_limit_is_refused_by_its_length(self):
        self.refused(b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n", 413)

    def test_a_chunked_body_over_the_limit_is_refused(self):
        connection = self.creel.connect()
        self.addCleanup(connection.close)
        connection.sendall(b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(18):
                connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer, _ = read_answer(connection)
        self.assertEqual(answer.status, 413)

    def test_a_body_at_the_limit_is_received(self):
        body = json.dumps({"type": "x", "pad": ""})
        body = body[:-2] + "x" * ((1 << 20) - len(body)) + '"}'
        answer, _ = self.exchange(Webhook(body=body).raw())
        self.assertEqual(answer.status, 200)

    def test_a_head_over_the_limit_is_refused(self):
        self.refused(Webhook().raw(extra="X-Long: " + "x" * 20000 + "\r\n"), 431)

    def test_framing_that_proxies_disagree_about_is_refused(self):
        line = b"POST /webhooks/openai HTTP/1.1\r\n"
        for name, head in {
            "transfer encoding that is not chunked": line + b"Host: h\r\nTransfer-Encoding: gzip\r\n\r\n",
            "chunked twice": line + b"Host: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
            "chunked with a length": line + b"Host: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            "chunked on HTTP/1.0": b"POST /webhooks/openai HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
            "no host": line + b"Content-Length: 0\r\n\r\n",
            "two hosts": line + b"Host: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
            "obs-fold": line + b"Host: h\r\nX-Fold: a\r\n b\r\nContent-Length: 0\r\n\r\n",
            "two lengths": line + b"Host: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            "a signed length": line + b"Host: h\r\nContent-Length: +3\r\n\r\n",
            "space before the colon": line + b"Host: h\r\nContent-Length : 3\r\n\r\n",
            "a bare line feed": line + b"Host: h\nContent-Length: 0\r\n\r\n",
            "a zero byte": line + b"Host: h\r\nX-Zero: a\0b\r\nContent-Length: 0\r\n\r\n",
        }.items():
            with self.subTest(name):
                self.refused(head, 400)

    def test_more_than_a_hundred_headers_are_refused(self):
        many = "".join(f"X-{number}: 1\r\n" for number in range(101))
        answer, connection = self.exchange(Webhook().raw(extra=many))
        self.assertIn(answer.status, (400, 431))
        self.assertTrue(is_closed(connection))

    def test_a_chunked_body_is_received(self):
        webhook = Webhook()
        head = webhook.raw().split(b"\r\n\r\n")[0]
        head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length"))
        parts = [webhook.body[:7], webhook.body[7:]]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        answer, _ = self.exchange(head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.creel.raw(webhook.id), webhook.body)

    def test_any_content_type_is_received(self):
        webhook = Webhook()
        answer, _ = self.exchange(webhook.raw().replace(b"application/json", b"text/strange", 1))
        self.assertEqual(answer.status, 200)

    def test_a_connection_is_kept_for_the_next_webhook(self):
        answer, connection = self.exchange(Webhook().raw())
        connection.sendall(Webhook().raw())
        second, _ = read_answer(connection, self.rest)
        self.assertEqual((answer.status, second.status), (200, 200))

    def test_pipelined_requests_are_answered_in_order(self):
        good, bad = Webhook(), Webhook()
        bad.body += b" "
        answer, connection = self.exchange(good.raw() + bad.raw() + good.raw())
        second, rest = read_answer(connection, self.rest)
        third, _ = read_answer(connection, rest)
        self.assertEqual([answer.status, second.status, third.status], [200, 400, 200])
        self.assertIn(b"duplicate", third.body)

    def test_the_sender_is_told_to_continue_after_the_header_checks(self):
        webhook = Webhook()
        head, _, body = webhook.raw(extra="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
        interim, connection = self.exchange(head + b"\r\n\r\n")
        self.assertEqual(interim.status, 100)
        connection.sendall(body)
        answer, _ = read_answer(connection, self.rest)
        self.assertEqual(answer.status, 200)

    def test_nobody_is_told_to_continue_with_a_body_that_is_too_large(self):
        self.refused(b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", 413)

    def test_health_is_told(self):
        for path in ("/health", "/-/healthy", "/-/ready"):
            answer, _ = self.exchange(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            self.assertEqual((answer.status, json.loads(answer.body)), (200, {"status": "ok"}))

    def test_a_sender_that_asks_to_close_is_closed(self):
        answer, connection = self.exchange(Webhook().raw(extra="Connection: close\r\n"))
        self.assertEqual(answer.status, 200)
        self.assertTrue(is_closed(connection))

    def test_the_bytes_are_kept_as_they_came(self):
        webhook = Webhook(body='{ "type" : "x.y",\r\n\t"text": "caf\\u00e9 \u00e9 \U0001f41f", "n": 1.0e+2 }\n')
        self.exchange(webhook.raw(extra="X-OdD-CaSe:   spaced  \r\n"))
        self.assertEqual(self.creel.raw(webhook.id), webhook.body)
        head = self.creel.raw(webhook.id, "head")
        self.assertIn(b"X-OdD-CaSe:   spaced", head)
        self.assertIn(b"POST /webhooks/openai HTTP/1.1", head)


class SlowSenders(unittest.TestCase):
    """The time limits are minutes of patience in sum, so they are waited for side by side."""

    def test_slow_heads_and_bodies_are_answered_with_408(self):
        with Gateway() as creel:
            head = creel.connect()
            head.settimeout(60)
            head.sendall(b"POST /webhooks/openai HTTP/1.1\r\nHost: h\r\n")
            body = creel.connect()
            body.settimeout(60)
            body.sendall(Webhook().raw()[:-5])
            for connection in (head, body):
                answer, _ = read_answer(connection)
                self.assertEqual(answer.status, 408)
                self.assertTrue(is_closed(connection))
                connection.close()


if __name__ == "__main__":
    unittest.main()
