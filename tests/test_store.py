import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hub_server import COMMIT, Announced, Fault, HubServer

from genre import backbones, cards, checkpoints, hubs, labels, store
from genre.errors import ModelError
from genre.settings import HUB_REPOSITORY, Settings
from genre.spectrogram import SpectrogramSpec

SMALL = "mobilenet_v3_small_mel"
LIGHT = "inception_v3_mel"  # the lightest published checkpoint, 88 MiB
CONFIG = {
    "format": 1,
    "name": SMALL,
    "backbone": "mobilenet_v3_small",
    "head": "compact",
    "taxonomy": "ccmusic16",
    "spectrogram": {"transform": "mel", "rendering": "gray", "image_size": 96},
    "weights": {
        "file": "model.safetensors",
        "trained_on": "rendered music",
        "accuracy": 0.7,
        "measured_on": "160 rendered clips",
        "licence": "MIT",
    },
    "temperature": 1.5,
}


def state_of(name: str, head: str, classes: int = 16, value: float = 0.01) -> dict[str, torch.Tensor]:
    """A state dict of the right shapes; the values do not matter to a store."""
    with torch.device("meta"):
        skeleton = backbones.build(name, head, classes).state_dict()
    return {key: torch.full_like(tensor, value, device="cpu") for key, tensor in skeleton.items()}


def put(root: Path, name: str = SMALL, config: dict | None = CONFIG, pickled: bool = False) -> Path:
    """Make a model folder, with a config.json and model.safetensors, or with a save.pt of the published head."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        checkpoints.save(state_of("mobilenet_v3_small", "compact"), folder / "model.safetensors")
    if pickled:
        torch.save(state_of("mobilenet_v3_small", "published"), folder / "save.pt")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models=(tmp_path / "mine",), cache=tmp_path / "cache")


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that counts as the place of embedded models."""
    monkeypatch.setattr(store, "_embedded_roots", lambda: [tmp_path / "embedded"])
    return tmp_path / "embedded"


# which models are here


def test_dropped_in_comes_before_embedded_before_downloaded(embedded: Path, settings: Settings) -> None:
    hub = {**CONFIG, "weights": {**CONFIG["weights"], "origin": "hub"}}
    put(settings.cache / "models", config=hub)
    assert store.find(SMALL, settings).origin == "hub"
    put(embedded)
    assert store.find(SMALL, settings).origin == "embedded"
    put(embedded, config=None, pickled=True)
    card = store.find(SMALL, settings)
    assert (card.origin, card.weights.name, card.head) == ("dropped-in", "save.pt", "published")
    put(settings.models[0])
    assert store.find(SMALL, settings).folder == settings.models[0] / SMALL
    here = {reference: card.origin for reference, card in store.available(settings).items() if card.name == SMALL}
    assert here == {SMALL: "dropped-in", f"hub:{SMALL}": "hub"}
    assert store.find(f"hub:{SMALL}", settings).folder == settings.cache / "models" / SMALL
    with pytest.raises(ModelError, match=f"no model 'embedded:{SMALL}' here"):
        store.find(f"embedded:{SMALL}", settings)


def test_card_says_what_config_says(settings: Settings) -> None:
    folder = put(settings.models[0])
    card = store.find(SMALL, settings)
    assert card.folder == folder
    assert card.taxonomy is labels.CCMUSIC16
    assert card.spectrogram == SpectrogramSpec(transform="mel", rendering="gray", image_size=96)
    assert (card.backbone, card.head, card.origin) == ("mobilenet_v3_small", "compact", "dropped-in")
    assert (card.trained_on, card.accuracy, card.measured_on, card.licence) == (
        "rendered music",
        0.7,
        "160 rendered clips",
        "MIT",
    )
    assert card.temperature == 1.5
    assert card.sha256 == checkpoints.sha256(folder / "model.safetensors")
    assert store.load(card)(torch.zeros(1, 3, 96, 96)).shape == (1, 16)


