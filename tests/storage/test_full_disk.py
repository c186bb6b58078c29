"""A store whose disk is full: a real server on a disk of 16 megabytes, or with one volume of one."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from mmkg.daemon import free_ports
from mmkg.errors import ConnectError, StoreError
from mmkg.settings import Settings
from storage import BlobStore

LOGIN = {"accessKey": "tester", "secretKey": "a-secret-for-this-test"}
TINY_DISK = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
MOUNT = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"'


def can_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    probe = subprocess.run([*TINY_DISK, MOUNT, "/mnt", "true"], capture_output=True, check=False)
    return probe.returncode == 0


@pytest.fixture(params=["no volume left", "no space left on the device"])
def tiny_store(request, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    config = tmp_path / "s3.json"
    config.write_text(
        json.dumps({"identities": [{"name": "tester", "credentials": [LOGIN], "actions": ["Admin"]}]})
    )
    parts = ("master", "volume", "filer", "s3")
    ports = free_ports({f"{part}.port{kind}": [] for part in parts for kind in ("", ".grpc")})
    command = [
        str(Path(sys.executable).parent / "weed"),
        *("-logtostderr", "server", "-s3", f"-dir={disk}", f"-s3.config={config}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    if request.param == "no volume left":
        command += ["-volume.max=1", "-master.volumeSizeLimitMB=1"]
    elif can_mount():
        command = [*TINY_DISK, MOUNT, str(disk), *command, "-volume.max=2", "-master.volumeSizeLimitMB=100"]
    else:
        pytest.skip("this system lets no user mount a small disk")
    settings = Settings(
        home=tmp_path,
        cache=tmp_path,
        minio_endpoint=f"127.0.0.1:{ports['s3.port']}",
        minio_access_key=LOGIN["accessKey"],
        minio_secret_key=SecretStr(LOGIN["secretKey"]),
    )
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
    try:
        with wait_for(settings, server) as store:
            yield store
    finally:
        server.kill()
        server.wait()


def wait_for(settings: Settings, server: subprocess.Popen[bytes]) -> BlobStore:
    deadline = time.monotonic() + 90
    while True:
        assert server.poll() is None, (settings.home / "log").read_text()[-2000:]
        try:
            store = BlobStore.connect(settings)
            store.put_bytes(b"the first blob fits", "text/plain")
        except (ConnectError, StoreError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return store


def test_a_full_disk_says_so_and_keeps_what_is_stored(tiny_store):
    stored = []
    with pytest.raises(StoreError, match="full") as error:  # noqa: PT012  # the upload that fails is not known before
        for _ in range(200):
            stored.append(tiny_store.put_bytes(os.urandom(200_000), "image/jpeg"))
    assert "Free space" in error.value.remedy
    assert error.value.exit_code == 1
    assert stored
    for blob in stored:
        assert tiny_store.get(blob.sha256)
    assert {blob.sha256 for blob in stored} <= set(tiny_store.list_sha256())
    assert LOGIN["secretKey"] not in str(error.value)
