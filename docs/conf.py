import builtins
import sys
from importlib import metadata

project = "backoffice_ledger"
release = metadata.version("backoffice-ledger")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"{project} {release}"
exclude_patterns = ["_build"]

myst_heading_anchors = 3

add_module_names = False
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False

# Every name of ours must resolve. No inventory is fetched over the network, so names
# of the standard library stay plain text, as do type variables and what only the
# library passes to itself.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", rf"({'|'.join(sorted(sys.stdlib_module_names))})(\..*)?"),
    ("py:.*", rf"({'|'.join(dir(builtins))})"),
    ("py:.*", r"hypothesis\..*"),
    ("py:.*", r"backoffice_ledger\.(.*\.)?[A-Z]"),  # type variables
    ("py:.*", r"backoffice_ledger\.protocols\.Event"),
    ("py:.*", r"backoffice_ledger\._ledger\.session\.Session"),
    ("py:.*", r"backoffice_ledger\._stores\..*Transaction"),
    ("py:.*", r"backoffice_ledger\._engine\.(state|store|columns|commands)\..*"),
    ("py:.*", r"backoffice_ledger\.aio\._(Face|Worker)"),
    (
        "py:.*",
        r"backoffice_ledger\.(accruals\._methods\.Overlap|compliance\._policy\.D)",
    ),
    ("py:.*", r"backoffice_ledger\.calendars\._fiscal\._Fiscal"),
]


def keep_colons(app, what, name, item, options, lines):
    """Stop napoleon from reading "a: b" in an attribute's docstring as its type."""
    if what in {"attribute", "data", "property"}:
        lines[:0] = ["..", ""]  # an empty comment; only the first line is parsed so


def setup(app):
    """Run the function above before napoleon."""
    app.connect("autodoc-process-docstring", keep_colons, priority=400)
