"""The object store: content-addressed blobs on S3, and the local S3 server."""
