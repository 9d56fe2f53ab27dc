"""robots.txt: groups for agents that gather for AI, and nothing else, speak of consent."""

import pytest

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement, Trust
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.robots_agents import Role, addressees_in
from models.consent.web.robots_groups import parse_groups
from models.consent.web.robots_readings import Reading
from models.consent.web.robots_txt import disallowed_agents, read_robots, read_robots_txt
from models.fetching.fetched import Failure

IMAGE = "https://art.example/img/fox.jpg"
PAGE = "https://art.example/gallery/fox"
ROBOTS = "https://art.example/robots.txt"
TRAINING = {
    Purpose.NON_GENERATIVE_TRAINING: Preference.NOT_ALLOWED,
    Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED,
}
GPTBOT = b"User-agent: GPTBot\nDisallow: /\n"


def read(body: bytes | str, url: str = IMAGE) -> Reading:
    return read_robots(body.encode() if isinstance(body, str) else body, url)


def refuses(body: bytes | str, url: str = IMAGE) -> bool:
    return read(body, url).preferences == TRAINING


def statements(*captures: Capture, page: str = "") -> list[Statement]:
    return read_robots_txt(WebEvidence(IMAGE, page, captures))


@pytest.mark.parametrize(
    "agent",
    [
        *("GPTBot", "CCBot", "Google-Extended", "Applebot-Extended", "anthropic-ai", "ClaudeBot"),
        *("Bytespider", "meta-externalagent", "img2dataset", "gptbot", "GPTBOT", "GPTBot/1.2"),
        *("Kangaroo Bot", "GPTBot*", "Claude*", "some-new-ai", "no-ai-training", "GPTBot, CCBot"),
        "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    ],
)
def test_keeping_a_training_agent_out_refuses_training(agent: str) -> None:
    assert refuses(f"User-agent: {agent}\nDisallow: /")


def test_a_statement_names_its_source_time_and_evidence() -> None:
    [statement] = statements(Capture(ROBOTS, 200, body=GPTBOT, captured_at=7))
    assert statement.carrier == "robots-txt"
    assert statement.source == ROBOTS
    assert statement.observed_at == 7
    assert statement.trust == Trust()
    assert statement.preferences == TRAINING
    assert statement.notes == ("training agents may not fetch this: GPTBot",)
    assert len(statement.evidence_sha256) == 64


def test_keeping_an_assistant_out_refuses_inference() -> None:
    reading = read("User-agent: ChatGPT-User\nUser-agent: PerplexityBot\nDisallow: /")
    assert reading.preferences == {Purpose.INFERENCE: Preference.NOT_ALLOWED}


@pytest.mark.parametrize("agent", ["*", "Googlebot", "bingbot", "somebody", "ia_archiver"])
def test_keeping_other_agents_out_says_nothing_about_ai(agent: str) -> None:
    assert read(f"User-agent: {agent}\nDisallow: /").preferences == {}


def test_a_gate_for_everyone_is_noted() -> None:
    [statement] = statements(Capture(ROBOTS, 200, body=b"User-agent: *\nDisallow: /"))
    assert statement.preferences == {}
    assert "says nothing about AI" in statement.notes[0]


@pytest.mark.parametrize(
    "body",
    [
        *("", "\n", "# User-agent: GPTBot\n# Disallow: /", "User-agent: GPTBot\nAllow: /"),
        *("User-agent: GPTBot\nDisallow:", "User-agent: GPTBot\nDisallow: /other/"),
        *("User-agent: GPTBot", "Disallow: /", "Sitemap: https://art.example/map.xml"),
    ],
)
def test_where_nothing_is_disallowed_there_is_no_statement(body: str) -> None:
    assert statements(Capture(ROBOTS, 200, body=body.encode())) == []


def test_allow_never_grants() -> None:
    body = "User-agent: GPTBot\nAllow: /\nUser-agent: *\nAllow: /"
    assert read(body) == Reading()


# Google's documented rules ("How Google interprets the robots.txt specification").


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/", "/any", True),
        ("/fish", "/fish", True),
        ("/fish", "/fish.html", True),
        ("/fish", "/fishheads/yummy.html", True),
        ("/fish", "/Fish.asp", False),
        ("/fish", "/catfish", False),
        ("/fish", "/?id=fish", False),
        ("/fish*", "/fish/salmon.html", True),
        ("/fish/", "/fish/?id=anything", True),
        ("/fish/", "/fish", False),
        ("/*.php", "/folder/filename.php?parameters", True),
        ("/*.php", "/windows.PHP", False),
        ("/*.php$", "/folder/filename.php", True),
        ("/*.php$", "/filename.php?parameters", False),
        ("/*.php$", "/filename.php/", False),
        ("/fish*.php", "/fishheads/catfish.php?parameters", True),
        ("/fish*.php", "/Fish.PHP", False),
        ("/caf%C3%A9", "/café", True),
        ("/café", "/caf%c3%a9/menu", True),
        ("/a%3cd.html", "/a%3Cd.html", True),
        ("/a?b", "/a?b=1", True),
    ],
)
def test_paths_match_as_google_documents_it(pattern: str, path: str, matches: bool) -> None:
    body = f"User-agent: GPTBot\nDisallow: {pattern}"
    assert refuses(body, f"https://art.example{path}") is matches


