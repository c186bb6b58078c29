"""Where the servers are and how to log in: a flag beats the environment, which beats the file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_data_path
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from mmkg.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIG_FILE = "mmkg.toml"
SERVERS_FILE = "servers.json"

ENVIRONMENT = {
    "neo4j_uri": "NEO4J_URI",
    "neo4j_username": "NEO4J_USERNAME",
    "neo4j_password": "NEO4J_PASSWORD",
    "neo4j_database": "NEO4J_DATABASE",
    "minio_endpoint": "MINIO_ENDPOINT",
    "minio_access_key": "MINIO_ACCESS_KEY",
    "minio_secret_key": "MINIO_SECRET_KEY",
    "minio_bucket": "MINIO_BUCKET",
    "gateway_url": "MMKG_GATEWAY_URL",
    "gateway_key": "MMKG_GATEWAY_KEY",
}
ADDRESSES = {"neo4j": "neo4j_uri", "minio": "minio_endpoint", "gateway": "gateway_url"}
"""The setting by which the user names a server, and so has none started in its place."""


class Settings(BaseModel):
    """Everything that decides which servers a command talks to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    """The data directory: local servers, their passwords, pid and log files, trained models."""
    cache: Path
    """Downloads and encoder features that can be made again: jars, data sets, feature files."""
    neo4j_uri: str | None = None
    """Bolt address; None means the local server, which is not up."""
    neo4j_username: str = "neo4j"
    neo4j_password: SecretStr = SecretStr("")
    neo4j_database: str = "neo4j"
    minio_endpoint: str | None = None
    """`host:port`, or `https://host:port` for TLS; None means the local server, which is not up."""
    minio_access_key: str = ""
    minio_secret_key: SecretStr = SecretStr("")
    minio_bucket: str = "mmkg"
    gateway_url: str | None = None
    """What links to media begin with; None means the local gateway, which is not up."""
    gateway_key: SecretStr = SecretStr("")
    """What links to media are signed with."""
    external_neo4j: bool = False
    """True where the user named the graph database, so that `mmkg up` starts none."""
    external_minio: bool = False
    """True where the user named the object store, so that `mmkg up` starts none."""
    external_gateway: bool = False
    """True where the user named the media gateway, so that `mmkg up` starts none."""

    @classmethod
    def load(cls, **flags: str | None) -> Settings:
        """Merge flags over the environment over `$MMKG_HOME/mmkg.toml` over the local servers' own file.

        The local servers' logins are used only for the local servers: they never travel to an address
        that the user named.

        Raises:
            UsageError: the file is no TOML, or names a setting that does not exist.
        """
        home = Path(os.environ.get("MMKG_HOME") or user_data_path("mmkg")).expanduser().resolve()
        cache = Path(os.environ.get("MMKG_CACHE") or user_cache_path("mmkg")).expanduser().resolve()
        values = _read_config(home / CONFIG_FILE)
        values.update({key: os.environ[name] for key, name in ENVIRONMENT.items() if os.environ.get(name)})
        values.update({key: value for key, value in flags.items() if value is not None})
        external = {server: bool(values.get(address)) for server, address in ADDRESSES.items()}
        values = {**_local_logins(home, external), **values}
        values.update({f"external_{server}": named for server, named in external.items()})
        try:
            return cls(home=home, cache=cache, **values)
        except ValidationError as error:
            detail = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise UsageError(
                f"a setting is wrong: {detail}",
                where=str(home / CONFIG_FILE),
                remedy=f"Known settings: {', '.join(ENVIRONMENT)}",
            ) from None

    def with_local_servers(self) -> Settings:
        """Return the settings again with what `mmkg up` has noted of the local servers since."""
        external = {server: bool(getattr(self, f"external_{server}")) for server in ADDRESSES}
        return Settings(**{**dict(self), **_local_logins(self.home, external)})


def read_servers(home: Path) -> dict[str, dict[str, Any]]:
    """Read the addresses and logins of the local servers: `{"neo4j": {…}, "minio": {…}, …}`, or nothing."""
    try:
        servers: dict[str, dict[str, Any]] = json.loads((home / SERVERS_FILE).read_text())
    except FileNotFoundError:
        return {}
    return servers


def _local_logins(home: Path, external: Mapping[str, bool]) -> dict[str, Any]:
    """Return the addresses and logins of the local servers, as far as the user named no other."""
    return {
        name: value
        for server, login in read_servers(home).items()
        if not external[server]
        for name, value in login.items()
    }


def _read_config(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the file is no TOML: {error}", where=str(path), remedy="Mend or remove it"
        ) from None
    return values
