"""Starting, stopping and what an operator sees."""
import json
import os
import signal
import socket
import stat
import time
import unittest

from gateway import SECRET, WAIT, Gateway, Handler, Webhook, eventually, is_closed, read_answer


class ZeroConfiguration(unittest.TestCase):
    def test_a_secret_in_the_environment_is_all_it_needs(self):
        with Gateway() as creel:
            self.assertEqual(creel.post(Webhook()).status, 200)
            eventually(lambda: "response.completed" in creel.out(), "a line about the event on stdout")

    def test_port_is_honoured(self):
        creel = Gateway(start=False)
        with creel:
            creel.env["PORT"] = str(creel.port)
            creel.command = lambda: [c for c in Gateway.command(creel) if c not in ("--listen", f"127.0.0.1:{creel.port}")]
            creel.start()
            self.assertEqual(creel.post(Webhook()).status, 200)

    def test_without_a_secret_it_ends_with_78_and_names_the_variable(self):
        with Gateway(secret=None, start=False) as creel:
            creel.start(wait=False)
            self.assertEqual(creel.process.wait(WAIT), 78)
            self.assertIn("OPENAI_WEBHOOK_SECRET", creel.log())

    def test_a_bad_secret_ends_with_78_and_a_hint_but_not_with_the_secret(self):
        with Gateway(secret='"whsec_' + "c2hvcnQ=" + '"', start=False) as creel:
            creel.start(wait=False)
            self.assertEqual(creel.process.wait(WAIT), 78)
            self.assertIn("quote", creel.log())
            self.assertNotIn("c2hvcnQ", creel.log())

    def test_it_serves_within_a_tenth_of_a_second_or_two(self):
        begun = time.monotonic()
        with Gateway():
            self.assertLess(time.monotonic() - begun, 2)

    def test_the_store_is_nobody_elses_to_read(self):
        with Gateway() as creel:
            creel.post(Webhook())
            self.assertEqual(stat.S_IMODE(os.stat(creel.store).st_mode), 0o700)
            for folder, _, names in os.walk(creel.store):
                for name in names:
                    self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) & 0o077, 0, name)


class OnlyOne(unittest.TestCase):
    def test_a_port_in_use_ends_with_69(self):
        with Gateway(start=False) as creel, socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            holder.bind(("127.0.0.1", creel.port))
            holder.listen()
            creel.start(wait=False)
            self.assertEqual(creel.process.wait(WAIT), 69)
            self.assertIn(str(creel.port), creel.log())

    def test_a_second_creel_on_the_same_port_is_refused(self):
        with Gateway() as first, Gateway(start=False) as second:
            second.port = first.port
            second.start(wait=False)
            self.assertEqual(second.process.wait(WAIT), 69)
            self.assertEqual(first.post(Webhook()).status, 200)

    def test_a_second_creel_on_the_same_folder_is_refused_and_told_the_pid(self):
        with Gateway() as first, Gateway(store=first.store, start=False) as second:
            second.start(wait=False)
            self.assertNotEqual(second.process.wait(WAIT), 0)
            self.assertIn(str(first.process.pid), second.log())
            self.assertEqual(first.post(Webhook()).status, 200)


