"""The Merkle tree: the vectors of others, and proofs against plain recursion."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger.audit import (
    MerkleTree,
    inclusion_proof,
    leaf_hash,
    merkle_root,
    node_hash,
    root_from_inclusion_proof,
)

# transparency-dev/merkle, rfc6962/rfc6962_test.go
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LEAVES = {
    b"": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    b"L123456": "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
}
NODE = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"

# transparency-dev/merkle, testonly/constants.go
INPUTS = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)

# transparency-dev/merkle, compact/range_test.go: leaf i is bytes(i & 255, i >> 8)
RANGE_ROOTS = {
    10: "VjWMPSYNtCuCNlF/RLnQy6HcwSk6CIipfxm+hettA+4=",
    1000: "RXrgb8xHd55Y48FbfotJwCbV82Kx22LZfEbmBGAvwlQ=",
}


def naive_root(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 6962, section 2.1, defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(
        b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])
    ).digest()


def naive_path(leaves: list[bytes], index: int) -> list[bytes]:
    """Return the audit path as RFC 6962, section 2.1.1, defines it."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(leaves[:split], index), naive_root(leaves[split:])]
    return [*naive_path(leaves[split:], index - split), naive_root(leaves[:split])]


def leaves_of(count: int) -> list[bytes]:
    """Return distinct leaf hashes."""
    return [leaf_hash(index.to_bytes(2, "big")) for index in range(count)]


def test_hashes_are_those_of_the_standard() -> None:
    """Leaves, nodes and the empty tree."""
    for data, expected in LEAVES.items():
        assert leaf_hash(data).hex() == expected
    assert node_hash(b"N123", b"N456").hex() == NODE
    assert merkle_root([]).hex() == EMPTY


def test_roots_are_those_of_the_reference_tree() -> None:
    """All sizes from 1 to 8."""
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
    for size, expected in enumerate(ROOTS, 1):
        assert merkle_root(leaves[:size]).hex() == expected


@pytest.mark.parametrize("size", RANGE_ROOTS)
def test_roots_of_larger_trees(size: int) -> None:
    """Ten leaves, and a thousand."""
    leaves = [leaf_hash(bytes([i & 255, i >> 8])) for i in range(size)]
    assert base64.b64encode(merkle_root(leaves)).decode() == RANGE_ROOTS[size]


@pytest.mark.parametrize("size", range(34))
def test_a_growing_tree_always_has_the_root_of_its_leaves(size: int) -> None:
    """Appending one by one is the same as computing from scratch."""
    tree = MerkleTree()
    for leaf in leaves_of(size):
        tree.append(leaf)
    assert tree.root() == naive_root(leaves_of(size)) == merkle_root(leaves_of(size))
    assert tree.size == size


@pytest.mark.parametrize("size", range(1, 34))
def test_a_proof_leads_to_the_root(size: int) -> None:
    """For every leaf of every tree, by the path of the standard."""
    leaves = leaves_of(size)
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(leaves, index)
        assert proof == naive_path(leaves, index)
        found = root_from_inclusion_proof(leaf, index, size, proof)
        assert found == naive_root(leaves)


@given(
    size=st.integers(1, 40),
    data=st.data(),
)
def test_a_forged_proof_leads_elsewhere(size: int, data: st.DataObject) -> None:
    """Another leaf, another place, or a changed path never gives the root."""
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(leaves, index)
    root = merkle_root(leaves)
    other = leaf_hash(b"forged")
    assert root_from_inclusion_proof(other, index, size, proof) != root
    place = data.draw(st.integers(0, size - 1))
    if place != index:
        assert root_from_inclusion_proof(leaves[index], place, size, proof) != root
    if proof:
        spot = data.draw(st.integers(0, len(proof) - 1))
        forged = [*proof[:spot], other, *proof[spot + 1 :]]
        assert root_from_inclusion_proof(leaves[index], index, size, forged) != root
        shorter = [*proof[:spot], *proof[spot + 1 :]]
        assert root_from_inclusion_proof(leaves[index], index, size, shorter) is None
    longer = [*proof, other]
    assert root_from_inclusion_proof(leaves[index], index, size, longer) is None


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_place_outside_the_tree_proves_nothing(index: int, size: int) -> None:
    """Neither asking for its proof nor checking one."""
    with pytest.raises(IndexError):
        inclusion_proof(leaves_of(size), index)
    assert root_from_inclusion_proof(leaf_hash(b""), index, size, []) is None
