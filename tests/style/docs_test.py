"""Every link of the documentation that stays inside the project leads somewhere, to its heading too."""
import os
import re
import unittest

from sources import ROOT, files, read


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE))


def anchors(text):
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.replace(" ", "-"))
    return found


class Docs(unittest.TestCase):
    def test_links_lead_somewhere(self):
        wrong = []
        for path in files(".md"):
            for target in re.findall(r"\]\(([^)\s]+)\)", without_code(read(path))):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                there = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                if not os.path.exists(os.path.join(ROOT, there)):
                    wrong.append(f"{path}: {target} leads nowhere")
                elif anchor and there.endswith(".md") and anchor not in anchors(read(there)):
                    wrong.append(f"{path}: {there} has no heading #{anchor}")
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_every_page_can_be_reached_from_the_readme(self):
        reached, todo = set(), ["README.md"]
        while todo:
            path = todo.pop()
            if path in reached or not os.path.exists(os.path.join(ROOT, path)):
                continue
            reached.add(path)
            for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", without_code(read(path))):
                there = os.path.normpath(os.path.join(os.path.dirname(path), target))
                if there.endswith(".md"):
                    todo.append(there)
                elif os.path.isdir(os.path.join(ROOT, there)):
                    todo += [os.path.join(there, name) for name in os.listdir(os.path.join(ROOT, there)) if name.endswith(".md")]
        lost = [path for path in files(".md") if path.startswith("docs/") and path not in reached]
        self.assertEqual(lost, [], "\n" + "\n".join(lost))


if __name__ == "__main__":
    unittest.main()
