"""The documentation builds without a warning, and leaves no public name out."""

import pickle
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
    """References resolve, and every name of every ``__all__`` is described.

    All pages are read and resolved; only their HTML is not written.
    """
    options = ("-q", "-n", "-W", "--keep-going", "-b", "dummy", "-d", tmp_path)
    run_python("-m", "sphinx", *options, project / "docs", tmp_path / "out")
    built = pickle.loads((tmp_path / "environment.pickle").read_bytes())  # noqa: S301
    listed = built.domaindata["py"]["objects"].keys()
    described = [item for name, item in public.items() if name in listed]
    left_out = {
        name
        for name, item in public.items()
        if not any(item is other for other in described)
    }
    assert left_out == set()
