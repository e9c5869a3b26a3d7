"""How Sphinx builds these pages: from the docstrings and a few pages of Markdown, without a network."""

from pathlib import Path

import genre

EXAMPLES = Path(__file__).parent.parent / "examples"

project, author, release = "genre", "the authors of genre", genre.__version__
project_copyright = ""
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"genre {release}"
html_copy_source = html_show_copyright = False

autodoc_typehints = "none"  # docstrings say what is taken
autodoc_member_order = "bysource"
default_role = "code"  # docstrings write names as `name`
myst_enable_extensions = ["deflist"]

# The examples of these pages run in an empty folder with a recording in it.
doctest_global_setup = f"""
import os, shutil, tempfile
folder = tempfile.mkdtemp()
os.chdir(folder)
shutil.copy({str(EXAMPLES / "symphony.mp3")!r}, "song.mp3")
"""
doctest_global_cleanup = "os.chdir(os.path.dirname(folder)); shutil.rmtree(folder)"
