"""What must not be in the tree: registries, places on somebody's disk, work left for later, files grown too long."""
import re
import unittest

from sources import ROOT, files, read

TEXT = (".cc", ".h", ".py", ".js", ".mjs", ".ts", ".md", ".json", ".toml", ".txt", ".cmake", ".sh", ".conf", ".go", ".yml", ".in")
SELF = "tests/style/"


def lines(pattern, paths, flags=0):
    found = re.compile(pattern, flags)
    return [f"{path}:{number}: {line.strip()[:120]}" for path in paths if not path.startswith(SELF)
            for number, line in enumerate(read(path).splitlines(), 1) if found.search(line)]


class Tree(unittest.TestCase):
    def none(self, found):
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def everything(self):
        scripts = [path for path in files() if path.startswith(("script/", ".ci/"))]
        found = list(files(*TEXT)) + scripts
        self.assertGreater(len(found), 20)
        return found

    def test_no_lock_file_names_a_registry(self):
        locks = files("package-lock.json", "yarn.lock", "pnpm-lock.yaml")
        self.none(lines(r'"resolved"|registry\.|https?://[^"]*\.tgz', locks))

    def test_no_place_on_somebodys_disk(self):
        self.none(lines(r"(?<![\w./-])/(home|root|Users)/\w|" + re.escape(ROOT) + r"\b", self.everything()))

    def test_nothing_is_left_for_later(self):
        self.none(lines(r"\b(TODO|FIXME|XXX|HACK)\b", files(".cc", ".h", ".py", ".js", ".mjs")))

    def test_comments_do_not_point_at_papers_nobody_has(self):
        # "(NOTES 12)" and "NOTES §3" send the reader to a paper; an RFC can be had by everyone.
        self.none(lines(r"\b(?!RFC)[A-Z]{4,} §\d|\([A-Z]{7} \d{1,2}\)", self.everything()))

    def test_files_are_listed_in_cmake_and_never_globbed(self):
        self.none(lines(r"file\s*\(\s*GLOB", files("CMakeLists.txt", ".cmake"), re.IGNORECASE))

    def test_no_source_has_grown_far_beyond_four_hundred_lines(self):
        # Tables and tests may be longer; anything else is usually two things by then.
        self.none([f"{path}: {count} lines" for path in files(".cc", ".h") if path.startswith(("src/", "include/"))
                   if not path.endswith("_test.cc") and (count := read(path).count("\n")) > 480])

    def test_every_source_is_in_a_cmake_list(self):
        listed = "\n".join(read(path) for path in files("CMakeLists.txt", ".cmake"))
        self.none([path for path in files(".cc")
                   if path.startswith(("src/", "tests/", "bench/", "examples/")) and path.rsplit("/", 1)[1] not in listed])


if __name__ == "__main__":
    unittest.main()
