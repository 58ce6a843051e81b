"""Searching a STAC API for scenes of a place and time.

The catalogue's author is not trusted: requests and the addresses of images are held to the same rule as downloads (https,
public hosts; only the host that the user named may be private), and a scene that is not what STAC says is set aside.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, Field, model_validator
from pystac import STACError
from pystac_client import Client
from pystac_client.errors import ClientTypeError
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from requests import Request, RequestException
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from rsvlm.errors import SourceError
from rsvlm.maps.elements import SetAside
from rsvlm.maps.geometry import Bounds, check_bounds
from rsvlm.maps.patience import Pace
from rsvlm.records.unfit import Unfit
from rsvlm.settings import Settings
from rsvlm.sources.http import PATIENT, Patience, check_url, plain, refuse_private_peers

_PASSING = (408, 425, 429, 500, 502, 503, 504)
_GEOTIFF = ("image/tiff", "image/vnd.stac.geotiff")
_PAGE = 100


def _box(bounds: Bounds) -> Bounds:
    check_bounds(bounds)
    return bounds


class Search(Settings):
    """What to look for.

    Attributes:
        url: the API's landing page.
        collections: names, at least one.
        bounds: west, south, east, north in degrees; west > east crosses the antimeridian.
        start: first day.
        end: last day.
        cloud_cover: most percent of clouds that a scene may report; None for any.
        most: most scenes that the server is asked for.
        per_second: most requests a second.
    """

    url: str
    collections: Annotated[tuple[str, ...], Field(min_length=1)]
    bounds: Annotated[Bounds, AfterValidator(_box)]
    start: date
    end: date
    cloud_cover: Annotated[float, Field(ge=0, le=100)] | None = None
    most: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    per_second: Annotated[float, Field(gt=0, le=1_000)] = 4.0

    @model_validator(mode="after")
    def _in_order(self) -> "Search":
        if self.start > self.end:
            raise ValueError(f"start {self.start} is after end {self.end}")
        return self


@dataclass(frozen=True)
class Scene:
    """A scene that a catalogue lists.

    Attributes:
        id: its name in its collection.
        collection: the collection.
        time: when it was taken, as the catalogue writes it (RFC 3339).
        bounds: west, south, east, north in degrees.
        cloud_cover: percent, or None where it is not told.
        images: addresses of its GeoTIFFs (https:// or s3://) by asset name, sorted.
    """

    id: str
    collection: str
    time: str
    bounds: Bounds
    cloud_cover: float | None
    images: dict[str, str]


def search(wanted: Search, set_aside: SetAside, patience: Patience = PATIENT) -> list[Scene]:
    """Return the scenes that an API finds, sorted by collection and id.

    Args:
        wanted: place, time, collections, clouds.
        set_aside: called with a scene's id and the reason when it is unusable.
        patience: retries and times; a server's Retry-After is kept to.

    Raises:
        SourceError: the address is refused, no STAC API is there, or the server keeps failing.
    """
    found: dict[tuple[str, str], Scene] = {}
    for item in _items(wanted, patience):
        try:
            scene = _scene(item, wanted)
        except Unfit as fault:
            set_aside(str(item.get("id"))[:100] if isinstance(item, dict) else "", fault)
            continue
        if wanted.cloud_cover is None or scene.cloud_cover is None or scene.cloud_cover <= wanted.cloud_cover:
            found[scene.collection, scene.id] = scene
    return [found[key] for key in sorted(found)]


def _items(wanted: Search, patience: Patience) -> Iterator[Any]:
    check_url(wanted.url, urlsplit(wanted.url).hostname or "")
    refused: list[SourceError] = []  # pystac-client would make another error of them
    try:
        client = Client.open(
            wanted.url,
            stac_io=_connection(patience),
            request_modifier=_rule(wanted, refused),
            timeout=(patience.connect, patience.read),
        )
        clouds = wanted.cloud_cover is not None and client.conforms_to("QUERY")
        query = client.search(
            method="POST",
            collections=list(wanted.collections),
            bbox=list(wanted.bounds),
            datetime=f"{wanted.start}T00:00:00Z/{wanted.end}T23:59:59Z",
            query={"eo:cloud_cover": {"lte": wanted.cloud_cover}} if clouds else None,
            limit=min(_PAGE, wanted.most),
            max_items=wanted.most,
        )
        yield from query.items_as_dicts()
    except (APIError, RequestException, STACError, ClientTypeError, NotImplementedError) as error:
        raise (refused[0] if refused else SourceError(f"{plain(wanted.url)}: the search failed: {str(error)[:300]}")) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # pystac on answers that are no STAC
        raise SourceError(f"{plain(wanted.url)}: its answers are not STAC ({type(error).__name__}: {str(error)[:200]})") from None


def _connection(patience: Patience) -> StacApiIO:
    """Return pystac-client's transport with our retries. No redirects, and no names, that lead into a private network."""
    retries = Retry(
        total=patience.attempts - 1,
        backoff_factor=patience.first_wait,
        backoff_max=patience.longest_wait,
        status_forcelist=_PASSING,
        allowed_methods=None,
    )
    connection = StacApiIO(max_retries=retries)
    connection.session.max_redirects = 0
    for adapter in connection.session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            refuse_private_peers(adapter.poolmanager)
    return connection


def _rule(wanted: Search, refused: list[SourceError]) -> Callable[[Request], Request]:
    """Return what looks at each request before it is sent, also those for the pages that an answer names next."""
    own_host, pace = urlsplit(wanted.url).hostname or "", Pace(wanted.per_second)

    def look(request: Request) -> Request:
        try:
            check_url(str(request.url), own_host)
        except SourceError as error:
            refused.append(error)
            raise
        pace.wait()
        return request

    return look


def _scene(item: Any, wanted: Search) -> Scene:
    properties = item.get("properties") if isinstance(item, dict) else None
    if not isinstance(properties, dict) or not isinstance(item.get("assets"), dict):
        raise Unfit("scene is no STAC item")
    name, collection = _text(item, "id"), _text(item, "collection")
    time = _text(properties, "datetime" if properties.get("datetime") is not None else "start_datetime")
    clouds = properties.get("eo:cloud_cover")
    known = float(clouds) if isinstance(clouds, int | float) and not isinstance(clouds, bool) and 0 <= clouds <= 100 else None
    if wanted.cloud_cover is not None and known is None:
        raise Unfit("cloud cover is not known", str(clouds)[:40])
    return Scene(name, collection, time, _bounds(item.get("bbox")), known, _images(item, wanted))


def _text(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 300:
        raise Unfit("scene is no STAC item", f"{key} is {str(value)[:40]!r}")
    return value


def _bounds(box: Any) -> Bounds:
    if not isinstance(box, list) or len(box) not in (4, 6):
        raise Unfit("scene has no bounds", str(box)[:100])
    corners = box if len(box) == 4 else [*box[:2], *box[3:5]]
    try:
        west, south, east, north = (float(value) for value in corners)
        check_bounds((west, south, east, north))
    except (TypeError, ValueError) as error:
        raise Unfit("scene has no bounds", str(error)[:100]) from None
    return west, south, east, north


def _images(item: dict[str, Any], wanted: Search) -> dict[str, str]:
    own_host = urlsplit(wanted.url).hostname or ""
    links = item.get("links") if isinstance(item.get("links"), list) else []
    base = next(
        (link["href"] for link in links or [] if isinstance(link, dict) and link.get("rel") == "self" and "href" in link), wanted.url
    )
    images, refused = {}, "no asset is a GeoTIFF"
    for name, asset in sorted(item["assets"].items()):
        href, media = (asset.get("href"), asset.get("type")) if isinstance(asset, dict) else (None, None)
        if not isinstance(href, str) or not (str(media).startswith(_GEOTIFF) or href.lower().split("?")[0].endswith((".tif", ".tiff"))):
            continue
        try:
            address = href if href.startswith("s3://") else urljoin(str(base), href)
            if not address.startswith("s3://"):
                check_url(address, own_host)
            images[name] = address
        except (SourceError, ValueError) as error:
            refused = str(error)
    if not images:
        raise Unfit("scene has no readable image", refused[:200])
    return images
