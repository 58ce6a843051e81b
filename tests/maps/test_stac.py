import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from rsvlm.errors import ConfigurationError, SourceError
from rsvlm.maps.stac import Scene, Search, search
from rsvlm.settings import validate
from rsvlm.sources.http import Patience
from tests.maps.servers import Server, send, send_json, serving

FAST = Patience(attempts=3, first_wait=0.01, longest_wait=0.02)
CORE = "https://api.stacspec.org/v1.0.0/core"
ITEM_SEARCH = "https://api.stacspec.org/v1.0.0/item-search"
QUERY = "https://api.stacspec.org/v1.0.0/item-search#query"


B04 = {"B04": {"href": "https://images.example.org/a/B04.tif", "type": "image/tiff; application=geotiff"}}


def item(name: str, *, clouds: Any = 10, assets: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "sentinel-2-l2a", "geometry": None, "links": [],
        "bbox": [9.0, 48.0, 9.5, 48.5], "properties": {"datetime": "2024-05-01T10:00:00Z", "eo:cloud_cover": clouds},
        "assets": B04 if assets is None else assets,
        **more,
    }  # fmt: skip


class Catalogue:
    """A STAC API of two pages."""

    def __init__(self, server: Server, *pages: list[Any], conforms: tuple[str, ...] = (CORE, ITEM_SEARCH)) -> None:
        self.server, self.pages = server, pages
        link = {"rel": "search", "href": f"{server.url}/search", "type": "application/geo+json"}
        self.landing = {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "id": "local",
            "description": "local",
            "conformsTo": list(conforms),
            "links": [{**link, "method": method} for method in ("GET", "POST")],
        }
        server.answers["/"] = lambda handler: send_json(handler, self.landing)
        server.answers["/search"] = self.answer

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = self.server.bodies[-1]
        page = int(body.get("token", 0))
        links = []
        if page + 1 < len(self.pages):
            links = [{"rel": "next", "href": f"{self.server.url}/search", "method": "POST", "body": {**body, "token": page + 1}}]
        send_json(handler, {"type": "FeatureCollection", "features": self.pages[page], "links": links})


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


def wanted(server: Server, **more: Any) -> Search:
    given = {"collections": ["sentinel-2-l2a"], "bounds": [9, 48, 10, 49], "start": "2024-05-01", "end": "2024-05-31", "per_second": 1000}
    return validate(Search, {"url": server.url, **given, **more}, "test")


@pytest.mark.integration
def test_all_pages_are_searched_and_sorted(server: Server, faults) -> None:
    Catalogue(server, [item("c"), item("a", clouds=60)], [item("b", clouds=None), item("a", clouds=60)])
    found = search(wanted(server), faults, FAST)
    assert [scene.id for scene in found] == ["a", "b", "c"]
    assert not faults
    assert found[0] == Scene(
        "a", "sentinel-2-l2a", "2024-05-01T10:00:00Z", (9.0, 48.0, 9.5, 48.5), 60.0, {"B04": "https://images.example.org/a/B04.tif"}
    )
    assert found[1].cloud_cover is None
    asked = server.bodies[1]
    assert asked["bbox"] == [9.0, 48.0, 10.0, 49.0]
    assert asked["datetime"] == "2024-05-01T00:00:00Z/2024-05-31T23:59:59Z"
    assert asked["collections"] == ["sentinel-2-l2a"]
    assert "query" not in asked


@pytest.mark.integration
def test_clouds_are_limited_by_the_server_where_it_can_and_by_us_always(server: Server, faults) -> None:
    scenes = [item("clear", clouds=5), item("cloudy", clouds=80), item("unknown", clouds=None), item("text", clouds="5")]
    for conforms in ((CORE, ITEM_SEARCH), (CORE, ITEM_SEARCH, QUERY)):
        Catalogue(server, scenes, conforms=conforms)
        assert [scene.id for scene in search(wanted(server, cloud_cover=20), faults, FAST)] == ["clear"]
        assert ("query" in server.bodies[-1]) == (QUERY in conforms)
    assert faults.reasons == ["cloud cover is not known"] * 4


@pytest.mark.integration
def test_at_most_so_many_scenes_are_taken(server: Server, faults) -> None:
    Catalogue(server, [item("a"), item("b")], [item("c"), item("d")])
    assert len(search(wanted(server, most=3), faults, FAST)) == 3


