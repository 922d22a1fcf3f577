"""The Merkle tree: the vectors of others, and proofs against plain recursion."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger._engine.canonical import canonical_json
from backoffice_ledger.audit import (
    MerkleTree,
    consistency_proof,
    inclusion_proof,
    is_consistent,
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


# --- consistency ---------------------------------------------------------------------

# transparency-dev/merkle, proof tests over the reference inputs: index and size count
# as RFC 6962 does.
INCLUSION_PROOFS = {
    (0, 1): (),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
CONSISTENCY_PROOFS = {
    (1, 1): (),
    (1, 8): INCLUSION_PROOFS[0, 8],
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): INCLUSION_PROOFS[1, 5][1:],
}

PAIRS_UP_TO = 64
FAR_PAIRS_UP_TO = 200


def reference(size: int) -> list[bytes]:
    """Return the leaf hashes of the reference inputs."""
    return [leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size]]


def test_proofs_are_the_published_ones() -> None:
    """Hash for hash (transparency-dev/merkle, from Certificate Transparency)."""
    for (index, size), expected in INCLUSION_PROOFS.items():
        found = inclusion_proof(reference(size), index)
        assert tuple(node.hex() for node in found) == expected
    for (first, size), expected in CONSISTENCY_PROOFS.items():
        found = consistency_proof(reference(size), first)
        assert tuple(node.hex() for node in found) == expected
        roots = [bytes.fromhex(ROOTS[number - 1]) for number in (first, size)]
        assert is_consistent(first, roots[0], size, roots[1], found)


def check_pairs(sizes: range) -> None:
    """Check every pair of sizes: the proof holds, and only between these two trees."""
    leaves = leaves_of(sizes.stop)
    roots = [merkle_root(leaves[:size]) for size in sizes]
    for size in sizes:
        for first in range(size + 1):
            proof = consistency_proof(leaves[:size], first)
            assert is_consistent(first, roots[first], size, roots[size], proof)
            if 0 < first < size:
                assert not is_consistent(
                    first, roots[first - 1], size, roots[size], proof
                )
                assert not is_consistent(
                    first, roots[first], size, roots[size - 1], proof
                )


def test_a_tree_is_consistent_with_all_before_it() -> None:
    """Every pair of sizes."""
    check_pairs(range(PAIRS_UP_TO + 1))


@pytest.mark.long
def test_larger_trees_are_consistent_with_all_before_them() -> None:
    """Every pair of sizes up to 200."""
    check_pairs(range(FAR_PAIRS_UP_TO + 1))


@given(size=st.integers(2, 130), data=st.data())
def test_a_forged_history_has_no_proof(size: int, data: st.DataObject) -> None:
    """A leaf of before that was changed, a proof that was changed, cut or extended."""
    leaves = leaves_of(size)
    first = data.draw(st.integers(1, size - 1))
    proof = consistency_proof(leaves, first)
    old, new = merkle_root(leaves[:first]), merkle_root(leaves)
    spot = data.draw(st.integers(0, first - 1))
    forged = [*leaves[:spot], leaf_hash(b"forged"), *leaves[spot + 1 :]]
    for candidate in (proof, consistency_proof(forged, first)):
        assert not is_consistent(first, old, size, merkle_root(forged), candidate)
    at = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof[:at], leaf_hash(b"forged"), *proof[at + 1 :]]
    assert not is_consistent(first, old, size, new, changed)
    assert not is_consistent(first, old, size, new, [*proof[:at], *proof[at + 1 :]])
    assert not is_consistent(first, old, size, new, [*proof, proof[at]])
    other = data.draw(st.integers(0, size))
    if other != first:
        assert not is_consistent(other, old, size, new, proof)


def test_ends_of_consistency() -> None:
    """The empty tree, the same tree, and sizes that cannot be."""
    leaves = leaves_of(5)
    root, empty = merkle_root(leaves), merkle_root([])
    assert consistency_proof(leaves, 0) == consistency_proof(leaves, 5) == []
    assert is_consistent(0, empty, 5, root, [])
    assert not is_consistent(0, root, 5, root, [])
    assert not is_consistent(0, empty, 5, root, [root])
    assert is_consistent(5, root, 5, root, [])
    assert not is_consistent(5, empty, 5, root, [])
    assert not is_consistent(3, root, 5, root, [])
    assert not is_consistent(6, root, 5, root, [])
    assert not is_consistent(-1, root, 5, root, [])
    for first in (-1, 6):
        with pytest.raises(IndexError):
            consistency_proof(leaves, first)


@pytest.mark.parametrize("size", range(20))
def test_a_tree_goes_on_from_its_parts(size: int) -> None:
    """They are all that has to be kept of it."""
    leaves = leaves_of(30)
    begun = MerkleTree()
    for leaf in leaves[:size]:
        begun.append(leaf)
    assert len(begun.parts) == size.bit_count()
    tree = MerkleTree(size, list(begun.parts))
    for leaf in leaves[size:]:
        tree.append(leaf)
    assert tree.root() == merkle_root(leaves)


def test_the_canonical_form_is_the_published_one() -> None:
    """Byte for byte what other implementations of RFC 8785 give, and its leaf."""
    value = {
        "effective": "2026-01-02",
        "maker": "u.m\u00fcller",
        "postings": [
            {"account": "Aktiva:Bank", "amount": "100.00", "ccy": "EUR"},
            {
                "account": "Ertr\u00e4ge:Geb\u00fchren",
                "amount": "-100.00",
                "ccy": "EUR",
            },
        ],
        "seq": 1,
        "ts": "2026-01-02T03:04:05.000000Z",
        "v": 1,
    }
    data = canonical_json(dict(reversed(value.items()))).encode()
    assert len(data) == 228
    assert sha256(data).hexdigest() == (
        "7dd879bdf32fd7433f97fcc5acfcf3e00c077648b8b413e06bee8ff5157aec53"
    )
    assert leaf_hash(data).hex() == (
        "87146b3879aa660df2cff7ddc86aa96f0a4445307f07cda45cd1ffa1b21c8cb7"
    )
