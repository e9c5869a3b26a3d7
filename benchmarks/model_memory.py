"""Switching between models: the second answer loads nothing, and memory stays within its bound.

First the embedded models, compared twice. Then more networks of the published size than the bound holds, in turn.
"""

import argparse
import tempfile
from pathlib import Path

import psutil
import torch

from benchmarks.answer_time import write_clip
from benchmarks.machine import describe
from genre import backbones, spectrogram
from genre.classifier import classifier
from genre.comparison import compare
from genre.settings import Settings

EMBEDDED = ("vgg19_bn_cqt", "resnet50_mel", "densenet121_cqt", "resnet18_cqt_acousticsense16")
LARGE = 6  # networks


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    settings = Settings.from_environment()
    print(f"{describe()}; GENRE_MODEL_MEMORY_MB {settings.model_memory_mb}\n")
    with tempfile.TemporaryDirectory() as temporary:
        clip = Path(temporary) / "clip.mp3"
        write_clip(clip)
        for title in ("first comparison", "second comparison"):
            found = compare(clip, EMBEDDED)
            print(f"{title}: {found.seconds['total']:.2f} s, the sound decoded in {found.seconds['decode']:.2f} s")
            for column in found.columns:
                assert column.prediction is not None, column.error
                seconds = column.prediction.seconds
                shared = f" (the spectrogram of {column.spectrogram_of})" if column.spectrogram_of else ""
                print(
                    f"  {column.model}: load {1000 * seconds['load']:.0f} ms, spectrogram and picture "
                    f"{1000 * seconds['spectrogram']:.0f} ms{shared}, network {1000 * seconds['network']:.0f} ms"
                )

        folders = [Path(temporary) / str(number) / "vgg19_bn_cqt" for number in range(LARGE)]
        folders[0].mkdir(parents=True)
        torch.manual_seed(0)
        torch.save(backbones.build("vgg19_bn", "published", 16).state_dict(), folders[0] / "save.pt")
        for folder in folders[1:]:
            folder.mkdir(parents=True)
            (folder / "save.pt").hardlink_to(folders[0] / "save.pt")
        print(f"\n{LARGE} networks of the published size in turn, {rounds} rounds:")
        process = psutil.Process()
        for _ in range(rounds):
            resident = []
            for folder in folders:
                judge = classifier(folder)
                judge.predict(clip)
                size = judge.nbytes / 2**20
                del judge
                resident.append(f"{process.memory_info().rss / 2**20:.0f}")
            print(f"  {size:.0f} MiB each; resident after each: {', '.join(resident)} MiB")


if __name__ == "__main__":
    spectrogram.warm_up(spectrogram.SpectrogramSpec())
    main()
