"""creel.toml, the environment and the flags, as the running program takes them."""
import unittest

from gateway import WAIT, Gateway, Webhook, run

FILE = '''[log]
format = "json"

[sources.first]
provider = "openai"
path = "/first"
secrets = ["${OPENAI_WEBHOOK_SECRET}", "${SECOND_SECRET:-}"]
tolerance = "10m"

[sources.second]
provider = "openai"
path = "/second"
secrets = ["whsec_c2Vjb25kIHNlY3JldCBmb3IgdGhlIHNlY29uZA=="]
max_body = "1KiB"
'''


class Configuration(unittest.TestCase):
    def test_sources_stand_at_their_paths_with_their_own_limits(self):
        with Gateway(toml=FILE) as creel:
            second = "whsec_c2Vjb25kIHNlY3JldCBmb3IgdGhlIHNlY29uZA=="
            self.assertEqual(creel.post(Webhook(), "/first").status, 200)
            self.assertEqual(creel.post(Webhook(age=550), "/first").status, 200)
            self.assertEqual(creel.post(Webhook(), "/second").status, 400)
            self.assertEqual(creel.post(Webhook(secret=second), "/second").status, 200)
            self.assertEqual(creel.post(Webhook(secret=second, age=550), "/second").status, 400)
            large = Webhook(secret=second, body='{"type":"' + "x" * 1100 + '"}')
            self.assertEqual(creel.post(large, "/second").status, 413)
            self.assertEqual(creel.post(Webhook(), "/webhooks/openai").status, 404)

    def test_either_of_two_secrets_is_accepted(self):
        other = "whsec_YW5vdGhlciBzZWNyZXQsIHRoZSBvbGQgb25lLi4="
        with Gateway(toml=FILE, env={"SECOND_SECRET": other}) as creel:
            self.assertEqual(creel.post(Webhook(), "/first").status, 200)
            self.assertEqual(creel.post(Webhook(secret=other), "/first").status, 200)

    def test_the_same_id_at_two_sources_is_two_events(self):
        with Gateway(toml=FILE) as creel:
            second = "whsec_c2Vjb25kIHNlY3JldCBmb3IgdGhlIHNlY29uZA=="
            self.assertEqual(creel.post(Webhook(id="wh_same"), "/first").body, b'{"received":true}')
            self.assertEqual(creel.post(Webhook(id="wh_same", secret=second), "/second").body, b'{"received":true}')

    def test_a_mistake_ends_with_78_and_says_where_it_is(self):
        for text, words in (('[server]\nlisten = "127.0.0.1:1"\nlissten = "x"\n', "creel.toml:3:1:"),
                            ("[server\n", "creel.toml:1:"),
                            ('[sources.a]\nprovider = "nobody"\npath = "/a"\nsecrets = []\n', "nobody"),
                            ('[store]\nretention = "1 fortnight"\n', "creel.toml:2:"),
                            ('[[routes]]\nfrom = ["openai"]\nto = ["nowhere"]\n', "nowhere")):
            with self.subTest(text), Gateway(toml=text, start=False) as creel:
                creel.start(wait=False)
                self.assertEqual(creel.process.wait(WAIT), 78)
                self.assertIn(words, creel.log())

    def test_check_config_shows_what_counts_without_the_secret(self):
        with Gateway(toml=FILE, start=False) as creel:
            checked = run("check-config", env=creel.environment(), cwd=creel.folder)
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertIn("/second", checked.stdout)
            self.assertNotIn("c2Vjb25k", checked.stdout + checked.stderr)

    def test_config_show_hides_what_destinations_are_told_in_confidence(self):
        ways = ('basic = "me:s3cret"', 'bearer = "s3cret"', 'header = "X-Key", value = "s3cret"', 'hmac = { secret = "s3cret" }',
                'oauth2 = { token_url = "https://x.example/", client_id = "me", client_secret = "s3cret" }')
        text = "".join(f'[destinations.d{number}]\nurl = "https://x.example/"\nauth = {{ {way} }}\n' for number, way in enumerate(ways))
        text += ('[destinations.proxied]\nurl = "https://x.example/"\nproxy = "http://me:s3cret@proxy.example:1"\n'
                 'headers = { X-Auth-Token = "s3cret", X-Team = "blue" }\nrate = { rate = "5/m", burst = 2 }\n'
                 '[destinations.program]\nexec = ["/bin/cat"]\nenvironment = { TOKEN = "s3cret" }\norder_by = "data.id"\n'
                 '[destinations.out]\nstdout = true\nbreaker = {}\nretry = { delays = ["5s"], age = "1d" }\n')
        with Gateway(toml=text, start=False) as creel:
            for command in (("config", "show"), ("check-config",), ("check-config", "--format", "json")):
                shown = run(*command, env=creel.environment(), cwd=creel.folder)
                self.assertEqual(shown.returncode, 0, shown.stderr)
                self.assertNotIn("s3cret", shown.stdout + shown.stderr)
                for word in ("me:***", "blue", "proxy.example", "/bin/cat", "data.id", "probe_after", "burst", "5s"):
                    self.assertIn(word, shown.stdout)

    def test_check_config_refuses_a_retention_shorter_than_the_dedupe_window(self):
        with Gateway(toml='[store]\nretention = "1d"\n' + FILE, start=False) as creel:
            checked = run("check-config", env=creel.environment(), cwd=creel.folder)
            self.assertEqual(checked.returncode, 78)
            self.assertIn("dedupe", checked.stdout + checked.stderr)

    def test_a_secret_from_a_file_is_read(self):
        with Gateway(start=False, secret=None) as creel:
            with open(creel.path("secret"), "w", encoding="ascii") as file:
                file.write("whsec_c2Vjb25kIHNlY3JldCBmb3IgdGhlIHNlY29uZA==\n")
            with open(creel.path("creel.toml"), "w", encoding="ascii") as file:
                file.write('[sources.a]\nprovider = "openai"\npath = "/a"\nsecrets = ["${file:' + creel.path("secret") + '}"]\n')
            creel.start()
            webhook = Webhook(secret="whsec_c2Vjb25kIHNlY3JldCBmb3IgdGhlIHNlY29uZA==")
            self.assertEqual(creel.post(webhook, "/a").status, 200)


if __name__ == "__main__":
    unittest.main()
