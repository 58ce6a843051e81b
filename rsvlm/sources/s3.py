"""Objects of S3 and S3-compatible stores; credentials come from the environment and never reach a message."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ResponseStreamingError,
)

from rsvlm.errors import SourceError
from rsvlm.files import explain_write_errors
from rsvlm.progress import Progress
from rsvlm.sources.definition import S3Address
from rsvlm.sources.store import Store, Wanted, key_of

logger = logging.getLogger("rsvlm.sources")
_BLOCK = 1 << 20
_ATTEMPTS = 5
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_REFUSED = ("403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthorizationHeaderMalformed")
_ABSENT = ("404", "NoSuchKey", "NoSuchBucket")


class Client:
    """Fetches objects of one address."""

    def __init__(self, address: S3Address, connect: Callable[[], Any] | None = None) -> None:
        """Prepare; nothing is sent yet.

        Args:
            address: bucket, prefix, endpoint and who pays.
            connect: makes a new boto3 S3 client with the credentials of this moment.
        """
        self.address = address
        self._connect = connect or self._new_client
        self._client: Any = None
        self._where = f"s3://{address.bucket}/{address.prefix}"

    def _new_client(self) -> Any:
        options: dict[str, Any] = {"signature_version": UNSIGNED} if self.address.anonymous else {}
        config = Config(retries={"max_attempts": _ATTEMPTS, "mode": "standard"}, connect_timeout=15, read_timeout=60, **options)
        return boto3.session.Session().client(
            "s3", endpoint_url=self.address.endpoint_url, region_name=self.address.region or "us-east-1", config=config
        )

    def bring(self, wanted: Wanted, store: Store) -> Path:
        """Return the stored copy of an object.

        Raises:
            SourceError: no credentials, refused, missing, or not the bytes that the definition lists.
        """
        where = self._where + wanted.name
        key = key_of(f"{self.address.endpoint_url}\n{self._where}", wanted)
        return store.get(key, wanted, where, lambda partial: self._fill(wanted, where, partial))

    def _fill(self, wanted: Wanted, where: str, partial: Path) -> None:
        """Fill a partial file, going on after cuts and, once, with fresh credentials after these expired."""
        renewed, failures, had = False, 0, -1
        progress = Progress(f"download {where.rsplit('/', 1)[-1]}", wanted.size, "bytes")
        while True:
            have = partial.stat().st_size if partial.exists() else 0
            if wanted.size is not None and have >= wanted.size:
                return
            failures, had = (0, have) if have > had else (failures, had)
            try:
                with explain_write_errors(partial):
                    self._transfer(wanted, partial, have, progress)
                return
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", "unknown"))
                if code == "InvalidRange":
                    partial.unlink()
                elif code not in _EXPIRED or renewed:
                    raise SourceError(f"{where}: {_explain(code)}") from None
                else:
                    logger.info("%s: the credentials expired; reading them again", where)
                    self._client, renewed = None, True
            except NoCredentialsError:
                raise SourceError(f"{where}: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE") from None
            except (IncompleteReadError, ResponseStreamingError, HTTPClientError) as error:
                failures += 1
                if failures >= _ATTEMPTS:
                    raise SourceError(f"{where}: {type(error).__name__} {failures} times in a row; run again to go on") from None
            except (ProfileNotFound, PartialCredentialsError) as error:
                raise SourceError(f"{where}: the credentials in the environment are not whole: {error}") from None
            except (BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is no address
                raise SourceError(f"{where}: {type(error).__name__}; check endpoint_url, region and network") from None

    def _transfer(self, wanted: Wanted, partial: Path, have: int, progress: Progress) -> None:
        self._client = self._client or self._connect()
        request: dict[str, Any] = {"Bucket": self.address.bucket, "Key": self.address.prefix + wanted.name}
        if self.address.requester_pays:
            request["RequestPayer"] = "requester"
        if have:
            request["Range"] = f"bytes={have}-"
        response = self._client.get_object(**request)
        start = have if str(response.get("ContentRange", "")).startswith(f"bytes {have}-") else 0
        with partial.open("r+b" if start else "wb") as sink:
            sink.truncate(start)
            sink.seek(start)
            progress.start_at(start)
            for block in response["Body"].iter_chunks(_BLOCK):
                start += len(block)
                if wanted.size is not None and start > wanted.size:
                    sink.truncate(0)
                    raise SourceError(f"{self._where}{wanted.name}: longer than the {wanted.size:,} bytes of its definition")
                sink.write(block)
                progress.advance(len(block))
        progress.finish()


def _explain(code: str) -> str:
    if code in _ABSENT:
        return f"no such object or bucket ({code})"
    if code in _REFUSED:
        return f"access refused ({code}); check the credentials in the environment, and requester_pays if the bucket asks for it"
    if code in _EXPIRED:
        return f"the credentials expired and reading them again did not help ({code})"
    return f"the store answered with an error ({code})"
