"""What the maps may fetch: from here, and from where an operator's own basemap is. Pure."""

from urllib.parse import urlsplit

from services.gateway.site.render import SECURITY

POLICY = "Content-Security-Policy"


def origin_of(style_url: str | None) -> str:
    """Scheme and host of a basemap's style, with a space before them; nothing without one."""
    parts = urlsplit(style_url or "")
    return f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""


def page_headers(style_url: str | None) -> dict[str, str]:
    """The headers of a map's page."""
    policy = SECURITY[POLICY]
    for directive in ("img-src 'self'", "connect-src 'self'"):
        policy = policy.replace(directive, directive + origin_of(style_url))
    return {**SECURITY, POLICY: policy}


def worker_policy(style_url: str | None) -> str:
    """The policy of scripts: one that draws maps in the background goes by its own, not by the page's."""
    return f"default-src 'none'; connect-src 'self'{origin_of(style_url)}; frame-ancestors 'none'"