@pytest.mark.parametrize(
    ("allow", "disallow", "path", "kept_out"),
    [
        ("/p", "/", "/page", False),
        ("/folder", "/folder/sub", "/folder/sub/x", True),
        ("/page", "/*.htm", "/page.htm", True),
        ("/$", "/", "/", False),
        ("/$", "/", "/page.htm", True),
    ],
)
def test_the_longest_pattern_decides(allow: str, disallow: str, path: str, kept_out: bool) -> None:
    body = f"User-agent: GPTBot\nAllow: {allow}\nDisallow: {disallow}"
    assert refuses(body, f"https://art.example{path}") is kept_out


def test_of_equally_long_patterns_the_refusal_is_believed() -> None:
    # RFC 9309 lets the Allow win, for crawling. This is not about crawling.
    assert refuses("User-agent: GPTBot\nAllow: /img\nDisallow: /img")
    assert refuses(
        "User-agent: GPTBot\nAllow: /page\nDisallow: /*.ph", "https://a.example/page.php"
    )


def test_a_managed_refusal_survives_the_sites_own_permission() -> None:
    assert refuses(GPTBOT + b"User-agent: GPTBot\nAllow: /\n")


# RFC 9309.


def test_the_groups_of_the_rfcs_example_are_told_apart() -> None:
    # RFC 9309, section 5.1.
    file = parse_groups(
        "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n"
        "User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n"
        "User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\n"
        "User-Agent: quxbot\n"
    )
    assert disallowed_agents(file, "https://a.example/example/page.html") == {
        "*": Role.EVERYONE,
        "barbot": Role.UNKNOWN,
        "bazbot": Role.UNKNOWN,
    }
    assert set(disallowed_agents(file, "https://a.example/other")) == {"foobot"}


def test_the_rfcs_example_of_the_longest_match_holds() -> None:
    # RFC 9309, section 5.2.
    body = "User-Agent: GPTBot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n"
    assert refuses(body, "https://a.example/example/page/disallowed.gif")
    assert not refuses(body, "https://a.example/example/page/allowed.gif")


def test_groups_for_one_agent_count_together() -> None:
    body = "User-agent: GPTBot\nDisallow: /a\n\nUser-agent: x\nDisallow:\n\nUser-agent: gptbot\n"
    assert refuses(body + "Disallow: /img")


def test_consecutive_agents_share_rules_past_blank_and_unknown_lines() -> None:
    body = (
        "User-agent: GPTBot\n\n# note\nCrawl-delay: 5\nSitemap: x\nUser-agent: other\nDisallow: /"
    )
    assert refuses(body)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n", "\u2028", "\x0b", "\\n", " "])
def test_every_line_end_is_understood(end: str) -> None:
    assert refuses(f"User-agent: GPTBot{end}Disallow: /{end}")