@pytest.mark.parametrize(
    ("name", "transform", "size"), [("resnet18_mel", "mel", 224), ("inception_v3_chroma", "chroma", 299)]
)
def test_facts_of_a_dropped_in_checkpoint_come_from_its_folder(
    name: str, transform: str, size: int, settings: Settings
) -> None:
    folder = settings.models[0] / name
    folder.mkdir(parents=True)
    torch.save(state_of(name.rpartition("_")[0], "published"), folder / "save.pt")
    card = store.find(name, settings)
    assert card.spectrogram == SpectrogramSpec.published(transform, size)
    assert (card.origin, card.accuracy, card.licence) == ("dropped-in", None, "not stated")
    assert "not stated" in card.trained_on
    assert store.load(card)(torch.zeros(1, 3, size, size)).shape == (1, 16)


def test_safetensors_without_a_config_follow_the_folder_too(settings: Settings) -> None:
    folder = settings.models[0] / "resnet18_cqt"
    folder.mkdir(parents=True)
    checkpoints.save(state_of("resnet18", "published"), folder / "model.safetensors")
    assert store.find("resnet18_cqt", settings).spectrogram.transform == "cqt"


@pytest.mark.parametrize("name", ["resnet18", "my_model", "cqt", "resnet18_stft", "_cqt", "resnet999_cqt"])
def test_folder_name_that_says_nothing_is_refused(name: str, settings: Settings) -> None:
    folder = put(settings.models[0], name, config=None, pickled=True)
    for wanted in (name, folder):
        with pytest.raises(ModelError, match=r"(?s)does not say.*resnet50.*cqt, mel, chroma"):
            store.find(wanted, settings)


