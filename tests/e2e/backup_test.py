"""A copy of the store's folder that is made while webhooks come in holds all that was acknowledged before it began."""
import os
import shutil
import tempfile
import threading
import unittest

from gateway import Gateway, Webhook, run


class Backup(unittest.TestCase):
    PARTS = ("store.id", "admin.token", "journal", "quarantine")

    def test_what_was_acknowledged_before_the_copy_began_is_in_it(self):
        with tempfile.TemporaryDirectory(prefix="creel-backup-") as folder, Gateway() as creel:
            creel.post_all([Webhook() for _ in range(3000)])
            stop, sent = threading.Event(), []

            def load():
                while not stop.is_set():
                    some = [Webhook() for _ in range(256)]
                    creel.post_all(some)
                    sent.extend(webhook.id for webhook in some)

            sender = threading.Thread(target=load)
            sender.start()
            try:
                for round in range(5):
                    before = set(sent)
                    copy = os.path.join(folder, f"copy{round}")
                    os.mkdir(copy, 0o700)
                    for part in self.PARTS:
                        there = os.path.join(creel.store, part)
                        put = shutil.copytree if os.path.isdir(there) else shutil.copy2
                        put(there, os.path.join(copy, part))
                    self.check(copy, before)
            finally:
                stop.set()
                sender.join()

    def check(self, copy, before):
        mended = run("doctor", "--store", copy, "--accept-damage")
        self.assertEqual(mended.returncode, 0, mended.stdout + mended.stderr)
        with Gateway(store=copy) as restored:
            there = {event["provider_id"] for event in restored.events()}
        self.assertEqual(before - there, set())
        self.assertGreaterEqual(len(there), 3000)


if __name__ == "__main__":
    unittest.main()
