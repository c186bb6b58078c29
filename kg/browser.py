"""Neo4j Browser's style and guide: the plugin (`org.mmkg.browser`) serves both, these settings offer them."""

from __future__ import annotations

from collections.abc import Iterable

MOUNT = "/mmkg"
POLICY_SETTING = "dbms.security.http_static_content_security_policy_header"


def configuration(host: str, http_port: int) -> dict[str, str]:
    """Return the settings of neo4j.conf by which Browser takes our style and opens our guide after login.

    Args:
        host: the server's own name, as Browser reaches it.
        http_port: where it answers by HTTP.
    """
    files = f"http://{host}:{http_port}{MOUNT}"
    hosts = list(dict.fromkeys(["localhost", host]))
    return {
        "server.unmanaged_extension_classes": f"org.mmkg.browser={MOUNT}",
        # The first two are Neo4j's own default: Browser's program, like our two files, is no secret.
        "dbms.security.http_auth_allowlist": f"/,/browser.*,{MOUNT}/.*",
        # Browser loads styles and guides from this machine alone.
        "browser.remote_content_hostname_whitelist": ",".join(hosts),
        "browser.post_connect_cmd": f"style {files}/style.grass; guide {files}/guide.md",
        POLICY_SETTING: _content_security_policy(hosts),
    }


def _content_security_policy(hosts: Iterable[str]) -> str:
    """Return what Browser's program may load: Neo4j's default, less every other machine's web server.

    It would fetch a font and scripts for analytics and feedback, and report its own crashes. Bolt comes by a
    web socket, also from another database to which somebody connects it.
    """
    here = " ".join(f"http://{host}:*" for host in hosts)
    return (
        "default-src 'self'; script-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        f"font-src 'self'; connect-src 'self' ws: wss: {here}; "
        "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
