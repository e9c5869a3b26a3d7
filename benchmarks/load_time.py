"""What loading a checkpoint of the published size costs, the plain way and ours.

Makes a VGG19_BN save.pt with the published head, prints its size, and the median seconds of both ways and their ratio.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import torch
from torch import nn

from benchmarks.machine import describe
from genre import backbones, checkpoints

BACKBONE, HEAD, CLASSES = "vgg19_bn", "published", 16


def plain(path: Path) -> nn.Module:
    """Build the network, read the file, copy every tensor."""
    network = backbones.build(BACKBONE, HEAD, CLASSES)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


def ours(path: Path) -> nn.Module:
    """Build on the meta device, map the file, assign."""
    return checkpoints.load(path, BACKBONE, HEAD, CLASSES)


def timed(load: Callable[[Path], nn.Module], path: Path) -> float:
    """Return the seconds that one load takes."""
    begun = perf_counter()
    load(path)
    return perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "save.pt"
        torch.manual_seed(0)
        torch.save(backbones.build(BACKBONE, HEAD, CLASSES).state_dict(), path)
        image = torch.rand(1, 3, 224, 224)
        with torch.inference_mode():
            same = torch.equal(plain(path)(image), ours(path)(image))
        seconds = [(timed(plain, path), timed(ours, path)) for _ in range(rounds)]
        size = path.stat().st_size / 2**20
    slow, fast = (statistics.median(column) for column in zip(*seconds, strict=True))
    print(describe())
    print(f"{BACKBONE} save.pt with the published head: {size:.2f} MiB")
    print(f"plain (build, read, copy)   {slow:8.3f} s")
    print(f"ours (meta, mmap, assign)   {fast:8.3f} s")
    print(f"ratio                       {fast / slow:8.3f}   same logits, bit for bit: {'yes' if same else 'NO'}")


if __name__ == "__main__":
    main()
