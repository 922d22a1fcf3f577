"""Checkpoints: how many records a log has, and under which root, signed.

The text form is that of C2SP: a tlog-checkpoint, which is a signed note.  Nothing here
signs or verifies anything; the form and the meaning are separate.
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final, final

import attrs

from backoffice_ledger._model.fields import set_field
from backoffice_ledger.errors import InvalidOption

KEY_ID_BYTES: Final = 4
ROOT_BYTES: Final = 32
NOTE_BYTES_MAX: Final = 1_000_000
SIGNATURES_MAX: Final = 100
SIZE_END: Final = 10**19
_DASH: Final = "\u2014 "


def _malformed(field: str, expected: str, found: object) -> InvalidOption:
    return InvalidOption(field=field, expected=expected, found=found)


def check_key_name(value: object, field: str = "name") -> str:
    """Return *value* if it can name a key: no spaces, no plus, nothing invisible.

    Raises:
        InvalidOption: it cannot.
    """
    if not isinstance(value, str) or not value.isprintable():
        raise _malformed(field, "the name of a key, such as example.com/books", value)
    if not value or "+" in value or any(c.isspace() for c in value):
        raise _malformed(field, "a name without spaces and plus", value)
    return value


def decode_base64(text: str, field: str) -> bytes:
    """Return the bytes of standard base64, in its one canonical form.

    Raises:
        InvalidOption: it is something else.
    """
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise _malformed(field, "base64", text) from None
    if b64encode(data).decode() != text:
        raise _malformed(field, "canonical base64", text)
    return data


@final
@attrs.frozen(order=False)
class NoteSignature:
    """A line under a note: who signed, with which key, and the signature.

    Args:
        name: of the key.
        key_id: its first four bytes tell keys of one name apart; they prove nothing.
        signature: what the key made of the text.

    Raises:
        InvalidOption: a part is malformed.
    """

    name: str
    key_id: bytes
    signature: bytes

    def __attrs_post_init__(self) -> None:
        check_key_name(self.name)
        if type(self.key_id) is not bytes or len(self.key_id) != KEY_ID_BYTES:
            raise _malformed("key_id", f"{KEY_ID_BYTES} bytes", self.key_id)
        if type(self.signature) is not bytes or not self.signature:
            raise _malformed("signature", "bytes", self.signature)

    @property
    def line(self) -> str:
        """The line as C2SP has it, without the line break."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}"

    @classmethod
    def parse(cls, line: str) -> "NoteSignature":
        """Return the signature of its line.

        Raises:
            InvalidOption: it is none.
        """
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space:
            raise _malformed("signature", "a line such as '\u2014 name base64'", line)
        data = decode_base64(encoded, "signature")
        return cls(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


@final
@attrs.frozen(init=False, order=False)
class Checkpoint:
    """What a log was at one moment: its identity, its size and its root.

    ``str(checkpoint)`` is the signed note of C2SP (tlog-checkpoint), which
    `Checkpoint.parse` reads back::

        example.com/books
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        - example.com/books Az3grlgt...

    (with an em dash before the name).  A checkpoint proves nothing by itself:
    `audit.verify_checkpoint` checks who signed it.

    Args:
        origin: the identity of the log: one line without spaces.
        size: how many records it had.
        root: Merkle root over their leaves (RFC 6962), 32 bytes.
        signatures: over `text`.
        extensions: further lines of the text; ours have none.

    Raises:
        InvalidOption: a part is malformed.
    """

    origin: str
    size: int
    root: bytes
    signatures: tuple[NoteSignature, ...] = ()
    extensions: tuple[str, ...] = ()

    def __init__(
        self,
        origin: str,
        size: int,
        root: bytes,
        signatures: Iterable[NoteSignature] = (),
        *,
        extensions: Iterable[str] = (),
    ) -> None:
        if not isinstance(origin, str) or not origin or not origin.isprintable():
            raise _malformed("origin", "the identity of a log, on one line", origin)
        if type(size) is not int or not 0 <= size < SIZE_END:
            raise _malformed("size", "an int from 0", size)
        if type(root) is not bytes or len(root) != ROOT_BYTES:
            raise _malformed("root", f"{ROOT_BYTES} bytes", root)
        lines = tuple(extensions)
        for line in lines:
            if not isinstance(line, str) or not line or not line.isprintable():
                raise _malformed("extensions", "lines that are not empty", line)
        signed = tuple(signatures)
        for signature in signed:
            if not isinstance(signature, NoteSignature):
                raise _malformed("signatures", "NoteSignatures", signature)
        set_field(self, "origin", origin)
        set_field(self, "size", size)
        set_field(self, "root", root)
        set_field(self, "signatures", signed)
        set_field(self, "extensions", lines)

    @property
    def text(self) -> str:
        """What is signed: everything before the empty line."""
        root = b64encode(self.root).decode()
        return "".join(
            f"{line}\n" for line in (self.origin, self.size, root, *self.extensions)
        )

    def signed(self, signatures: Iterable[NoteSignature]) -> "Checkpoint":
        """Return the checkpoint with more signatures, such as those of witnesses."""
        return Checkpoint(
            self.origin,
            self.size,
            self.root,
            (*self.signatures, *signatures),
            extensions=self.extensions,
        )

    def __str__(self) -> str:
        return self.text + "\n" + "".join(f"{s.line}\n" for s in self.signatures)

    @classmethod
    def parse(cls, note: str | bytes) -> "Checkpoint":
        """Return the checkpoint that a signed note holds; verify nothing.

        Raises:
            InvalidOption: it is no checkpoint in the text form of C2SP.
        """
        text = _note_text(note)
        head, _, tail = text.rpartition("\n\n")
        lines, signatures = head.split("\n"), tail.split("\n")
        if signatures.pop() != "" or not signatures or len(lines) < 3:
            raise _malformed(
                "checkpoint", "origin, size and root, an empty line, signatures", note
            )
        if len(signatures) > SIGNATURES_MAX:
            raise _malformed(
                "checkpoint", f"at most {SIGNATURES_MAX} signatures", len(signatures)
            )
        origin, size, root, *extensions = lines
        if not size.isascii() or not size.isdigit() or str(int(size[:20])) != size:
            raise _malformed("size", "a decimal number without leading zeros", size)
        return cls(
            origin,
            int(size),
            decode_base64(root, "root"),
            [NoteSignature.parse(line) for line in signatures],
            extensions=extensions,
        )


def _note_text(note: object) -> str:
    """Return a note as text, if it may be one.

    Raises:
        InvalidOption: it is no text, or it is too long.
    """
    if isinstance(note, str) and len(note) <= NOTE_BYTES_MAX:
        return note
    if isinstance(note, bytes) and len(note) <= NOTE_BYTES_MAX:
        try:
            return note.decode()
        except UnicodeDecodeError:
            raise _malformed("checkpoint", "UTF-8", note) from None
    raise _malformed(
        "checkpoint", f"the text of a note of at most {NOTE_BYTES_MAX} bytes", note
    )
