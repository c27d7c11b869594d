"""The files of the project, as git would commit them, and C++ without its comments and texts."""
import os
import re
import subprocess

ROOT = os.environ.get("CREEL_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(*endings):
    """Paths from the root of every file that is, or could be, committed."""
    command = ["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        paths = listed.stdout.splitlines()
    else:  # An unpacked archive has no .git.
        paths = [os.path.relpath(os.path.join(folder, name), ROOT)
                 for folder, folders, names in os.walk(ROOT)
                 for name in names
                 if not re.search(r"(^|/)(build[^/]*|node_modules|\.git|creel-data)(/|$)", os.path.relpath(folder, ROOT))]
    return sorted(path for path in paths if path.endswith(endings or "") and os.path.isfile(os.path.join(ROOT, path)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


_NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def code(text):
    """C++ with comments blanked and texts emptied; offsets of lines stay what they were."""
    def blank(match):
        found = match.group(0)
        newlines = "\n" * found.count("\n")
        return ('""' if found[0] in 'R"' else "0" if found[0] == "'" else "") + newlines
    return _NOISE.sub(blank, text)
