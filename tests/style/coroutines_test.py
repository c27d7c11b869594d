"""In a statement with co_await stand only names, literals and calls: g++ 12 destroys other temporaries twice."""
import re
import unittest

from sources import code, files, read


def statements(text):
    """Each statement that has a co_await in it: its line, the text up to it and the whole."""
    for found in re.finditer(r"\bco_await\b", text):
        start = max(text.rfind(mark, 0, found.start()) for mark in ";{}") + 1
        # Backwards over a brace that belongs to the expression, as in f({1}, co_await g()).
        depth, end = 0, found.end()
        while end < len(text):
            char = text[end]
            if char in "({[":
                depth += 1
            elif char in ")}]":
                depth -= 1
                if depth < 0 and char == "}":
                    break
            elif char == ";" and depth <= 0:
                break
            end += 1
            if depth < 0 and text[end:].lstrip().startswith("{"):
                break  # the head of an if: what follows is its body
        yield text.count("\n", 0, found.start()) + 1, text[start:end]


def faults(text):
    """What is wrong with the coroutines of a C++ file, as (line, reason)."""
    found = []
    for line, statement in statements(code(text)):
        head = statement.strip()
        if re.match(r"(while|switch|for)\b", head) and "co_await" in head:
            found.append((line, "co_await in the head of a while, for or switch"))
        if "{" in statement:
            found.append((line, "braces in a statement with co_await"))
        if "?" in statement:
            found.append((line, "?: in a statement with co_await"))
        if re.search(r"(?<![\w\])])\[[^\]]*\]\s*(\(|\{|mutable)", statement):
            found.append((line, "a lambda in a statement with co_await"))
    return found


class Coroutines(unittest.TestCase):
    def test_statements_with_co_await_are_plain(self):
        wrong = [f"{path}:{line}: {reason}" for path in files(".cc", ".h") for line, reason in faults(read(path))]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_the_rule_finds_what_g_plus_plus_miscompiles(self):
        for bad in ("auto x = co_await f(Head{1, 2});", "co_await f({a, b});", "co_await (a ? f() : g());",
                    "co_await f([&] { return 1; });", "while (co_await f()) { g(); }", "switch (co_await f()) { case 1: g(); }",
                    "co_await f([=](int a) { return a; });", "for (;;) { if (x) co_await f(A{}); }"):
            self.assertTrue(faults("task f() { int a; " + bad + " }"), bad)

    def test_the_rule_leaves_plain_statements_alone(self):
        for good in ("auto x = co_await f(a, b[1]);", "if (!co_await f(x)) { g(); }", "co_return co_await f(std::move(a));",
                     "if (auto x = co_await f(a); !x) { return; }", "for (auto& a : list) { co_await f(a); }",
                     'co_await f("a ? b { c");', "auto [a, b] = co_await f(x);", "while (true) { co_await f(); }"):
            self.assertEqual(faults("task f() { int a; " + good + " }"), [], good)


if __name__ == "__main__":
    unittest.main()
