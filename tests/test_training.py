"""A run learns, can be stopped and resumed to the same weights, and ends in a folder that answers."""

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from kinds import KINDS, sound, write_clips
from torch import nn

from genre import backbones, checkpoints, training
from genre.classifier import classifier
from genre.datasets import Clip, read
from genre.errors import ModelError, SettingsError
from genre.images import Images, cache_images
from genre.labels import CCMUSIC16, Genre, Taxonomy
from genre.losses import set_loss
from genre.recipe import Progress, Recipe
from genre.run_folder import RunFolder
from genre.settings import SAMPLE_RATE
from genre.spectrogram import SpectrogramSpec
from genre.transfer import start_from

SPEC = SpectrogramSpec(transform="cqt", rendering="gray", image_size=64)
RECIPE = Recipe(
    backbone="resnet18",
    head="compact",
    spectrogram=SPEC,
    stages=((48, 4), (64, 6)),
    batch_size=8,
    learning_rate=2e-3,
    validation=0.25,
)
SHORT = replace(RECIPE, backbone="mobilenet_v3_small", stages=((32, 2), (48, 2)), batch_size=16)
SMALL = Taxonomy("small", tuple(Genre(kind, kind, kind, kind, kind) for kind in KINDS))


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Small networks gain nothing from more, and lose much where something else is running."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return write_clips(tmp_path_factory.mktemp("clips"), per_kind=12)


