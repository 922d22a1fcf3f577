"""Keys that sign checkpoints and verify their signatures.

Key ids and the text form of keys are those of C2SP (signed-note) and of Go's
``sumdb/note``, whose tools read them.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, final

import attrs

from backoffice_ledger._model.arguments import check_callable, check_methods
from backoffice_ledger._model.checkpoint import (
    KEY_ID_BYTES,
    check_key_name,
    decode_base64,
)
from backoffice_ledger.errors import InvalidOption, MissingExtra
from backoffice_ledger.protocols import VerifyingKey

if TYPE_CHECKING:
    from types import ModuleType

_ED25519: Final = b"\x01"
_HMAC: Final = b"\xff" + b"backoffice-ledger/hmac-sha256\x00"
"""Type 0xff with a longer identifier: C2SP has not assigned one to HMAC."""
_SECRET: Final = "PRIVATE+KEY+"  # noqa: S105 - the mark of one, as Go has it
_BYTES: Final = 32


def _ed25519() -> "ModuleType":
    """Return the implementation of Ed25519.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519 as module
    except ImportError as error:
        raise MissingExtra(
            "Ed25519 needs cryptography",
            expected="pip install 'backoffice-ledger[signing]'",
        ) from error
    return module


def _check_bytes(value: object, field: str, *, is_exact: bool) -> bytes:
    if type(value) is bytes and (
        len(value) == _BYTES or (len(value) > _BYTES and not is_exact)
    ):
        return value
    more = "" if is_exact else " or more"
    raise InvalidOption(
        field=field,
        expected=f"{_BYTES} bytes{more}",
        found=f"{len(value)} bytes" if isinstance(value, bytes) else type(value),
    )


def _key_id(name: str, typed: bytes) -> bytes:
    """Return the key id of C2SP: SHA-256(name, newline, type, key), cut."""
    return sha256(name.encode() + b"\n" + typed).digest()[:KEY_ID_BYTES]


def _text(name: str, key_id: bytes, typed: bytes) -> str:
    return f"{name}+{key_id.hex()}+{b64encode(typed).decode()}"