def test_folder_may_be_anywhere(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(tmp_path / "elsewhere")
    monkeypatch.chdir(folder.parent)
    for path in (folder, str(folder), f"./{SMALL}", f"{SMALL}/", Path(SMALL)):
        assert store.find(path, settings).folder == folder
    with pytest.raises(ModelError, match="There is no model"):
        store.find(SMALL, settings)


@pytest.mark.parametrize("name", ["..", ".", "", "etc", "x\0y", "~", "vgg19_bn_cqt.bak", "C:"])
def test_names_never_become_paths(name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    put(settings.models[0])
    monkeypatch.chdir("/")
    with pytest.raises(ModelError, match=r"There is no model .*Models here: .*mobilenet_v3_small_mel"):
        store.find(name, settings)


@pytest.mark.parametrize("path", ["../../etc", "/etc/passwd", "./nothing", "/etc"])
def test_paths_that_are_no_model_folder_are_refused(path: str, settings: Settings) -> None:
    with pytest.raises(ModelError, match=r"not a model folder|holds neither"):
        store.find(path, settings)


def test_published_model_that_is_not_here_says_how_to_get_it(settings: Settings) -> None:
    with pytest.raises(ModelError, match="genre download swin_b_mel"):
        store.find("swin_b_mel", settings)


def test_broken_folder_is_left_out_but_tells_its_reason_when_asked_for(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    put(settings.models[0])
    (put(settings.models[0], "broken_mel") / "config.json").write_text("{", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        names = list(store.available(settings))
    assert SMALL in names
    assert "broken_mel" not in names
    assert "broken_mel" in caplog.text
    with pytest.raises(ModelError, match="cannot be read"):
        store.find("broken_mel", settings)


def _with(**changes: object) -> dict[str, object]:
    return {**CONFIG, **changes}


def _weights(**changes: object) -> dict[str, object]:
    return {**CONFIG, "weights": {**CONFIG["weights"], **changes}}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ([], '"format": 1'),
        (_with(format=2), '"format": 1'),
        (_with(backbone="vgg99"), '"backbone" is .vgg99.; it must be one of: vgg11'),
        (_with(backbone=["vgg11"]), '"backbone" is'),
        (_with(head="huge"), "published, compact"),
        (_with(taxonomy="birds"), "ccmusic16, acousticsense16"),
        (_with(taxonomy=None), '"id" and "genres"'),
        (_with(taxonomy={"id": "x", "genres": [{"id": "a"}]}), '"id" and "genres"'),
        (_with(taxonomy={"id": "x", "genres": "abc"}), '"id" and "genres"'),
        (_with(taxonomy={"id": "x", "genres": ["a", "a"]}), "different ids"),
        (_with(taxonomy={"id": "x", "genres": [{"id": "a", "en": "A"}]}), "at least two"),
        (_with(taxonomy={"id": "x", "genres": [{"id": "a", "en": "A"}, {"id": "a", "en": "B"}]}), "different ids"),
        (_with(taxonomy={"id": "x", "genres": [{"id": "a", "en": 1}, {"id": "b", "en": "B"}]}), "texts"),
        (_with(spectrogram=None), "config.json: .*spectrogram"),
        (_with(spectrogram={"transform": "wavelet"}), "config.json: .*wavelet"),
        (_with(spectrogram={"colour": 1}), "config.json: .*colour"),
        (_with(temperature=0), '"temperature" is 0'),
        (_with(weights=None), '"weights"."file"'),
        (_weights(file="../model.safetensors"), "must name a file in"),
        (_weights(file="/etc/passwd"), "must name a file in"),
        (_weights(file=".."), "must name a file in"),
        (_weights(file="other.safetensors"), "not there"),
        (_weights(accuracy=70), '"accuracy" is 70'),
        (_weights(accuracy=float("nan")), '"accuracy" is nan'),
        (_weights(accuracy="good"), '"accuracy" is .good.'),
        (_weights(licence=3), '"licence" is 3'),
    ],
)
def test_wrong_config_is_refused_with_the_reason(config: object, words: str, settings: Settings) -> None:
    folder = put(settings.models[0], config=config)
    with pytest.raises(ModelError, match=words) as caught:
        store.find(SMALL, settings)
    assert str(folder) in str(caught.value)


def test_own_labels_travel_with_the_model(settings: Settings) -> None:
    own = {
        "id": "mine",
        "genres": [
            {"id": "waltz", "en": "Waltz", "zh": "圆舞曲", "group": "dance", "top": "any"},
            {"id": "march", "en": "March"},
        ],
    }
    put(settings.models[0], config=_with(taxonomy=own))
    taxonomy = store.find(SMALL, settings).taxonomy
    assert taxonomy.id == "mine"
    assert taxonomy["waltz"] == labels.Genre("waltz", "Waltz", "圆舞曲", "dance", "any")
    assert taxonomy["march"] == labels.Genre("march", "March", "March", "march", "march")
    with pytest.raises(ModelError, match="made for 16 classes, this model has 2"):
        store.load(store.find(SMALL, settings))


def test_weights_other_than_config_describes_are_refused(settings: Settings) -> None:
    put(settings.models[0], config=_weights(sha256="0" * 64))
    with pytest.raises(ModelError, match="SHA-256 differs"):
        store.load(store.find(SMALL, settings))


def test_hash_is_remembered_until_the_file_changes(settings: Settings) -> None:
    weights = put(settings.models[0]) / "model.safetensors"
    first = store.find(SMALL, settings).sha256
    remembered = json.loads((settings.cache / "sha256.json").read_text())
    assert remembered[str(weights)][2] == first
    remembered[str(weights)][2] = "f" * 64  # shows that the next look reads this, not the file
    (settings.cache / "sha256.json").write_text(json.dumps(remembered))
    assert store.find(SMALL, settings).sha256 == "f" * 64
    os.utime(weights, ns=(0, 12_345))
    assert store.find(SMALL, settings).sha256 == first
    (settings.cache / "sha256.json").write_text("[1, 2")
    assert store.find(SMALL, settings).sha256 == first


def test_hash_needs_no_writable_cache(settings: Settings) -> None:
    put(settings.models[0])
    settings.cache.write_text("a file where the cache should be")
    assert len(store.find(SMALL, settings).sha256) == 64


# downloading


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setattr(hubs, "BACKOFF_SECONDS", 0.01)
    with HubServer() as server:
        for variable, value in environment(server).items():
            monkeypatch.setenv(variable, value)
        yield server


def environment(server: HubServer) -> dict[str, str]:
    hosts = "127.0.0.1,localhost"
    return {"HF_ENDPOINT": server.url, "MODELSCOPE_ENDPOINT": server.url, "NO_PROXY": hosts, "no_proxy": hosts}


def path_of(name: str) -> str:
    return f"{HUB_REPOSITORY}/{name}/save.pt"


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("light") / "save.pt"
    torch.save(state_of("inception_v3", "published"), path)
    return path


@pytest.fixture
def offered(hub: HubServer, light: Path) -> Announced:
    """The light checkpoint, offered by both hubs."""
    announced = hub.files[path_of(LIGHT)] = Announced(light)
    return announced


def staged(settings: Settings) -> list[str]:
    """What a download left outside the models folder, locks aside."""
    staging = settings.cache / "staging"
    return sorted(
        str(path.relative_to(staging)) for path in staging.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


def absent(settings: Settings) -> bool:
    models = settings.cache / "models"
    return not models.exists() or not list(models.iterdir())


def test_published_vgg19_bn_arrives_although_the_connection_breaks(
    hub: HubServer, settings: Settings, tmp_path: Path
) -> None:
    source = tmp_path / "save.pt"
    torch.save(state_of("vgg19_bn", "published"), source)
    size = source.stat().st_size
    assert size / 2**20 == pytest.approx(465.05, abs=0.05)
    announced = hub.files[path_of("vgg19_bn_cqt")] = Announced(source)
    hub.faults.append(Fault(cut_after=200_000_000))
    seen: list[tuple[int, int]] = []
    card = store.download("vgg19_bn_cqt", settings, progress=lambda done, total: seen.append((done, total)))

    assert [transfer.status for transfer in hub.transfers] == [200, 206]
    resumed = hub.transfers[1].start
    assert 150_000_000 < resumed <= 200_000_000
    assert sum(transfer.sent for transfer in hub.transfers) < 1.5 * size
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)

    assert card.weights == settings.cache / "models" / "vgg19_bn_cqt" / "save.pt"
    assert card.sha256 == announced.sha256 == checkpoints.sha256(source)
    assert (card.origin, card.head, card.accuracy, card.licence) == ("hub", "published", None, "MIT")
    assert card.spectrogram == SpectrogramSpec.published("cqt")
    written = json.loads((card.folder / "config.json").read_text())
    assert (written["weights"]["hub"], written["weights"]["revision"]) == ("huggingface", COMMIT)
    assert "CCMusic" in card.trained_on
    assert card.measured_on == "not measured by this project"
    assert sorted(path.name for path in card.folder.iterdir()) == ["config.json", "save.pt"]
    assert staged(settings) == []
    weights = store.load(card).state_dict()
    plain = torch.load(source, weights_only=True, mmap=True)
    assert all(torch.equal(weights[key], plain[key]) for key in plain)

    asked = len(hub.transfers)
    assert store.download("vgg19_bn_cqt", settings) == card
    assert len(hub.transfers) == asked, "it was fetched again"
    shutil.rmtree(card.folder)


def test_one_checkpoint_is_fetched_and_nothing_said_about_the_machine(
    hub: HubServer, offered: Announced, settings: Settings
) -> None:
    store.download(LIGHT, settings)
    assert [(method, path) for method, path, _ in hub.asked] == [
        ("HEAD", f"/{HUB_REPOSITORY}/resolve/main/{LIGHT}/save.pt"),
        ("GET", f"/{HUB_REPOSITORY}/resolve/{COMMIT}/{LIGHT}/save.pt"),
        ("GET", f"/storage/{path_of(LIGHT)}"),
    ]
    for _, _, headers in hub.asked:
        assert headers["user-agent"].startswith("genre/")
        assert "authorization" not in headers


def test_download_goes_on_in_a_later_call(hub: HubServer, offered: Announced, settings: Settings) -> None:
    cut = 40 << 20
    hub.faults.extend([Fault(cut_after=cut), *[Fault(status=503)] * (2 * hubs.ATTEMPTS)])
    with pytest.raises(ModelError, match="are kept for the next try"):
        store.download(LIGHT, settings)
    assert absent(settings)
    assert staged(settings) == [f"{LIGHT}/{offered.sha256}"]
    kept = (settings.cache / "staging" / LIGHT / offered.sha256).stat().st_size
    assert 0 < kept <= cut
    hub.faults.clear()
    hub.transfers.clear()
    card = store.download(LIGHT, settings)
    assert [(transfer.start, transfer.status) for transfer in hub.transfers] == [(kept, 206)]
    assert card.sha256 == offered.sha256


_DOWNLOAD = [
    sys.executable,
    "-c",
    """
import json
import sys
from pathlib import Path
hosts = set()
def watch(event, arguments):
    if event == "socket.connect":
        hosts.add(str(arguments[1][0]))
    elif event == "socket.getaddrinfo":
        hosts.add(str(arguments[0]))
sys.addaudithook(watch)
from genre import store
from genre.errors import ModelError
from genre.settings import Settings
settings = Settings(cache=Path(sys.argv[2]))
store.available(settings)
assert not hosts, f"network at import or look-up: {hosts}"
try:
    print(store.download(sys.argv[1], settings).sha256)
except ModelError as error:
    print("refused:", error)
print(json.dumps(sorted(hosts)))
""",
]


def test_killed_download_goes_on_in_another_process_that_talks_to_no_other_host(
    hub: HubServer, offered: Announced, settings: Settings
) -> None:
    command = [*_DOWNLOAD, LIGHT, str(settings.cache)]
    hub.faults.append(Fault(pause=60))
    process = subprocess.Popen(command, env={**os.environ, **environment(hub)})
    part = settings.cache / "staging" / LIGHT / offered.sha256
    while process.poll() is None and not (part.exists() and part.stat().st_size):
        threading.Event().wait(0.05)
    process.kill()
    process.wait()
    assert absent(settings)
    kept = part.stat().st_size
    assert kept > 0
    run = subprocess.run(
        command, env={**os.environ, **environment(hub)}, capture_output=True, text=True, check=True, timeout=200
    )
    digest, hosts = run.stdout.splitlines()[-2:]
    assert digest == offered.sha256
    assert hub.transfers[-1].start == kept
    assert set(json.loads(hosts)) <= {"127.0.0.1", "localhost", "::1"}


@pytest.mark.parametrize("status", [404, 401, 500, 503])
def test_modelscope_answers_where_the_hub_does_not(
    status: int, hub: HubServer, offered: Announced, settings: Settings
) -> None:
    hub.down["huggingface"] = status
    card = store.download(LIGHT, settings)
    assert json.loads((card.folder / "config.json").read_text())["weights"]["hub"] == "modelscope"
    assert card.sha256 == offered.sha256


def test_chosen_hub_is_asked_first(hub: HubServer, offered: Announced, settings: Settings) -> None:
    hub.faults.append(Fault(cut_after=3_000_000))
    card = store.download(LIGHT, settings, hub="modelscope")
    assert card.sha256 == offered.sha256
    assert [transfer.status for transfer in hub.transfers] == [200, 206]
    assert not [path for _, path, _ in hub.asked if "/resolve/" in path]


def test_what_one_hub_sent_serves_the_other(hub: HubServer, offered: Announced, settings: Settings) -> None:
    hub.faults.extend([Fault(cut_after=30 << 20), *[Fault(status=502)] * hubs.ATTEMPTS])
    store.download(LIGHT, settings)
    assert hub.transfers[-1].start > 0
    assert "FilePath" in hub.asked[-1][1]


def test_both_hubs_failing_says_why_and_what_else_to_do(
    hub: HubServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.down["modelscope"] = 500
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError) as caught:
        store.download(LIGHT, settings)
    message = str(caught.value)
    for words in (
        "Hugging Face Hub (http://127.0.0.1:9) failed: ",
        f"ModelScope ({hub.url}) answered with status 500).",
        f"/{HUB_REPOSITORY}/resolve/main/{LIGHT}/save.pt",
        str(settings.cache / "models" / LIGHT / "save.pt"),
    ):
        assert words in message
    assert absent(settings)


@pytest.mark.parametrize("endpoint", ["nonsense", "http://", "ftp://127.0.0.1", "http://[::1"])
def test_unusable_endpoint_is_a_reason_too(
    endpoint: str, hub: HubServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", endpoint)
    with pytest.raises(ModelError, match=r"Hugging Face Hub \(.*\) .*ModelScope \("):
        store.download(LIGHT, settings)


def test_only_published_names_can_be_downloaded(hub: HubServer, settings: Settings) -> None:
    for name in ("resnet50_mel", "../vgg19_bn_cqt", "", "examples"):
        with pytest.raises(ModelError, match="published: vgg19_bn_cqt"):
            store.download(name, settings)
    assert hub.asked == []
    assert not settings.cache.exists()


def _text(path: Path) -> object:
    path.write_text("<html>please log in</html>" * 50)


def _classes(path: Path) -> object:
    torch.save(state_of("inception_v3", "published", classes=10), path)


def _other(path: Path) -> object:
    torch.save(state_of("mobilenet_v3_small", "published"), path)


def _malicious(path: Path) -> object:
    class Payload:
        def __reduce__(self):
            return os.system, (f"touch {path.parent / 'executed'}",)

    torch.save({"fc.1.bias": Payload()}, path)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (_text, "not a PyTorch checkpoint"),
        (_classes, "made for 10 classes"),
        (_other, "does not fit"),
        (_malicious, "any code"),
    ],
)
def test_wrong_file_is_refused_and_removed(
    write: Callable[[Path], object], reason: str, hub: HubServer, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "save.pt"
    write(path)
    hub.files[path_of(LIGHT)] = Announced(path)
    with pytest.raises(ModelError, match=f"(?s)is not a checkpoint of {LIGHT}.*{reason}"):
        store.download(LIGHT, settings)
    assert absent(settings)
    assert staged(settings) == []
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("case", ["hash", "longer", "shorter", "garbage after"])
def test_file_other_than_announced_is_refused_and_removed(
    case: str, hub: HubServer, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "save.pt"
    _other(path)
    size = path.stat().st_size
    announced = hub.files[path_of(LIGHT)] = Announced(path)
    if case == "hash":
        announced.sha256 = "a" * 64
    elif case == "longer":
        announced.size = size - 1000
    elif case == "shorter":
        announced.size = size + 1000
    else:
        hub.faults.extend([Fault(extra=b"x" * 100)] * 2)
    with pytest.raises(ModelError, match=r"Hugging Face Hub \(.*\) .*ModelScope \("):
        store.download(LIGHT, settings)
    assert absent(settings)
    assert staged(settings) == ([f"{LIGHT}/{announced.sha256}"] if case == "shorter" else [])


def test_file_without_a_published_hash_is_refused(hub: HubServer, offered: Announced, settings: Settings) -> None:
    offered.sha256 = "0123456789abcdef0123456789abcdef01234567"  # what the Hub states of a small file
    with pytest.raises(ModelError, match="no size and SHA-256"):
        store.download(LIGHT, settings)
    assert hub.transfers == []


def test_silent_connection_is_broken_off_and_resumed(
    hub: HubServer, offered: Announced, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "READ_SECONDS", 0.5)
    hub.faults.append(Fault(pause=5))
    card = store.download(LIGHT, settings)
    assert [transfer.start for transfer in hub.transfers] == [0, 1 << 20]
    assert card.sha256 == offered.sha256


def test_server_without_ranges_is_read_from_the_start(hub: HubServer, offered: Announced, settings: Settings) -> None:
    hub.faults.extend([Fault(cut_after=20 << 20), Fault(no_range=True)])
    assert store.download(LIGHT, settings).sha256 == offered.sha256
    assert [transfer.status for transfer in hub.transfers] == [200, 200] or hub.transfers[1].start == 0


def test_failed_update_leaves_the_earlier_download(
    hub: HubServer, offered: Announced, settings: Settings, tmp_path: Path
) -> None:
    first = store.download(LIGHT, settings)
    earlier = checkpoints.sha256(first.weights)
    bad = tmp_path / "save.pt"
    _text(bad)
    hub.files[path_of(LIGHT)] = Announced(bad)
    with pytest.raises(ModelError, match="not a PyTorch checkpoint"):
        store.download(LIGHT, settings)
    assert checkpoints.sha256(store.find(LIGHT, settings).weights) == earlier
    newer = tmp_path / "newer.pt"
    torch.save(state_of("inception_v3", "published", value=0.02), newer)
    hub.files[path_of(LIGHT)] = Announced(newer)
    assert store.download(LIGHT, settings).sha256 == checkpoints.sha256(newer) != earlier
    assert staged(settings) == []


def test_damaged_download_is_fetched_again(hub: HubServer, offered: Announced, settings: Settings) -> None:
    card = store.download(LIGHT, settings)
    card.weights.unlink()
    assert store.download(LIGHT, settings).sha256 == offered.sha256


def test_files_put_there_by_hand_are_not_replaced(hub: HubServer, offered: Announced, settings: Settings) -> None:
    mine = settings.cache / "models" / LIGHT / "save.pt"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(ModelError, match="by hand"):
        store.download(LIGHT, settings)
    assert mine.read_bytes() == b"mine"


def test_callers_at_the_same_time_share_one_transfer(hub: HubServer, offered: Announced, settings: Settings) -> None:
    digests: list[str] = []
    callers = [
        threading.Thread(target=lambda: digests.append(store.download(LIGHT, settings).sha256)) for _ in range(3)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert digests == [offered.sha256] * 3
    assert len(hub.transfers) == 1


def test_cache_that_cannot_be_written_is_named(hub: HubServer, offered: Announced, settings: Settings) -> None:
    settings.cache.write_text("a file where the cache should be")
    with pytest.raises(ModelError, match="GENRE_CACHE"):
        store.download(LIGHT, settings)


def test_too_little_room_is_said_before_the_transfer(hub: HubServer, offered: Announced, settings: Settings) -> None:
    offered.size = 1 << 60
    with pytest.raises(ModelError, match=r"MiB free and this download needs .*GENRE_CACHE"):
        store.download(LIGHT, settings)
    assert hub.transfers == []


def test_file_size_limit_mid_transfer_leaves_nothing(hub: HubServer, offered: Announced, settings: Settings) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20 << 20, limits[1]))
    try:
        with pytest.raises(ModelError, match=r"cannot be stored in .*File too large.*GENRE_CACHE"):
            store.download(LIGHT, settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(hub.transfers) == 1
    assert absent(settings)
    assert staged(settings) == []


# In a mount namespace of its own, /mnt is a disk of 200 MiB: enough when the download begins, and filled by somebody
# else while it runs.
_SMALL_DISK = ["unshare", "-Urm", "sh", "-c", 'mount -t tmpfs -o size=200m none /mnt && eval "$0" "$@"']
_FILLED = """
until [ -n "$(find /mnt/cache/staging -type f -size +500k 2>/dev/null)" ]; do sleep 0.05; done &&
    fallocate -l "$(df -k --output=avail /mnt | tail -1 | tr -d ' ')k" /mnt/filler &
"$@"
kill $! 2>/dev/null
find /mnt/cache -type f -not -name '*.lock'
"""


@pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run([*_SMALL_DISK, "true"], capture_output=True).returncode != 0,
    reason="needs user namespaces to mount a small disk",
)
def test_full_disk_mid_transfer_leaves_nothing(hub: HubServer, offered: Announced) -> None:
    hub.faults.append(Fault(pause=1.5))
    run = subprocess.run(
        [*_SMALL_DISK, _FILLED, *_DOWNLOAD, LIGHT, "/mnt/cache"],
        env={**os.environ, **environment(hub)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert "cannot be stored in /mnt/cache: No space left on device" in run.stdout, run.stderr
    assert run.stdout.splitlines()[-1].startswith("["), "files are left"


def test_models_are_found_and_loaded_without_a_network(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was used")

    put(settings.models[0])
    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    store.available(settings)
    store.load(store.find(SMALL, settings))


def test_every_published_name_says_its_facts() -> None:
    assert len(store.PUBLISHED) == 7
    assert {cards.facts(name)[1] for name in store.PUBLISHED} == {"cqt", "mel"}
