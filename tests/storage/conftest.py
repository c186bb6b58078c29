from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from mmkg.settings import Settings
from storage import BlobStore
from storage.gateway_server import GatewayServer
from tests.storage.gateway import Gateway


@pytest.fixture(scope="module")
def gateway(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    own = settings.model_copy(
        update={
            "home": tmp_path_factory.mktemp("gateway"),
            "minio_bucket": f"test-{uuid.uuid4().hex}",
            "external_minio": True,
        }
    )
    server = GatewayServer(own)
    with BlobStore.connect(own) as store:
        server.up()
        yield Gateway(server, store)
        server.down()
        store.delete_keys(f"sha256/{sha256[:2]}/{sha256}" for sha256 in list(store.list_sha256()))
        store.client.remove_bucket(store.bucket)


@pytest.fixture
def quiet_log(gateway: Gateway) -> Iterator[None]:
    """No test makes the gateway stumble."""
    yield
    assert "Traceback" not in gateway.server.daemon.log_file.read_text()
