"""The baseline: one answer by the steps of the published app, with nothing kept between calls.

librosa.load, librosa.cqt, matplotlib's specshow saved as a JPEG, torchvision transforms, a VGG19_BN rebuilt and its
save.pt read for every call, eager float32, one vote per window. Written from the published description.
"""

import tempfile
from pathlib import Path
from time import perf_counter

import librosa
import librosa.display
import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot
from PIL import Image
from torchvision import transforms

from genre import backbones

mpl.use("agg")

WINDOW_SECONDS = 11.4


def classify(path: Path, checkpoint: Path, clip_seconds: float = 30.0) -> tuple[int, dict[str, float]]:
    """Return the winning class index and the seconds spent in each step."""
    begun = perf_counter()
    samples, rate = librosa.load(path, duration=clip_seconds)
    decoded = perf_counter()
    decibels = librosa.power_to_db(np.abs(librosa.cqt(samples, sr=rate)) ** 2, ref=np.max)
    transformed = perf_counter()

    frames = decibels.shape[1]
    step = int(WINDOW_SECONDS * frames / librosa.get_duration(y=samples, sr=rate))
    count = int(frames / step)
    first = int(0.5 * (frames - count * step))
    prepare = transforms.Compose(
        [transforms.Resize((224, 224)), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
    )
    inputs = []
    with tempfile.TemporaryDirectory() as folder:
        for index in range(count):
            picture = Path(folder) / f"{index}.jpg"
            librosa.display.specshow(decibels[:, first + index * step : first + (index + 1) * step])
            pyplot.axis("off")
            pyplot.savefig(picture, bbox_inches="tight", pad_inches=0.0)
            pyplot.close()
            inputs.append(prepare(Image.open(picture).convert("RGB")))
    drawn = perf_counter()

    network = backbones.build("vgg19_bn", "published", 16)
    network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
    network.eval()
    loaded = perf_counter()
    with torch.no_grad():
        votes = [int(network(image[None]).argmax()) for image in inputs]
    ended = perf_counter()
    seconds = {
        "decode": decoded - begun,
        "transform": transformed - decoded,
        "draw": drawn - transformed,
        "load": loaded - drawn,
        "network": ended - loaded,
        "total": ended - begun,
    }
    return max(set(votes), key=votes.count), seconds
