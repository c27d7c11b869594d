"""docs/providers.md is what `creel providers --format markdown` prints: the page cannot fall behind the table."""
import os
import subprocess
import unittest

from sources import ROOT


class Providers(unittest.TestCase):
    def test_the_page_is_made_of_the_table(self):
        made = subprocess.run([os.environ["CREEL"], "providers", "--format", "markdown"], capture_output=True, text=True,
                              timeout=60, check=True).stdout
        with open(os.path.join(ROOT, "docs", "providers.md"), encoding="utf-8") as page:
            self.assertEqual(page.read(), made, "make it anew: creel providers --format markdown > docs/providers.md")


if __name__ == "__main__":
    unittest.main()