def test_an_odd_line_end_inside_a_comment_ends_nothing() -> None:
    body = "User-agent: GPTBot\nDisallow: /\n# note\u2028Allow: /img/fox.jpg"
    assert refuses(body)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"]
)
def test_every_encoding_is_understood(encoding: str) -> None:
    assert refuses("# café\nUser-agent: GPTBot\nDisallow: /".encode(encoding))


def test_a_false_byte_order_mark_hides_nothing() -> None:
    assert refuses(b"\xff\xfe" + GPTBOT)


def test_nul_characters_hide_nothing() -> None:
    assert refuses(b"User-\0agent: GPT\0Bot\nDisallow\0: /\0")


def test_a_path_in_an_old_encoding_matches_its_escape() -> None:
    body = "User-agent: GPTBot\nDisallow: /café/".encode("latin-1")
    assert refuses(body, "https://art.example/caf%E9/fox.jpg")


@pytest.mark.parametrize(
    "line",
    [
        *("disallow:/", "DISALLOW : /", "\tDisallow:\t/", "Disallow: / # all", "Disallow /"),
        *("Dissallow: /", "Disalow: /", "Disallow：/", "Dis-allow: /", "- Disallow: /"),
        *("Disallow: *", "Disallow: img", "Disallow: .jpg", "Disallow: https://art.example/img/"),
        *("Disallow: /a /img/", "Disallow=/", "Disallow/", "Disallow: ／img"),
        *('Disallow: "/"', "Disallow: %2Fimg/", "Disallow: \\/img"),
    ],
)
def test_a_badly_typed_disallow_still_refuses(line: str) -> None:
    assert refuses(f"User-agent: GPTBot\n{line}\n")


@pytest.mark.parametrize(
    "line", ["user agent: GPTBot", "UserAgent:GPTBot", "User-agent GPTBot", "USER-AGENT : GPTBot"]
)
def test_a_badly_typed_user_agent_still_names_its_agent(line: str) -> None:
    assert refuses(f"{line}\nDisallow: /")


@pytest.mark.parametrize("line", ["Allowed: /img", "Allow /img", "Al-low: /img", "Allow: img"])
def test_a_badly_typed_allow_permits_nothing(line: str) -> None:
    assert refuses(f"User-agent: GPTBot\nDisallow: /\n{line}\n")


def test_what_lies_beyond_500_kibibytes_is_read_and_noted() -> None:
    body = b"# padding\n" * 60_000 + GPTBOT
    reading = read(body)
    assert reading.preferences == TRAINING
    assert reading.condition is Condition.SOUND
    assert any("500 KiB" in note for note in reading.notes)


def test_a_file_that_is_not_read_to_its_end_is_undetermined() -> None:
    reading = read(GPTBOT + b"# padding\n" * 300_000)
    assert reading.preferences == TRAINING
    assert reading.condition is Condition.UNDETERMINED


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><body>Not found</body></html>",
        b"\xef\xbb\xbf\n <html lang=en>",
        b"<!-- x --><head></head>",
        b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>',
    ],
)
def test_a_web_page_in_its_place_is_no_robots_txt(body: bytes) -> None:
    [statement] = statements(Capture(ROBOTS, 200, body=body))
    assert statement.preferences == {}
    assert statement.condition is Condition.SOUND
    assert "web page" in statement.notes[0]


def test_a_refusal_inside_a_web_page_is_believed_as_malformed() -> None:
    reading = read(b"<html><body><pre>User-agent: GPTBot<br>Disallow: /</pre></body></html>")
    assert reading.preferences == TRAINING
    assert reading.condition is Condition.MALFORMED


@pytest.mark.parametrize("body", [b"\x1f\x8b\x08\0rubbish", b"\0" * 50, bytes(range(256)) * 9])
def test_what_is_not_text_is_malformed(body: bytes) -> None:
    [statement] = statements(Capture(ROBOTS, 200, body=body))
    assert statement.condition is Condition.MALFORMED


