"""The documentation builds without a warning, and leaves no public name out."""

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.tools
def test_every_public_name_has_its_place(
    project: Path,
    public: dict[str, object],
    run_python: Callable[..., str],
    tmp_path: Path,
) -> None:
    """References resolve, and the inventory lists every name of every ``__all__``."""
    options = ("-q", "-n", "-W", "--keep-going", "-d", tmp_path / "doctrees")
    run_python("-m", "sphinx", *options, project / "docs", tmp_path / "html")
    inventory = (tmp_path / "html" / "objects.inv").read_bytes().split(b"\n", 4)[4]
    lines = zlib.decompress(inventory).decode().splitlines()
    listed = {line.split()[0] for line in lines}
    described = [item for name, item in public.items() if name in listed]
    left_out = {
        name
        for name, item in public.items()
        if not any(item is other for other in described)
    }
    assert left_out == set()
