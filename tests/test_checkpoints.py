import logging
import os
import pickle
import random
import resource
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from networks import network, picture
from safetensors.torch import save_file

from genre import backbones, checkpoints, unpacking
from genre.errors import ModelError

SMALL = "mobilenet_v3_small"


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    return dict(network(SMALL).state_dict())


def refuse(path: Path, *words: str, name: str = SMALL, head: str = "published", classes: int = 16) -> str:
    """Assert that the file is refused with a message that names it and says all of the words."""
    with pytest.raises(ModelError) as caught:
        checkpoints.load(path, name, head, classes)
    message = str(caught.value)
    assert str(path) in message
    for word in words:
        assert word in message
    return message


# loading


@pytest.mark.parametrize("name", backbones.BACKBONES)
def test_loaded_network_answers_bit_for_bit_like_a_plainly_loaded_one(name: str, tmp_path: Path) -> None:
    head = "compact" if name.startswith("vgg") else "published"
    plain = network(name, head)
    path, foreign = tmp_path / "save.pt", tmp_path / "foreign.ckpt"
    torch.save(plain.state_dict(), path)
    torch.save({"epoch": 3, "state_dict": renamed(plain.state_dict()), "optimizer": {"state": {}}}, foreign)
    image = picture(name)
    with torch.inference_mode():
        expected = plain(image)
    assert torch.isfinite(expected).all()
    for file in (path, foreign):
        loaded = checkpoints.load(file, name, head, 16)
        with torch.inference_mode():
            answer = loaded(image)
        assert torch.equal(answer, expected)
        assert not loaded.training
        assert not any(parameter.requires_grad for parameter in loaded.parameters())


def renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state under other names (7.weight, 7.bias, 8.weight …) and in no order."""
    layers = dict.fromkeys(key.rpartition(".")[0] for key in state)
    numbers = {layer: number for number, layer in enumerate(layers)}
    names = {key: f"{numbers[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}" for key in state}
    keys = random.Random(4).sample(list(state), len(state))
    return {f"module.model.{names[key]}": state[key] for key in keys}


def test_safetensors_hold_the_same_weights(tmp_path: Path) -> None:
    plain = network(SMALL)
    path = tmp_path / "model.safetensors"
    checkpoints.save(plain.state_dict(), path)
    loaded = checkpoints.load(path, SMALL, "published", 16)
    assert set(loaded.state_dict()) == set(plain.state_dict())
    assert all(torch.equal(tensor, plain.state_dict()[key]) for key, tensor in loaded.state_dict().items())
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():  # the file's alignment may choose another kernel: not bit for bit
        assert torch.allclose(plain(image), loaded(image), rtol=1e-4, atol=1e-5)


def test_weights_stay_mapped_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save(network(SMALL).state_dict(), path)
    loaded = checkpoints.load(path, SMALL, "published", 16)
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if str(path) in line]
    assert mapped, "the file is not mapped"
    low, high = (int(part, 16) for part in mapped[0].split()[0].split("-"))
    assert all(low <= parameter.data_ptr() < high for parameter in loaded.parameters())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_types_become_float32(
    dtype: torch.dtype, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "save.pt"
    torch.save({key: t.to(dtype) if t.is_floating_point() else t for key, t in state.items()}, path)
    loaded = checkpoints.load(path, SMALL, "published", 16)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    weight = loaded.state_dict()["classifier.1.weight"]
    assert torch.equal(weight, state["classifier.1.weight"].to(dtype).float())


def test_counters_of_training_steps_may_be_missing(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save({key: t for key, t in state.items() if not key.endswith("num_batches_tracked")}, path)
    loaded = checkpoints.load(path, SMALL, "published", 16)
    image = torch.rand(1, 3, 64, 64)
    assert torch.isfinite(loaded(image)).all()
    assert not any(tensor.is_meta for tensor in loaded.state_dict().values())


def test_inception_loads_with_and_without_its_auxiliary_classifier(tmp_path: Path) -> None:
    state = dict(network("inception_v3").state_dict())
    for path, extra in (
        (tmp_path / "without.pt", {}),
        (tmp_path / "with.pt", {"AuxLogits.fc.weight": torch.zeros(1000, 768), "AuxLogits.fc.bias": torch.zeros(1000)}),
    ):
        torch.save({**state, **extra}, path)
        loaded = checkpoints.load(path, "inception_v3", "published", 16)
        assert set(loaded.state_dict()) == set(state)


def test_file_format_of_early_pytorch_is_read(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save(OrderedDict(state), path, _use_new_zipfile_serialization=False)
    loaded = checkpoints.load(path, SMALL, "published", 16)
    assert torch.equal(loaded.state_dict()["classifier.1.bias"], state["classifier.1.bias"])


# foreign files


@pytest.mark.parametrize(
    ("wrap", "place"),
    [
        (lambda state: {"state_dict": state, "epoch": 3, "best": 0.7, "name": "x", "optimizer": {}}, "state_dict"),
        (lambda state: {"model_state_dict": state, "optimizer_state_dict": {"state": {0: {}}}}, "model_state_dict"),
        (lambda state: {"model": {"state_dict": state}, "args": ["--lr", 3]}, "model.state_dict"),
        (lambda state: {"net": state, 0: None}, "net"),
        (lambda state: {"model": "mobilenet", "network": {f"module.{k}": t for k, t in state.items()}}, "network"),
    ],
    ids=["state_dict", "model_state_dict", "model.state_dict", "net", "network"],
)
def test_a_state_dict_is_found_inside_a_training_checkpoint(
    wrap: Callable[[dict], dict], place: str, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "last.ckpt"
    torch.save(wrap(state), path)
    assert unpacking.unpack(path).place == place
    loaded = checkpoints.load(path, SMALL, "published", 16).state_dict()
    assert all(torch.equal(loaded[key], tensor) for key, tensor in state.items())


@pytest.mark.parametrize("name", unpacking.AVERAGED)
def test_averaged_weights_come_first_and_that_is_logged(
    name: str, state: dict[str, torch.Tensor], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    averaged = {f"module.{key}": tensor + 1 for key, tensor in state.items()} | {"n_averaged": torch.tensor(7)}
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": state, name: averaged}, path)
    with caplog.at_level(logging.INFO):
        loaded = checkpoints.load(path, SMALL, "published", 16).state_dict()
    assert torch.equal(loaded["classifier.1.bias"], state["classifier.1.bias"] + 1)
    assert f"{path}: the state dict {name} is used, not state_dict" in caplog.text
    assert f"tensors found: {len(state)} by prefix" in caplog.text


def test_an_average_without_statistics_is_not_used(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    averaged = {key: tensor + 1 for key, tensor in state.items() if "running" not in key}
    path = tmp_path / "last.ckpt"
    torch.save({"ema": {"decay": 0.999, "shadow": averaged}, "model": state}, path)
    loaded = checkpoints.load(path, SMALL, "published", 16).state_dict()
    assert torch.equal(loaded["classifier.1.bias"], state["classifier.1.bias"])


def test_foreign_weights_stay_mapped_to_the_file(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save({"state_dict": renamed(state), "optimizer": {"moments": torch.zeros(9)}}, path)
    loaded = checkpoints.load(path, SMALL, "published", 16)
    mapped = [line for line in Path("/proc/self/maps").read_text().splitlines() if str(path) in line]
    low, high = (int(part, 16) for part in mapped[0].split()[0].split("-"))
    assert all(low <= parameter.data_ptr() < high for parameter in loaded.parameters())


def test_eight_bit_weights_may_have_foreign_names(tmp_path: Path) -> None:
    state = checkpoints.quantise(network(SMALL, "compact").state_dict())
    path = tmp_path / "model.safetensors"
    checkpoints.save({f"net.{key}": tensor for key, tensor in state.items()}, path)
    loaded = checkpoints.load(path, SMALL, "compact", 16).state_dict()
    expected = checkpoints.dequantise(state)
    assert all(torch.equal(loaded[key], expected[key]) for key in loaded)


def test_tables_that_a_network_computes_are_filled_in_and_must_be_its_own(tmp_path: Path) -> None:
    state = dict(network("maxvit_t", "compact").state_dict())
    path = tmp_path / "save.pt"
    tables = [key for key in state if key.endswith("relative_position_index")]
    assert tables
    torch.save({key: tensor for key, tensor in state.items() if key not in tables}, path)
    loaded = checkpoints.load(path, "maxvit_t", "compact", 16).state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state)
    torch.save(state | {tables[0]: state[tables[0]].T.contiguous()}, path)
    refuse(path, f"{tables[0]} is not what this network computes", name="maxvit_t", head="compact")


def test_the_tables_of_swin_are_those_that_it_computes() -> None:
    expected = dict(network("swin_b", "compact").named_buffers())
    made, _ = checkpoints.align({}, "swin_b", "compact", 16)
    tables = {key: tensor for key, tensor in made.state_dict().items() if not tensor.is_meta}
    assert len(tables) == 24
    assert all(torch.equal(tensor, expected[key]) for key, tensor in tables.items())


def test_another_head_that_fits_is_named(tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save(network(SMALL, "compact").state_dict(), path)
    refuse(path, "It has the compact head", '"head": "compact"', "genre models import")


# what is refused


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle"])
def test_malicious_pickle_is_not_executed(kind: str, state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path, trace = tmp_path / "save.pt", tmp_path / "executed"
    content = {**state, "classifier.1.bias": Payload(trace)}
    if kind == "pickle":
        path.write_bytes(pickle.dumps({"classifier.1.bias": Payload(trace)}))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    message = refuse(path)
    assert not trace.exists()
    if kind != "pickle":
        assert "posix.system" in message
        assert "any code" in message
    pickle.loads(pickle.dumps(Payload(trace)))
    assert trace.exists(), "the payload is harmless, so this test shows nothing"


def test_whole_pickled_network_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save(network(SMALL), path)
    refuse(path, "Python objects", "torchvision.models.mobilenetv3.MobileNetV3", 'state_dict(), "save.pt")')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([torch.zeros(2)], "type list, not a filled state dict"),
        (torch.zeros(2), "type Tensor, not a filled state dict"),
        ({}, "type dict, not a filled state dict"),
        ({"epoch": 3, "a": torch.zeros(2)}, "'epoch' is a value of type int, not a tensor"),
        ({"optimizer": {"state_dict": {"a": torch.zeros(2)}}}, "save yours alone"),
        ({"state_dict": {"epoch": 3, "a": torch.zeros(2)}}, "'state_dict' is a value of type dict, not a tensor"),
        ({"model": {"a": torch.zeros(2)}, "net": {"a": torch.zeros(2)}}, "several state dicts (model, net)"),
        ({3: torch.zeros(2)}, "its key 3 is not text"),
        ({"a": torch.eye(3).to_sparse()}, "sparse"),
        ({"a": torch.zeros(2, device="meta")}, "empty"),
    ],
)
def test_content_that_is_no_state_dict_is_refused(content: object, words: str, tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save(content, path)
    refuse(path, words)


def test_damaged_files_are_refused(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    whole = tmp_path / "whole.pt"
    torch.save(state, whole)
    content = whole.read_bytes()
    broken = {
        "cut.pt": content[: len(content) // 2],
        "head.pt": content[:100],
        "text.pt": b"version https://git-lfs.github.com/spec/v1\n",
        "page.pt": b"<!doctype html><title>Not found</title>",
        "noise.pt": bytes(range(256)) * 64,
        "text.safetensors": b"hello, this is no tensor file",
        "lying.safetensors": (2**40).to_bytes(8, "little") + b"{}",
    }
    for name, data in broken.items():
        path = tmp_path / name
        path.write_bytes(data)
        refuse(path, "again")
    save_file({key: t.contiguous() for key, t in state.items()}, tmp_path / "whole.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((tmp_path / "whole.safetensors").read_bytes()[:-1000])
    refuse(cut, "not a complete safetensors file")


def test_other_archives_folders_and_nothing_are_refused(tmp_path: Path) -> None:
    archive = tmp_path / "photos.pt"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("photo.txt", "no tensors here")
    refuse(archive, "zip archive but not a state dict")
    refuse(tmp_path / "absent.pt", "There is no checkpoint file")
    refuse(tmp_path, "There is no checkpoint file")
    (tmp_path / "empty.pt").touch()
    refuse(tmp_path / "empty.pt", "is empty")


def test_every_difference_is_named(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    wrong = dict(state)
    del wrong["features.0.0.weight"]
    wrong["extra.weight"] = torch.zeros(1)
    wrong["classifier.4.bias"] = torch.zeros(3)
    wrong["classifier.4.weight"] = wrong["classifier.4.weight"].to(torch.int64)
    torch.save(wrong, path)
    refuse(
        path,
        "1 tensors missing (features.0.0.weight)",
        "1 tensors unexpected (extra.weight)",
        "1 tensors of another shape (classifier.4.bias is [3], not [95])",
        "1 tensors of another type (classifier.4.weight is int64, not float32)",
    )


def test_other_number_of_classes_is_named(tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save(network(SMALL, "compact", classes=10).state_dict(), path)
    refuse(path, "made for 10 classes, this model has 16", head="compact")


def test_other_backbone_is_refused_briefly(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    torch.save(state, path)
    message = refuse(path, "missing", "unexpected", "Check that the folder's name", name="resnet18")
    assert len(message) < 1200


def test_tensor_that_no_memory_holds_is_refused_for_its_shape(tmp_path: Path) -> None:
    stored = checkpoints.quantise(network(SMALL, "compact").state_dict())
    stored["classifier.1.weight"] = torch.zeros(1, dtype=torch.int8).expand(10**12)
    stored["classifier.1.weight.scale"] = torch.zeros(1).expand(10**12)
    path = tmp_path / "save.pt"
    torch.save(stored, path)
    assert path.stat().st_size < 2e6
    refuse(path, "classifier.1.weight is [1000000000000], not [16, 576]", head="compact")


def test_diverged_training_is_refused(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    state["classifier.9.bias"] = torch.full((16,), float("nan"))
    torch.save(state, path)
    refuse(path, "classifier.9.bias is not finite")


def test_what_is_under_nought_is_no_variance(state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "save.pt"
    state["features.0.1.running_var"] = -state["features.0.1.running_var"]
    torch.save(state, path)
    refuse(path, "features.0.1.running_var holds values under 0")


# storing


def test_eight_bit_storage_is_close_and_small(tmp_path: Path) -> None:
    made = network(SMALL, "compact")
    state = made.state_dict()
    stored = checkpoints.quantise(state)
    path = tmp_path / "model.safetensors"
    digest = checkpoints.save(stored, path)
    assert digest == checkpoints.sha256(path)
    assert {t.dtype for key, t in stored.items() if key + checkpoints.SCALE in stored} == {torch.int8}
    assert path.stat().st_size < 0.3 * sum(t.nbytes for t in state.values())
    loaded = checkpoints.load(path, SMALL, "compact", 16)
    for key, tensor in loaded.state_dict().items():
        if tensor.ndim < 2:
            assert torch.equal(tensor, state[key])
        else:
            step = stored[key + checkpoints.SCALE].reshape(-1, *[1] * (tensor.ndim - 1))
            assert ((tensor - state[key]).abs() <= 0.5001 * step).all()
    image = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        difference = (loaded(image).softmax(1) - made(image).softmax(1)).abs().max()
    assert difference < 0.01


def test_each_channel_has_a_scale_of_its_own() -> None:
    weights = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(2))
    weights[1] *= 1e-4
    restored = checkpoints.dequantise(checkpoints.quantise({"weight": weights}))["weight"]
    error = (restored - weights).flatten(1).norm(dim=1) / weights.flatten(1).norm(dim=1)
    assert (error < 0.01).all()


def test_silent_channels_survive_storage() -> None:
    weights = torch.zeros(3, 8)
    weights[1] = torch.linspace(-1, 1, 8)
    restored = checkpoints.dequantise(checkpoints.quantise({"weight": weights}))["weight"]
    assert torch.equal(restored[0], torch.zeros(8))
    assert torch.allclose(restored[1], weights[1], atol=0.01)


def test_vgg19_bn_with_the_compact_head_takes_at_most_25_megabytes() -> None:
    with torch.device("meta"):
        state = backbones.build("vgg19_bn", "compact", 16).state_dict()
    rows = sum(len(t) * 4 for key, t in state.items() if t.ndim >= 2)
    size = sum(t.numel() if t.ndim >= 2 else t.nbytes for t in state.values()) + rows
    assert size < 25e6


def test_scales_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    stored = checkpoints.quantise(network(SMALL, "compact").state_dict())
    stored["features.0.0.weight.scale"] = torch.ones(3)
    path = tmp_path / "model.safetensors"
    checkpoints.save(stored, path)
    refuse(path, "features.0.0.weight", head="compact")
    del stored["features.0.0.weight.scale"]
    checkpoints.save(stored, path)
    refuse(path, "features.0.0.weight is int8, not float32", head="compact")


def test_failed_save_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    first = checkpoints.save({"a": torch.ones(4)}, path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(ModelError, match="cannot be written"):
            checkpoints.save({"a": torch.ones(100_000)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert checkpoints.sha256(path) == first
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