@pytest.mark.integration
def test_a_server_with_bad_moments_is_asked_again(server: Server, faults) -> None:
    catalogue = Catalogue(server, [item("a")])
    moods = iter([503, 429, 200])

    def moody(handler: BaseHTTPRequestHandler) -> None:
        status = next(moods)
        catalogue.answer(handler) if status == 200 else send(handler, status, Retry_After="0")

    server.answers["/search"] = moody
    assert [scene.id for scene in search(wanted(server), faults, FAST)] == ["a"]
    assert len([line for line in server.asked if line.startswith("POST")]) == 3


@pytest.mark.integration
@pytest.mark.parametrize(
    "spoil",
    [
        lambda server: server.answers.update({"/search": lambda handler: send(handler, 503)}),
        lambda server: server.answers.update({"/search": lambda handler: send(handler, 400, b"no such collection")}),
        lambda server: server.answers.update({"/search": lambda handler: send(handler, 200, b"<html>")}),
        lambda server: server.answers.update({"/search": lambda handler: send_json(handler, [1, 2])}),
        lambda server: server.answers.update({"/": lambda handler: send(handler, 404)}),
        lambda server: server.answers.update({"/": lambda handler: send(handler, 200, b"not json")}),
        lambda server: server.answers.update({"/": lambda handler: send_json(handler, {"type": "Catalog"})}),
        lambda server: server.answers.update({"/": lambda handler: send(handler, 302, Location="http://169.254.169.254/")}),
        lambda server: server.answers.update({"/search": lambda handler: send(handler, 307, Location="https://localhost.internal/x")}),
    ],
)
def test_servers_that_fail_are_a_clear_error(server: Server, spoil: Any, faults) -> None:
    Catalogue(server, [item("a")])
    spoil(server)
    with pytest.raises(SourceError):
        search(wanted(server), faults, FAST)
    assert not any("169.254" in line for line in server.asked)


@pytest.mark.integration
def test_a_next_page_elsewhere_in_a_private_network_is_not_fetched(server: Server, faults) -> None:
    Catalogue(server, [])
    page = {"type": "FeatureCollection", "features": [item("a")], "links": [{"rel": "next", "href": "http://10.0.0.1/search"}]}
    server.answers["/search"] = lambda handler: send_json(handler, page)
    with pytest.raises(SourceError, match=r"only https is allowed|private network"):
        search(wanted(server), faults, FAST)


@pytest.mark.integration
def test_a_public_name_that_leads_to_a_private_address_is_refused(server: Server, faults, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("127.0.0.1", port))])
    with pytest.raises(SourceError, match=r"stac\.example\.org: its name leads to 127\.0\.0\.1, into a private network"):
        search(wanted(server, url=f"https://stac.example.org:{port}/"), faults, FAST)
    assert server.asked == []


@pytest.mark.integration
def test_pages_without_end_end_at_the_most(server: Server, faults) -> None:
    Catalogue(server, [])
    link = {"rel": "next", "href": f"{server.url}/search", "method": "POST", "body": {"token": 1}}
    server.answers["/search"] = lambda handler: send_json(handler, {"type": "FeatureCollection", "features": [item("a")], "links": [link]})
    assert len(search(wanted(server, most=5), faults, FAST)) == 1
    assert len(server.asked) < 10


@pytest.mark.integration
def test_empty_pages_without_end_are_none(server: Server, faults) -> None:
    Catalogue(server, [])
    link = {"rel": "next", "href": f"{server.url}/search", "method": "POST", "body": {"token": 1}}
    server.answers["/search"] = lambda handler: send_json(handler, {"type": "FeatureCollection", "features": [], "links": [link]})
    assert search(wanted(server, most=5), faults, FAST) == []
    assert len(server.asked) < 10


