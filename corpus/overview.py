"""The table of the embedded models in both READMEs: `python -m corpus.overview` prints it, from their config.json."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genre.cards import CONFIG, WEIGHTS
from genre.figures import GROUPS_ENOUGH
from genre.labels import LANGUAGES, Language

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    ROOT / "vgg19_bn_cqt",
    ROOT / "genre/embedded/resnet50_mel",
    ROOT / "genre/embedded/densenet121_cqt",
    ROOT / "genre/embedded/resnet18_cqt_acousticsense16",
)
WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "head": "Measured (95 % interval, ~: a rough one)",
        "genres": "Genres",
        "size": "Size",
        "rendered": "rendered clips of other seeds and works, an unheard SoundFont: top-1",
        "storing": "– lost by storing in 8 bits (answers changed)",
        "open_audio": "weakly labelled clips, not learned from: answer compatible with the label",
        "recorded": "– of these, those of unheard sources (no AI's)",
        "emotify": "207 real recordings: right one of classical / electronic / rock / pop (chance 25 %)",
        "groups": "– each of the four",
        "balanced": "– classic against the rest, balanced",
        "error": "– expected calibration error",
        "examples": "the 16 examples",
        "again": "– re-recorded in a simulated room with a telephone's microphone",
        "points": "{:.1f} points ({} of {})",
    },
    "zh": {
        "head": "测量项目（95 % 区间，~：粗略）",
        "genres": "流派",
        "size": "大小",
        "rendered": "渲染片段（不同的种子和作品，未听过的音色库）：首选正确率",
        "storing": "– 8 位存储的损失（改变的答案数）",
        "open_audio": "未参与训练的弱标注片段：答案与标签相容",
        "recorded": "– 其中来自未听过的来源（非 AI 生成）",
        "emotify": "207 段真实录音：古典／电子／摇滚／流行四类判对（随机 25 %）",
        "groups": "– 四类各自",
        "balanced": "– 古典与其余，均衡准确率",
        "error": "– 期望校准误差",
        "examples": "16 段示例",
        "again": "– 在模拟房间中用手机麦克风重录",
        "points": "{:.1f} 个百分点（{}／{}）",
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
        if figure["interval"] is None:
            return f"{100 * figure['share']:.0f} %"
        low, high = (f"{100 * edge:.0f}" for edge in figure["interval"])
        rough = "~ " if config["measured"][name]["groups"] < GROUPS_ENOUGH else ""
        return f"{100 * figure['share']:.0f} % ({rough}{low}–{high})"

    def counted(config: Mapping[str, Any], name: str) -> str:
        figure = config["measured"].get(name, {}).get("top1")
        return "–" if figure is None else f"{round(figure['share'] * figure['clips'])} / {figure['clips']}"

    def lost(config: Mapping[str, Any]) -> str:
        stored, whole = (config["measured"][name] for name in ("rendered", "rendered_before_8_bit_storage"))
        points = 100 * (whole["top1"]["share"] - stored["top1"]["share"])
        return words["points"].format(points, whole["answers_changed"], whole["clips"])

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
