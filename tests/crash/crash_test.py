"""Fifty kills with a seed that is printed; script/crash makes a thousand."""
import os
import random
import unittest

import crash


class Crash(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_in_fifty_kills(self):
        seed = int(os.environ.get("CREEL_SEED") or random.SystemRandom().randrange(1 << 32))
        self.assertGreater(crash.run(os.environ["CREEL"], 50, seed), 0)


if __name__ == "__main__":
    unittest.main()