@final
@attrs.frozen
class Ed25519Key:
    """The public half of an Ed25519 key (RFC 8032).

    ``str(key)`` is its text form, which `read_key` reads; give it to auditors.

    Args:
        name: of the key, such as ``example.com/books``.
        public: 32 bytes.

    Raises:
        InvalidOption: no such name, or not 32 bytes.
    """

    name: str
    public: bytes

    def __attrs_post_init__(self) -> None:
        check_key_name(self.name)
        _check_bytes(self.public, "public", is_exact=True)

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return _key_id(self.name, _ED25519 + self.public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether *signature* is this key's over *text*.

        Raises:
            MissingExtra: the extra ``signing`` is not installed.
        """
        module = _ed25519()
        from cryptography.exceptions import InvalidSignature

        try:
            module.Ed25519PublicKey.from_public_bytes(self.public).verify(
                signature, text
            )
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        return _text(self.name, self.key_id, _ED25519 + self.public)


@final
@attrs.frozen(repr=False)
class Ed25519Signer:
    """An Ed25519 key that signs; needs the extra ``signing``.

    Any 32 unpredictable bytes are a key: ``Ed25519Signer("example.com/books",
    secrets.token_bytes(32))``.  Keep the text form, `secret`, where only the signing
    program can read it, and not with the books.

    Args:
        name: of the key.
        seed: 32 unpredictable bytes.

    Raises:
        InvalidOption: no such name, or not 32 bytes.
        MissingExtra: the extra is not installed.
    """

    name: str
    _seed: bytes = attrs.field(alias="seed")
    _private: Any = attrs.field(init=False, eq=False, default=None)

    def __attrs_post_init__(self) -> None:
        check_key_name(self.name)
        _check_bytes(self._seed, "seed", is_exact=True)
        private = _ed25519().Ed25519PrivateKey.from_private_bytes(self._seed)
        object.__setattr__(self, "_private", private)

    @property
    def key(self) -> Ed25519Key:
        """The public half."""
        return Ed25519Key(self.name, self._private.public_key().public_bytes_raw())

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return self.key.key_id

    @property
    def secret(self) -> str:
        """The text form with the secret; `read_signer` reads it."""
        return _SECRET + _text(self.name, self.key_id, _ED25519 + self._seed)

    def sign(self, text: bytes) -> bytes:
        """Return the signature over *text*."""
        signature: bytes = self._private.sign(text)
        return signature

    def __repr__(self) -> str:
        return f"<Ed25519Signer {self.name}>"


@final
@attrs.frozen(repr=False)
class HmacKey:
    """A secret that signs and verifies, with nothing but the standard library.

    HMAC-SHA-256 (RFC 2104).  It proves only to those who hold the secret too, and
    each of them could have signed: use it within one house, Ed25519 towards others.

    Args:
        name: of the key.
        secret_bytes: 32 unpredictable bytes or more.

    Raises:
        InvalidOption: no such name, or fewer bytes.
    """

    name: str
    _secret_bytes: bytes = attrs.field(alias="secret_bytes")

    def __attrs_post_init__(self) -> None:
        check_key_name(self.name)
        _check_bytes(self._secret_bytes, "secret_bytes", is_exact=False)

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart; they do not tell the secret."""
        return _key_id(self.name, _HMAC + sha256(self._secret_bytes).digest())

    @property
    def secret(self) -> str:
        """The text form with the secret; `read_signer` and `read_key` read it."""
        return _SECRET + _text(self.name, self.key_id, _HMAC + self._secret_bytes)

    def sign(self, text: bytes) -> bytes:
        """Return the signature over *text*."""
        return hmac.digest(self._secret_bytes, text, "sha256")

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether *signature* is this key's over *text*."""
        return hmac.compare_digest(self.sign(text), signature)

    def __repr__(self) -> str:
        return f"<HmacKey {self.name}>"


@final
@attrs.frozen
class RemoteSigner:
    """A key that signs elsewhere: in a hardware module, in a cloud's key service.

    What comes back is verified before it is used.

    Args:
        key: the public half.
        function: takes the text as bytes, returns the signature.

    Raises:
        InvalidOption: *key* cannot verify, or *function* cannot be called.
    """

    key: VerifyingKey
    function: Callable[[bytes], bytes]

    def __attrs_post_init__(self) -> None:
        check_methods(self.key, "key", "verify")
        check_callable(self.function, "function")

    @property
    def name(self) -> str:
        """Name of the key."""
        return self.key.name

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return self.key.key_id

    def sign(self, text: bytes) -> bytes:
        """Return the signature over *text*.

        Raises:
            InvalidOption: what came back is not the key's signature.
        """
        signature = self.function(text)
        if not isinstance(signature, bytes) or not self.key.verify(text, signature):
            raise InvalidOption(
                field="function",
                expected=f"the signature of {self.name}",
                found=signature,
            )
        return signature


def read_signer(text: str) -> Ed25519Signer | HmacKey:
    """Return the signing key of its text form, ``PRIVATE+KEY+name+id+base64``.

    Raises:
        InvalidOption: it is none.
        MissingExtra: it is an Ed25519 key and the extra ``signing`` is not installed.
    """
    stripped = _stripped(text)
    if not stripped.startswith(_SECRET):
        raise InvalidOption(
            field="key", expected=f"a text that begins with {_SECRET}", found="another"
        )
    name, key_id, typed = _parts(stripped.removeprefix(_SECRET))
    signer: Ed25519Signer | HmacKey
    if typed.startswith(_HMAC):
        signer = HmacKey(name, typed.removeprefix(_HMAC))
    else:
        signer = Ed25519Signer(name, _ed25519_part(typed))
    _check_id(signer.key_id, key_id)
    return signer


def read_key(text: str) -> Ed25519Key | HmacKey:
    """Return the verifying key of its text form, ``name+id+base64``.

    The text of a signing key is taken too: whoever signs can verify.

    Raises:
        InvalidOption: it is none.
        MissingExtra: a signing key, and the extra ``signing`` is not installed.
    """
    stripped = _stripped(text)
    if stripped.startswith(_SECRET):
        signer = read_signer(stripped)
        return signer if isinstance(signer, HmacKey) else signer.key
    name, key_id, typed = _parts(stripped)
    key = Ed25519Key(name, _ed25519_part(typed))
    _check_id(key.key_id, key_id)
    return key


def _stripped(text: object) -> str:
    if not isinstance(text, str):
        raise InvalidOption(
            field="key", expected="the text of a key", found=type(text).__name__
        )
    return text.strip()


def _parts(text: str) -> tuple[str, bytes, bytes]:
    """Return name, key id and typed key; errors do not show what may be a secret."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        return check_key_name(name), bytes.fromhex(key_id), decode_base64(encoded, "")
    except ValueError:
        raise InvalidOption(
            field="key", expected="name+id+base64", found="another text"
        ) from None


def _ed25519_part(typed: bytes) -> bytes:
    if typed[:1] != _ED25519:
        raise InvalidOption(
            field="key", expected="an Ed25519 key", found=f"type {typed[:1].hex()}"
        )
    return _check_bytes(typed[1:], "key", is_exact=True)


def _check_id(found: bytes, expected: bytes) -> None:
    if found != expected:
        raise InvalidOption(
            field="key", expected=f"a key of id {expected.hex()}", found=found.hex()
        )
