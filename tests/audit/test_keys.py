"""Keys: the published ones of others, and what is none."""

import sys

import pytest

from backoffice_ledger import audit, errors
from backoffice_ledger._model.checkpoint import NoteSignature

# golang.org/x/mod/sumdb/note, note_test.go
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SECRET = "PRIVATE+KEY+" + (
    "PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
)
TEXT = (
    b"If you think cryptography is the answer to your problem,\n"
    b"then you don't know what your problem is.\n"
)
LINE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def test_keys_and_signatures_are_those_of_go() -> None:
    """Key id, both texts and the signature, byte for byte (sumdb/note)."""
    signer = audit.read_signer(SECRET)
    key = audit.read_key(PUBLIC)
    assert isinstance(signer, audit.Ed25519Signer)
    assert (str(signer.key), signer.secret) == (PUBLIC, SECRET)
    assert signer.key == key == audit.read_key(SECRET) == audit.read_key(f"{PUBLIC}\n")
    assert signer.key_id.hex() == "c74f20a3"
    made = NoteSignature(signer.name, signer.key_id, signer.sign(TEXT))
    assert made.line == LINE
    assert NoteSignature.parse(LINE) == made
    assert key.verify(TEXT, made.signature)
    assert not key.verify(TEXT.replace(b"answer", b"solution"), made.signature)
    assert not key.verify(TEXT, made.signature[:-1])


def test_a_shared_secret_needs_no_package() -> None:
    """It signs and verifies, and its text form holds it (RFC 4231, test case 6)."""
    key = audit.HmacKey("house", b"\xaa" * 131)
    data = b"Test Using Larger Than Block-Size Key - Hash Key First"
    assert key.sign(data).hex() == (
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    )
    assert key.verify(data, key.sign(data))
    assert not key.verify(data + b".", key.sign(data))
    assert audit.read_key(key.secret) == audit.read_signer(key.secret) == key
    assert audit.HmacKey("other", b"\xaa" * 131).key_id != key.key_id


def test_secrets_do_not_show(signer: audit.Ed25519Signer) -> None:
    """Neither when they are printed nor in an error."""
    key = audit.HmacKey("house", b"s" * 32)
    assert repr(signer) == "<Ed25519Signer example.com/books>"
    assert repr(key) == "<HmacKey house>"
    with pytest.raises(errors.InvalidOption) as caught:
        audit.read_signer(key.secret + "!")
    assert "cccc" not in str(caught.value)
    assert key.secret[-20:] not in str(caught.value)


def test_a_key_elsewhere_signs_through_a_function(signer: audit.Ed25519Signer) -> None:
    """What it returns is verified before it is used."""
    remote = audit.RemoteSigner(signer.key, signer.sign)
    assert (remote.name, remote.key_id) == (signer.name, signer.key_id)
    assert remote.sign(TEXT) == signer.sign(TEXT)
    for answer in (b"x" * 64, "text"):
        wrong = audit.RemoteSigner(signer.key, lambda _, a=answer: a)
        with pytest.raises(errors.InvalidOption, match="signature of example"):
            wrong.sign(TEXT)
    with pytest.raises(errors.InvalidOption, match="key"):
        audit.RemoteSigner(object(), signer.sign)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidOption, match="function"):
        audit.RemoteSigner(signer.key, b"x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        PUBLIC[:-1],
        PUBLIC.replace("c74f20a3", "c74f20a4"),
        PUBLIC.replace("c74f20a3", "xyz"),
        PUBLIC.replace("+ARpc", "+AhAA"),
        "a b+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AQ==",
        SECRET.replace("c74f20a3", "c74f20a4"),
        None,
    ],
)
def test_what_is_no_key(text: str) -> None:
    """Every text but the right one is refused."""
    with pytest.raises(errors.InvalidOption):
        audit.read_key(text)
    with pytest.raises(errors.InvalidOption):
        audit.read_signer(text)


def test_a_public_key_does_not_sign() -> None:
    """The error says what is missing."""
    with pytest.raises(errors.InvalidOption, match="PRIVATE"):
        audit.read_signer(PUBLIC)


@pytest.mark.parametrize("secret", [b"", b"x" * 31, b"x" * 33, "x" * 32])
def test_keys_have_32_bytes(secret: bytes) -> None:
    """A shared secret may have more."""
    with pytest.raises(errors.InvalidOption, match="32 bytes"):
        audit.Ed25519Signer("a", secret)
    with pytest.raises(errors.InvalidOption, match="32 bytes"):
        audit.Ed25519Key("a", secret)
    if secret != b"x" * 33:
        with pytest.raises(errors.InvalidOption, match="32 bytes"):
            audit.HmacKey("a", secret)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\n", 7])
def test_names_of_keys(name: str) -> None:
    """No spaces and no plus, as C2SP demands."""
    with pytest.raises(errors.InvalidOption, match="name"):
        audit.HmacKey(name, b"x" * 32)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to get it; a shared secret works all the same."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    with pytest.raises(errors.MissingExtra, match="signing"):
        audit.Ed25519Signer("a", bytes(32))
    assert audit.HmacKey("a", bytes(32)).sign(b"") != b""
