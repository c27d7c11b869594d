"""A file system without room: 503 and never a 2xx, and on again without a restart when there is room."""
import os
import subprocess
import sys
import tempfile
import unittest

from gateway import Gateway, Webhook, eventually


class SmallDisk:
    """A file system of a few megabytes: needs to be root."""

    def __init__(self, megabytes):
        self.folder = tempfile.mkdtemp(prefix="creel-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "creel-test", self.folder], capture_output=True)
        if done.returncode != 0:
            os.rmdir(self.folder)
            raise unittest.SkipTest("cannot mount a small file system: " + done.stderr.decode().strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=True)
        os.rmdir(self.folder)

    def fill(self):
        with open(os.path.join(self.folder, "ballast"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass

    def make_room(self):
        os.unlink(os.path.join(self.folder, "ballast"))


class FullDisk(unittest.TestCase):
    def test_a_full_disk_is_503_and_recovery_needs_no_restart(self):
        with SmallDisk(300) as disk, Gateway(store=os.path.join(disk.folder, "store")) as creel:
            kept = [Webhook()]
            self.assertEqual(creel.post(kept[0]).status, 200)
            disk.fill()
            body = '{"type":"x","pad":"' + "x" * 500000 + '"}'
            for _ in range(700):
                webhook = Webhook(body=body)
                answer = creel.post(webhook)
                if answer.status == 503:
                    break
                self.assertEqual(answer.status, 200)
                kept.append(webhook)
            self.assertEqual(answer.status, 503)
            self.assertIn("retry-after", answer.headers)
            self.assertEqual(eventually(lambda: creel.get("/-/ready").status != 200 and creel.get("/-/ready"),
                                        "it is not ready").status, 503)
            self.assertEqual(creel.get("/-/healthy").status, 200)
            eventually(lambda: "full" in creel.log().lower(), "the log says so")
            disk.make_room()
            eventually(lambda: creel.post(Webhook()).status == 200, "it receives again", 60)
            eventually(lambda: creel.get("/-/ready").status == 200, "it is ready")
            creel.kill()
            creel.start()
            for webhook in kept:
                eventually(lambda: creel.events("&id=" + webhook.id), "what was acknowledged is kept")
                self.assertEqual(creel.raw(webhook.id), webhook.body)


if __name__ == "__main__":
    if os.getuid() != 0:
        print("skipped: mounting a small file system needs root", file=sys.stderr)
        sys.exit(77)
    unittest.main()