@pytest.fixture(scope="module")
def images(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Images:
    return cache_images(clips, SPEC, tmp_path_factory.mktemp("cache"))


class StoppedError(Exception):
    """Raised by a test to stop a run, as Ctrl-C would."""


def stop_after(epoch: int) -> Callable[[Progress], None]:
    def stop(progress: Progress) -> None:
        if progress.epoch == epoch:
            raise StoppedError

    return stop


def nothing(_: Progress) -> None:
    """Hear a report."""


def test_a_run_learns_and_its_folder_answers(clips: list[Clip], images: Images, tmp_path: Path) -> None:
    told: list[Progress] = []
    batches: list[tuple[int, int]] = []
    run = training.Run(tmp_path / "run", RECIPE, clips, images, CCMUSIC16)
    run.fit(told.append, lambda done, of: batches.append((done, of)))
    assert [progress.image_size for progress in told] == [48] * 4 + [64] * 6
    of = -(-len(run.taught) // 8)  # batches of up to 8 clips
    assert batches[: of + 1] == [*((done, of) for done in range(1, of + 1)), (1, of)]
    assert told[-1].accuracy >= 0.9
    assert [entry["epoch"] for entry in json.loads((tmp_path / "run" / "history.json").read_text())] == [*range(1, 11)]

    facts = {"trained_on": "tones and clicks", "accuracy": None, "measured_on": "nothing", "licence": "MIT"}
    training.export(tmp_path / "run", tmp_path / "resnet18_cqt", RECIPE, CCMUSIC16, facts)
    model = classifier(tmp_path / "resnet18_cqt")
    for kind in KINDS:
        prediction = model.predict((SAMPLE_RATE, sound(kind, seed=1_000)))
        assert prediction.ranked[0][0] == kind
    assert prediction.to_dict()["weights"]["trained_on"] == "tones and clicks"

    run.load_best()
    probabilities = run.clip_probabilities(run.held)
    best = max(told[4:], key=lambda progress: (progress.accuracy, -progress.validation_loss))
    assert run.hits(probabilities).mean() == best.accuracy
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-3)


def varied(clips: list[Clip]) -> list[Clip]:
    """Give the clips everything that a run can take into account: weights, domains and a coarse label."""
    domains = ("real", "rendered")
    return [
        replace(
            clip,
            weight=(0.5, 1.0, 2.5)[index % 3],
            domain=domains[index // 3 % 2],
            label="quiet" if clip.label == "solo" and index % 2 else clip.label,
        )
        for index, clip in enumerate(clips)
    ]


def test_a_stopped_run_ends_in_the_very_weights_of_an_unbroken_one(
    clips: list[Clip], images: Images, tmp_path: Path
) -> None:
    mixed = varied(clips)

    def run(name: str) -> training.Run:
        mapping = {"quiet": ("solo", "opera")}
        return training.Run(tmp_path / name, SHORT, mixed, images, CCMUSIC16, mapping=mapping)

    unbroken: list[Progress] = []
    run("unbroken").fit(unbroken.append)

    def stop_in_a_batch(done: int, of: int) -> None:
        if done == 2 and len(stopped.history) == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        run("stopped").fit(stop_after(1))
    stopped = run("stopped")
    with pytest.raises(StoppedError):
        stopped.fit(nothing, stop_in_a_batch)
    resumed: list[Progress] = []
    run("stopped").fit(resumed.append)
    assert [progress.epoch for progress in resumed] == [4]
    assert resumed[0].loss == unbroken[3].loss
    assert set(unbroken[3].by_domain) == {"real", "rendered"}
    ends = [torch.load(tmp_path / name / "last.pt", weights_only=True)["network"] for name in ("unbroken", "stopped")]
    for key, tensor in ends[0].items():
        assert torch.equal(tensor, ends[1][key]), key
    best = checkpoints.read(tmp_path / "unbroken" / "best.safetensors")
    for key, tensor in checkpoints.read(tmp_path / "stopped" / "best.safetensors").items():
        assert torch.equal(tensor, best[key]), key


def test_a_run_of_something_else_is_not_gone_on_with(clips: list[Clip], images: Images, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        training.Run(tmp_path, SHORT, clips, images, CCMUSIC16).fit(stop_after(1))
    with pytest.raises(SettingsError, match=r"learning_rate was 0\.002 and is 0\.01"):
        training.Run(tmp_path, replace(SHORT, learning_rate=0.01), clips, images, CCMUSIC16)
    with pytest.raises(SettingsError, match="something else \\(clips"):
        training.Run(tmp_path, SHORT, [replace(clips[0], group="another"), *clips[1:]], images, CCMUSIC16)
    with pytest.raises(SettingsError, match="something else \\(genres"):
        training.Run(tmp_path, SHORT, clips, images, SMALL)
    training.Run(tmp_path, SHORT, clips, images, CCMUSIC16).fit(nothing)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("last.pt", 1_000, r"last\.pt is damaged .*; delete .* and start again"),
        ("last.pt", 0, r"last\.pt is damaged"),
        ("last.pt", b"[]", r"last\.pt is damaged"),
        ("recipe.json", 10, r"no run has left there, or its recipe\.json is damaged"),
        ("recipe.json", None, r"no run has left there, or its recipe\.json is damaged"),
    ],
)
def test_a_damaged_run_is_told(
    clips: list[Clip], images: Images, tmp_path: Path, file: str, content: int | bytes | None, words: str
) -> None:
    with pytest.raises(StoppedError):
        training.Run(tmp_path, SHORT, clips, images, CCMUSIC16).fit(stop_after(1))
    path = tmp_path / file
    whole = path.read_bytes()
    path.write_bytes(content if isinstance(content, bytes) else whole[:content])
    if content is None:
        path.unlink()
    with pytest.raises(SettingsError, match=words):
        training.Run(tmp_path, SHORT, clips, images, CCMUSIC16).fit(nothing)


def test_a_run_of_an_earlier_version_is_gone_on_with(clips: list[Clip], images: Images, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        training.Run(tmp_path, SHORT, clips, images, CCMUSIC16).fit(stop_after(1))
    stated = json.loads((tmp_path / "recipe.json").read_text())
    earlier = stated | {"recipe": stated["recipe"] | {"ema": 0.9, "domain_adversarial": 0.0}}
    (tmp_path / "recipe.json").write_text(json.dumps(earlier))
    with pytest.raises(SettingsError, match=r"something else \(ema was 0\.9 and is no more\)"):
        training.Run(tmp_path, SHORT, clips, images, CCMUSIC16)
    earlier["recipe"]["ema"] = 0.0
    (tmp_path / "recipe.json").write_text(json.dumps({name: earlier[name] for name in earlier if name != "held_out"}))
    with pytest.raises(SettingsError, match=r"something else \(held_out, which an earlier version did not note\)"):
        training.Run(tmp_path, SHORT, clips, images, CCMUSIC16)
    (tmp_path / "recipe.json").write_text(json.dumps(earlier))
    told: list[Progress] = []
    training.Run(tmp_path, SHORT, clips, images, CCMUSIC16).fit(told.append)
    assert [progress.epoch for progress in told] == [2, 3, 4]


def test_a_folder_of_something_else_is_left_as_it_is(clips: list[Clip], images: Images, tmp_path: Path) -> None:
    for name, content in (("recipe.json", '{"recipe": "bread"}'), ("best.safetensors", "mine"), ("last.pt", "mine")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(content)
        (folder / "images").mkdir()
        with pytest.raises(SettingsError, match="has something in it already that no run has left there"):
            training.Run(folder, SHORT, clips, images, CCMUSIC16)
        assert (folder / name).read_text() == content
        assert sorted(path.name for path in folder.iterdir()) == sorted(("images", name))
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SettingsError, match="file cannot be a run folder: Not a directory"):
        training.Run(tmp_path / "file", SHORT, clips, images, CCMUSIC16)
    (tmp_path / "begun" / "images").mkdir(parents=True)  # of a run that was stopped while it drew
    training.Run(tmp_path / "begun", SHORT, clips, images, CCMUSIC16)


def test_the_clips_are_listed_by_how_they_are_used(clips: list[Clip], images: Images, tmp_path: Path) -> None:
    run = training.Run(tmp_path, SHORT, clips, images, CCMUSIC16)
    listed = read(tmp_path / "clips.csv")
    assert [(clip.path, clip.label, clip.group) for clip in listed] == [(c.path, c.label, c.group) for c in clips]
    assert [clip.path for clip in read(tmp_path / "clips.csv", "validation")] == [clips[i].path for i in run.held]
    assert [clip.path for clip in read(tmp_path / "clips.csv", "train")] == [clips[i].path for i in run.taught]


def test_two_processes_do_not_train_in_one_folder(clips: list[Clip], images: Images, tmp_path: Path) -> None:
    run = training.Run(tmp_path, SHORT, clips, images, CCMUSIC16)
    script = "import sys\nfrom pathlib import Path\nfrom genre.run_folder import RunFolder\n"
    script += "with RunFolder(Path(sys.argv[1])).held():\n    print('in', flush=True)\n    sys.stdin.read()\n"
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert other.stdout
        assert other.stdout.readline() == "in\n"
        with pytest.raises(SettingsError, match="Another process is training in"):
            run.fit(nothing)
        with pytest.raises(SettingsError, match="Another process is training in"):
            training.Run(tmp_path, replace(SHORT, seed=1), clips, images, CCMUSIC16)
    finally:
        other.kill()
        other.communicate()
    with pytest.raises(StoppedError):
        training.Run(tmp_path, SHORT, clips, images, CCMUSIC16).fit(stop_after(1))


def test_no_batch_is_a_single_image(clips: list[Clip], tmp_path: Path) -> None:
    for count in range(2, 60):
        for batch_size in range(2, 12):
            sizes = [len(part) for part in np.array_split(np.arange(count), training._batches(count, batch_size))]
            assert sum(sizes) == count
            assert min(sizes) >= 2, (count, batch_size)
            assert max(sizes) <= max(batch_size, 3), (count, batch_size)
    assert training._batches(1, 8) == 1
    few = [replace(clips[i], split="validation" if i == 13 else "train") for i in (0, 12, 13, 24)]
    drawn = cache_images(few, SPEC, tmp_path / "cache", seconds=3.0)
    recipe = replace(SHORT, batch_size=2, stages=((32, 1),))
    run = training.Run(tmp_path / "run", recipe, few, drawn, CCMUSIC16)
    assert len(run.taught) == 3
    run.fit(nothing)


def test_a_clip_is_shown_as_often_as_its_weight_says(clips: list[Clip], images: Images, tmp_path: Path) -> None:
    weights = {"solo": 3.0, "opera": 1.0, "dance_pop": 0.25}
    weighted = [replace(clip, weight=weights[clip.label]) for clip in clips]
    recipe = replace(SHORT, stages=((48, 60),))
    run = training.Run(tmp_path, recipe, weighted, images, CCMUSIC16)
    shown = np.concatenate([images.clips[run._epoch_indices(epoch)] for epoch in range(recipe.epochs)])
    assert not set(shown) & set(run.held)
    per_epoch = {label: sum(clips[clip].label == label for clip in shown) / 60 for label in weights}
    taught = Counter(clips[index].label for index in run.taught)
    assert per_epoch["solo"] == 3 * taught["solo"]
    assert per_epoch["opera"] == taught["opera"]
    assert per_epoch["dance_pop"] == pytest.approx(0.25 * taught["dance_pop"], rel=0.2)
    tiny = [replace(clip, weight=0.001) for clip in clips]
    with pytest.raises(SettingsError, match="raise them"):
        training.Run(tmp_path / "tiny", recipe, tiny, images, CCMUSIC16)


def test_what_cannot_be_learned_is_refused(
    clips: list[Clip], images: Images, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def run(clips: list[Clip], **changes: object) -> training.Run:
        return training.Run(tmp_path, replace(SHORT, **changes), clips, images, CCMUSIC16)

    with pytest.raises(SettingsError, match="only one genre"):
        run([replace(clip, label="solo") for clip in clips])
    with pytest.raises(SettingsError, match="left to validate on"):
        run([replace(clip, group=clip.label) for clip in clips])
    with pytest.raises(SettingsError, match="split test are not to be trained on"):
        run([replace(clips[0], split="test"), *clips[1:]])
    with pytest.raises(SettingsError, match="polka"):
        run([replace(clips[0], label="polka"), *clips[1:]])
    run(clips)
    assert "no clip teaches symphony, chamber" in caplog.text
    with pytest.raises(ModelError, match="diverged in epoch 1"):
        run(clips, learning_rate=1e30).fit(nothing)


def test_the_rows_of_split_validation_are_the_ones_validated_on(
    clips: list[Clip], images: Images, tmp_path: Path
) -> None:
    stated = [replace(clip, split="validation" if index % 5 == 0 else "train") for index, clip in enumerate(clips)]
    run = training.Run(tmp_path, SHORT, stated, images, CCMUSIC16)
    assert run.held.tolist() == [*range(0, 36, 5)]
    assert len(run.taught) == 36 - 8


def test_coarse_labels_teach_the_genre_that_the_pictures_show(
    clips: list[Clip], images: Images, tmp_path: Path
) -> None:
    """All low tones but two are known only as "tone", which high ones may be too; they end as low ones all the same."""
    solos = [index for index, clip in enumerate(clips) if clip.label == "solo"]
    coarse = [replace(clip, label="tone") if index in solos[2:] else clip for index, clip in enumerate(clips)]
    coarse = [replace(clip, split="validation" if index in solos[8:] else "") for index, clip in enumerate(coarse)]
    recipe = replace(RECIPE, stages=((48, 8),))
    run = training.Run(tmp_path, recipe, coarse, images, SMALL, mapping={"tone": ("solo", "opera")})
    assert run.allowed[solos[2]].tolist() == [True, True, False]
    run.fit(nothing)
    run.load_best()
    answered = run.clip_probabilities(np.array(solos)).argmax(axis=1)
    assert (answered == SMALL.ids.index("solo")).mean() >= 0.75


def test_the_loss_of_a_set_is_minus_the_log_of_its_probability() -> None:
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    probabilities = logits.softmax(1)
    allowed = torch.tensor([[True, True, False], [False, False, True]])
    expected = -torch.log(torch.stack([probabilities[0, 0] + probabilities[0, 1], probabilities[1, 2]]))
    torch.testing.assert_close(set_loss(logits, allowed), expected)
    single = torch.eye(3, dtype=torch.bool)[[1, 2]]
    torch.testing.assert_close(
        set_loss(logits, single, smoothing=0.1),
        nn.functional.cross_entropy(logits, torch.tensor([1, 2]), label_smoothing=0.1, reduction="none"),
    )


def test_every_stage_has_a_cycle_of_its_own() -> None:
    share = training._cycles([8, 4])
    first, second = [share(step) for step in range(8)], [share(step) for step in range(8, 12)]
    assert first.index(max(first)) in (1, 2)
    assert second.index(max(second)) in (0, 1)
    assert 0.9 < max(first) <= 1.0
    assert max(second) < max(first)
    assert first[-1] < 0.1 * max(first)
    assert second[0] > 2 * first[-1]  # the larger images are learned from again
    assert min(first + second) > 0.0
    assert training._cycles([1])(0) > 0.5  # a run of a single step learns too


def test_a_frozen_run_changes_the_head_alone(clips: list[Clip], images: Images, tmp_path: Path) -> None:
    run = training.Run(tmp_path, replace(SHORT, frozen=True), clips, images, SMALL)
    before = {key: tensor.clone() for key, tensor in run.network.state_dict().items()}
    run.fit(nothing)
    changed = {key for key, tensor in run.network.state_dict().items() if not torch.equal(tensor, before[key])}
    assert changed == {"classifier.1.weight", "classifier.1.bias"}


def test_a_checkpoint_of_another_head_gives_its_backbone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    other = backbones.build("resnet18", "published", 16)
    checkpoints.save(checkpoints.quantise(other.state_dict()), tmp_path / "published.safetensors")
    network = backbones.build("resnet18", "compact", 3)
    start_from(network, tmp_path / "published.safetensors", "resnet18")
    assert "fresh: fc.1.weight, fc.1.bias" in caplog.text
    torch.testing.assert_close(network.conv1.weight, other.conv1.weight, atol=0.01, rtol=0.01)

    same = backbones.build("resnet18", "compact", 3)
    checkpoints.save(network.state_dict(), tmp_path / "compact.safetensors")
    start_from(same, tmp_path / "compact.safetensors", "resnet18", fresh_head=True)
    assert torch.equal(same.conv1.weight, network.conv1.weight)
    assert not torch.equal(same.fc[1].weight, network.fc[1].weight)
    start_from(same, tmp_path / "compact.safetensors", "resnet18")
    assert torch.equal(same.fc[1].weight, network.fc[1].weight)

    with pytest.raises(ModelError, match="not a checkpoint of squeezenet1_1"):
        start_from(backbones.build("squeezenet1_1", "compact", 3), tmp_path / "compact.safetensors", "squeezenet1_1")


def test_storing_in_eight_bits_is_recorded_with_its_digest(tmp_path: Path) -> None:
    run, model = tmp_path / "run", tmp_path / "model"
    run.mkdir()
    recipe = replace(RECIPE, backbone="squeezenet1_1")
    with pytest.raises(ModelError, match="has not finished an epoch"):
        training.export(run, model, recipe, SMALL, {"trained_on": "noise"})
    checkpoints.save(backbones.build("squeezenet1_1", "compact", 3).state_dict(), run / "best.safetensors")
    training.export(run, model, recipe, SMALL, {"trained_on": "noise"})
    config = json.loads((model / "config.json").read_text())
    assert config["weights"]["sha256"] == checkpoints.sha256(model / "model.safetensors")
    assert (model / "model.safetensors").stat().st_size < (run / "best.safetensors").stat().st_size / 3
    assert classifier(model).card.taxonomy == SMALL


def test_the_temperature_of_the_same_weights_may_be_kept(tmp_path: Path) -> None:
    run, model = tmp_path / "run", tmp_path / "model"
    run.mkdir()
    recipe = replace(RECIPE, backbone="squeezenet1_1")

    def written(keep: bool) -> float | None:
        training.export(run, model, recipe, SMALL, {"trained_on": "noise"}, keep_temperature=keep)
        config = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps(config | {"temperature": 1.7}))
        return config["temperature"]

    checkpoints.save(backbones.build("squeezenet1_1", "compact", 3).state_dict(), run / "best.safetensors")
    assert written(keep=True) is None
    assert written(keep=True) == 1.7
    assert written(keep=False) is None
    checkpoints.save(backbones.build("squeezenet1_1", "compact", 3).state_dict(), run / "best.safetensors")
    assert written(keep=True) is None  # other weights


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from genre import training
from genre.labels import CCMUSIC16
from genre.recipe import Recipe
from genre.spectrogram import SpectrogramSpec

torch.set_num_threads(1)
run, replace_file = Path(sys.argv[1]), Path.replace
for argument in sys.argv[2:]:
    folder, file = Path(argument).parent, Path(argument).name

    def kill_before(part, target):
        if target == folder / file:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace_file(part, target)

    if not (child := os.fork()):
        Path.replace = kill_before
        recipe = Recipe("squeezenet1_1", "compact", SpectrogramSpec("cqt", image_size=64))
        training.export(run, folder, recipe, CCMUSIC16, {"trained_on": "noise"})
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""


def test_a_kill_while_the_model_is_written_leaves_what_the_run_can_write_over(tmp_path: Path) -> None:
    run, recipe = tmp_path / "run", replace(RECIPE, backbone="squeezenet1_1")
    run.mkdir()

    def weights(seed: int) -> None:
        torch.manual_seed(seed)
        checkpoints.save(backbones.build("squeezenet1_1", "compact", 16).state_dict(), run / "best.safetensors")

    killed = [tmp_path / f"{n}" / name for n, name in enumerate(("model.safetensors", "config.json") * 2)]
    folders = [path.parent for path in killed]
    weights(0)
    for folder in folders[2:]:  # which have a model of the run already
        training.export(run, folder, recipe, CCMUSIC16, {"trained_on": "noise"})
    weights(1)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    subprocess.run([sys.executable, "-c", KILLED, str(run), *map(str, killed)], env=environment, check=True)
    assert [path.suffix for path in folders[0].iterdir()] == [".part"]
    assert {path.name for path in folders[1].iterdir() if path.suffix != ".part"} == {"model.safetensors"}
    for folder in folders:
        assert RunFolder(run).made(folder)
        training.export(run, folder, recipe, CCMUSIC16, {"trained_on": "noise"})
        assert RunFolder(run).made(folder)
        assert classifier(folder).load().card.taxonomy == CCMUSIC16
        assert not list(folder.glob("model*.part"))
    (folders[0] / "model.safetensors").unlink()
    assert not RunFolder(run).made(folders[0])  # what else is there may be somebody's
    assert not (run / "export.safetensors").exists()
