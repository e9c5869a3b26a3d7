"""A small network of random weights in a folder: every answer is real, none is right."""

import json
from pathlib import Path

import torch

from genre import backbones, checkpoints
from genre.labels import CCMUSIC16
from genre.spectrogram import SpectrogramSpec, Transform

IMAGE_SIZE = 64  # pixels


def write_model(folder: Path, seed: int = 0, transform: Transform = "cqt") -> Path:
    """Write a SqueezeNet of random weights as a model folder."""
    folder.mkdir()
    config = {
        "format": 1,
        "name": folder.name,
        "backbone": "squeezenet1_1",
        "head": "compact",
        "taxonomy": "ccmusic16",
        "spectrogram": SpectrogramSpec(transform=transform, image_size=IMAGE_SIZE).to_dict(),
        "weights": {"file": "model.safetensors", "trained_on": "nothing", "licence": "MIT"},
        "temperature": None,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    torch.manual_seed(seed)
    network = backbones.build("squeezenet1_1", "compact", len(CCMUSIC16))
    checkpoints.save(network.state_dict(), folder / "model.safetensors")
    return folder
