"""The errors a caller can expect. Every message says what went wrong, with which file, and what to do."""


class GenreError(Exception):
    """Base of every error that is the caller's to read, not ours to debug."""


class AudioError(GenreError):
    """The sound cannot be read, or there is nothing in it to hear."""


class ModelError(GenreError):
    """The model is unknown, missing, incomplete or not what it claims to be."""


class SettingsError(GenreError):
    """A setting or argument is out of range or not understood."""
