"""Commands that prove a book, and that verify what others prove.

All of them end with 0 for what verifies, 1 for what does not, 2 for what could not be
examined.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import backoffice_ledger as bl
from backoffice_ledger import audit
from backoffice_ledger.errors import (
    BookExists,
    Corrupt,
    InvalidOption,
    StorageFailure,
    VerificationFailed,
)
from backoffice_ledger.protocols import Anchor

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_CODES: Final = "exit code: 0 verified, 1 not verified, 2 could not be examined"
_OWNER_ONLY: Final = 0o600


def add_commands(commands: "Commands") -> None:
    """Add the commands to those of the program."""
    command = _add(commands, "verify", _verify, "verify a book, also by checkpoints")
    _add_book(command)
    command.add_argument(
        "--checkpoint",
        metavar="FILE",
        action="append",
        default=[],
        help="a checkpoint, or the file of a FileAnchor, that was kept elsewhere",
    )
    _add_keys(command)
    command = _add(commands, "checkpoint", _checkpoint, "sign what a log is now")
    _add_book(command)
    command.add_argument("--actor", required=True, help="who acts, for the log")
    command.add_argument(
        "--key",
        metavar="FILE",
        action="append",
        required=True,
        help="the file of a signing key, see keygen",
    )
    command.add_argument("--origin", help="the identity of the log, first time only")
    command.add_argument(
        "--file", metavar="FILE", action="append", default=[], help="append it there"
    )
    command.add_argument(
        "--folder",
        metavar="FOLDER",
        action="append",
        default=[],
        help="write it to a file of its own there",
    )
    command = _add(commands, "export", _export, "write a log to a file for strangers")
    _add_book(command)
    command.add_argument("target", metavar="TARGET")
    command.add_argument("--checkpoint", metavar="FILE", required=True)
    command.add_argument(
        "--without-texts", action="store_true", help="show only commitments to texts"
    )
    command = _add(commands, "verify-export", _verify_export, "verify such a file")
    command.add_argument("source", metavar="FILE")
    _add_keys(command)
    command = _add(commands, "prove", _prove, "prove that a log holds a record")
    _add_book(command)
    command.add_argument("position", metavar="POSITION", type=int)
    command.add_argument("--checkpoint", metavar="FILE", required=True)
    command.add_argument("--without-texts", action="store_true")
    command = _add(commands, "verify-proof", _verify_proof, "verify such a proof")
    command.add_argument("source", metavar="FILE")
    _add_keys(command)
    command = _add(
        commands, "keygen", _keygen, "make a signing key; print its public half"
    )
    command.add_argument("name", metavar="NAME", help="such as example.com/books")
    command.add_argument("target", metavar="FILE", help="for the secret; a new file")
    command.add_argument(
        "--hmac", action="store_true", help="a secret that also verifies"
    )


def _add(
    commands: "Commands",
    name: str,
    run: Callable[[argparse.Namespace], int],
    help_: str,
) -> argparse.ArgumentParser:
    def guarded(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except (VerificationFailed, Corrupt) as error:
            problems = getattr(error, "problems", ())
            print(error, *problems[1:], sep="\n", file=sys.stderr)
            return 1

    command = commands.add_parser(name, help=help_, epilog=_CODES)
    command.set_defaults(run=guarded)
    return command


def _add_book(command: argparse.ArgumentParser) -> None:
    command.add_argument("where", metavar="BOOKS", help="a file, or postgresql://...")
    command.add_argument("--book", default="main", help="which one, if not main")


def _add_keys(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--key",
        metavar="KEY",
        action="append",
        default=[],
        help="a public key, or the file of a key; may be repeated",
    )
    command.add_argument("--origin", help="the identity of the log, if no key names it")


def _open(options: argparse.Namespace) -> bl.Ledger:
    return bl.open_ledger(options.where, book=options.book, read_only=True)


def _text(path: str) -> str:
    """Return the text of a file.

    Raises:
        StorageFailure: it cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise StorageFailure(str(error), field=path) from error


def _keys(options: argparse.Namespace) -> list[Any]:
    return [
        audit.read_key(_text(key) if os.path.exists(key) else key)  # noqa: PTH110
        for key in options.key
    ]


def _verify(options: argparse.Namespace) -> int:
    keys = _keys(options)
    if options.checkpoint and not keys:
        raise InvalidOption(
            "who signed the checkpoint?", field="--key", expected="a trusted key"
        )
    checkpoints = [
        audit.verify_checkpoint(found, keys=keys, origin=options.origin)
        for path in options.checkpoint
        for found in audit.read_checkpoints(path)
    ]
    with _open(options) as ledger:
        print(ledger.verify(checkpoints=checkpoints))
    for found in checkpoints:
        print(f"the first {found.size} records are those of {found.origin}")
    return 0


def _checkpoint(options: argparse.Namespace) -> int:
    signers = [audit.read_signer(_text(path)) for path in options.key]
    anchors: list[Anchor] = [
        *map(audit.FileAnchor, options.file),
        *map(audit.FolderAnchor, options.folder),
    ]
    with bl.open_ledger(
        options.where, book=options.book, actor=options.actor
    ) as ledger:
        made = audit.checkpoint(
            ledger, signers=signers, anchors=anchors, origin=options.origin
        )
    print(made, end="")
    return 0


def _last_checkpoint(options: argparse.Namespace) -> audit.Checkpoint:
    found = audit.read_checkpoints(options.checkpoint)
    if not found:
        raise InvalidOption(
            field="--checkpoint", expected="a checkpoint", found=options.checkpoint
        )
    return found[-1]


def _export(options: argparse.Namespace) -> int:
    checkpoint = _last_checkpoint(options)
    with _open(options) as ledger:
        audit.export(
            ledger,
            options.target,
            checkpoint=checkpoint,
            texts=not options.without_texts,
        )
    print(f"{checkpoint.size} records of {checkpoint.origin}")
    return 0


def _verify_export(options: argparse.Namespace) -> int:
    keys = _keys(options)
    print(audit.verify_export(options.source, keys=keys, origin=options.origin))
    return 0


def _prove(options: argparse.Namespace) -> int:
    checkpoint = _last_checkpoint(options)
    with _open(options) as ledger:
        proof = audit.prove(
            ledger,
            options.position,
            checkpoint=checkpoint,
            texts=not options.without_texts,
        )
    print(proof, end="")
    return 0


def _verify_proof(options: argparse.Namespace) -> int:
    found = audit.verify_proof(
        _text(options.source), keys=_keys(options), origin=options.origin
    )
    print(f"verified: record {found.position} of {found.checkpoint.origin}")
    print(f"{found.record_type} by {found.actor}")
    for name, text in found.texts.items():
        print(f"{name}: {text}")
    return 0


def _keygen(options: argparse.Namespace) -> int:
    kind = audit.HmacKey if options.hmac else audit.Ed25519Signer
    key = kind(options.name, secrets.token_bytes(32))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = os.open(options.target, flags, _OWNER_ONLY)
    except FileExistsError as error:
        raise BookExists(field="FILE", found=options.target) from error
    except OSError as error:
        raise StorageFailure(str(error), field="FILE") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(key.secret + "\n")
    if isinstance(key, audit.Ed25519Signer):
        print(key.key)
    return 0
