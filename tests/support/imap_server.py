"""A small IMAP server for tests: one folder, one user, just what a reader asks for."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.say("* OK ready")
        while line := self.rfile.readline():
            tag, command, *rest = line.decode().strip().split(" ", 2)
            argument = rest[0] if rest else ""
            self.server.commands.append(f"{command} {argument}".strip())
            if not self.answer(tag, command.upper(), argument):
                return

    def answer(self, tag: str, command: str, argument: str) -> bool:
        if command == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1")
        elif command == "LOGIN" and argument.replace('"', "") != "ana secreto":
            self.say(f"{tag} NO wrong user or password")
            return True
        elif command in {"EXAMINE", "SELECT"}:
            if "INBOX" not in argument and "Pedidos" not in argument:
                self.say(f"{tag} NO no such folder")
                return True
            self.say(f"* {len(self.server.mails)} EXISTS")
        elif command == "UID" and argument.startswith("SEARCH"):
            numbers = " ".join(str(n) for n in range(1, len(self.server.mails) + 1))
            self.say(f"* SEARCH {numbers}".rstrip())
        elif command == "UID":
            self.fetch(argument)
        elif command == "LOGOUT":
            self.say("* BYE")
        self.say(f"{tag} OK done")
        return command != "LOGOUT"

    def fetch(self, argument: str) -> None:
        number = int(argument.split()[1])
        mail = self.server.mails[number - 1]
        if "HEADER.FIELDS" in argument:
            found = re.search(rb"^Message-ID:.*\r?\n", mail, re.MULTILINE | re.IGNORECASE)
            body, what = (found[0] if found else b"") + b"\r\n", "BODY[HEADER.FIELDS (MESSAGE-ID)]"
            what = f"RFC822.SIZE {len(mail)} {what}"
        else:
            body, what = mail, "BODY[]"
        self.say(f"* {number} FETCH (UID {number} {what} {{{len(body)}}}")
        self.wfile.write(body)
        self.say(")")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class ImapServer(socketserver.ThreadingTCPServer):
    """Serves `mails` (raw bytes) to user `ana`, password `secreto`; keeps what was asked."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mails: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mails = list(mails)
        self.commands: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def imap_server(mails: Sequence[bytes]) -> Iterator[ImapServer]:
    """Run the server while the block lasts."""
    with ImapServer(mails) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
