"""An SMTP server (aiosmtpd) that prints what arrives, read by Python's own parser.

First line: its port. Then one line of JSON for each mail that was taken. Ends when standard input
does. Recipients `later@…` get 450, `never@…` 550. Argument: `plain`, `login` (user ann, password
s3cret) or `tls CERTIFICATE KEY` (STARTTLS).
"""
import base64
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


def part(it):
    return {
        "type": it.get_content_type(),
        "disposition": it.get_content_disposition(),
        "name": it.get_filename(),
        "cid": it["content-id"],
        "bytes": base64.b64encode(it.get_payload(decode=True)).decode(),
        "text": it.get_content() if it.get_content_maintype() == "text" else None,
    }


def tree(it):
    if it.is_multipart():
        return [it.get_content_subtype(), *(tree(child) for child in it.iter_parts())]
    return it.get_content_type()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("later@"):
            return "450 4.2.1 <%s> is busy" % address
        if address.startswith("never@"):
            return "550 5.1.1 <%s> is nobody" % address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        said = {
            "hello": session.host_name,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[key, str(value)] for key, value in mail.items()],
            "names": {key: mail[key].addresses[0].display_name for key in ("from", "to", "reply-to") if mail[key]},
            "tree": tree(mail),
            "parts": [part(it) for it in mail.walk() if not it.is_multipart()],
        }
        print(json.dumps(said), flush=True)
        return "250 OK"


def log_in(server, session, envelope, mechanism, data):
    # Not handled: the server is to say 535 itself.
    return AuthResult(success=data.login == b"ann" and data.password == b"s3cret", handled=False)


class OwnPort(Controller):
    """Asks for port 0 and finds out which one that was."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


options = {}
if sys.argv[1] == "login":
    options = {"authenticator": log_in, "auth_required": True, "auth_require_tls": False}
if sys.argv[1] == "tls":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    options = {"tls_context": context, "require_starttls": True}
controller = OwnPort(Handler(), hostname="127.0.0.1", port=0, **options)
controller.start()
print(controller.port, flush=True)
sys.stdin.read()
controller.stop()
