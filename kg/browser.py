"""Neo4j Browser's style and guide: the plugin (`org.mmkg.browser`) serves both, these settings offer them."""

from __future__ import annotations

MOUNT = "/mmkg"

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
    "connect-src 'self' ws: wss: http: https:"
)
"""Neo4j's default, less the hosts from which Browser loads a font, and scripts for analytics and feedback."""


def configuration(host: str, http_port: int) -> dict[str, str]:
    """Return the settings of neo4j.conf by which Browser takes our style and opens our guide after login.

    Args:
        host: the server's own name, as Browser reaches it.
        http_port: where it answers by HTTP.
    """
    files = f"http://{host}:{http_port}{MOUNT}"
    return {
        "server.unmanaged_extension_classes": f"org.mmkg.browser={MOUNT}",
        # The first two are Neo4j's own default: Browser's program, like our two files, is no secret.
        "dbms.security.http_auth_allowlist": f"/,/browser.*,{MOUNT}/.*",
        "dbms.security.http_static_content_security_policy_header": CONTENT_SECURITY_POLICY,
        # Browser loads styles and guides from this machine alone.
        "browser.remote_content_hostname_whitelist": ",".join(dict.fromkeys(["localhost", host])),
        "browser.post_connect_cmd": f"style {files}/style.grass; guide {files}/guide.md",
    }
