"""Which models exist here, and how one more is fetched.

A model is a folder (see `cards`), looked up in a few known places. Nothing here uses the network except `download`.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock
from torch import nn

from genre import backbones, cards, checkpoints, hubs, labels
from genre.cards import CONFIG, PICKLED, WEIGHTS, ModelCard, Origin
from genre.errors import ModelError
from genre.settings import DEFAULT_MODEL, HUB_REPOSITORY, Hub, Settings
from genre.spectrogram import SpectrogramSpec

__all__ = ["PUBLISHED", "ModelCard", "available", "download", "find", "home", "load"]

log = logging.getLogger(__name__)

ORIGINS: tuple[Origin, ...] = ("dropped-in", "embedded", "hub")  # the first one that has a model of the name answers

PUBLISHED = (
    "vgg19_bn_cqt",
    "vgg19_bn_mel",
    "vit_b_16_cqt",
    "vit_b_16_mel",
    "convnext_base_cqt",
    "swin_b_mel",
    "inception_v3_mel",
)
PUBLISHED_TRAINED_ON = "CCMusic music_genre dataset, published by ccmusic-database (MIT)"
PUBLISHED_TRAINED_ON_ZH = "CCMusic music_genre 数据集，由 ccmusic-database 发布（MIT）"
SPARE_BYTES = 64 << 20  # that a download leaves free on the disk


def find(reference: str | Path, settings: Settings) -> ModelCard:
    """Return the card of a model by its name, or by a folder's path (a `Path`, or text with a path separator).

    A name is looked up among dropped-in, embedded and downloaded models, in this order; "hub:NAME" means the
    downloaded one and so on. A name never becomes a path. ModelError: unknown, or its folder is not a complete model.
    """
    text = str(reference)
    if isinstance(reference, Path) or os.sep in text or (os.altsep and os.altsep in text):
        return _card(Path(text).expanduser().absolute(), settings)
    wanted, _, name = text.rpartition(":")
    found, errors = _named(name, settings)
    for origin, card in found.items():
        if wanted in ("", origin):
            return card
    if errors and not wanted:
        raise errors[0]
    have = ", ".join(available(settings)) or "none"
    remedy = (
        f"get it with: genre download {name}"
        if name in PUBLISHED and wanted in ("", "hub")
        else f"those that can be downloaded: {', '.join(PUBLISHED)}. A folder is given with a slash: ./{text[:80]}"
    )
    raise ModelError(f"There is no model {text[:80]!r} here. Models here: {have}; {remedy}.")


def available(settings: Settings) -> dict[str, ModelCard]:
    """Return the models that are here by the reference that `find` takes, the default model first.

    A model that another one of its name comes before is "origin:name". Broken folders are logged and left out.
    """
    cards_here = {}
    for name in sorted({folder.name for folder in _folders(settings)}, key=lambda name: (name != DEFAULT_MODEL, name)):
        found, errors = _named(name, settings)
        for error in errors:
            log.warning("model left out: %s", error)
        for place, (origin, card) in enumerate(found.items()):
            cards_here[f"{origin}:{name}" if place else name] = card
    return cards_here


def _named(name: str, settings: Settings) -> tuple[dict[Origin, ModelCard], list[ModelError]]:
    """Return the models of a name, one for each origin, in the order in which they answer; and the broken ones."""
    found: dict[Origin, ModelCard] = {}
    errors = []
    for folder in _folders(settings):
        if folder.name == name:
            try:
                card = _card(folder, settings)
            except ModelError as error:
                errors.append(error)
            else:
                found.setdefault(card.origin, card)
    return {origin: found[origin] for origin in ORIGINS if origin in found}, errors


def home(settings: Settings) -> Path:
    """Return the folder for models of one's own: the first that GENRE_MODELS names, else that of the checkout or cache.

    It need not be there yet.
    """
    checkout = Path(__file__).parent.parent
    return next(iter(settings.models), (checkout if _is_checkout(checkout) else settings.cache) / "models")


def load(card: ModelCard) -> nn.Module:
    """Return the card's network (see `checkpoints.load`). ModelError: the weights are not those of the card."""
    if card.stated_sha256 and card.sha256 != card.stated_sha256:
        raise ModelError(
            f"{card.weights} is not the file that {card.folder / CONFIG} describes (its SHA-256 differs). "
            f"Restore it, or put your own weights beside it as {PICKLED}."
        )
    return checkpoints.load(card.weights, card.backbone, card.head, len(card.taxonomy))


def download(
    name: str, settings: Settings, *, hub: Hub | None = None, progress: hubs.Progress | None = None
) -> ModelCard:
    """Fetch one published checkpoint into the cache, verified, in one step, and return its card.

    The chosen hub (argument, else settings) is asked first, the other one if it fails. An interrupted transfer goes
    on where it ended. ModelError: unknown name, both hubs failed, no room; an earlier download is then still there.
    """
    if name not in PUBLISHED:
        raise ModelError(f"There is no published model {name!r}; published: {', '.join(PUBLISHED)}.")
    staging = settings.cache / "staging" / name
    try:
        staging.mkdir(parents=True, exist_ok=True)
        with FileLock(staging.with_suffix(".lock")):
            return _download(name, staging, settings, hub or settings.hub, progress)
    except OSError as error:
        raise ModelError(
            f"{name} cannot be stored in {settings.cache}: {error.strerror or error}. "
            "Make room there, or choose another folder with GENRE_CACHE."
        ) from error


