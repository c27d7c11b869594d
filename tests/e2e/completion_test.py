"""creel completion: the shells understand the scripts, and bash completes what the grammar says."""
import os
import shlex
import shutil
import subprocess
import tempfile
import unittest

from gateway import PROGRAM, run

# Fills COMPREPLY as bash would for the line, with the point at its end.
ASK = """
source "$1"
COMP_LINE="$2" COMP_POINT=${#2} COMP_CWORD=0
COMP_WORDS=($2)
_creel
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="creel-completion-")
        cls.scripts = {}
        for shell in ("bash", "zsh", "fish"):
            made = run("completion", shell)
            assert made.returncode == 0, made.stderr
            cls.scripts[shell] = os.path.join(cls.folder, "creel." + shell)
            with open(cls.scripts[shell], "w", encoding="utf-8") as file:
                file.write(made.stdout)
        cls.program = os.path.join(cls.folder, "creel")
        os.symlink(os.path.abspath(PROGRAM), cls.program)
        os.makedirs(os.path.join(cls.folder, "here", "a folder"))
        for name in ("a.toml", "a b.json"):
            with open(os.path.join(cls.folder, "here", name), "w", encoding="ascii"):
                pass

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def completed(self, line, breaks=None):
        before = "" if breaks is None else f"COMP_WORDBREAKS={shlex.quote(breaks)}\n"
        asked = subprocess.run(["bash", "--norc", "-c", before + ASK, "bash", self.scripts["bash"], self.program + line],
                               cwd=os.path.join(self.folder, "here"), capture_output=True, text=True, timeout=60)
        self.assertEqual(asked.stderr, "", line)
        return [word for word in asked.stdout.split("\n") if word]

    def test_the_shells_that_are_here_can_read_their_scripts(self):
        for shell, script in self.scripts.items():
            if shutil.which(shell):
                read = subprocess.run([shell, "-n", script], capture_output=True, text=True, timeout=60)
                self.assertEqual((read.returncode, read.stderr), (0, ""), shell)

    def test_commands_and_what_is_below_them(self):
        for command in ("serve", "check-config", "trigger", "events", "plan", "completion"):
            self.assertIn(command, self.completed(" "))
        self.assertEqual(self.completed(" ser"), ["serve"])
        self.assertEqual(self.completed(" events "), ["list", "tail", "get", "raw"])
        self.assertEqual(self.completed(" events li"), ["list"])
        self.assertEqual(self.completed(" nonsense"), [])

    def test_the_line_and_the_help_know_the_same_commands(self):
        known = {line.split()[0] for line in run("--help").stdout.splitlines() if line.startswith("  ") and line[2:3].isalpha()}
        self.assertTrue(set(self.completed(" ")) <= known, set(self.completed(" ")) - known)

    def test_options_of_the_command_at_hand(self):
        self.assertEqual(self.completed(" doctor --re"), ["--rebuild-index"])
        self.assertEqual(self.completed(" events list --st"), ["--state", "--status", "--store"])
        self.assertEqual(self.completed(" serve --rebuild"), [])
        self.assertEqual(self.completed(" --vers"), ["--version"])

    def test_values_of_a_fixed_set(self):
        self.assertEqual(self.completed(" events list --format "), ["text", "json"])
        self.assertEqual(self.completed(" providers --format m"), ["markdown"])
        self.assertEqual(self.completed(" events list --state d"), ["delivered", "dead"])
        self.assertEqual(self.completed(" events --help list --limit 5 --state c"), ["cancelled"])
        self.assertEqual(self.completed(" completion "), ["bash", "zsh", "fish"])

    def test_values_after_an_equals_sign(self):
        self.assertEqual(self.completed(" events list --format=j"), ["json"])
        self.assertEqual(self.completed(" events list --format=j", breaks=" \t\n"), ["--format=json"])

    def test_providers_and_their_types(self):
        self.assertIn("stripe", self.completed(" trigger "))
        self.assertEqual(self.completed(" sign gith"), ["github"])
        self.assertEqual(self.completed(" verify --provider tw"), ["twilio"])
        self.assertIn("response.completed", self.completed(" trigger openai "))
        self.assertEqual(self.completed(" trigger --repeat 3 --print openai response.comp"), ["response.completed"])
        self.assertEqual(self.completed(" trigger nobody "), [])

    def test_files_and_folders(self):
        self.assertEqual(sorted(self.completed(" serve --config a")), ["a b.json", "a folder", "a.toml"])
        self.assertEqual(self.completed(" serve --store a"), ["a folder"])
        self.assertEqual(self.completed(" doctor a"), ["a folder"])
        self.assertEqual(self.completed(" plan a."), ["a.toml"])
        self.assertEqual(self.completed(" serve --port "), [])

    def test_nothing_on_the_line_is_run(self):
        mark = os.path.join(self.folder, "here", "mark")
        for line in (f" trigger $(touch${{IFS}}{mark}) ", f" trigger `touch {mark}` ", f" $(touch {mark})", f" serve --config $(touch {mark})"):
            self.completed(line)
            self.assertFalse(os.path.exists(mark), line)


if __name__ == "__main__":
    unittest.main()
