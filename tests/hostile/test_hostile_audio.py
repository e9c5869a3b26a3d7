"""Files that lie, break off, are something else or are far too long: an answer or an AudioError that names the file."""

import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from genre import audio
from genre.errors import AudioError, SettingsError
from genre.settings import SAMPLE_RATE

KINDS = ("wav16", "wav24", "wavfloat", "flac", "mp3", "ogg", "opus", "m4a", "aac", "webm", "wma")


def answer(source: object, **crop: float | None) -> audio.Audio | None:
    """Load, and check that what comes is fit to use or an AudioError that names the source and is one line."""
    try:
        sound = audio.load(source, name="the-file", **crop)
    except AudioError as error:
        message = str(error)
    else:
        assert sound.samples.dtype == np.float32
        assert np.isfinite(sound.samples).all()
        assert 1 <= sound.seconds <= 600
        assert set(sound.warnings) <= audio.WARNINGS
        return sound
    assert re.fullmatch(r"the-file: [^\n]+\.", message)
    return None


def pitch(sound: audio.Audio | None) -> float:
    assert sound is not None
    return float(np.abs(np.fft.rfft(sound.samples)).argmax()) / sound.seconds


def wav(
    rate: int = 22_050, channels: int = 1, bits: int = 16, data_size: int | None = None, riff_size: int | None = None
) -> bytes:
    """Two seconds of 440 Hz at 22 050 Hz, 16 bits, mono, whatever the header is made to say."""
    data = (0.3 * 32_767 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 22_050)).astype("<i2").tobytes()
    frame = channels * bits // 8
    header = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * frame % 2**32, frame % 2**16, bits)
    sizes = [36 + len(data) if riff_size is None else riff_size, len(data) if data_size is None else data_size]
    return b"RIFF" + struct.pack("<I", sizes[0]) + b"WAVEfmt " + header + b"data" + struct.pack("<I", sizes[1]) + data


# --- FLAC written by hand: a day of it in a moment ---------------------------------------------------------------

FLAC_BLOCK = 65_535  # frames, the most one FLAC frame holds


def crc_table(polynomial: int, bits: int) -> list[int]:
    table = []
    for byte in range(256):
        value = byte << (bits - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value >> (bits - 1) else 0)
            value &= (1 << bits) - 1
        table.append(value)
    return table


CRC8, CRC16 = crc_table(0x07, 8), crc_table(0x8005, 16)


def crc8(content: bytes) -> bytes:
    value = 0
    for byte in content:
        value = CRC8[value ^ byte]
    return bytes([value])


def crc16(content: bytes) -> bytes:
    value = 0
    for byte in content:
        value = (value << 8 & 0xFFFF) ^ CRC16[value >> 8 ^ byte]
    return value.to_bytes(2, "big")


def flac(rate: int, blocks: int, head: np.ndarray | None = None, claimed: int | None = None) -> bytes:
    """16-bit mono FLAC of `blocks` blocks: `head` int16 first, silence after it; `claimed` frames in its header."""
    frames = blocks * FLAC_BLOCK if claimed is None else claimed
    stream_info = struct.pack(">HH6x", FLAC_BLOCK, FLAC_BLOCK) + (rate << 44 | 15 << 36 | frames).to_bytes(8, "big")
    parts = [b"fLaC", bytes([0x80, 0, 0, 34]), stream_info, bytes(16)]
    for index in range(blocks):
        number = chr(index).encode("utf-8", "surrogatepass")
        header = b"\xff\xf8\x70\x08" + number + struct.pack(">H", FLAC_BLOCK - 1)
        subframe = b"\x00\x00\x00"  # constant, of value 0
        if head is not None and len(head) >= (index + 1) * FLAC_BLOCK:  # verbatim
            subframe = b"\x02" + head[index * FLAC_BLOCK : (index + 1) * FLAC_BLOCK].astype(">i2").tobytes()
        frame = header + crc8(header) + subframe
        parts += [frame, crc16(frame)]
    return b"".join(parts)


