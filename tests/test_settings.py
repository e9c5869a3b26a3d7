"""Settings come from the environment, and a bad one is refused by name."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from genre.errors import SettingsError
from genre.settings import Settings


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()
    assert (Settings().host, Settings().port) == ("127.0.0.1", 7860)


def test_every_setting_is_read():
    environment = {
        "GENRE_HOST": "0.0.0.0",
        "GENRE_PORT": "8080",
        "GENRE_MODELS": os.pathsep.join(["/a/models", "~/models"]),
        "GENRE_CACHE": "~/elsewhere",
        "GENRE_HUB": "modelscope",
        "GENRE_DEVICE": "cpu",
        "GENRE_PRECISION": "float32",
        "GENRE_MODEL_MEMORY_MB": "300",
        "GENRE_MAX_UPLOAD_MB": "20",
        "GENRE_CONCURRENCY": "3",
        "GENRE_QUEUE_SIZE": "9",
        "GENRE_RECEIVE_SECONDS": "12",
        "GENRE_API_TOKEN": "secret~token",
    }
    settings = Settings.from_environment(environment)
    assert settings == Settings(
        host="0.0.0.0",
        port=8080,
        models=(Path("/a/models"), Path.home() / "models"),
        cache=Path.home() / "elsewhere",
        hub="modelscope",
        device="cpu",
        precision="float32",
        model_memory_mb=300,
        max_upload_mb=20,
        concurrency=3,
        queue_size=9,
        receive_seconds=12,
        api_token="secret~token",
    )
    assert {f"GENRE_{field.name.upper()}" for field in fields(Settings)} == set(environment)


def test_an_empty_variable_is_an_unset_one():
    names = [f"GENRE_{field.name.upper()}" for field in fields(Settings)]
    assert Settings.from_environment(dict.fromkeys(names, "")) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("GENRE_PORT", "http", "1 to 65535"),
        ("GENRE_PORT", "0", "1 to 65535"),
        ("GENRE_PORT", "65536", "1 to 65535"),
        ("GENRE_MODEL_MEMORY_MB", "0", "1 to 1048576"),
        ("GENRE_MAX_UPLOAD_MB", "-1", "1 to 4096"),
        ("GENRE_CONCURRENCY", "1.5", "1 to 64"),
        ("GENRE_QUEUE_SIZE", "many", "1 to 10000"),
        ("GENRE_HUB", "elsewhere", "huggingface, modelscope"),
        ("GENRE_DEVICE", "tpu", "auto, cpu, cuda"),
        ("GENRE_PRECISION", "int8", "auto, float32, bfloat16"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_the_remedy(name, value, remedy):
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({name: value})
    assert name in str(refusal.value)
    assert value in str(refusal.value)
    assert remedy in str(refusal.value)


@pytest.mark.parametrize("token", ["two words", "tökén", "line\nbreak"])
def test_a_token_that_no_header_can_carry_is_refused(token: str):
    with pytest.raises(SettingsError, match="GENRE_API_TOKEN") as caught:
        Settings.from_environment({"GENRE_API_TOKEN": token})
    assert token not in str(caught.value)


def test_a_token_is_never_told():
    assert "secret" not in repr(Settings(api_token="secret"))
