"""Dates and times as data sets write them, to one form."""

from datetime import UTC, date, datetime

from rsvlm.records.unfit import Unfit


def moment_of(text: str, path: str) -> datetime:
    """Return an ISO 8601 time in UTC; one without a zone is taken as UTC.

    Raises:
        Unfit: not such a time.
    """
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit("date cannot be read", f"{path} is {text[:30]!r}; ISO 8601 is needed") from None


def day_of(text: str, path: str) -> str:
    """Return the day, YYYY-MM-DD, of an ISO 8601 time or of a date written DD-MM-YYYY.

    Raises:
        Unfit: neither.
    """
    parts = text.strip().split("-")
    if len(parts) == 3 and len(parts[2]) == 4 and all(part.isascii() and part.isdecimal() for part in parts):
        try:
            return date(int(parts[2]), int(parts[1]), int(parts[0])).isoformat()
        except (ValueError, OverflowError):
            raise Unfit("date cannot be read", f"{path} is {text[:30]!r}; no such day") from None
    return moment_of(text, path).date().isoformat()
