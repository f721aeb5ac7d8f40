"""What a partner may do on the bus, and the block of the NATS configuration that says so. Pure."""

import json
import re
import secrets

from shared.errors import RequestError
from shared.events import FACTS, ReportRequested
from shared.provision import OWN_PARTNERS, answers_of, bucket_of

NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
ACCOUNT = "CRIMEMAPS"
"""The account of our services in `deploy/nats/nats.conf`."""
DOMAIN = "crimemaps"
"""What partners' clients name as the domain of JetStream."""
BLOCK = """\
"{name}": {{
  users: [ {{
    user: "{name}"
    password: ${variable}
    permissions: {permissions}
  }} ]
  imports: [
{imports}
  ]
}}
"""


def check_name(name: str) -> str:
    """The name, if a partner can have it.

    Raises:
        RequestError: it cannot.
    """
    if not NAME.fullmatch(name):
        raise RequestError(
            f"{name!r} is no name of a partner: valid are 2 to 32 of a-z 0-9 -, beginning with a letter"
        )
    if name in OWN_PARTNERS:
        raise RequestError(f"{name!r} is taken: {' and '.join(OWN_PARTNERS)} order in our own name")
    return name


def imports(partner: str) -> dict[str, str]:
    """What a partner may send, each subject in its own account with the one that it stands for in ours.

    Its orders, its answers, its objects. The JetStream calls have a domain, because every account's
    `$JS.API` is its own. No consumer of its own on its bucket: a consumer delivers wherever it is told.
    """
    answers, objects = f"{FACTS}.{answers_of(partner)}", f"OBJ_{bucket_of(partner)}"
    calls = (
        f"CONSUMER.INFO.{answers}",
        f"CONSUMER.MSG.NEXT.{answers}",
        f"STREAM.INFO.{objects}",
        f"STREAM.MSG.GET.{objects}",
        f"DIRECT.GET.{objects}",
        f"DIRECT.GET.{objects}.>",
    )
    same = (f"{ReportRequested.subject}.{partner}", f"$JS.ACK.{answers}.>")
    return dict(zip(same, same, strict=True)) | {
        f"$JS.{DOMAIN}.API.{call}": f"$JS.API.{call}" for call in calls
    }


def permissions(partner: str) -> dict[str, dict[str, list[str]]]:
    """All that a partner may publish and subscribe to, in its own account."""
    return {"publish": {"allow": list(imports(partner))}, "subscribe": {"allow": ["_INBOX.>"]}}


def password_variable(partner: str) -> str:
    """The environment variable of the NATS server that holds a partner's password."""
    return f"NATS_PASSWORD_{partner.upper().replace('-', '_')}"


def make_password() -> str:
    """A new password; it begins with a letter, since NATS reads variables as it reads its configuration."""
    return f"k{secrets.token_hex(20)}"


def account_block(partner: str) -> str:
    """A partner's account, as `partners.conf` has it."""
    lines = (
        f'    {{ service: {{ account: {ACCOUNT}, subject: "{ours}" }}, to: "{theirs}" }}'
        for theirs, ours in imports(partner).items()
    )
    return BLOCK.format(
        name=partner,
        variable=password_variable(partner),
        permissions=json.dumps(permissions(partner)),
        imports="\n".join(lines),
    )
