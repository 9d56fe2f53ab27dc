"""Nothing that happens to a refusing text on its way makes it permit more."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.consent.purposes import ALL_PURPOSES, Preference, Purpose, stricter
from models.consent.statements import Condition
from models.consent.web.ai_txt import read_ai_rules, read_ai_txt
from models.consent.web.aipref import read_aipref, read_content_usage
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.content_signals import read_content_signal, read_content_signals
from models.consent.web.robots_groups import Field
from models.consent.web.robots_readings import Reading
from models.consent.web.robots_tags import directives_in, read_robots_tags
from models.consent.web.robots_txt import read_robots, read_robots_txt
from models.consent.web.robots_usage import read_usage_lines
from models.fetching.fetched import Failure

IMAGE = "https://art.example/img/fox.jpg"
QUICK = settings(max_examples=80, deadline=None)

Preferences = dict[Purpose, Preference]


def usage(body: bytes) -> Reading:
    return read_usage_lines(
        body, IMAGE, Field.CONTENT_USAGE, lambda value: read_content_usage([value])
    )


def signal(body: bytes) -> Reading:
    return read_usage_lines(
        body, IMAGE, Field.CONTENT_SIGNAL, lambda value: read_content_signal([value])
    )


def robots(body: bytes) -> Reading:
    return read_robots(body, IMAGE)


def ai_rules(body: bytes) -> Reading:
    return read_ai_rules(body, IMAGE)


FILES: dict[str, tuple[Callable[[bytes], Reading], list[str]]] = {
    "robots-txt": (robots, ["User-agent: GPTBot", "Disallow: /img/"]),
    "robots-txt with others": (
        robots,
        [
            *("User-agent: *", "Allow: /", "", "User-agent: CCBot", "User-agent: ClaudeBot"),
            *("Disallow: /img", "Allow: /img/public/"),
        ],
    ),
    "ai-txt": (ai_rules, ["User-Agent: *", "Disallow: *.jpg", "Allow: *.txt"]),
    "aipref": (usage, ["User-agent: *", "Allow: /", "Content-Usage: /img/ train-ai=n, ai-use=n"]),
    "content-signal": (signal, ["User-agent: *", "Content-Signal: search=yes, ai-train=no"]),
}
NOISE = st.one_of(
    st.sampled_from(
        [
            *("", " ", "\t", "# a comment", "#Allow: /", "Crawl-delay: 10", "Sitemap: /map.xml"),
            *("Host: art.example", "Noindex: /x", "nonsense", "Clean-param: a /b", "x", ":", "::"),
            *("Request-rate: 1/5", "Visit-time: 0100-0200", "ai: hello", "\u200b", "é: è"),
        ]
    ),
    st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=20).map("#".__add__),
)


def not_less_strict(before: Preferences, after: Preferences) -> bool:
    unknown = Preference.UNKNOWN
    return all(
        stricter(before.get(p, unknown), after.get(p, unknown)) is after.get(p, unknown)
        for p in ALL_PURPOSES
    )


def change_case(text: str, choices: list[bool]) -> str:
    return "".join(
        char.swapcase() if choices[i % len(choices)] else char for i, char in enumerate(text)
    )


@QUICK
@given(st.sampled_from(sorted(FILES)), st.data())
def test_noise_in_a_file_never_makes_it_less_strict(name: str, data: st.DataObject) -> None:
    read, lines = FILES[name]
    before = read("\n".join(lines).encode())
    assert before.preferences
    noisy = list(lines)
    for _ in range(data.draw(st.integers(1, 6))):
        noisy.insert(data.draw(st.integers(0, len(noisy))), data.draw(NOISE))
    if data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(noisy) - 1))
        noisy.insert(place, noisy[place])
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    mark = data.draw(st.sampled_from(["", "\ufeff", "\ufeff\ufeff"]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32"]))
    after = read((mark + end.join(noisy) + end).encode(encoding))
    assert not_less_strict(before.preferences, after.preferences)


@QUICK
@given(st.sampled_from(sorted(FILES)), st.lists(st.booleans(), min_size=1, max_size=9))
def test_case_of_names_and_agents_does_not_matter(name: str, choices: list[bool]) -> None:
    read, lines = FILES[name]
    changed = []
    for line in lines:
        head, colon, tail = line.partition(":")
        agent = head.casefold() == "user-agent"
        changed.append(change_case(head, choices) + colon + (tail.swapcase() if agent else tail))
    before, after = (read("\n".join(text).encode()) for text in (lines, changed))
    assert not_less_strict(before.preferences, after.preferences)


@QUICK
@given(st.sampled_from(sorted(FILES)), st.permutations(range(3)), st.data())
def test_the_order_of_groups_does_not_matter(
    name: str, order: list[int], data: st.DataObject
) -> None:
    read, lines = FILES[name]
    others = [
        ["User-agent: Googlebot", "Allow: /", "Disallow: /private/"],
        ["User-agent: Bingbot", "Crawl-delay: 5", "Disallow:"],
    ]
    groups = [lines, *others]
    text = "\n\n".join("\n".join(groups[i]) for i in order)
    before = read("\n".join(lines).encode())
    assert not_less_strict(before.preferences, read(text.encode()).preferences)


@QUICK
@given(st.sampled_from(sorted(FILES)), st.text(max_size=60), st.data())
def test_a_cut_behind_the_refusal_loses_nothing(name: str, tail: str, data: st.DataObject) -> None:
    read, lines = FILES[name]
    # What follows is behind a line end of its own and is no rule that permits.
    rest = tail.replace(":", " ").replace("：", " ")
    whole = ("\n".join(lines) + "\n# " + rest).encode("utf-8", "replace")
    kept = len("\n".join(lines).encode())
    cut = data.draw(st.integers(kept, len(whole)))
    before = read(whole[:kept])
    assert not_less_strict(before.preferences, read(whole[:cut]).preferences)


VALUES: dict[str, tuple[Callable[[list[str]], Preferences], str]] = {
    "aipref": (lambda values: read_content_usage(values).preferences, "train-ai=n"),
    "content-signal": (lambda values: read_content_signal(values).preferences, "ai-train=no"),
    "robots-tag": (
        lambda values: (
            {Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED}
            if any(d.refuses for d in directives_in(values))
            else {}
        ),
        "noai",
    ),
}
OTHER_MEMBERS = st.sampled_from(
    [
        *("search=y", "search=yes", "noindex", "x=1", "unknown", "a;b=c", "unavailable_after: 1"),
        *("max-snippet:-1", "train-ai=y", "ai-train=yes", "all", "ai-use=y", '"quoted, text"', ""),
    ]
)


@QUICK
@given(
    st.sampled_from(sorted(VALUES)),
    st.lists(OTHER_MEMBERS, max_size=4),
    st.lists(OTHER_MEMBERS, max_size=4),
    st.sampled_from([", ", ",", " , ", ";", "; "]),
    st.booleans(),
    st.booleans(),
)
def test_a_refusal_survives_whatever_stands_around_it_in_a_header(
    name: str, first: list[str], last: list[str], joint: str, upper: bool, apart: bool
) -> None:
    read, refusal = VALUES[name]
    own = refusal.upper() if upper else refusal
    members = [*first, own, *last]
    after = read(members if apart else [joint.join(members)])
    assert not_less_strict(read([refusal]), after)


READERS = (read_robots_tags, read_robots_txt, read_ai_txt, read_aipref, read_content_signals)
GRAMMAR = st.lists(
    st.sampled_from(
        [
            *("User-agent", "Disallow", "Allow", "Content-Usage", "Content-Signal", ":", " ", "\n"),
            *("\r", "*", "/", "$", "GPTBot", "train-ai", "=", "n", "y", "no", "yes", ",", ";", "#"),
            *("ai-train", "%", "%ff", "[", "]", "\0", "\ufeff", "?1", '"', "(", ")", "@9999999999"),
            *("noai", "http://", "\\n", "\u2028", "<html>", "<!--", "{", "@", "%d800", "1e9"),
        ]
    ),
    max_size=40,
).map("".join)


@QUICK
@given(st.one_of(st.binary(max_size=200), GRAMMAR.map(lambda text: text.encode())), st.text())
def test_no_bytes_make_a_reader_raise_and_none_prove_anything(body: bytes, text: str) -> None:
    header = body.decode("latin-1")
    names = ("X-Robots-Tag", "Content-Usage", "Content-Signal")
    lines = tuple((name, value) for name in names for value in (header, text))
    captures = (
        Capture(IMAGE, 200, lines),
        Capture("https://art.example/robots.txt", 200, body=body),
        Capture("https://art.example/ai.txt", 200, body=body),
    )
    for evidence in (
        WebEvidence(IMAGE, "https://art.example/page", captures),
        WebEvidence(text, header, captures),
    ):
        for read in READERS:
            for statement in read(evidence):
                assert statement.trust.levels == "L0"
                assert statement.from_dict(statement.as_dict()) == statement
                if statement.condition is not Condition.SOUND:
                    assert Preference.ALLOWED not in statement.preferences.values()


@QUICK
@given(
    st.sampled_from([failure for failure in Failure if failure is not Failure.ABSENT]),
    st.one_of(st.none(), st.just(b""), st.just(b"User-agent: *\nContent-Usage: train-ai=y")),
)
def test_a_failure_is_never_silence_and_never_a_permission(
    failure: Failure, body: bytes | None
) -> None:
    captures = tuple(
        Capture(url, body=body, failure=failure)
        for url in (IMAGE, "https://art.example/robots.txt", "https://art.example/ai.txt")
    )
    for read in READERS:
        found = read(WebEvidence(IMAGE, captures=captures))
        assert found
        assert all(s.condition is Condition.UNDETERMINED for s in found)
        assert all(Preference.ALLOWED not in s.preferences.values() for s in found)


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "piece",
    [
        *("a", ":", ",", "\n", "a=", "train-ai=n,", "<", "(", "no ", "x: y\n", "ai-train "),
        *("User-agent: GPTBot\nDisallow: /*a*b$\n", "/*", "é", "googlebot: "),
    ],
)
def test_a_megabyte_of_anything_is_read_in_seconds(piece: str) -> None:
    text = piece * (MEGABYTE // len(piece))
    body = text.encode()
    started = time.monotonic()
    for read in (robots, ai_rules, usage, signal):
        read(body)
    for read_value, _ in VALUES.values():
        read_value([text])
    # Quadratic time would be minutes; a busy machine is allowed for.
    assert time.monotonic() - started < 20


def test_many_agents_times_many_rules_are_not_multiplied() -> None:
    agents = "".join(f"User-agent: bot{i}\n" for i in range(20_000))
    rules = "".join(f"Disallow: /{i}\nContent-Usage: /{i} train-ai=n\n" for i in range(8_000))
    started = time.monotonic()
    robots((agents + rules).encode())
    usage((agents + rules).encode())
    assert time.monotonic() - started < 20
