"""The Merkle tree of RFC 6962 / RFC 9162 over the leaf hashes of the log."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import attrs


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


@attrs.define
class MerkleTree:
    """A tree that grows by leaf hashes and keeps only the roots of its full parts.

    The parts, one for each bit of the size that is set, are all that it takes to go on
    from there.
    """

    size: int = 0
    _parts: list[bytes] = attrs.field(factory=list)

    @property
    def parts(self) -> tuple[bytes, ...]:
        """The roots of the full parts, the largest first."""
        return tuple(self._parts)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        self.size += 1
        node = leaf
        level = self.size
        while level & 1 == 0:
            node = node_hash(self._parts.pop(), node)
            level >>= 1
        self._parts.append(node)

    def root(self) -> bytes:
        """Return the root; that of the empty tree is SHA-256 of nothing."""
        if not self._parts:
            return sha256(b"").digest()
        node = self._parts[-1]
        for part in reversed(self._parts[:-1]):
            node = node_hash(part, node)
        return node


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root of a sequence of leaf hashes (RFC 6962, section 2.1)."""
    tree = MerkleTree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def _split(size: int) -> int:
    """Return the largest power of two smaller than *size*."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of leaf *index*, from 0 (RFC 6962, section 2.1.1).

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), merkle_root(leaves[split:])]
    return [
        *inclusion_proof(leaves[split:], index - split),
        merkle_root(leaves[:split]),
    ]


def root_from_inclusion_proof(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes]
) -> bytes | None:
    """Return the root that *proof* leads to, or None if its length is wrong.

    RFC 9162, section 2.1.3.2: *index* counts from 0 in a tree of *size* leaves.
    """
    if not 0 <= index < size:
        return None
    node, first, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            return None
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        first >>= 1
        last >>= 1
    return node if last == 0 else None


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the proof that the first *first* leaves were there before the others.

    RFC 6962, section 2.1.2.  It is empty for all leaves, and for none.

    Raises:
        IndexError: there are fewer leaves.
    """
    if not 0 <= first <= len(leaves):
        raise IndexError(first)
    if first in (0, len(leaves)):
        return []
    return _subproof(leaves, first, is_known=True)


def _subproof(leaves: Sequence[bytes], first: int, *, is_known: bool) -> list[bytes]:
    """Return SUBPROOF of RFC 6962; *is_known* is its last argument."""
    size = len(leaves)
    if first == size:
        return [] if is_known else [merkle_root(leaves)]
    split = _split(size)
    if first <= split:
        return [
            *_subproof(leaves[:split], first, is_known=is_known),
            merkle_root(leaves[split:]),
        ]
    return [
        *_subproof(leaves[split:], first - split, is_known=False),
        merkle_root(leaves[:split]),
    ]


def is_consistent(
    first: int, first_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether *proof* shows that a tree of *size* leaves began as another one.

    RFC 9162, section 2.1.4.2: the tree of the first *first* leaves had *first_root*;
    now there are *size* leaves under *root*.  Every tree began as the empty one.
    """
    if not 0 <= first <= size:
        return False
    if first == 0:
        return not proof and first_root == merkle_root(())
    if first == size:
        return not proof and first_root == root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    old, new = first - 1, size - 1
    while old & 1:
        old >>= 1
        new >>= 1
    old_root = new_root = path[0]
    for node in path[1:]:
        if new == 0:
            return False
        if old & 1 or old == new:
            old_root = node_hash(node, old_root)
            new_root = node_hash(node, new_root)
            while not old & 1 and old:
                old >>= 1
                new >>= 1
        else:
            new_root = node_hash(new_root, node)
        old >>= 1
        new >>= 1
    return new == 0 and old_root == first_root and new_root == root
