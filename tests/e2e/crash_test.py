"""What a kill -9 and a restart leave: everything that was acknowledged. tests/crash does it at random moments."""
import glob
import os
import threading
import unittest

from gateway import Gateway, Handler, Webhook, eventually


class Restart(unittest.TestCase):
    def test_what_was_acknowledged_is_there_after_a_kill(self):
        with Gateway() as creel:
            webhooks = [Webhook() for _ in range(50)]
            for webhook in webhooks:
                self.assertEqual(creel.post(webhook).status, 200)
            creel.kill()
            creel.start()
            eventually(lambda: len(creel.events()) == 50, "the index has caught up")
            for webhook in webhooks:
                self.assertEqual(creel.raw(webhook.id), webhook.body)

    def test_what_was_pending_is_delivered_after_a_kill(self):
        with Handler() as handler:
            handler.stop()
            with Gateway(forward_to=handler.url) as creel:
                webhooks = [Webhook() for _ in range(20)]
                for webhook in webhooks:
                    creel.post(webhook)
                creel.kill()
                handler.start()
                creel.start()
                eventually(lambda: set(handler.ids()) == {webhook.id for webhook in webhooks}, "all are delivered")

    def test_what_was_delivered_is_not_delivered_again_after_a_kill(self):
        with Handler() as handler, Gateway(forward_to=handler.url) as creel:
            webhook = Webhook()
            creel.post(webhook)
            eventually(lambda: creel.events()[0]["deliveries"][0]["state"] == "delivered", "it is delivered")
            creel.kill()
            creel.start()
            creel.post(second := Webhook())
            eventually(lambda: second.id in handler.ids(), "the next is delivered")
            self.assertEqual(handler.ids().count(webhook.id), 1)

    def test_a_duplicate_is_known_after_a_kill(self):
        with Handler() as handler, Gateway(forward_to=handler.url) as creel:
            webhook = Webhook()
            creel.post(webhook)
            # Not only taken by the handler: a kill in the few milliseconds until that is written makes it again.
            eventually(lambda: creel.events()[0]["deliveries"][0]["state"] == "delivered", "it is delivered")
            for end in (creel.kill, creel.stop):
                end()
                creel.start()
                eventually(lambda: creel.post(webhook).body == b'{"received":true,"duplicate":true}', "it is a duplicate")
            self.assertEqual(len(creel.events()), 1)
            self.assertEqual(handler.ids(), [webhook.id])

    def test_another_url_for_the_forward_destination_takes_what_was_pending(self):
        with Handler() as handler, Gateway("--forward-to", "http://127.0.0.1:9/hook") as creel:
            webhook = Webhook()
            creel.post(webhook)
            creel.stop()
            creel.arguments[-1] = handler.url
            creel.start()
            eventually(lambda: handler.ids() == [webhook.id], "it is delivered to the new place")

    def test_what_is_pending_for_a_destination_that_is_gone_is_held(self):
        with Gateway("--forward-to", "http://127.0.0.1:9/hook") as creel:
            webhook = Webhook()
            creel.post(webhook)
            creel.stop()
            del creel.arguments[-2:]
            creel.start()
            delivery = creel.events("&id=" + webhook.id)[0]["deliveries"][0]
            self.assertEqual((delivery["state"], delivery["held"]), ("held", "destination unknown"))

    def test_a_lost_index_is_rebuilt_while_webhooks_are_received(self):
        with Handler() as handler, Gateway(forward_to=handler.url) as creel:
            webhooks = [Webhook() for _ in range(30)]
            for webhook in webhooks:
                creel.post(webhook)
            eventually(lambda: len(set(handler.ids())) == 30, "all are delivered")
            eventually(lambda: all(e["deliveries"][0]["state"] == "delivered" for e in creel.events()), "all say so")
            before = creel.events()
            creel.stop()
            removed = [path for path in glob.glob(os.path.join(creel.store, "**", "*index*"), recursive=True) if os.path.isfile(path)]
            self.assertTrue(removed, "no index was found in " + str(os.listdir(creel.store)))
            for path in removed:
                os.unlink(path)
            creel.start()
            self.assertEqual(creel.post(webhooks[3]).status, 200)
            eventually(lambda: creel.events() == before, "the same events and deliveries")
            self.assertEqual(len(handler.ids()), 30)

    def test_a_torn_tail_is_cut_and_nothing_before_it_is_lost(self):
        with Gateway() as creel:
            webhooks = [Webhook() for _ in range(10)]
            for webhook in webhooks:
                creel.post(webhook)
            creel.kill()
            segments = sorted(path for path in glob.glob(os.path.join(creel.store, "**", "*"), recursive=True)
                              if os.path.isfile(path) and "journal" in path)
            self.assertTrue(segments, "no journal was found")
            with open(segments[-1], "r+b") as segment:
                data = segment.read()
                end = len(data.rstrip(b"\0"))
                segment.seek((end + 7) // 8 * 8)
                segment.write(b"half a record that was never synced")
            creel.start()
            self.assertEqual(creel.post(Webhook()).status, 200)
            eventually(lambda: len(creel.events()) == 11, "ten and one events")

    def test_two_senders_of_the_same_webhook_get_the_same_answer_once_it_is_synced(self):
        with Gateway() as creel:
            webhook, answers = Webhook(), []
            threads = [threading.Thread(target=lambda: answers.append(creel.post(webhook).status)) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(answers, [200] * 16)
            eventually(lambda: len(creel.events()) == 1, "one event")


if __name__ == "__main__":
    unittest.main()