@pytest.mark.parametrize(
    "capture",
    [
        Capture(ROBOTS, failure=Failure.TIMEOUT),
        Capture(ROBOTS, failure=Failure.UNREACHABLE),
        Capture(ROBOTS, 503, failure=Failure.SERVER_ERROR),
        Capture(ROBOTS, 403, failure=Failure.DENIED),
        Capture(ROBOTS, 500),
        Capture(ROBOTS, 301),
        Capture(ROBOTS, 200),
    ],
)
def test_a_file_that_could_not_be_read_is_undetermined(capture: Capture) -> None:
    [statement] = statements(capture)
    assert statement.condition is Condition.UNDETERMINED
    assert statement.preferences == {}


def test_a_refusal_in_a_part_of_the_file_counts() -> None:
    [statement] = statements(Capture(ROBOTS, 200, body=GPTBOT, failure=Failure.TOO_LARGE))
    assert statement.condition is Condition.UNDETERMINED
    assert statement.preferences == TRAINING


@pytest.mark.parametrize(
    "captures",
    [
        (),
        (Capture(ROBOTS, 404, body=GPTBOT),),
        (Capture(ROBOTS, 410),),
        (Capture(ROBOTS, failure=Failure.ABSENT),),
        (Capture("https://other.example/robots.txt", 200, body=GPTBOT),),
        (Capture("https://art.example/sub/robots.txt", 200, body=GPTBOT),),
    ],
)
def test_an_absent_file_is_no_statement(captures: tuple[Capture, ...]) -> None:
    assert statements(*captures) == []


def test_the_page_has_a_say_through_its_own_path() -> None:
    body = b"User-agent: GPTBot\nDisallow: /gallery/"
    [statement] = statements(Capture(ROBOTS, 200, body=body), page=PAGE)
    assert statement.preferences == TRAINING
    assert PAGE in statement.source


def test_a_file_that_says_the_same_of_image_and_page_is_one_statement() -> None:
    assert len(statements(Capture(ROBOTS, 200, body=GPTBOT), page=PAGE)) == 1


def test_a_redirected_file_stands_where_it_was_asked_for() -> None:
    hop = Capture(ROBOTS, 301, (("location", "https://www.art.example/robots.txt"),))
    end = Capture("https://www.art.example/robots.txt", 200, body=GPTBOT)
    [statement] = statements(hop, end)
    assert statement.preferences == TRAINING
    assert statement.condition is Condition.SOUND


def test_every_capture_of_a_file_counts() -> None:
    now = Capture(ROBOTS, 200, body=b"User-agent: *\nAllow: /", captured_at=200)
    then = Capture(ROBOTS, 200, body=GPTBOT, captured_at=100)
    assert [s.observed_at for s in statements(now, then)] == [100]


@pytest.mark.parametrize("url", ["https://address-not-kept.invalid/", "https://[broken/x.jpg"])
def test_every_refusal_covers_an_address_that_is_not_known(url: str) -> None:
    assert refuses("User-agent: GPTBot\nDisallow: /deep/down/\nAllow: /", url)


def test_doubled_slashes_do_not_hide_a_path() -> None:
    assert refuses("User-agent: GPTBot\nDisallow: /img/", "https://art.example//img//fox.jpg")


@pytest.mark.parametrize("url", ["", "not a url", "https://a.example:port/x", "https://[::1/x"])
def test_an_address_without_an_origin_is_no_error(url: str) -> None:
    assert read_robots_txt(WebEvidence(url, url, (Capture(url, 200, body=GPTBOT),))) == []


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("*", Role.EVERYONE),
        ("kiyome", Role.OURSELVES),
        ("CCBot/2.0 (https://commoncrawl.org/faq/)", Role.TRAINING),
        ("Applebot", Role.SEARCH),
        ("Applebot-Extended", Role.TRAINING),
        ("OAI-SearchBot", Role.ASSISTANT),
        ("trainline-bot", Role.UNKNOWN),
        ("airbot", Role.UNKNOWN),
    ],
)
def test_agents_are_told_apart(value: str, role: Role) -> None:
    assert [addressee.role for addressee in addressees_in(value)] == [role]
