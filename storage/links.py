"""Signed links: whoever has one may read that blob through the media gateway until it expires, and no other.

The signature is the HMAC-SHA256 of the blob's SHA-256, a line feed and the time, in hexadecimal digits. The
plugin makes the same in the database (`org.mmkg.link.Links`), with the key that `mmkg up` gives to both.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass

from pydantic import SecretStr

from mmkg.errors import ConnectError, UsageError
from mmkg.settings import Settings
from storage.blobs import LONGEST_LINK, key_of

DEFAULT_SECONDS = 3600
MOST_SECONDS = int(LONGEST_LINK.total_seconds())


@dataclass(frozen=True, slots=True)
class Links:
    """Makes links to the blobs behind the gateway at `url`, and tells which links it would have made.

    Example:
        >>> Links.of(Settings.load()).link(sha256, seconds=600)
        'http://127.0.0.1:8334/media/ab…?expires=1790000000&signature=cd…'
    """

    url: str
    """Without a slash at its end."""
    key: SecretStr

    @classmethod
    def of(cls, settings: Settings) -> Links:
        """Take the address and the key of the gateway that the settings name.

        Raises:
            ConnectError: they name none.
        """
        if settings.gateway_url is None or not settings.gateway_key.get_secret_value():
            raise ConnectError(
                "no media gateway is known",
                remedy="Run `mmkg up`, or set MMKG_GATEWAY_URL and MMKG_GATEWAY_KEY",
            )
        return cls(settings.gateway_url.rstrip("/"), settings.gateway_key)

    def link(self, sha256: str, seconds: int = DEFAULT_SECONDS) -> str:
        """Make a link to a blob that is valid for so many seconds, seven days at most.

        Raises:
            UsageError: no link is valid that long.
            StoreError: the text is no SHA-256.
        """
        if not 0 < seconds <= MOST_SECONDS:
            raise UsageError(
                f"a link cannot be valid for {seconds} seconds", remedy=f"Ask for 1 to {MOST_SECONDS}"
            )
        key_of(sha256)
        expires = str(int(time.time()) + seconds)
        return f"{self.url}/media/{sha256}?expires={expires}&signature={self._signature(sha256, expires)}"

    def seconds_left(self, sha256: str, expires: str, signature: str) -> int:
        """Tell how long a link is still valid: 0 where it has expired or was not made with this key.

        Args:
            sha256: the blob.
            expires: the time in the link, as it stands there.
            signature: the signature in the link, as it stands there.
        """
        right = self._signature(sha256, expires)
        if not hmac.compare_digest(right.encode(), signature.encode(errors="replace")):
            return 0
        return max(0, int(expires) - int(time.time()))

    def _signature(self, sha256: str, expires: str) -> str:
        signed = f"{sha256}\n{expires}".encode(errors="replace")
        return hmac.new(self.key.get_secret_value().encode(), signed, hashlib.sha256).hexdigest()
