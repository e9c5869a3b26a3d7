"""Entry for Hugging Face Spaces and `python app.py`; elsewhere `genre serve` does the same."""

import os

from genre.settings import Settings
from genre.web.page import build, serve

# A Space tells its address in Gradio's own variable; GENRE_HOST, where it is set, wins.
address = {"GENRE_HOST": os.environ.get("GRADIO_SERVER_NAME", Settings.host)}
settings = Settings.from_environment(address | dict(os.environ))
site = build(settings)
demo = site.page

if __name__ == "__main__":
    serve(settings, site)
