"""The local media gateway: one process on a loopback port, with a key of its own."""

from __future__ import annotations

import hashlib
import secrets
import sys
from pathlib import Path

import mmkg
from mmkg.daemon import LOOPBACK, Daemon, ask, on_free_ports
from mmkg.settings import ENVIRONMENT, Settings

PORT = 8334
START_SECONDS = 60
STOP_SECONDS = 5


class GatewayServer:
    """The media gateway of one data directory."""

    key = "gateway"
    name = "Media gateway"
    version = mmkg.__version__
    username = ""
    """Whoever has a link needs no name."""

    def __init__(self, settings: Settings) -> None:
        self.daemon = Daemon(self.name, settings.home / "gateway", patience=STOP_SECONDS)
        self._settings = settings

    def up(self) -> str:
        """Start the gateway, unless it runs as it should, and say what was done.

        It needs no store yet: it looks for one when it is asked for a blob.

        Raises:
            ServerError: it does not start.
        """
        self.daemon.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = self.daemon.state()
        state.setdefault("link_key", secrets.token_hex(32))
        if state.get("loaded") == self._loaded() and self.daemon.comes_up(
            self.answers, seconds=START_SECONDS
        ):
            return "already running"
        ran = self.daemon.stop()

        def launch(ports: dict[str, int]) -> None:
            self.daemon.remember(state | {"port": ports["http"], "loaded": self._loaded()})
            command = [sys.executable, "-m", "storage.gateway", f"--port={ports['http']}"]
            self.daemon.start(command, self._environment())
            self.daemon.wait_until(self.answers, seconds=START_SECONDS)

        on_free_ports({"http": [state.get("port", PORT), PORT]}, launch)
        return "restarted, because its program or its store changed" if ran else "started"

    def down(self) -> bool:
        """Stop the gateway and say whether it ran."""
        return self.daemon.stop()

    def login(self) -> dict[str, str]:
        """Return the address and the key, under the names of `mmkg.settings.Settings`."""
        state = self.daemon.state()
        return {"gateway_url": f"http://{LOOPBACK}:{state['port']}", "gateway_key": state["link_key"]}

    def addresses(self) -> dict[str, str]:
        """Return what links begin with."""
        return {"Media": self.login()["gateway_url"]}

    def answers(self) -> bool:
        """Say whether the gateway answers by HTTP."""
        try:
            ask(self.daemon.state()["port"], "/")
        except OSError:
            return False
        return True

    def _environment(self) -> dict[str, str]:
        """Return the variables of the process: no other user sees them, as one would see its arguments.

        The login of a store that the user named is handed on. That of the local store, which may change, the
        gateway finds where every command does.
        """
        settings = self._settings
        names = ["minio_bucket"]
        if settings.external_minio:
            names += ["minio_endpoint", "minio_access_key"]
        values = self.login() | {name: str(getattr(settings, name)) for name in names}
        if settings.external_minio:
            values["minio_secret_key"] = settings.minio_secret_key.get_secret_value()
        variables = {ENVIRONMENT[name]: value for name, value in values.items()}
        return variables | {"MMKG_HOME": str(settings.home), "MMKG_CACHE": str(settings.cache)}

    def _loaded(self) -> str:
        """Return a digest of all that the process reads only when it starts, but for its port and its key."""
        settings = self._settings
        store = (
            settings.minio_endpoint,
            settings.minio_access_key,
            settings.minio_secret_key.get_secret_value(),
        )
        text = repr((settings.minio_bucket, store if settings.external_minio else None))
        program = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
        return hashlib.sha256(text.encode() + program).hexdigest()
