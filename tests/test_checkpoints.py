import os
import pickle
import resource
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.overrides import TorchFunctionMode

from genre import backbones, checkpoints
from genre.errors import ModelError

SMALL = "mobilenet_v3_small"
# Pixels: the smallest image each network takes, so that sixteen forward passes stay cheap.
SIZES = {"vit_b_16": 224, "maxvit_t": 224, "inception_v3": 96}


class NoInit(TorchFunctionMode):
    """Leave new parameters as they are allocated: torchvision's own initialisation takes seconds."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if getattr(function, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return function(*args, **(kwargs or {}))


def network(name: str, head: str = "published", classes: int = 16, seed: int = 0) -> nn.Module:
    """A network with seeded weights that differ in every tensor."""
    with NoInit():
        made = backbones.build(name, head, classes).eval()
    generator = torch.Generator().manual_seed(seed)
    for tensor in made.state_dict().values():
        if tensor.is_floating_point():
            low, high = (0.5, 1.5) if tensor.ndim == 1 else (-0.05, 0.05)  # a variance must be above 0
            tensor.uniform_(low, high, generator=generator)
    return made


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
    path = tmp_path / "save.pt"
    torch.save(plain.state_dict(), path)
    loaded = checkpoints.load(path, name, head, 16)
    size = SIZES.get(name, 64)
    image = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        expected, answer = plain(image), loaded(image)
    assert torch.isfinite(expected).all()
    assert torch.equal(answer, expected)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


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
        ({"epoch": 3, "state_dict": {"a": torch.zeros(2)}}, "'epoch' is a value of type int, not a tensor"),
        ({"state_dict": {"a": torch.zeros(2)}}, "save that part alone"),
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
