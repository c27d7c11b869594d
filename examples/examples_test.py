"""Runs each example as its user would: a genuine webhook passes, a changed one does not."""

import base64
import hashlib
import hmac
import http.client
import os
import pathlib
import re
import subprocess
import time
import unittest

SECRET = "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c="
BODY = (b'{"id": "evt_1", "object": "event", "created_at": 1750861210, '
        b'"type": "batch.completed", "data": {"id": "batch_1"}}')


def signed(body=BODY, when=None):
    """The headers of a webhook, made without the library."""
    timestamp = str(int(when or time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    text = b"wh_1." + timestamp.encode() + b"." + body
    mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {"webhook-id": "wh_1", "webhook-timestamp": timestamp, "webhook-signature": "v1," + mac}


def program(name):
    return os.path.join(os.environ["CREEL_EXAMPLES"], name)


def environment(**changes):
    return {**os.environ, "OPENAI_WEBHOOK_SECRET": SECRET, **changes}


class FromStdin(unittest.TestCase):
    def run_example(self, headers, body=BODY, **changes):
        arguments = [f"{name}={value}" for name, value in headers.items()]
        return subprocess.run([program("from_stdin"), *arguments], input=body, capture_output=True,
                              env=environment(**changes), timeout=30)

    def test_prints_the_event_and_what_to_fetch(self):
        done = self.run_example(signed())
        self.assertEqual(done.stdout, b"batch.completed batch_1\nGET /v1/batches/batch_1\n")
        self.assertEqual(done.returncode, 0)

    def test_refuses_a_changed_body(self):
        done = self.run_example(signed(), BODY + b"\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"the signature does not match", done.stderr)

    def test_names_the_fault_of_a_secret(self):
        done = self.run_example(signed(), OPENAI_WEBHOOK_SECRET="v1," + SECRET)
        self.assertEqual(done.returncode, 78)
        self.assertIn(b"version tag", done.stderr)


class LibraryDocument(unittest.TestCase):
    """Every piece of code in docs/library.md stands in a file that is built and run."""

    def blocks(self, language):
        here = pathlib.Path(__file__).parent
        text = (here.parent / "docs" / "library.md").read_text()
        found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
        self.assertTrue(found)
        return here, found

    def assert_within(self, block, source):
        """Where lines are broken does not matter."""
        self.assertIn("".join(block.split()), "".join(source.split()), block)

    def test_code_is_that_of_the_tour(self):
        here, blocks = self.blocks("cpp")
        for block in blocks:
            self.assert_within(block, (here / "library_tour.cc").read_text())

    def test_cmake_is_that_of_the_installed_consumer(self):
        here, blocks = self.blocks("cmake")
        for block in blocks:
            self.assert_within(block, (here.parent / "tests/install/consumer/CMakeLists.txt").read_text())

    def test_the_tour_runs(self):
        done = subprocess.run([program("library_tour")], capture_output=True, timeout=30, env=environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith(b"invoice.paid in_Cr33lSample0001 evt_1\nkept wh_old\n"), done.stdout)


class Server:
    """What every server of the examples does."""

    def setUp(self):
        self.process = subprocess.Popen([program(self.name), "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=environment())
        self.addCleanup(self.stop)
        line = self.process.stdout.readline()
        self.assertTrue(line.startswith("listening on 127.0.0.1:"), line)
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=10)

    def post(self, headers, body=BODY):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("POST", "/webhooks/openai", body, headers)
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer

    def test_receives_a_genuine_webhook(self):
        self.assertEqual(self.post(signed()), (200, b'{"received":true}\n'))
        self.assertEqual(self.process.stdout.readline(), "wh_1 batch.completed batch_1\n")

    def test_refuses_what_is_not_genuine(self):
        refused = (400, b"Invalid signature\n")
        self.assertEqual(self.post(signed(), BODY + b" "), refused)
        self.assertEqual(self.post(signed(when=time.time() - 1000)), refused)
        self.assertEqual(self.post({}), refused)


class HttplibServer(Server, unittest.TestCase):
    name = "httplib_server"


class BeastServer(Server, unittest.TestCase):
    name = "beast_server"


if __name__ == "__main__":
    unittest.main()
