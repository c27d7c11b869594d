"""A folder of src/ uses the layers below its own and never a neighbour; heavy libraries stay where they are at home."""
import re
import unittest

from sources import files, read

# Each folder and the layer it stands in; 0 is the lowest.
LAYERS = {
    "core": 1,
    "verify": 2, "rules": 2, "store": 2, "http": 2,
    "ingest": 3, "admin": 3, "deliver": 3,
    "app": 4, "cli": 4,
}
# What a library's headers start with, and the files that may include them.
HOMES = {
    "Beast": (r"boost/beast", r"src/(http|cli)/[^/]+\.cc$|examples/.*\.cc$"),
    "OpenSSL": (r"openssl/", r"src/verify/[^/]+\.h$|src/(verify|core|store|ingest|app|cli|admin)/[^/]+\.cc$|src/http/tls(_stream|_fixture)?\.cc$|bench/.*\.cc$|tests/.*\.cc$"),
    "SQLite": (r"sqlite3\.h", r"src/store/[^/]+\.(cc|h)$|tests/.*\.cc$|bench/.*\.cc$"),
    "libcurl": (r"curl/", r"src/(app|deliver|cli)/[^/]+\.cc$|tests/.*\.cc$|bench/.*\.cc$"),
    "simdjson": (r"simdjson", r"src/verify/[^/]+\.h$|src/rules/(filter_value|lua_json|transform_event)\.h$|src/(verify|store|admin|cli)/[^/]+\.cc$|tests/.*\.cc$|bench/.*\.cc$"),
    "toml++": (r"toml\+\+|toml\.hpp", r"src/app/[^/]+\.cc$"),
    "CLI11": (r"CLI/", r"src/(cli|app)/[^/]+\.(cc|h)$"),
}
AT_MOST = {"Beast": 4, "OpenSSL": 19, "SQLite": 14, "libcurl": 6, "simdjson": 8, "toml++": 4}


def includes(path):
    for number, line in enumerate(read(path).splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1), found.group(2)


class Layers(unittest.TestCase):
    def test_a_folder_uses_only_the_layers_below_its_own(self):
        wrong, seen = [], 0
        for path in files(".cc", ".h"):
            mine = re.match(r"src/(\w+)/", path)
            if not mine:
                continue
            folder = mine.group(1)
            self.assertIn(folder, LAYERS, f"{path}: which layer is src/{folder} in?")
            for number, quote, header in includes(path):
                seen += 1
                theirs = header.split("/")[0]
                if quote == '"' and theirs in LAYERS and theirs != folder:
                    # Tests of cli and app may look at each other's parts; both put together.
                    if LAYERS[theirs] >= LAYERS[folder] and {theirs, folder} != {"app", "cli"}:
                        wrong.append(f"{path}:{number}: {folder} may not use {theirs}")
        self.assertGreater(seen, 50, "no includes found: is this test looking in the right place?")
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_the_library_needs_nothing_of_the_gateway(self):
        wrong = [f"{path}:{number}: {header}" for path in files(".cc", ".h")
                 if re.match(r"src/verify/|include/creel/", path) and not path.endswith("_test.cc")
                 for number, quote, header in includes(path)
                 if re.match(r"(core|rules|store|http|ingest|admin|deliver|app|cli)/", header) or
                 re.match(r"(fmt|spdlog|boost|curl|prometheus)/", header)]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_public_headers_need_the_standard_library_alone(self):
        wrong, seen = [], 0
        for path in files(".h"):
            if path.startswith("include/creel/"):
                for number, quote, header in includes(path):
                    seen += 1
                    if not re.fullmatch(r"[a-z_]+|creel/[a-z_0-9]+\.h", header):
                        wrong.append(f"{path}:{number}: {header}")
        self.assertGreater(seen, 5)
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_heavy_libraries_stay_at_home(self):
        wrong, users = [], {}
        for path in files(".cc", ".h"):
            for number, _, header in includes(path):
                for library, (pattern, home) in HOMES.items():
                    if re.match(pattern, header):
                        users.setdefault(library, set()).add(path)
                        if not re.match(home, path) and not path.endswith("_test.cc"):
                            wrong.append(f"{path}:{number}: {library} ({header}) is not at home here")
        for library, most in AT_MOST.items():
            ours = {p for p in users.get(library, ()) if p.startswith("src/") and not p.endswith("_test.cc")}
            if len(ours) > most:
                wrong.append(f"{library} is included by {len(ours)} files of src/, more than {most}: {sorted(ours)}")
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))


if __name__ == "__main__":
    unittest.main()
