"""Events go when they are older than the configured time, and the disk gets their space back."""
import os
import unittest

from gateway import Gateway, Handler, Webhook, eventually

CONFIG = '''[store]
retention = "3s"
[sources.openai]
provider = "openai"
path = "/webhooks/openai"
secrets = ["${OPENAI_WEBHOOK_SECRET}"]
dedupe = "3s"
'''
ROUTE = '[destinations.app]\nurl = "%s"\nretry = { initial = "1s", factor = 1, max = "1s" }\n[[routes]]\nfrom = ["openai"]\nto = ["app"]\n'


def first_segment(creel):
    return os.path.join(creel.store, "journal", "0000000001.segment")


def fill_a_segment(creel):
    """Only a segment that is not written any more can go."""
    body = '{"type":"big","pad":"' + "x" * 1000000 + '"}'
    for _ in range(70):
        assert creel.post(Webhook(body=body)).status == 200


def goes(creel):
    def is_gone():
        creel.post(Webhook())  # age is counted from the newest event
        return not os.path.exists(first_segment(creel))
    eventually(is_gone, "the oldest segment is removed", 60)


class Retention(unittest.TestCase):
    def test_what_is_too_old_goes_with_its_bytes(self):
        with Gateway(toml=CONFIG) as creel:
            old = Webhook()
            creel.post(old)
            fill_a_segment(creel)
            self.assertTrue(eventually(lambda: creel.events("&id=" + old.id), "it is kept for a while"))
            goes(creel)
            self.assertEqual(creel.events("&id=" + old.id), [])
            young = Webhook()
            creel.post(young)
            self.assertTrue(eventually(lambda: creel.events("&id=" + young.id), "the newest is there"))
            creel.kill()
            creel.start()
            self.assertEqual(creel.events("&id=" + old.id), [])
            # Its key has outlived its window, so it is a new event.
            self.assertEqual(creel.post(Webhook(id=old.id)).json(), {"received": True})

    def test_what_is_pending_stays_however_old(self):
        with Handler() as handler:
            handler.stop()
            with Gateway(toml=CONFIG + ROUTE % handler.url) as creel:
                webhook = Webhook()
                creel.post(webhook)
                id = eventually(lambda: creel.events("&id=" + webhook.id), "it is kept")[0]["id"]
                self.assertEqual(creel.cli("cancel", "--yes", id).returncode, 0)
                waits = Webhook()
                creel.post(waits)
                fill_a_segment(creel)
                for event in creel.events("&type=big"):
                    creel.admin(f"/api/v1/events/{event['id']}/cancel", "POST")
                goes(creel)
                self.assertEqual(creel.events("&id=" + webhook.id), [])
                handler.start()
                eventually(lambda: waits.id in handler.ids(), "what was pending is delivered")
                self.assertEqual(creel.raw(eventually(lambda: creel.events("&id=" + waits.id), "it is kept")[0]["id"]), waits.body)


if __name__ == "__main__":
    unittest.main()
