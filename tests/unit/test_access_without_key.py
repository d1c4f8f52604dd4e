"""What a caller without a key may do, where from, and how often."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from access_stage import PREDICT, QUESTION, Guarded, guarded

from pipelines.access_settings import AccessSettings
from pipelines.settings import Settings
from serving.access import door
from serving.access.origins import Hosts, is_foreign, may_be_foreign
from serving.access.rates import Meter, Rate, rate_of

BOARD, FEEDBACK = "/v1/board", "/v1/models/stub/feedback"
Make = Callable[..., Settings]


def asked(house: Guarded, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Return the status of an answer, and the problem's name where it is one."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"json": QUESTION if path == PREDICT else {}} if method == "POST" else {}
    answer = house.client.request(method, path, headers=named, **body)
    document = answer.json() if answer.headers["content-type"].endswith("json") else {}
    return answer.status_code, str(document.get("type", "")).rpartition(":")[2]


def test_on_this_machine_alone_whoever_asks_directly_is_operator(make_settings: Make):
    with guarded(make_settings, host="127.0.0.1") as house:
        session = house.client.get("/v1/session").json()
        assert (session["name"], session["role"], session["by"]) == (
            "anonymous",
            "operator",
            "none",
        )
        assert asked(house, "GET", "/v1/audit")[0] == 200
        for host in ("localhost:8000", "127.0.0.1", "[::1]:8000", "shop.localhost"):
            assert asked(house, "GET", BOARD, host=host)[0] == 200
            assert asked(house, "POST", PREDICT, host=host)[0] == 200


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_real_ip", "via"])
def test_who_comes_by_a_proxy_is_nobody_unless_it_was_said_otherwise(make_settings: Make, header):
    through = {header: "203.0.113.7"}
    with guarded(make_settings, host="127.0.0.1") as house:
        for method, path in (("GET", BOARD), ("POST", PREDICT), ("POST", FEEDBACK)):
            assert asked(house, method, path, **through) == (401, "not-authenticated")
    with guarded(make_settings, host="127.0.0.1", anonymous="viewer") as house:
        assert asked(house, "GET", BOARD, **through)[0] == 200


def test_a_name_that_a_stranger_lets_point_here_reads_nothing(make_settings: Make):
    with guarded(make_settings, host="127.0.0.1", hosts=["shop.example.com"]) as house:
        for method, path in (("GET", BOARD), ("POST", PREDICT), ("GET", "/api/predicciones")):
            assert asked(house, method, path, host="evil.example:8000")[0] == 403
            assert asked(house, method, path, host="shop.example.com.evil.example")[0] == 403
            assert asked(house, method, path, host="Shop.Example.com:443")[0] == 200
        by_key = {"host": "evil.example", "x_api_key": house.keys["viewer"].text}
        assert asked(house, "GET", BOARD, **by_key)[0] == 200
        assert asked(house, "GET", "/livez", host="evil.example")[0] == 200


def test_a_page_from_elsewhere_changes_nothing_on_this_machine(make_settings: Make):
    with guarded(make_settings, host="127.0.0.1") as house:
        foreign = {"sec_fetch_site": "cross-site"}
        assert asked(house, "GET", "/training", **foreign)[0] == 403
        assert asked(house, "POST", FEEDBACK, **foreign) == (403, "foreign-request")
        assert asked(house, "POST", FEEDBACK, origin="http://127.0.0.1:5000")[0] == 403
        assert asked(house, "POST", FEEDBACK, origin="http://contender")[0] == 422
        assert asked(house, "POST", FEEDBACK)[0] == 422
        assert asked(house, "GET", BOARD, **foreign)[0] == 200, "a link from a page may be followed"


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
SCRIPTS = {
    "curl": {"user_agent": "curl/8.5.0", "accept": "*/*"},
    "requests": {"user_agent": "python-requests/2.32.5", "accept_encoding": "gzip, deflate"},
    "java": {"user_agent": "Java/17", "accept": "text/html, image/gif, image/jpeg, */*; q=0.2"},
    "node": {"user_agent": "node", "accept_language": "*", "sec_fetch_mode": "cors"},
    "powershell": {"user_agent": "Mozilla/5.0 (Windows NT; en-US) WindowsPowerShell/5.1"},
}
PAGES = {
    "an image": {"user_agent": CHROME, "accept": "image/avif,*/*", "accept_language": "es"},
    "a script that names no language": {"user_agent": CHROME, "accept_language": "*"},
    "of a browser by another name": {"user_agent": "curl/8.5.0", "accept_language": "es"},
    "a link": {"user_agent": "x", "referer": "http://evil.example/contender/"},
}


def test_a_get_that_changes_something_is_for_scripts_and_for_no_page_of_plain_http(
    make_settings: Make,
):
    """Where the browser sends no `Origin`, for it is a GET, and no `Sec-Fetch-Site` either."""
    with guarded(make_settings, anonymous="operator") as house:
        for who, headers in (SCRIPTS | PAGES).items():
            told = {"user_agent": "", **headers}
            assert (asked(house, "GET", "/training", **told)[0] == 403) is (who in PAGES), who
            by_key = {**told, "x_api_key": house.keys["operator"].text}
            assert asked(house, "GET", "/training", **by_key)[0] != 403, who
            assert asked(house, "POST", "/training", **told)[0] != 403, who


def test_a_browser_that_says_for_whom_it_asks_is_believed():
    browser = {b"host": b"a:80", b"user-agent": CHROME.encode(), b"accept-language": b"es"}
    assert may_be_foreign(browser)
    assert not may_be_foreign({**browser, b"sec-fetch-site": b"none"})
    assert not may_be_foreign({**browser, b"referer": b"http://a:80/board?x=1"})
    assert may_be_foreign({**browser, b"referer": b"http://a:80.evil.example/"})


def test_beyond_this_machine_nobody_may_do_anything_unless_it_was_said(make_settings: Make):
    with guarded(make_settings) as house:
        assert asked(house, "GET", BOARD) == (401, "not-authenticated")
    with guarded(make_settings, anonymous="reviewer") as house:
        assert asked(house, "POST", FEEDBACK)[0] == 422
        assert asked(house, "GET", "/v1/audit") == (401, "not-authenticated")


def test_nobody_may_do_anything_on_this_machine_where_that_was_said(make_settings: Make):
    with guarded(make_settings, host="127.0.0.1", anonymous="none") as house:
        assert asked(house, "GET", BOARD)[0] == 401
        assert asked(house, "GET", "/readyz")[0] == 200


def test_an_address_without_a_key_asks_so_often_and_says_how_often(
    make_settings: Make, monkeypatch: pytest.MonkeyPatch
):
    # Half a second between two requests would be read in the headers.
    monkeypatch.setattr(door, "Meter", partial(Meter, clock=lambda: 1000.0))
    with guarded(make_settings, anonymous="viewer", address_rate="3/hour") as house:
        answers = [house.client.get(BOARD) for _ in range(3)]
        refused = house.client.get(BOARD)

        assert [answer.headers["RateLimit"] for answer in answers] == [
            '"requests";r=2;t=1200',
            '"requests";r=1;t=2400',
            '"requests";r=0;t=3600',
        ]
        assert answers[0].headers["RateLimit-Policy"] == '"requests";q=3;w=3600'
        assert refused.status_code == 429
        assert 1190 < int(refused.headers["Retry-After"]) <= 1200
        assert house.client.post(PREDICT, json=QUESTION).status_code == 429
        assert house.client.get("/livez").status_code == 200
        assert house.status("GET", BOARD, house.bearer("viewer")) == 200


def test_a_key_asks_so_often_on_the_fast_path_and_off_it_together(make_settings: Make):
    with guarded(make_settings, key_rate="4/hour") as house:
        viewer = house.bearer("viewer")
        fast = [
            house.client.post(PREDICT, json=QUESTION, headers=viewer).status_code for _ in range(2)
        ]
        assert [*fast, house.status("GET", BOARD, viewer), house.status("GET", BOARD, viewer)] == [
            *[200] * 4
        ]
        assert house.status("GET", BOARD, viewer) == 429
        assert house.client.post(PREDICT, json=QUESTION, headers=viewer).status_code == 429
        assert house.status("GET", BOARD, house.bearer("operator")) == 200


def test_a_rate_lets_so_many_through_at_once_and_then_one_whenever_it_is_due():
    now = [1000.0]
    meter = Meter(Rate(3, 60.0), clock=lambda: now[0])
    for _ in range(3):
        assert meter.wait("a") == 0
        meter.count("a")
    assert meter.wait("a") == pytest.approx(20)
    assert meter.wait("b") == 0
    now[0] += 20.001
    assert meter.wait("a") == 0
    meter.count("a")
    assert meter.wait("a") == pytest.approx(20, abs=0.01)
    now[0] += 3600
    for _ in range(3):
        assert meter.wait("a") == 0
        meter.count("a")
    assert meter.wait("a") > 0


def test_a_rate_remembers_so_many_callers_and_no_more(monkeypatch):
    from serving.access import rates

    monkeypatch.setattr(rates, "MOST_CALLERS", 10)
    meter = Meter(Rate(1, 60.0), clock=lambda: 0.0)
    for number in range(11):
        meter.count(str(number))
    assert meter.wait("0") == 0, "the oldest is forgotten"
    assert meter.wait("10") > 0


@pytest.mark.parametrize("text", ["0/minute", "10/week", "10", "-1/hour", "1.5/hour", "1/hour "])
def test_a_rate_that_means_nothing_is_no_setting(text):
    with pytest.raises(ValueError, match="key_rate"):
        AccessSettings(key_rate=text)
    assert rate_of("5/day") == Rate(5, 86_400.0)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        (b"localhost", True),
        (b"api:8000", True),
        (b"10.0.0.7:8000", True),
        (b"[::1]:8000", True),
        (b"[2001:db8::1]", True),
        (b"evil.example", False),
        (b"127.0.0.1.evil.example", False),
        (b"127.0.0.1@evil.example", False),
        (b"localhost:80:80", False),
        (b"localhost:x", False),
        (b"", False),
        (b":80", False),
        (b"[::1", False),
        (b"\xff", False),
        (None, False),
    ],
)
def test_a_host_is_ours_that_no_stranger_can_let_point_here(host, ours):
    assert (host in Hosts([])) is ours


def test_an_origin_is_foreign_that_is_not_the_host():
    assert not is_foreign({b"host": b"a:80"})
    assert not is_foreign({b"host": b"A:80", b"origin": b"https://a:80"})
    assert is_foreign({b"host": b"a", b"origin": b"null"})
    assert is_foreign({b"origin": b"http://a"})
