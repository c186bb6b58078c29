"""A store whose disk is full: a real server on a disk of a few megabytes, or with one volume of one."""

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

USER, SECRET = "tester", "a-secret-for-this-test"
MOUNT = 'mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"'
PARTS = ("master", "volume", "filer", "s3")


def on_a_disk_of(size: str, folder: Path, *command: str) -> list[str]:
    """Run a command that sees a disk of that size in the folder, as far as users may mount one."""
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, size, str(folder), *command]


def can_mount(folder: Path) -> bool:
    if not shutil.which("unshare"):
        return False
    return not subprocess.run(on_a_disk_of("1m", folder, "true"), capture_output=True, check=False).returncode


def seaweedfs(folder: Path, ports: dict[str, int], *flags: str) -> list[str]:
    config = folder.parent / "s3.json"
    login = {"accessKey": USER, "secretKey": SECRET}
    config.write_text(
        json.dumps({"identities": [{"name": USER, "credentials": [login], "actions": ["Admin"]}]})
    )
    return [
        str(Path(sys.executable).parent / "weed"),
        *("-logtostderr", "server", "-s3", f"-dir={folder}", f"-s3.config={config}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-{name}={port}" for name, port in ports.items()),
        *flags,
    ]


@pytest.fixture(params=["SeaweedFS without a volume", "SeaweedFS without space", "MinIO without space"])
def tiny_store(request, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    ports = free_ports({f"{part}.port{kind}": [] for part in PARTS for kind in ("", ".grpc")})
    endpoint = f"127.0.0.1:{ports['s3.port']}"
    if request.param == "SeaweedFS without a volume":
        command = seaweedfs(disk, ports, "-volume.max=1", "-master.volumeSizeLimitMB=1")
    elif not can_mount(disk):
        pytest.skip("this system lets no user mount a small disk")
    elif request.param == "SeaweedFS without space":
        flags = ("-volume.max=2", "-master.volumeSizeLimitMB=100")
        command = on_a_disk_of("16m", disk, *seaweedfs(disk, ports, *flags))
    elif minio := shutil.which("minio"):
        command = on_a_disk_of("100m", disk, minio, "server", str(disk), f"--address={endpoint}")
    else:
        pytest.skip("there is no MinIO server on the PATH")
    settings = Settings(
        home=tmp_path,
        cache=tmp_path,
        minio_endpoint=endpoint,
        minio_access_key=USER,
        minio_secret_key=SecretStr(SECRET),
    )
    environment = {**os.environ, "MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": SECRET}
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env=environment)
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
        for _ in range(600):
            stored.append(tiny_store.put_bytes(os.urandom(200_000), "image/jpeg"))
    assert "Free space" in error.value.remedy
    assert error.value.exit_code == 1
    assert stored
    for blob in stored:
        assert tiny_store.get(blob.sha256)
    assert {blob.sha256 for blob in stored} <= set(tiny_store.list_sha256())
    assert SECRET not in str(error.value)
