import hashlib
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mmkg.errors import ConnectError, InputError, StoreError, UsageError
from storage import BlobStore

DATA = b"a poster, as far as the store is concerned"
SHA256 = hashlib.sha256(DATA).hexdigest()
ABSENT = hashlib.sha256(b"never uploaded").hexdigest()


def test_bytes_come_back_under_their_hash(store):
    blob = store.put_bytes(DATA, "image/jpeg")
    assert (blob.sha256, blob.bytes, blob.mime) == (SHA256, len(DATA), "image/jpeg")
    assert blob.key == f"sha256/{SHA256[:2]}/{SHA256}"
    assert store.get(SHA256) == DATA
    stat = store.client.stat_object(store.bucket, blob.key)
    assert (stat.size, stat.content_type) == (len(DATA), "image/jpeg")


@given(data=st.binary(max_size=5000))
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_come_back(store, data):
    assert store.get(store.put_bytes(data, "application/octet-stream").sha256) == data


def test_a_file_in_several_parts_comes_back(store, tmp_path):
    path = tmp_path / "trailer.mp4"
    path.write_bytes(bytes(range(256)) * 4096 * 20)  # 20 MiB, more than one part
    blob = store.put_file(path, "video/mp4")
    assert blob.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    copy = tmp_path / "copy.mp4"
    store.get_file(blob.sha256, copy)
    assert copy.read_bytes() == path.read_bytes()
    assert store.read_range(blob.sha256, (17 << 20) + 1, 3) == bytes([1, 2, 3])


def test_what_is_there_is_not_uploaded_again(store, tmp_path):
    path = tmp_path / "poster.jpg"
    path.write_bytes(DATA)
    key = store.put_file(path, "image/jpeg").key
    # A second upload would change the type that the store remembers.
    store.put_file(path, "image/png")
    store.put_bytes(DATA, "image/png")
    assert store.client.stat_object(store.bucket, key).content_type == "image/jpeg"
    assert list(store.list_sha256()) == [SHA256]


def test_a_half_uploaded_blob_is_uploaded_again(store):
    key = store.put_bytes(DATA, "image/jpeg").key
    store.client.put_object(store.bucket, key, BytesIO(DATA[:5]), 5)
    store.put_bytes(DATA, "image/jpeg")
    assert store.get(SHA256) == DATA


def test_damage_shows_on_reading(store, tmp_path):
    key = store.put_bytes(DATA, "image/jpeg").key
    store.client.put_object(store.bucket, key, BytesIO(DATA[::-1]), len(DATA))
    with pytest.raises(StoreError, match="damaged"):
        store.get(SHA256)
    with pytest.raises(StoreError, match="damaged"):
        store.get_file(SHA256, tmp_path / "poster.jpg")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_blob_says_so(store, tmp_path):
    assert not store.exists(ABSENT)
    for read in (
        lambda: store.get(ABSENT),
        lambda: store.get_file(ABSENT, tmp_path / "x"),
        lambda: store.read_range(ABSENT, 0, 1),
    ):
        with pytest.raises(StoreError, match="not in the object store"):
            read()
    assert list(tmp_path.iterdir()) == []


def test_ranges(store):
    store.put_bytes(DATA, "text/plain")
    assert store.read_range(SHA256, 2, 6) == DATA[2:8]
    assert store.read_range(SHA256, len(DATA) - 3, 100) == DATA[-3:]
    with pytest.raises(StoreError, match="InvalidRange"):
        store.read_range(SHA256, len(DATA) + 5, 1)
    with pytest.raises(ValueError, match="no such range"):
        store.read_range(SHA256, 0, 0)


def test_a_link_lets_anyone_read_and_is_not_stored(store):
    store.put_bytes(DATA, "image/jpeg")
    link = store.presign(SHA256, 60)
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == DATA
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(link.replace("Expires=60", "Expires=6000"))
    for seconds in (0, 8 * 24 * 3600):
        with pytest.raises(UsageError):
            store.presign(SHA256, seconds)


def test_many_are_deleted_by_their_keys_and_what_is_not_there_is_no_error(store):
    blobs = [store.put_bytes(bytes([n]), "application/octet-stream") for n in range(5)]
    gone = [blob.key for blob in blobs[:4]]
    for _ in range(2):
        store.delete_keys([*gone, "sha256/no/such"])
        assert list(store.list_sha256()) == [blobs[4].sha256]
    store.delete_keys([])


def test_delete_and_list(store):
    hashes = sorted(store.put_bytes(bytes([i]), "text/plain").sha256 for i in range(5))
    assert list(store.list_sha256()) == hashes
    store.delete(hashes[2])
    store.delete(hashes[2])
    assert not store.exists(hashes[2])
    assert list(store.list_sha256()) == hashes[:2] + hashes[3:]


@pytest.mark.parametrize("name", ["", "../secret", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_hash_names_a_blob(store, name):
    with pytest.raises(StoreError, match="64 hexadecimal digits"):
        store.get(name)


def test_many_threads_share_a_store(store):
    with ThreadPoolExecutor(12) as pool:
        blobs = list(pool.map(lambda i: store.put_bytes(b"%d" % (i // 2), "text/plain"), range(100)))
        read = list(pool.map(lambda blob: store.get(blob.sha256), blobs))
    assert read == [b"%d" % (i // 2) for i in range(100)]
    assert len(list(store.list_sha256())) == 50


def test_an_unreadable_file_is_the_users_mistake(store, tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.jpg"):
        store.put_file(tmp_path / "nowhere.jpg", "image/jpeg")
    with pytest.raises(InputError, match="cannot be read"):
        store.put_file(tmp_path, "image/jpeg")


def test_an_unwritable_target_says_so(store, tmp_path):
    store.put_bytes(DATA, "image/jpeg")
    with pytest.raises(StoreError, match="cannot be written"):
        store.get_file(SHA256, tmp_path / "no" / "such" / "folder")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"minio_endpoint": "127.0.0.1:1"}, "does not answer"),
        ({"minio_endpoint": "ftp://127.0.0.1:9000"}, "no S3 endpoint"),
        ({"minio_endpoint": "127.0.0.1:9000/folder"}, "cannot be used"),
        ({"minio_endpoint": None}, "mmkg up"),
        ({"minio_access_key": "somebody"}, "refuses the login"),
        ({"minio_secret_key": "guess-of-a-password"}, "refuses the login"),
        ({"minio_bucket": "No Bucket"}, "cannot be used"),
    ],
)
def test_a_connection_that_cannot_be_made_says_why(settings, changes, what):
    wrong = type(settings).model_validate({**settings.model_dump(), **changes})
    with pytest.raises(ConnectError, match=what) as error:
        BlobStore.connect(wrong)
    assert error.value.exit_code == 4
    assert error.value.remedy
    assert "guess-of-a-password" not in str(error.value)


def test_a_server_that_is_no_object_store_is_told_apart(settings):
    if settings.external_neo4j:
        pytest.skip("only the local database is sure to answer HTTP")
    from mmkg.settings import read_servers

    http = read_servers(settings.home)["neo4j"]["neo4j_uri"].removeprefix("bolt://")
    with pytest.raises(ConnectError, match="not that of an S3 server"):
        BlobStore.connect(settings.model_copy(update={"minio_endpoint": http}))


def test_no_secret_in_repr(store, settings):
    secret = settings.minio_secret_key.get_secret_value()
    assert secret not in repr(store) + repr(vars(store))