@pytest.mark.integration
def test_a_server_that_says_nothing_is_not_waited_for(server: Server, faults) -> None:
    Catalogue(server, [item("a")])
    done = threading.Event()
    server.answers["/search"] = lambda handler: done.wait(30) and None
    with pytest.raises(SourceError, match="the search failed"):
        search(wanted(server), faults, Patience(attempts=2, first_wait=0.01, read=0.2))
    done.set()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (7, "scene is no STAC item"),
        ({"id": "x"}, "scene is no STAC item"),
        (item("x", collection=None), "scene is no STAC item"),
        (item("x", id=5), "scene is no STAC item"),
        (item("x", properties={"datetime": None}), "scene is no STAC item"),
        (item("x", properties=[]), "scene is no STAC item"),
        (item("x", bbox=None), "scene has no bounds"),
        (item("x", bbox=[1, 2, 3]), "scene has no bounds"),
        (item("x", bbox=[9, 48, 9, 300]), "scene has no bounds"),
        (item("x", bbox=["a", "b", "c", "d"]), "scene has no bounds"),
        (item("x", assets={}), "scene has no readable image"),
        (item("x", assets={"a": 5, "b": {"href": 7}}), "scene has no readable image"),
        (item("x", assets={"a": {"href": "https://images.example.org/a.jp2", "type": "image/jp2"}}), "scene has no readable image"),
        (item("x", assets={"a": {"href": "http://169.254.169.254/a.tif"}}), "scene has no readable image"),
        (item("x", assets={"a": {"href": "file:///etc/passwd.tif"}}), "scene has no readable image"),
        (item("x", assets={"a": {"href": "/vsicurl/http://127.0.0.1/a.tif", "type": "image/tiff"}}, links=5), None),
        (item("x", assets={"a": {"href": "https://user:pass@images.example.org/a.tif"}}), "scene has no readable image"),
        (item("x", assets={"a": {"href": "https://[bad/a.tif"}}), "scene has no readable image"),
    ],
)
def test_a_scene_that_is_none_is_set_aside(scene: Any, reason: str | None, server: Server, faults) -> None:
    Catalogue(server, [scene, item("sound")])
    found = search(wanted(server), faults, FAST)
    assert faults.reasons == ([reason] if reason else [])
    assert "sound" in [each.id for each in found]
    for each in found:  # what GDAL would take for one of its own paths is an address on the catalogue's host
        assert all(address.startswith(("https://images.example.org/", server.url)) for address in each.images.values())


@pytest.mark.integration
def test_addresses_beside_the_item_and_in_buckets(server: Server, faults) -> None:
    assets = {"a": {"href": "./x/a.tif"}, "b": {"href": "s3://scenes/2024/b.tif"}, "thumbnail": {"href": "t.png", "type": "image/png"}}
    Catalogue(server, [item("a", assets=assets, links=[{"rel": "self", "href": f"{server.url}/items/a"}], bbox=[9, 48, 0, 9.5, 48.5, 9])])
    (scene,) = search(wanted(server), faults, FAST)
    assert scene.images == {"a": f"{server.url}/items/x/a.tif", "b": "s3://scenes/2024/b.tif"}
    assert scene.bounds == (9.0, 48.0, 9.5, 48.5)


def test_a_wrong_search_is_refused_before_anything_is_asked() -> None:
    right = {"url": "https://x.org", "collections": ["a"], "bounds": [9, 48, 10, 49], "start": "2024-05-01", "end": "2024-05-02"}
    assert validate(Search, right, "here").bounds == (9.0, 48.0, 10.0, 49.0)
    for wrong, message in (
        ({"bounds": [9, 48, 10, 148]}, "bounds"),
        ({"bounds": [9, 48, 10]}, "bounds"),
        ({"end": "2024-04-01"}, "is after end"),
        ({"start": "yesterday"}, "start"),
        ({"collections": []}, "collections"),
        ({"cloud_cover": 101}, "cloud_cover"),
        ({"most": 0}, "most"),
        ({"per_second": 0}, "per_second"),
        ({"cloud": 5}, "unknown key"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            validate(Search, {**right, **wrong}, "here")


def test_an_address_that_no_search_may_touch(faults) -> None:
    given = {"collections": ["a"], "bounds": [9, 48, 10, 49], "start": "2024-05-01", "end": "2024-05-02"}
    for url in ("http://stac.example.org/", "file:///etc/passwd", "https://user:pass@stac.example.org/", "/etc/passwd"):
        with pytest.raises(SourceError):
            search(validate(Search, {"url": url, **given}, "here"), faults, FAST)
