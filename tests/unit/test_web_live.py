"""Asking the web: real servers on this machine, asked through the real fetcher."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from models.consent.evidence.observation import Observation, Outcome
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition
from models.consent.subjects import SubjectKind
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.live import gather_web, observe_web, write_evidence
from models.consent.web.site_files import SiteFiles
from models.fetching.addresses import AddressRules
from models.fetching.fetched import Failure
from models.fetching.fetcher import Fetcher, FetchLimits

NOW = 1_780_000_000
LICENCE = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    b'<prohibits type="usage">all</prohibits></license></content></rsl>'
)


@dataclass
class Answer:
    """What a server answers at one path."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Site:
    """A web server on this machine: everything that is not set up is 404."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    origin: str = ""

    def put(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        self.answers[path] = Answer(body, status, lines)
        return self.origin + path


@pytest.fixture
def sites() -> Iterator[tuple[Site, Site]]:
    pair = (Site(), Site())
    servers = []
    for site in pair:

        class Handler(BaseHTTPRequestHandler):
            here = site

            def do_GET(self) -> None:
                self.here.asked.append(self.path)
                answer = self.here.answers.get(self.path, Answer(b"nothing", 404))
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        site.origin = f"http://127.0.0.1:{server.server_port}"
        servers.append(server)
    yield pair
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def site(sites: tuple[Site, Site]) -> Site:
    sites[0].put("/a.png", b"\x89PNG", Content_Type="image/png")
    return sites[0]


FETCHER = Fetcher(
    FetchLimits(connect_seconds=2, read_seconds=1, total_seconds=3),
    AddressRules(allow_private=("127.0.0.0/8",)),
    now=lambda: NOW,
)


def gather(asset: str, page: str = "", known: SiteFiles | None = None) -> WebEvidence:
    return gather_web(asset, page, FETCHER.exchange, lambda: NOW, known or SiteFiles())


def look(asset: str, page: str = "") -> Observation:
    return observe_web(gather(asset, page), NOW)


def refuses(observation: Observation) -> bool:
    return any(
        said.statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED
        for said in observation.said
    )


def test_where_nobody_says_anything_the_answer_is_absent(site: Site) -> None:
    observation = look(site.origin + "/a.png")
    assert (observation.outcome, observation.said) == (Outcome.ABSENT, ())
    assert observation.source == f"web:{site.origin}/a.png"
    assert observation.valid_until == NOW + 86_400


def test_a_header_of_the_image_refuses(site: Site) -> None:
    asset = site.put("/b.png", X_Robots_Tag="NoAI")
    observation = look(asset)
    assert refuses(observation)
    assert observation.outcome is Outcome.READ
    assert {(s.subject.kind, s.subject.value) for s in observation.said} == {
        (SubjectKind.URL, asset)
    }
    assert all(said.statement.observed_at == NOW for said in observation.said)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ai.txt", b"User-Agent: *\nDisallow: /\n"),
        ("/robots.txt", b"User-agent: *\nContent-Usage: train-ai=n\n"),
        ("/robots.txt", b"User-agent: *\nContent-Signal: ai-train=no\n"),
        ("/.well-known/tdmrep.json", b'[{"location": "/*", "tdm-reservation": 1}]'),
    ],
)
def test_a_file_of_the_site_refuses(site: Site, path: str, body: bytes) -> None:
    site.put(path, body, Content_Type="text/plain")
    assert refuses(look(site.origin + "/a.png"))


def test_the_page_refuses(site: Site) -> None:
    page = site.put("/p", b"<meta name=robots content=noai>", Content_Type="text/html")
    assert refuses(look(site.origin + "/a.png", page))


def test_the_site_of_a_page_elsewhere_refuses(sites: tuple[Site, Site], site: Site) -> None:
    page = sites[1].put("/p", b"<p>", Content_Type="text/html")
    sites[1].put("/ai.txt", b"User-Agent: *\nDisallow: /\n")
    assert refuses(look(site.origin + "/a.png", page))


def test_a_licence_that_robots_txt_points_at_is_fetched(site: Site) -> None:
    site.put("/robots.txt", b"License: /l.xml\n")
    site.put("/l.xml", LICENCE, Content_Type="application/rsl+xml")
    assert refuses(look(site.origin + "/a.png"))
    assert "/l.xml" in site.asked


def test_a_policy_that_a_reservation_points_at_is_fetched(site: Site) -> None:
    asset = site.put("/b.png", TDM_Reservation="1", TDM_Policy="/policy.json")
    site.put("/policy.json", b"{}", Content_Type="application/json")
    look(asset)
    assert "/policy.json" in site.asked


def test_pointers_without_end_are_not_followed_and_not_forgotten(site: Site) -> None:
    site.put("/robots.txt", b"".join(b"License: /%d.xml\n" % i for i in range(30)))
    observation = look(site.origin + "/a.png")
    assert sum(path.endswith(".xml") for path in site.asked) <= 16
    assert observation.outcome is Outcome.UNDETERMINED


def test_both_ends_of_a_redirect_are_heard(sites: tuple[Site, Site], site: Site) -> None:
    first = sites[1].put("/i", status=302, Location=f"{site.origin}/a.png")
    assert look(first).outcome is Outcome.ABSENT
    sites[1].put("/ai.txt", b"User-Agent: *\nDisallow: /\n")
    assert refuses(look(first))
    del sites[1].answers["/ai.txt"]
    site.put("/ai.txt", b"User-Agent: *\nDisallow: /\n")
    assert refuses(look(first))


def test_a_header_of_a_redirect_refuses(sites: tuple[Site, Site], site: Site) -> None:
    first = sites[1].put("/i", status=301, Location=f"{site.origin}/a.png", X_Robots_Tag="noai")
    assert refuses(look(first))


def test_a_file_behind_a_redirect_is_the_sites_file(sites: tuple[Site, Site], site: Site) -> None:
    target = sites[1].put("/elsewhere.txt", b"User-Agent: *\nDisallow: /\n")
    site.put("/ai.txt", status=301, Location=target)
    observation = look(site.origin + "/a.png")
    assert refuses(observation)
    assert observation.outcome is Outcome.READ


@pytest.mark.parametrize("path", ["/robots.txt", "/ai.txt", "/.well-known/tdmrep.json", "/p"])
@pytest.mark.parametrize("status", [403, 500, 503])
def test_what_fails_is_not_taken_for_silence(site: Site, path: str, status: int) -> None:
    site.put(path, b"", status)
    observation = look(site.origin + "/a.png", site.origin + "/p")
    assert observation.outcome is Outcome.UNDETERMINED
    assert any(s.statement.condition is Condition.UNDETERMINED for s in observation.said)
    assert path in observation.note


def test_a_refusal_stands_where_something_else_failed(site: Site) -> None:
    asset = site.put("/b.png", X_Robots_Tag="noai")
    site.put("/ai.txt", b"", 500)
    observation = look(asset)
    assert observation.outcome is Outcome.UNDETERMINED
    assert refuses(observation)


def test_a_server_that_is_gone_is_undetermined() -> None:
    observation = look("http://127.0.0.1:9/a.png")
    assert observation.outcome is Outcome.UNDETERMINED
    assert any(s.statement.condition is Condition.UNDETERMINED for s in observation.said)


def test_a_refusal_in_the_beginning_of_an_endless_page_counts(site: Site) -> None:
    page = site.put("/p", b"<meta name=robots content=noai>" + b" " * 3_000_000)
    observation = look(site.origin + "/a.png", page)
    assert refuses(observation)
    assert observation.outcome is Outcome.UNDETERMINED


def test_a_page_without_an_address_is_a_failure(site: Site) -> None:
    observation = look(site.origin + "/a.png", "no address")
    assert observation.outcome is Outcome.UNDETERMINED


def test_an_image_without_an_address_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError):
        gather("data:image/png;base64,AAAA")


def test_a_sites_files_are_asked_for_once(site: Site) -> None:
    known = SiteFiles()
    for number in range(4):
        gather(site.put(f"/{number}.png"), "", known)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: gather(f"{site.origin}/{n}.png", "", known), range(4)))
    assert site.asked.count("/robots.txt") == 1
    assert site.asked.count("/1.png") == 2


def test_two_threads_that_want_one_file_ask_once() -> None:
    calls: list[str] = []
    barrier = threading.Barrier(8)

    def ask(url: str) -> tuple[Capture, ...]:
        calls.append(url)
        time.sleep(0.05)
        return (Capture(url),)

    known = SiteFiles()

    def want(_: int) -> tuple[Capture, ...]:
        barrier.wait()
        return known.get("u", NOW, ask)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(want, range(8))) == {(Capture("u"),)}
    assert calls == ["u"]


def test_what_is_old_is_asked_for_again_and_a_failure_sooner() -> None:
    calls: list[str] = []

    def ask(url: str) -> tuple[Capture, ...]:
        calls.append(url)
        return (Capture(url, failure=Failure.TIMEOUT if url == "bad" else None),)

    known = SiteFiles(max_age_seconds=100, max_failed_seconds=10)
    for now in (0, 9, 50, 99, 101):
        known.get("good", now, ask)
        known.get("bad", now, ask)
    assert (calls.count("good"), calls.count("bad")) == (2, 3)


def test_memory_for_files_is_bounded() -> None:
    calls: list[str] = []

    def ask(url: str) -> tuple[Capture, ...]:
        calls.append(url)
        return (Capture(url, body=bytes(1000)),)

    known = SiteFiles(max_bytes=10_000)
    for number in range(100):
        known.get(str(number), NOW, ask)
    known.get("0", NOW, ask)
    known.get("0", NOW, ask)
    assert calls.count("0") == 2


def test_what_raises_is_not_remembered() -> None:
    known = SiteFiles()

    def fail(_: str) -> tuple[Capture, ...]:
        raise OSError("no")

    with pytest.raises(OSError):
        known.get("u", NOW, fail)
    assert known.get("u", NOW, lambda u: (Capture(u),)) == (Capture("u"),)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), 86_400),
        ((("Cache-Control", "public, max-age=7200"),), 7_200),
        ((("Cache-Control", "s-maxage=9000, max-age=7200"),), 7_200),
        ((("Cache-Control", "max-age=5"),), 3_600),
        ((("Cache-Control", "max-age=999999999"),), 86_400),
        ((("Expires", "0"),), 3_600),
        (
            (
                ("Date", "Thu, 28 May 2026 20:26:40 GMT"),
                ("Expires", "Thu, 28 May 2026 22:26:40 GMT"),
            ),
            7_200,
        ),
    ],
)
def test_caching_headers_shorten_the_validity(
    headers: tuple[tuple[str, str], ...], seconds: int
) -> None:
    url = "https://a.example/a.png"
    evidence = WebEvidence(url, captures=(Capture(url, 200, headers, captured_at=NOW),))
    assert observe_web(evidence, NOW).valid_until == NOW + seconds


def test_evidence_is_kept_with_its_bytes() -> None:
    url = "https://a.example/a.png"
    captures = (Capture(url, 200, (("a", "b"),), b"text"), Capture(url, body=b"\xff\x00" * 200_000))
    evidence = WebEvidence(url, captures=captures)
    kept = json.loads(write_evidence(evidence))
    assert kept["captures"][0]["body"] == "text"
    assert "body_base64" in kept["captures"][1]
    assert len(write_evidence(evidence)) < 400_000
    assert write_evidence(evidence) == write_evidence(replace(evidence))
