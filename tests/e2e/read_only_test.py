"""A file system that becomes read-only: 503 and never a 2xx, and nothing lost once it can be written again."""
import os
import subprocess
import sys
import tempfile
import unittest

from gateway import Gateway, Webhook, eventually


def done(*command):
    return subprocess.run(command, capture_output=True, text=True).returncode == 0


class Disk:
    """A small ext4 of its own, which can be told to have had an error: needs to be root, and loop devices."""

    def __init__(self):
        self.image = tempfile.NamedTemporaryFile(prefix="creel-disk-", suffix=".img")
        self.image.truncate(400 << 20)
        self.folder = tempfile.mkdtemp(prefix="creel-disk-")
        if not done("mkfs.ext4", "-q", "-F", self.image.name) or not self.mount():
            os.rmdir(self.folder)
            raise unittest.SkipTest("cannot mount an image")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.unmount()
        os.rmdir(self.folder)
        self.image.close()

    def mount(self):
        return done("mount", "-o", "loop", self.image.name, self.folder)

    def unmount(self):
        done("umount", self.folder) or done("umount", "-l", self.folder)

    def fail(self):
        """As after an error of the device: whatever is open for writing cannot be written any more."""
        assert done("mount", "-o", "remount,abort", self.folder)

    def repair(self):
        self.unmount()
        subprocess.run(["e2fsck", "-f", "-y", self.image.name], capture_output=True)
        assert self.mount()


class ReadOnly(unittest.TestCase):
    def test_a_disk_that_becomes_read_only_is_503_until_it_is_repaired(self):
        with Disk() as disk, Gateway(store=os.path.join(disk.folder, "store")) as creel:
            kept = [Webhook() for _ in range(20)]
            creel.post_all(kept)
            disk.fail()
            lost = [Webhook() for _ in range(5)]
            for webhook in lost:
                answer = creel.post(webhook)
                self.assertEqual(answer.status, 503)
                self.assertIn("retry-after", answer.headers)
            self.assertEqual(creel.get("/-/ready").status, 503)
            self.assertEqual(creel.get("/-/healthy").status, 200)
            eventually(lambda: '"level":"error"' in creel.log(), "the log says so")
            creel.kill()
            disk.repair()
            creel.start()
            for webhook in kept:
                found = eventually(lambda: creel.events("&id=" + webhook.id), "what was acknowledged is kept")
                self.assertEqual(creel.raw(found[0]["id"]), webhook.body)
            # The provider sends again what it was refused.
            creel.post_all(lost)
            eventually(lambda: len(creel.events()) == len(kept) + len(lost), "those that were refused are kept now")

    def test_a_start_on_a_read_only_file_system_says_what_is_wrong(self):
        with Disk() as disk:
            store = os.path.join(disk.folder, "store")
            with Gateway(store=store) as creel:
                webhook = Webhook()
                creel.post(webhook)
                self.assertEqual(creel.stop(), 0)
                self.assertTrue(done("mount", "-o", "remount,ro", disk.folder))
                creel.start(wait=False)
                self.assertNotIn(creel.process.wait(20), (0, None))
                self.assertIn("read-only file system", creel.log().lower())
                self.assertTrue(done("mount", "-o", "remount,rw", disk.folder))
                creel.start()
                eventually(lambda: creel.events("&id=" + webhook.id), "it is still there")
                self.assertEqual(creel.stop(), 0)


if __name__ == "__main__":
    if os.getuid() != 0:
        print("skipped: mounting an image needs root", file=sys.stderr)
        sys.exit(77)
    unittest.main()