def _download(name: str, staging: Path, settings: Settings, first: Hub, progress: hubs.Progress | None) -> ModelCard:
    target = settings.cache / "models" / name
    if target.exists() and not _is_download(target):
        raise ModelError(f"{target} holds files that were put there by hand; move them away to download {name}.")
    path = f"{name}/{PICKLED}"
    causes = []
    for hub in sorted(hubs.HUBS, key=lambda hub: hub != first):
        try:
            remote = hubs.locate(hub, HUB_REPOSITORY, path)
            if _is_complete(target / PICKLED, remote, settings):
                return _card(target, settings)
            part = staging / remote.sha256
            _make_room(remote, part)
            try:
                hubs.fetch(remote, part, progress)
            except OSError:
                part.unlink(missing_ok=True)  # the disk is full or failing: do not keep it so
                raise
            return _install(name, remote, part, target, settings)
        except hubs.HubError as error:
            causes.append(f"{hubs.HUBS[hub]} ({hubs.endpoint(hub)}) {str(error).removesuffix('.')}")
            log.warning("%s: %s", name, causes[-1])
    one, other = (hubs.address(hub, HUB_REPOSITORY, path) for hub in hubs.HUBS)
    raise ModelError(
        f"{name} could not be downloaded ({'; '.join(causes)}). "
        f"Try again later, or fetch {one} or {other} by other means and save it as {target / PICKLED}."
    )


def _is_download(folder: Path) -> bool:
    try:
        return bool(cards.read_config(folder)["weights"]["origin"] == "hub")
    except (ModelError, KeyError, TypeError):
        return False


def _is_complete(file: Path, remote: hubs.RemoteFile, settings: Settings) -> bool:
    return (
        file.is_file()
        and file.stat().st_size == remote.size
        and cards.digest(file, _digests(settings)) == remote.sha256
    )


def _make_room(remote: hubs.RemoteFile, part: Path) -> None:
    needed = remote.size - (part.stat().st_size if part.exists() else 0) + SPARE_BYTES
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise ModelError(
            f"The disk of {part.parent} has {free >> 20} MiB free and this download needs {needed >> 20} MiB. "
            "Make room there, or choose another folder with GENRE_CACHE."
        )


def _install(name: str, remote: hubs.RemoteFile, part: Path, target: Path, settings: Settings) -> ModelCard:
    """Check the file against its network, give it a config.json and move both into place together."""
    backbone, transform = cards.facts(name)
    try:
        checkpoints.load(part, backbone, "published", len(labels.CCMUSIC16))
    except ModelError as error:
        part.unlink()
        raise hubs.HubError(f"sent a file that is not a checkpoint of {name}: {error}") from error
    config = {
        "format": cards.FORMAT,
        "name": name,
        "backbone": backbone,
        "head": "published",
        "taxonomy": labels.CCMUSIC16.id,
        "spectrogram": SpectrogramSpec.published(transform, backbones.image_size(backbone)).to_dict(),
        "weights": {
            "file": PICKLED,
            "sha256": remote.sha256,
            "origin": "hub",
            "hub": remote.hub,
            "repository": HUB_REPOSITORY,
            "revision": remote.revision,
            "trained_on": PUBLISHED_TRAINED_ON,
            "trained_on_zh": PUBLISHED_TRAINED_ON_ZH,
            "accuracy": None,
            "measured_on": cards.NOT_MEASURED,
            "licence": "MIT",
        },
        "measured": {},
        "temperature": None,
    }
    new, old = part.parent / "new", part.parent / "old"
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir()
    (new / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    part.replace(new / PICKLED)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(part.parent, ignore_errors=True)
    cards.digest(target / PICKLED, _digests(settings))  # remembered now, so that no first answer waits for it
    return _card(target, settings)


def _roots(settings: Settings) -> Iterable[Path]:
    """Folders of model folders, in the order in which equals win."""
    yield from settings.models
    yield from _embedded_roots()
    checkout = Path(__file__).parent.parent
    if _is_checkout(checkout):
        yield checkout / "models"
    yield settings.cache / "models"


def _embedded_roots() -> list[Path]:
    package = Path(__file__).parent
    return [*([package.parent] if _is_checkout(package.parent) else []), package / "embedded"]


def _is_checkout(folder: Path) -> bool:
    """Whether the package runs from its repository; beside an installed one lie other people's packages."""
    return (folder / "pyproject.toml").is_file()


def _folders(settings: Settings) -> Iterable[Path]:
    for root in _roots(settings):
        try:
            children = sorted(root.iterdir()) if root.is_dir() else []
        except OSError as error:
            log.warning("models folder %s cannot be read: %s", root, error)
            continue
        for folder in children:
            if folder.name.startswith("."):  # one that is still being written
                continue
            if any((folder / file).is_file() for file in (CONFIG, PICKLED, WEIGHTS)):
                yield folder


def _card(folder: Path, settings: Settings) -> ModelCard:
    return cards.read(folder, _digests(settings), embedded=folder.parent in _embedded_roots())


def _digests(settings: Settings) -> Path:
    return settings.cache / "sha256.json"
