"""`python -m genre` is the command `genre`."""

from genre.cli import main

main()
