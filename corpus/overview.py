"""The table of the embedded models in both READMEs: `python -m corpus.overview` prints it, from their config.json."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genre.cards import CONFIG, WEIGHTS
from genre.labels import LANGUAGES, Language

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    ROOT / "vgg19_bn_cqt",
    ROOT / "genre/embedded/densenet121_cqt",
    ROOT / "genre/embedded/resnet18_cqt_acousticsense16",
)
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "head": "Measured (95 % interval)",
        "genres": "Genres",
        "size": "Size",
        "rendered": "rendered clips of other seeds and works, an unheard SoundFont: top-1",
        "storing": "– lost by storing in 8 bits",
        "open_audio": "weakly labelled clips of other sources: answer compatible with the label",
        "recorded": "– of these, those that are no AI's",
        "emotify": "207 real recordings: right one of classical / electronic / rock / pop (chance 25 %)",
        "groups": "– each of the four",
        "balanced": "– classic against the rest, balanced",
        "error": "– expected calibration error",
        "examples": "the 16 examples",
        "again": "– re-recorded in a simulated room with a telephone's microphone",
        "points": "{:.1f} points",
    },
    "zh": {
        "head": "测量项目（95 % 区间）",
        "genres": "流派",
        "size": "大小",
        "rendered": "渲染片段（不同的种子和作品，未听过的音色库）：首选正确率",
        "storing": "– 8 位存储的损失",
        "open_audio": "其他来源的弱标注片段：答案与标签相容",
        "recorded": "– 其中非 AI 生成的",
        "emotify": "207 段真实录音：古典／电子／摇滚／流行四类判对（随机 25 %）",
        "groups": "– 四类各自",
        "balanced": "– 古典与其余，均衡准确率",
        "error": "– 期望校准误差",
        "examples": "16 段示例",
        "again": "– 在模拟房间中用手机麦克风重录",
        "points": "{:.1f} 个百分点",
    },
}


def overview(configs: Sequence[Mapping[str, Any]], sizes: Sequence[int], language: Language) -> str:
    """Return the READMEs' table of the embedded models: a column for each, of what config.json says was measured.

    `sizes` are those of the weights in bytes.
    """
    words = WORDS[language]

    def told(config: Mapping[str, Any], name: str, measure: str) -> str:
        figure = config["measured"].get(name, {}).get(measure)
        if figure is None:
            return "–"
        between = (
            "" if figure["interval"] is None else " ({:.0f}–{:.0f})".format(*(100 * e for e in figure["interval"]))
        )
        return f"{100 * figure['share']:.0f} %{between}"

    def counted(config: Mapping[str, Any], name: str) -> str:
        figure = config["measured"].get(name, {}).get("top1")
        return "–" if figure is None else f"{round(figure['share'] * figure['clips'])} / {figure['clips']}"

    def lost(config: Mapping[str, Any]) -> str:
        stored, whole = (
            config["measured"][name].get("top1", config["measured"][name]["compatible"])["share"]
            for name in ("rendered", "rendered_before_8_bit_storage")
        )
        return words["points"].format(max(0.0, 100 * (whole - stored)))

    def of_emotify(config: Mapping[str, Any], write: Callable[[Mapping[str, Any]], str]) -> str:
        measured = config["measured"].get("emotify_dev")
        return write(measured) if measured else "–"

    cells: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "genres": lambda config: f"`{config['taxonomy']}`",
        "rendered": lambda config: told(config, "rendered", "top1"),
        "storing": lost,
        "open_audio": lambda config: told(config, "open_audio_held_out", "compatible"),
        "recorded": lambda config: told(config, "open_audio_held_out_recorded", "compatible"),
        "emotify": lambda config: told(config, "emotify_dev", "coarse_accuracy"),
        "groups": lambda config: of_emotify(
            config, lambda found: " / ".join(f"{100 * share:.0f}" for share in found["recall"].values()) + " %"
        ),
        "balanced": lambda config: told(config, "emotify_dev", "top_level_balanced"),
        "error": lambda config: of_emotify(config, lambda found: f"{100 * found['calibration_error']:.0f} %"),
        "examples": lambda config: counted(config, "examples"),
        "again": lambda config: counted(config, "examples_re_recorded"),
    }
    rows = [[words["head"], *(f"`{config['name']}`" for config in configs)]]
    rows.append([words["size"], *(f"{size / 1e6:.0f} MB" for size in sizes)])
    rows += [[words[name], *(write(config) for config in configs)] for name, write in cells.items()]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def table(language: Language) -> str:
    """Return the table of what is embedded here."""
    configs = [json.loads((folder / CONFIG).read_text(encoding="utf-8")) for folder in FOLDERS]
    return overview(configs, [(folder / WEIGHTS).stat().st_size for folder in FOLDERS], language)


if __name__ == "__main__":
    print("\n\n".join(map(table, LANGUAGES)))
