"""Where the tensors of foreign checkpoints go: told by names and shapes alone, so nothing here has values."""

import random
import re
from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor

from genre import alignment, backbones, checkpoints
from genre.alignment import Alignment

Pairs = list[tuple[str, str]]  # (name in the file, name in the network), in the order of the file


@cache
def wanted(name: str, head: str = "compact") -> dict[str, Tensor]:
    network, _ = checkpoints.align({}, name, head, 16)
    return network.state_dict()


def align(pairs: Pairs, name: str, head: str = "compact", **more: Tensor) -> Alignment:
    of = wanted(name, head)
    return alignment.align({source: of[key].to("meta") for source, key in pairs} | more, of)


def is_right(aligned: Alignment, pairs: Pairs) -> bool:
    """Whether everything is where it belongs: True; a refusal is False, and a mistake fails the test."""
    if aligned.failed:
        return False
    assert aligned.sources == {key: source for source, key in pairs}
    return True


def renamed(name: str, head: str = "compact", rename: Callable[[str], str] = str) -> Pairs:
    return [(rename(key), key) for key in wanted(name, head)]


def layer_of(key: str) -> str:
    return key.rpartition(".")[0]


def kind_of(key: str) -> str:
    return key.rpartition(".")[2]


def numbered(name: str, head: str = "compact", keys: list[str] | None = None) -> Pairs:
    """m0.weight, m0.bias, m1.weight …: layers are told from each other by number, and their tensors by kind."""
    keys = keys or list(wanted(name, head))
    layers = {layer: index for index, layer in enumerate(dict.fromkeys(map(layer_of, keys)))}
    return [(f"m{layers[layer_of(key)]}.{kind_of(key)}", key) for key in keys]


def counted(name: str, head: str = "compact", keys: list[str] | None = None) -> Pairs:
    """t0, t1, t2 …: only a number."""
    return [(f"t{index}", key) for index, key in enumerate(keys or wanted(name, head))]


def meaningless(name: str, head: str = "compact") -> Pairs:
    """Names that say nothing at all."""
    generator = random.Random(1)
    return renamed(name, head, lambda _: f"{generator.getrandbits(64):016x}")


def translated(name: str, head: str = "compact") -> Pairs:
    """The names' own structure in other words: features.0.weight -> qzxjv.0.weight."""
    generator = random.Random(2)
    words: dict[str, str] = {}

    def part(given: str) -> str:
        stem = given.rstrip("0123456789")
        if stem and stem not in words:
            words[stem] = "".join(generator.choices("jqvxz", k=6))
        return words.get(stem, "") + given[len(stem) :]

    return renamed(name, head, lambda key: ".".join([*map(part, layer_of(key).split(".")), kind_of(key)]).lstrip("."))


def shuffled(pairs: Pairs) -> Pairs:
    return random.Random(3).sample(pairs, len(pairs))


# every network


@pytest.mark.parametrize("head", backbones.HEADS)
@pytest.mark.parametrize("name", backbones.BACKBONES)
def test_every_tensor_of_a_renamed_network_is_found(name: str, head: str):
    for pairs in (numbered(name, head), counted(name, head)):
        for order in (list, sorted, shuffled):  # as saved by PyTorch, as safetensors sort, and in no order at all
            assert is_right(align(order(pairs), name, head), pairs), order
    for pairs in (meaningless(name, head), translated(name, head)):
        assert is_right(align(pairs, name, head), pairs)


@pytest.mark.parametrize("name", sorted(set(backbones.BACKBONES) - {"inception_v3", "maxvit_t"}))
def test_translated_names_need_no_order(name: str):
    """Inception and MaxViT have parts without a number (branches, conv_a), which nothing else tells apart."""
    pairs = translated(name)
    assert is_right(align(sorted(pairs), name), pairs)
    assert is_right(align(shuffled(pairs), name), pairs)


@pytest.mark.parametrize("name", backbones.BACKBONES)
def test_names_that_say_nothing_in_an_order_that_says_nothing_are_refused(name: str):
    for order in (sorted, shuffled):
        failed = align(order(meaningless(name)), name).failed
        assert {row.problem for row in failed} == {"alike"}
        assert all("any of" in row.detail for row in failed)


# names


@pytest.mark.parametrize("prefix", ["module.", "model.", "net.", "module.model.net.", "_orig_mod.", "backbone_0."])
@pytest.mark.parametrize("order", [list, sorted, shuffled])
def test_prefixes_are_taken_off_stacked_ones_too(prefix: str, order: Callable[[Pairs], Pairs]):
    pairs = order(renamed("inception_v3", "published", lambda key: prefix + key))
    aligned = align(pairs, "inception_v3", "published")
    assert is_right(aligned, pairs)
    assert set(aligned.counts()) == {"prefix"}


def test_a_backbone_in_a_wrapper_and_a_head_beside_it_are_found():
    for order in (list, sorted, shuffled):
        pairs = renamed("resnet18", "compact", lambda k: f"head.{kind_of(k)}" if k[:2] == "fc" else f"net.backbone.{k}")
        aligned = align(order(pairs), "resnet18")
        assert is_right(aligned, pairs)
        assert aligned.counts() == {"prefix": 120, "shape": 2}


