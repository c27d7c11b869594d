"""Nothing that comes from outside grows without bound."""
import os
import unittest

from gateway import Gateway, Handler, Webhook, eventually, read_answer


def folder_bytes(folder):
    return sum(os.stat(os.path.join(at, name)).st_blocks * 512 for at, _, names in os.walk(folder) for name in names
               if os.path.exists(os.path.join(at, name)))


def send(creel, webhook, path="/webhooks/openai"):
    """As a provider does: again, when the store has to make room first."""
    eventually(lambda: creel.post(webhook, path).status == 200, "a webhook is received")


class Limits(unittest.TestCase):
    def test_a_store_at_its_size_limit_drops_the_oldest_and_goes_on(self):
        with Gateway(toml='[store]\nmax_size = "400MiB"\n') as creel:
            first = Webhook()
            creel.post(first)
            body = '{"type":"big","pad":"' + "x" * 1000000 + '"}'
            for _ in range(420):
                send(creel, Webhook(body=body))
            last = Webhook()
            self.assertEqual(creel.post(last).status, 200)
            eventually(lambda: folder_bytes(creel.store) <= 500 << 20, "the oldest segments have been removed")
            eventually(lambda: creel.events("&id=" + last.id), "the newest is kept")
            self.assertEqual(creel.events("&id=" + first.id), [])

    def test_what_is_pending_outlives_the_size_limit(self):
        with Handler() as handler:
            handler.stop()
            retry = 'retry = { initial = "1s", max = "1s", factor = 1 }\n'
            toml = ('[store]\nmax_size = "400MiB"\n[sources.openai]\nprovider = "openai"\npath = "/webhooks/openai"\n'
                    'secrets = ["${OPENAI_WEBHOOK_SECRET}"]\n[sources.other]\nprovider = "openai"\npath = "/other"\n'
                    'secrets = ["${OPENAI_WEBHOOK_SECRET}"]\n'
                    f'[destinations.app]\nurl = "{handler.url}"\n{retry}[[routes]]\nfrom = ["openai"]\nto = ["app"]\n')
            with Gateway(toml=toml) as creel:
                first = Webhook()
                creel.post(first)
                body = '{"type":"big","pad":"' + "x" * 1000000 + '"}'
                for _ in range(420):
                    send(creel, Webhook(body=body), "/other")
                handler.start()
                eventually(lambda: first.id in handler.ids(), "the first is delivered all the same")
                self.assertEqual(handler.requests[0]["body"], first.body)

    def test_a_flood_of_rejected_requests_fills_no_disk(self):
        with Gateway() as creel:
            webhook = Webhook(body='{"pad":"' + "x" * 100000 + '"}')
            webhook.timestamp = "1"
            before = folder_bytes(creel.store)
            connection = creel.connect()
            for _ in range(2000):
                connection.sendall(webhook.raw())
                answer, _ = read_answer(connection)
                self.assertEqual(answer.status, 400)
            connection.close()
            self.assertLess(folder_bytes(creel.store) - before, 100 << 20)
            self.assertEqual(creel.post(Webhook()).status, 200)

    def test_connections_over_the_limit_are_turned_away(self):
        with Gateway(toml="[server]\nmax_connections = 8\n") as creel:
            held = [creel.connect() for _ in range(8)]
            for connection in held:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
                self.assertEqual(read_answer(connection)[0].status, 200)
            extra = creel.connect()
            try:
                extra.sendall(Webhook().raw())
                answer, _ = read_answer(extra)
                self.assertEqual(answer.status, 503)
                self.assertIn("retry-after", answer.headers)
            finally:
                for connection in [*held, extra]:
                    connection.close()
            eventually(lambda: creel.post(Webhook()).status == 200, "there is room again")


if __name__ == "__main__":
    unittest.main()
