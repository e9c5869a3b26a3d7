"""Whose network a file is of, told from its shapes; and the model folder that is made of it."""

from itertools import cycle
from pathlib import Path

import pytest
import torch
from networks import network, picture
from torch import Tensor

from genre import adoption, backbones, cards, checkpoints, labels, store
from genre.adoption import Fit
from genre.errors import ModelError
from genre.settings import Settings
from genre.spectrogram import SpectrogramSpec

SMALL = "squeezenet1_1"
SPECTROGRAM = SpectrogramSpec.published("mel", 96)
FACTS = {"trained_on": "waltzes; imported from best.ckpt", "accuracy": None, "licence": "MIT"}


def shapes(name: str, head: str, classes: int) -> dict[str, Tensor]:
    """A network's tensors without values, called t0, t1, t2 …"""
    made, _ = checkpoints.align({}, name, head, classes)
    return {f"t{index}": tensor.to("meta") for index, tensor in enumerate(made.state_dict().values())}


@pytest.mark.parametrize(("name", "head"), [*zip(backbones.BACKBONES, cycle(backbones.HEADS), strict=False)])
def test_every_network_is_known_by_its_shapes(name: str, head: str):
    fit = adoption.identify(shapes(name, head, 7), "file")
    assert (fit.backbone, fit.head, fit.classes, fit.alignment.failed) == (name, head, 7, ())


def test_a_network_that_is_not_known_is_compared_with_the_nearest():
    state = shapes("resnet50", "compact", 10)
    state["extra"] = torch.zeros(3, 5)
    fit = adoption.identify(state, "file")
    assert fit.backbone == "resnet50"
    assert [(row.source, row.problem) for row in fit.alignment.failed] == [("extra", "unexpected")]
    fit = adoption.identify({"a": torch.zeros(3)}, "file")
    assert {row.problem for row in fit.alignment.failed} == {"missing", "unexpected"}


def test_what_is_given_is_not_guessed():
    fit = adoption.identify(shapes("resnet18", "compact", 7), "file", backbone="resnet50", head="published", classes=4)
    assert (fit.backbone, fit.head, fit.classes) == ("resnet50", "published", 4)
    assert fit.alignment.failed
    with pytest.raises(ModelError, match="Unknown backbone 'resnet99'"):
        adoption.identify({}, "file", backbone="resnet99")
    with pytest.raises(ModelError, match="Unknown head 'huge'"):
        adoption.identify({}, "file", backbone=SMALL, head="huge")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "best.ckpt"
    torch.save(
        {"model": {f"net.{key}": tensor for key, tensor in network(SMALL, "compact").state_dict().items()}}, path
    )
    return path


def fit_of(path: Path) -> Fit:
    return adoption.identify(checkpoints.read(path), path)


def test_an_adopted_model_is_one_like_any_other(foreign: Path, tmp_path: Path):
    folder = tmp_path / "models" / "waltzes_mel"
    adoption.adopt(foreign, folder, fit_of(foreign), labels.CCMUSIC16, SPECTROGRAM, FACTS, 1.5)
    card = store.find("waltzes_mel", Settings(models=(folder.parent,), cache=tmp_path / "cache"))
    assert (card.backbone, card.head, card.taxonomy, card.spectrogram) == (
        SMALL,
        "compact",
        labels.CCMUSIC16,
        SPECTROGRAM,
    )
    assert (card.origin, card.accuracy, card.trained_on, card.temperature) == (
        "dropped-in",
        None,
        FACTS["trained_on"],
        1.5,
    )
    assert card.stated_sha256 == card.sha256
    assert {path.name for path in folder.iterdir()} == {cards.CONFIG, cards.WEIGHTS}
    image = picture(SMALL)
    with torch.inference_mode():  # the file's alignment may choose another kernel: not bit for bit
        assert torch.allclose(store.load(card)(image), network(SMALL, "compact")(image), rtol=1e-4, atol=1e-5)
    assert set(checkpoints.read(card.weights)) == set(network(SMALL, "compact").state_dict())


def test_labels_of_ones_own_travel_with_it(tmp_path: Path):
    path = tmp_path / "best.pt"
    torch.save(network(SMALL, "compact", 2).state_dict(), path)
    own = cards.taxonomy({"id": "own", "genres": ["waltz", {"id": "march", "en": "March", "zh": "进行曲"}]}, path)
    adoption.adopt(path, tmp_path / "own", fit_of(path), own, SPECTROGRAM, FACTS)
    card = store.find(tmp_path / "own", Settings(cache=tmp_path / "cache"))
    assert [(genre.id, genre.zh) for genre in card.taxonomy.genres] == [("waltz", "waltz"), ("march", "进行曲")]


def test_nothing_is_overwritten_and_nothing_left_behind(foreign: Path, tmp_path: Path):
    fit = fit_of(foreign)
    taken, dangling = tmp_path / "taken", tmp_path / "dangling"
    taken.mkdir()
    dangling.symlink_to(tmp_path / "nowhere")
    for folder in (taken, dangling, foreign):
        with pytest.raises(ModelError, match=r"exists already .* another name"):
            adoption.adopt(foreign, folder, fit, labels.CCMUSIC16, SPECTROGRAM, FACTS)
    with pytest.raises(ModelError, match="cannot be written"):
        adoption.adopt(foreign, foreign / "inside", fit, labels.CCMUSIC16, SPECTROGRAM, FACTS)
    two = cards.taxonomy({"id": "two", "genres": ["a", "b"]}, foreign)
    with pytest.raises(ModelError, match="made for 16 classes, this model has 2"):
        adoption.adopt(foreign, tmp_path / "new", fit, two, SPECTROGRAM, FACTS)
    with pytest.raises(TypeError):  # of json.dumps, when the weights are written already
        adoption.adopt(foreign, tmp_path / "new", fit, labels.CCMUSIC16, SPECTROGRAM, {"licence": object()})
    assert list(taken.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"taken", "dangling", foreign.name}


def test_a_folder_that_is_still_being_written_is_no_model(tmp_path: Path):
    part = tmp_path / ".resnet18_mel.7.part"
    part.mkdir()
    (part / cards.WEIGHTS).write_bytes(b"half")
    settings = Settings(models=(tmp_path,), cache=tmp_path / "cache")
    assert not [card for card in store.available(settings).values() if card.folder.parent == tmp_path]


def test_the_one_file_of_weights_in_a_folder_is_meant(foreign: Path, tmp_path: Path):
    assert adoption.weight_file(foreign) == foreign
    assert adoption.weight_file(tmp_path) == foreign
    (tmp_path / "last.pt").touch()
    with pytest.raises(ModelError, match=r"but has best\.ckpt, last\.pt; name it"):
        adoption.weight_file(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="but has none"):
        adoption.weight_file(tmp_path / "empty")