@pytest.mark.parametrize("by", [1, 2, 3, 5])
@pytest.mark.parametrize("name", ["vgg11", "vgg19_bn"])
def test_numbers_that_mean_other_layers_are_not_believed(name: str, by: int):
    """Layers without tensors before the first one: features.8 is there, but it is another layer."""
    pairs = renamed(name, rename=lambda key: re.sub(r"(?<=features\.)\d+", lambda found: str(int(found[0]) + by), key))
    aligned = align(pairs, name)
    assert is_right(aligned, pairs)
    assert aligned.counts()["name"] == 2  # the classifier


def test_numbers_from_nought_are_not_believed():
    def rename(key: str) -> str:
        return re.sub(r"(conv|bn)(\d)", lambda found: f"{found[1]}{int(found[2]) - 1}", key)

    for order in (list, sorted):
        pairs = order(renamed("resnet50", rename=rename))
        assert is_right(align(pairs, "resnet50"), pairs)


def test_one_renamed_layer_leaves_the_others_their_names():
    pairs = renamed("resnet18", rename=lambda key: key.replace("conv1", "stem", 1) if key.startswith("conv1") else key)
    aligned = align(sorted(pairs), "resnet18")
    assert is_right(aligned, pairs)
    assert aligned.counts() == {"name": 121, "shape": 1}


@pytest.mark.parametrize("order", [list, sorted])
def test_a_vision_transformer_under_the_names_of_another_library_is_found(order: Callable[[Pairs], Pairs]):
    words = {
        "class_token": "cls_token",
        "conv_proj": "patch_embed.proj",
        "encoder.pos_embedding": "pos_embed",
        "encoder.layers.encoder_layer_": "blocks.",
        "self_attention.in_proj_": "attn.qkv.",
        "self_attention.out_proj": "attn.proj",
        "ln_": "norm",
        "mlp.0": "mlp.fc1",
        "mlp.3": "mlp.fc2",
        "encoder.ln": "norm",
        "heads.head.1": "head",
    }
    pairs = [(key, key) for key in wanted("vit_b_16")]
    for ours, theirs in words.items():
        pairs = [(source.replace(ours, theirs), key) for source, key in pairs]
    pairs.insert(1, pairs.pop(next(index for index, (source, _) in enumerate(pairs) if source == "pos_embed")))
    assert is_right(align(order(pairs), "vit_b_16"), pairs)


def test_tensors_of_a_layer_are_told_apart_by_their_kinds():
    words = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
    pairs = [
        (f"{layer_of(source)}/{words.get(kind_of(key), kind_of(key)) if 'bn' in key else kind_of(key)}", key)
        for source, key in numbered("resnet18")
    ]
    for order in (sorted, shuffled):
        assert is_right(align(order(pairs), "resnet18"), pairs)


# order


def test_of_two_alike_layers_under_meaningless_names_the_place_in_the_file_decides():
    """What the module's docstring promises: nothing else could tell that these two were swapped."""
    one, other = "layer1.0.conv1.weight", "layer1.0.conv2.weight"
    pairs = meaningless("resnet18")
    places = {key: index for index, (_, key) in enumerate(pairs)}
    swapped = list(pairs)
    swapped[places[one]], swapped[places[other]] = pairs[places[other]], pairs[places[one]]
    sources = align(swapped, "resnet18").sources
    assert sources == {**{key: source for source, key in pairs}, **{one: sources[one], other: sources[other]}}
    assert (sources[one], sources[other]) == (pairs[places[other]][0], pairs[places[one]][0])


def test_numbers_that_contradict_the_order_are_refused_with_the_rows():
    pairs = counted("resnet18")
    one, other = (next(p for p in pairs if p[1] == f"layer1.0.conv{number}.weight") for number in (1, 2))
    swapped = [{one: other, other: one}.get(pair, pair) for pair in pairs]
    failed = align(swapped, "resnet18").failed
    assert [(row.key, row.problem) for row in failed] == [(one[1], "contradictory"), (other[1], "contradictory")]
    assert failed[0].detail == f"{one[0]} by name, {other[0]} by its place in the file"


def shortcut_first(pairs: Pairs) -> Pairs:
    """The order of a program that makes a block's shortcut before its other layers."""
    blocks: dict[str, Pairs] = {}
    for pair in pairs:
        found = re.match(r"layer\d\.\d", pair[1])
        blocks.setdefault(found[0] if found else pair[1], []).append(pair)
    return [pair for block in blocks.values() for pair in sorted(block, key=lambda pair: "downsample" not in pair[1])]


def test_another_order_of_layers_is_refused_where_names_do_not_tell():
    moved = shortcut_first(meaningless("resnet18"))
    keys = [key for _, key in moved]
    for pairs in (moved, numbered("resnet18", keys=keys), counted("resnet18", keys=keys)):
        assert {row.problem for row in align(pairs, "resnet18").failed} == {"alike"}
    pairs = shortcut_first(translated("resnet18"))
    assert is_right(align(pairs, "resnet18"), pairs)