MEASURE = """
import json, sys, time
from genre import audio
from genre.errors import AudioError

def peak():
    return next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

def attempt(path, crop):
    try:
        sound = audio.load(path, **crop)
        return [round(sound.seconds, 2), list(sound.warnings)]
    except AudioError as error:
        return str(error)

warm_up, *cases = json.loads(sys.argv[1])
attempt(*warm_up)
rows = []
for path, crop in cases:
    before, begin = peak(), time.process_time()
    outcome = attempt(path, crop)
    rows.append([outcome, time.process_time() - begin, peak() - before])
print(json.dumps(rows))
"""


@pytest.fixture
def measured(
    tmp_path: Path, tone: Callable[..., np.ndarray], write: Callable[..., Path]
) -> Callable[..., list[object]]:
    """Load (path, crop) pairs in a process of their own; the outcomes, after checking < 2 s (CPU) and < 200 MB each."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc to read a process's peak memory")
    warm_up = write(tmp_path / "warm-up", tone(), kind="flac")

    def measure(*cases: tuple[Path, dict[str, float | None]]) -> list[object]:
        argument = json.dumps([(str(path), crop) for path, crop in ((warm_up, {}), *cases)])
        command = [sys.executable, "-c", MEASURE, argument]
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
        assert done.stderr == ""
        rows = json.loads(done.stdout)
        for outcome, seconds, megabytes in rows:
            assert seconds < 2, outcome
            assert megabytes < 200, outcome
        return [outcome for outcome, _, _ in rows]

    return measure


def sine(blocks: int) -> np.ndarray:
    """440 Hz at 8000 Hz, int16, as long as so many FLAC blocks."""
    return (0.3 * 32_767 * np.sin(2 * np.pi * 440 * np.arange(blocks * FLAC_BLOCK) / 8_000)).astype(np.int16)


def test_an_hour_and_a_day_of_silence_cost_no_more_than_their_first_half_minute(tmp_path, measured):
    hour, day = tmp_path / "hour.flac", tmp_path / "day.flac"
    hour.write_bytes(flac(44_100, 3_600 * 44_100 // FLAC_BLOCK))
    day.write_bytes(flac(44_100, 24 * 3_600 * 44_100 // FLAC_BLOCK))
    for outcome in measured((hour, {}), (day, {}), (day, {"start": 80_000})):
        assert "only silence" in str(outcome)


def test_a_day_of_flac_is_heard_where_there_is_sound(tmp_path, measured):
    path = tmp_path / "day.flac"
    path.write_bytes(flac(8_000, 24 * 3_600 * 8_000 // FLAC_BLOCK, sine(5)))
    begin, later, late, after, whole = measured(
        (path, {}),
        (path, {"start": 5, "clip_seconds": 20}),
        (path, {"start": 80_000}),
        (path, {"start": 90_000}),
        (path, {"clip_seconds": None}),
    )
    assert begin == [30.0, []]
    assert later == [20.0, []]
    assert "only silence" in str(late)
    assert "ends before start" in str(after)
    assert "60 minutes" in str(whole)
    assert pitch(audio.load(path)) == pytest.approx(440, abs=1)


def test_a_flac_of_unknown_length_is_read_whole_but_not_for_ever():
    short = answer(flac(8_000, 3, sine(2), claimed=0), clip_seconds=None)
    assert short is not None
    assert short.seconds == pytest.approx(3 * FLAC_BLOCK / 8_000, abs=1e-4)
    assert short.warnings == ()
    with pytest.raises(AudioError, match="60 minutes"):
        audio.load(flac(8_000, 500, sine(2), claimed=0), clip_seconds=None)


def test_a_flac_that_claims_2_to_the_36_frames_is_read_as_far_as_it_goes(tmp_path, measured):
    path = tmp_path / "claim.flac"
    path.write_bytes(flac(8_000, 1, sine(1), claimed=2**36 - 1))
    default, inside, whole, after = measured(
        (path, {}), (path, {"clip_seconds": 5}), (path, {"clip_seconds": None}), (path, {"start": 1e6})
    )
    assert default == [round(FLAC_BLOCK / 8_000, 2), ["truncated"]]
    assert inside == [5.0, []]
    assert "60 minutes" in str(whole)
    assert isinstance(after, str)


def test_an_mp4_that_claims_millions_of_samples_takes_no_memory(tmp_path, tone, write, measured):
    content = bytearray(write(tmp_path / "a", tone(440, 30, 44_100), 44_100, "m4a").read_bytes())
    claimed = 40_000_000  # 24 bytes of ffmpeg's memory each
    sizes, chunks, times = (content.index(box) + 8 for box in (b"stsz", b"stsc", b"stts"))
    edited = content.copy()
    content[sizes : sizes + 8] = struct.pack(">II", 1, claimed)
    content[chunks : chunks + 16] = struct.pack(">IIII", 1, 1, claimed, 1)
    content[times : times + 12] = struct.pack(">III", 1, claimed, 1_024)
    edits = edited.index(b"elst") - 4
    more = struct.pack(">IiI", 30_000, 0, 0x10000) * 30_000  # the whole recording again and again
    edited[edits + 28 : edits + 28] = more
    for box in (b"elst", b"edts", b"trak", b"moov"):
        at = edited.index(box) - 4
        edited[at : at + 4] = struct.pack(">I", struct.unpack(">I", edited[at : at + 4])[0] + len(more))
    edited[edits + 12 : edits + 16] = struct.pack(">I", 30_001)
    for name, bomb in (("claims.m4a", content), ("edits.m4a", edited)):
        (tmp_path / name).write_bytes(bomb)
    for outcome in measured((tmp_path / "claims.m4a", {}), (tmp_path / "edits.m4a", {})):
        assert "not sound that can be read" in str(outcome)


def test_the_end_of_an_hour_without_an_index_is_found(tmp_path, tone, write, measured):
    silence = write(tmp_path / "silence", 0 * tone(440, 30, 8_000), 8_000, "aac").read_bytes()
    sound = write(tmp_path / "sound", tone(440, 30, 8_000), 8_000, "aac").read_bytes()
    path = tmp_path / "hour.aac"
    path.write_bytes(120 * silence + sound)
    early, late = measured((path, {"start": 3_000}), (path, {"start": 3_630, "clip_seconds": 5}))
    assert "only silence" in str(early)
    assert late == [5.0, []]


def test_a_gigabyte_of_zeros_is_not_searched_for_sound(tmp_path, measured):
    heads = (
        b"",
        wav()[:36],
        b"fLaC",
        b"OggS",
        b"ID3\x03\0\0\x7f\x7f\x7f\x7f",
        b"\0\0\0\x20ftypM4A ",
        b"\x1a\x45\xdf\xa3",
    )
    paths = [tmp_path / str(index) for index in range(len(heads))]
    for path, head in zip(paths, heads, strict=True):
        with path.open("wb") as file:
            file.write(head)
            file.truncate(2**30)
    for outcome in measured(*((path, {}) for path in paths)):
        assert "not sound that can be read" in str(outcome)


# --- WAV headers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2**31 - 1, 2**31, 2**32 - 1, 88_200 * 2])
def test_a_wav_with_a_wrong_riff_size_is_heard(size):
    assert pitch(answer(wav(riff_size=size))) == pytest.approx(440, abs=1)


@pytest.mark.parametrize(
    ("size", "warnings"), [(0, ()), (2**32 - 1, ()), (2**31 - 2**12, ()), (176_400, ("truncated",))]
)
def test_a_wav_with_a_wrong_data_size_is_heard_as_far_as_it_goes(size, warnings):
    sound = answer(wav(data_size=size))
    assert pitch(sound) == pytest.approx(440, abs=1)
    assert sound is not None
    assert sound.seconds == 2
    assert sound.warnings == warnings


@pytest.mark.parametrize("rate", [0, 1, 7_999, 192_001, 4_000_000_000])
def test_a_wav_with_an_impossible_rate_is_refused(rate):
    assert answer(wav(rate=rate)) is None


@pytest.mark.parametrize("channels", [0, 65, 1_000, 65_535])
def test_a_wav_with_too_many_channels_is_refused(channels):
    assert answer(wav(channels=channels)) is None


@pytest.mark.parametrize("bits", [0, 1, 7, 33, 65_535])
def test_a_wav_of_odd_sample_sizes_is_refused_or_read(bits):
    answer(wav(bits=bits))


def test_a_thousand_channels_are_refused_with_the_reason():
    with pytest.raises(AudioError, match="1000 channels"):
        audio.load(wav(channels=1_000))


# --- things that are not sound -----------------------------------------------------------------------------------

IMPOSTORS = {
    "empty": b"",
    "one byte": b"R",
    "text": b"It was a dark and stormy night.\n" * 500,
    "text like mp4": b"abcdefgh" * 50_000,
    "pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 100 + b"%%EOF",
    "elf": b"\x7fELF\x02\x01\x01" + bytes(5_000),
    "zeros": bytes(200_000),
    "ones": b"\xff" * 200_000,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>',
    "subtitles": b"1\n00:00:00,000 --> 00:00:10,000\nHello\n",
    "session": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "ansi": b"\x1b[31mred\x1b[0m\n" * 500,
}


@pytest.mark.parametrize("name", IMPOSTORS)
@pytest.mark.parametrize("start", [0.0, 3.0])
def test_what_is_not_sound_is_refused_by_name(tmp_path, capfd, name, start):
    path = tmp_path / "song.mp3"
    path.write_bytes(IMPOSTORS[name])
    with pytest.raises(AudioError, match=r"song\.mp3: .*\."):
        audio.load(path, start=start)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["png", "gif", "jpeg", "tiff", "webp"])
def test_a_picture_is_refused(tmp_path, rng, kind):
    path = tmp_path / "song.mp3"
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(path, format=kind)
    with pytest.raises(AudioError, match=r"song\.mp3: .* not sound"):
        audio.load(path)


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        "[playlist]\nFile1={path}\nNumberOfEntries=1\n",
        '<?xml version="1.0"?><MPD><Period><BaseURL>{path}</BaseURL></Period></MPD>',
    ],
)
def test_a_playlist_opens_no_other_file(tmp_path, tone, write, playlist):
    target = write(tmp_path / "target.mp3", tone(), kind="mp3")
    path = tmp_path / "list.m3u8"
    path.write_text(playlist.format(path=target))
    with pytest.raises(AudioError, match="not sound"):
        audio.load(path)


def test_a_zip_of_sound_is_refused(tmp_path, tone, write):
    path = tmp_path / "album.mp3"
    with zipfile.ZipFile(path, "w") as file:
        file.write(write(tmp_path / "a", tone()), "a.wav")
    with pytest.raises(AudioError, match="not sound"):
        audio.load(path)


def test_a_video_without_sound_is_refused_with_the_reason(tmp_path, video):
    with pytest.raises(AudioError, match=r"silent\.mp4: there is no sound track"):
        audio.load(video(tmp_path / "silent.mp4", None))


def test_paths_that_are_no_files_are_refused(tmp_path):
    loop = tmp_path / "loop.mp3"
    loop.symlink_to(loop)
    for path, reason in [
        (tmp_path / "missing.mp3", "no such file"),
        (tmp_path, "folder"),
        ("", "folder"),
        ("http://localhost/song.mp3", "no such file"),
        (loop, "cannot be opened"),
        ("x" * 5_000, "cannot be opened"),
        ("nul\0byte.mp3", "cannot be opened"),
    ]:
        with pytest.raises(AudioError, match=reason):
            audio.load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with pipes in folders")
def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp3")
    for path in (tmp_path / "pipe.mp3", "/dev/zero", "/dev/null"):
        with pytest.raises(AudioError, match="not an ordinary file"):
            audio.load(path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_a_file_that_fails_when_it_is_read_is_refused(capfd):
    with pytest.raises(AudioError, match="/proc/self/mem: "):
        audio.load("/proc/self/mem")
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
def test_a_file_without_permission_is_refused(tmp_path, tone, write):
    path = write(tmp_path / "a", tone())
    path.chmod(0)
    superuser = os.geteuid() == 0  # may read everything, and so becomes somebody else for a moment
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # only the file itself is to be out of reach
    if superuser:
        os.seteuid(65_534)
    try:
        assert path.is_file()
        with pytest.raises(AudioError, match="permission"):
            audio.load(path)
    finally:
        if superuser:
            os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="file names are Unicode there")
def test_a_file_name_that_is_not_unicode_can_be_printed(tmp_path, tone, write):
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    path.write_bytes(write(tmp_path / "a", tone()).read_bytes())
    assert audio.load(path).source.encode("utf-8").endswith(b"caf\\udce9.wav")


# --- arrays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 100, 20_000])
def test_too_few_samples_are_refused(tmp_path, write, count):
    samples = np.ones(count, np.float32) * 0.3
    with pytest.raises(AudioError, match=r"array: only 0\."):
        audio.load((SAMPLE_RATE, samples))
    for kind in ("wav16", "flac", "ogg", "mp3"):
        path = write(tmp_path / "a", samples, kind=kind)
        with pytest.raises(AudioError, match=path.name):
            audio.load(path)


@pytest.mark.parametrize(
    "source",
    [
        (44_100,),
        (44_100, [0.1], 3),
        ("44100", np.zeros(50_000)),
        (None, np.zeros(50_000)),
        (float("nan"), np.zeros(50_000)),
        (float("inf"), np.zeros(50_000)),
        (22_050.5, np.zeros(50_000)),
        (44_100, None),
        (44_100, "sound"),
        (44_100, [[0.1, 0.2], [0.3]]),
        (44_100, np.zeros(50_000, complex)),
        (44_100, np.zeros(50_000, bool)),
        (44_100, np.zeros(50_000, object)),
        (44_100, np.zeros(50_000, "datetime64[s]")),
        (44_100, np.float32(0.3)),
        (44_100, np.zeros((2, 2, 50_000))),
        (44_100, np.zeros((50_000, 0))),
        (44_100, np.zeros((65, 50_000))),
        (44_100, np.full(50_000, 1e300)),
        (44_100, np.full(50_000, np.nan)),
        None,
        44_100,
        [44_100, np.zeros(50_000)],
        np.zeros(50_000),
    ],
)
def test_what_is_no_rate_and_array_is_refused(source):
    assert answer(source) is None


def test_huge_samples_do_not_overflow(tone):
    for scale in (1e6, 1e11, -1e11):
        sound = answer((SAMPLE_RATE, tone().astype(np.float64) * scale))
        assert pitch(sound) == pytest.approx(440, abs=1)


def test_a_single_good_channel_among_bad_ones_is_heard(tone):
    samples = np.full((44_100, 2), np.nan, np.float32)
    samples[:, 1] = tone()
    sound = answer((SAMPLE_RATE, samples))
    assert pitch(sound) == pytest.approx(440, abs=1)
    assert sound is not None
    assert sound.warnings == ("nonfinite",)


# --- broken and mutated files ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def originals(tmp_path_factory, tone, write, video) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    files = {kind: write(folder / kind, tone(440, 1.5, 48_000, 2), 48_000, kind).read_bytes() for kind in KINDS}
    stereo = tone(440, 1.5, 48_000, 2)
    files["fragments"] = write(
        folder / "f", stereo, 48_000, "m4a", options={"movflags": "frag_keyframe+empty_moov"}
    ).read_bytes()
    files["surround"] = write(folder / "s", tone(440, 1.5, 48_000, 8), 48_000, "webm").read_bytes()
    files["video"] = video(folder / "v.mp4", tone(440, 1.5), seconds=1.5).read_bytes()
    return files


EVERY = (*KINDS, "fragments", "surround", "video")


@pytest.mark.parametrize("kind", EVERY)
def test_a_file_cut_anywhere_is_an_answer_or_an_error(originals, capfd, kind):
    content = originals[kind]
    assert pitch(answer(content)) == pytest.approx(440, abs=1)
    for eighths in range(1, 8):
        sound = answer(content[: len(content) * eighths // 8])
        if sound is not None:
            assert pitch(sound) == pytest.approx(440, abs=2)
    for size in (1, 4, 12, 44, 100, 1_000):
        answer(content[:size])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["m4a", "mp4"])
def test_a_cut_mp4_whose_index_is_gone_is_refused(tmp_path, tone, write, kind):
    path = write(tmp_path / "a", tone(), kind=kind)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(AudioError, match=f"{path.name}: .*damaged"):
        audio.load(path)


def test_large_cover_art_does_not_hide_the_sound(originals, rng):
    picture = b"\0image/jpeg\0\x03\0" + rng.bytes(3_000_000)
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    size = len(frame)
    tag = b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frame
    sound = answer(tag + originals["mp3"])
    assert pitch(sound) == pytest.approx(440, abs=1)
    assert sound is not None
    assert sound.warnings == ()


@pytest.mark.parametrize("kind", EVERY)
def test_junk_around_the_sound_is_an_answer_or_an_error(originals, rng, kind):
    answer(rng.bytes(3_000) + originals[kind])
    sound = answer(originals[kind] + rng.bytes(3_000))
    assert pitch(sound) == pytest.approx(440, abs=1)


BOUNDED = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
EDITS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 300), st.integers(-300, -1), st.integers(0, 2**20)),
        st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff"])),
        st.sampled_from(["replace", "insert", "delete"]),
    ),
    min_size=1,
    max_size=12,
)
CROPS = st.tuples(st.sampled_from([0.0, 0.5, 3.0, 1e6]), st.sampled_from([1.0, 30.0, 600.0, None]))


@pytest.mark.parametrize("kind", EVERY)
@BOUNDED
@given(edits=EDITS, crop=CROPS)
def test_edited_files_are_an_answer_or_an_error(originals, kind, edits, crop):
    content = bytearray(originals[kind])
    for where, new, how in edits:
        at = where % len(content)
        if how == "insert":
            content[at:at] = new
        else:
            content[at : at + len(new)] = new if how == "replace" else b""
    answer(bytes(content), start=crop[0], clip_seconds=crop[1])


@BOUNDED
@given(
    head=st.sampled_from(
        [b"", b"RIFF\0\0\0\0WAVE", b"fLaC\0\0\0\x22", b"OggS\0\x02", b"ID3\x04\0\0", b"\xff\xfb\x90\x64"]
    )
    | st.sampled_from([b"\0\0\0\x18ftypmp42", b"\x1a\x45\xdf\xa3", b"\xff\xf1\x50\x80", b"FORM\0\0\0\0AIFF", b"caff"]),
    body=st.binary(max_size=3_000),
)
def test_random_bytes_are_an_answer_or_an_error(head, body):
    answer(head + body)


@BOUNDED
@given(start=st.floats() | st.integers(), clip_seconds=st.none() | st.floats() | st.integers())
def test_any_crop_is_an_answer_or_an_error(tone, start, clip_seconds):
    try:
        answer((SAMPLE_RATE, tone()), start=start, clip_seconds=clip_seconds)
    except SettingsError as error:
        message = str(error)
    else:
        return
    assert re.match(r"(start|clip_seconds)=\S+ is out of range; give ", message)
