"""The object store: content-addressed blobs over S3, and the local server that holds them."""

from storage.blobs import Blob, BlobStore

__all__ = ["Blob", "BlobStore"]