class Stopping(unittest.TestCase):
    def test_sigterm_ends_with_0_and_idle_connections_close(self):
        with Gateway() as creel:
            idle = creel.connect()
            idle.sendall(Webhook().raw())
            read_answer(idle)
            self.assertEqual(creel.stop(), 0)
            self.assertTrue(is_closed(idle))

    def test_sigint_ends_with_0(self):
        with Gateway() as creel:
            creel.process.send_signal(signal.SIGINT)
            self.assertEqual(creel.process.wait(WAIT), 0)

    def test_a_request_under_way_is_finished_first(self):
        with Gateway() as creel:
            webhook = Webhook()
            raw = webhook.raw()
            connection = creel.connect()
            connection.sendall(raw[:-10])
            creel.get("/health")  # It has been read by now, or is about to be.
            creel.process.send_signal(signal.SIGTERM)
            eventually(lambda: refuses(creel), "new connections are refused")
            connection.sendall(raw[-10:])
            answer, _ = read_answer(connection)
            self.assertEqual(answer.status, 200)
            self.assertEqual(creel.process.wait(WAIT), 0)
            creel.start()
            self.assertEqual(len(creel.events("&id=" + webhook.id)), 1)

    def test_a_second_signal_ends_at_once(self):
        with Handler(reply=lambda _: time.sleep(60) or 200) as handler, Gateway(forward_to=handler.url) as creel:
            creel.post(Webhook())
            eventually(lambda: handler.requests, "an attempt is under way")
            half = creel.connect()
            half.sendall(Webhook().raw()[:-10])
            creel.process.send_signal(signal.SIGTERM)
            eventually(lambda: refuses(creel), "new connections are refused")
            self.assertIsNone(creel.process.poll())
            begun = time.monotonic()
            creel.process.send_signal(signal.SIGTERM)
            self.assertNotEqual(creel.process.wait(WAIT), 0)
            self.assertLess(time.monotonic() - begun, 3)

    def test_an_attempt_that_does_not_end_is_parked_after_the_drain(self):
        with Handler(reply=lambda _: time.sleep(60) or 200) as handler:
            with Gateway(forward_to=handler.url, toml='[server]\ndrain = "1s"\n') as creel:
                webhook = Webhook()
                creel.post(webhook)
                eventually(lambda: handler.requests, "an attempt is under way")
                self.assertEqual(creel.stop(), 0)
                handler.reply = lambda _: 200
                creel.start()
                eventually(lambda: len(handler.requests) == 2, "the attempt is made again")
                eventually(lambda: states(creel, webhook) == ["delivered"], "it is delivered")


class WhatIsSeen(unittest.TestCase):
    def test_the_log_has_one_line_for_each_and_nothing_that_is_secret(self):
        with Gateway() as creel:
            good, bad = Webhook(body='{"type":"x","marker":"body-text-4711"}'), Webhook(body='{"type":"x","marker":"body-text-4712"}')
            bad.timestamp = "1"
            creel.post(good)
            creel.post(bad)
            creel.stop()
            log = creel.log()
            lines = [json.loads(line) for line in log.splitlines()]
            self.assertEqual(len([line for line in lines if good.id in json.dumps(line)]), 1, log)
            self.assertTrue([line for line in lines if "timestamp_too_old" in json.dumps(line)], log)
            for secret in (SECRET, SECRET[6:], good.signature[3:], bad.signature[3:], "body-text", creel.token()):
                self.assertNotIn(secret, log + creel.out())

    def test_metrics_count_what_happens(self):
        with Handler() as handler, Gateway(forward_to=handler.url) as creel:
            webhook = Webhook()
            creel.post(webhook)
            creel.post(webhook)
            creel.post(Webhook(age=4000))
            eventually(lambda: states(creel, webhook) == ["delivered"], "it is delivered")
            text = creel.admin("/metrics").body.decode()
            for name in ("creel_build_info", "creel_index_lag_seconds"):
                self.assertIn(name, text)
            self.assertIn('source="openai"', text)
            self.assertIn('destination="forward"', text)

    def test_the_admin_port_wants_the_token_and_a_known_host(self):
        with Gateway() as creel:
            self.assertEqual(creel.admin("/api/v1/events", token="wrong").status, 401)
            self.assertEqual(creel.request("GET", "/api/v1/events", port=creel.admin_port).status, 401)
            self.assertEqual(creel.request("GET", "/metrics", port=creel.admin_port).status, 401)
            strange = creel.request("GET", "/api/v1/events", port=creel.admin_port,
                                    headers={"Host": "evil.example", "Authorization": "Bearer " + creel.token()})
            self.assertIn(strange.status, (400, 403, 421))


def refuses(creel):
    try:
        creel.connect().close()
        return False
    except OSError:
        return True


def states(creel, webhook):
    return [delivery["state"] for event in creel.events("&id=" + webhook.id) for delivery in event["deliveries"]]


if __name__ == "__main__":
    unittest.main()