def test_a_place_that_contradicts_the_networks_own_names_is_refused():
    pairs = renamed("vit_b_16", rename=lambda key: key.replace("encoder_layer_2.", "qzx."))
    names = {key: index for index, (_, key) in enumerate(pairs)}
    for kind in ("weight", "bias"):
        one, other = (names[f"encoder.layers.encoder_layer_{number}.mlp.0.{kind}"] for number in (5, 6))
        pairs[one], pairs[other] = pairs[other], pairs[one]
    failed = align(pairs, "vit_b_16").failed
    assert {row.problem for row in failed} == {"contradictory"}
    assert len(failed) == 4


def test_parameters_before_statistics_are_told_by_kind_or_refused():
    def late(key: str) -> bool:
        return "running" in key or "tracked" in key

    pairs = sorted(translated("resnet18"), key=lambda pair: late(pair[1]))
    assert is_right(align(pairs, "resnet18"), pairs)
    for keep in (str, lambda key: "" if "tracked" in key else key):
        pairs = [pair for pair in meaningless("resnet18") if keep(pair[1])]
        assert is_right(align(pairs, "resnet18"), pairs)
        failed = align(sorted(pairs, key=lambda pair: late(pair[1])), "resnet18").failed
        assert {row.problem for row in failed} == {"alike"}


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_renamed_the_answer_is_right_or_there_is_none(seed: int):
    """Some layers or tensors get names that say nothing, and the file some order: a mistake fails in `is_right`."""
    generator = random.Random(seed)
    name = generator.choice(["squeezenet1_1", "resnet18", "vgg16_bn"])
    share = generator.choice([0.02, 0.1, 0.5, 1.0])
    part = generator.choice([layer_of, str])
    digits = generator.choice([3, 6])
    names = {owner: owner for owner in map(part, wanted(name))}
    for owner in names:
        if generator.random() < share:
            names[owner] = f"{generator.randrange(10**digits)}q"
    if len(set(names.values())) == len(names):
        pairs = renamed(name, rename=lambda key: names[part(key)] + key[len(part(key)) :])
        for order in (list, sorted, shuffled):
            aligned = align(order(pairs), name)
            assert is_right(aligned, pairs) or aligned.failed
        assert part is not layer_of or is_right(align(pairs, name), pairs)


# what may be missing, what may be there


def test_counters_and_tables_may_be_missing():
    for name in ("resnet18", "maxvit_t", "swin_b"):
        optional = ("num_batches_tracked", "relative_position_index")
        for pairs in (renamed(name, rename=lambda key: f"net.{key}"), numbered(name), meaningless(name)):
            fewer = [pair for pair in pairs if kind_of(pair[1]) not in optional]
            aligned = align(fewer, name)
            assert is_right(aligned, fewer)
            assert aligned.counts()["made"] == len(pairs) - len(fewer) > 0


def test_a_counter_of_averages_is_left_alone_and_nothing_else():
    pairs = renamed("resnet18", rename=lambda key: f"module.{key}")
    scalar = torch.zeros((), dtype=torch.int64)
    assert is_right(align(pairs, "resnet18", n_averaged=scalar), pairs)
    (row,) = align(pairs, "resnet18", steps=scalar).failed
    assert (row.key, row.source, row.problem) == (None, "steps", "unexpected")


def test_what_only_training_needs_is_known_under_a_prefix_too():
    of = wanted("inception_v3")
    found = {f"model.{key}": tensor for key, tensor in of.items()}
    found["model.AuxLogits.fc.weight"] = torch.zeros(1000, 768, device="meta")
    assert not alignment.align(found, of, ("AuxLogits.",)).failed
    assert [row.source for row in alignment.align(found, of).failed] == ["model.AuxLogits.fc.weight"]


def test_floating_types_do_not_matter_and_others_do():
    of = wanted("squeezenet1_1")
    names = dict(map(reversed, meaningless("squeezenet1_1")))
    half = {names[key]: tensor.to(torch.float16) for key, tensor in of.items()}
    assert not alignment.align(half, of).failed
    whole = {key: tensor.to(torch.int64) if key == "features.0.weight" else tensor for key, tensor in of.items()}
    (row,) = alignment.align(whole, of).failed
    assert (row.key, row.problem, row.detail) == ("features.0.weight", "type", "is int64, not float32")


@pytest.mark.parametrize("make", [numbered, counted, meaningless, translated])
def test_what_is_missing_or_left_over_is_named(make: Callable[[str], Pairs]):
    pairs = [pair for pair in make("resnet18") if pair[1] != "conv1.weight"]
    failed = align(pairs, "resnet18", other=torch.zeros(7, 7)).failed
    assert [(row.key, row.source, row.problem) for row in failed] == [
        ("conv1.weight", None, "missing"),
        (None, "other", "unexpected"),
    ]


def test_two_tensors_of_one_name_after_the_prefix_are_refused():
    pairs = renamed("resnet18", rename=lambda key: f"model.{key}")
    failed = align(pairs, "resnet18", **{"conv1.weight": torch.zeros(64, 3, 7, 7)}).failed
    assert "unexpected" in {row.problem for row in failed}
