"""Real recordings with weak labels, made ready: `python -m corpus.real --source DIR --out DIR`.

`DIR/labels.csv` has the columns file, origin, text, ccmusic16, acousticsense16, licence, source; the labels are guesses
from titles and prompts and may be empty. For each taxonomy two tables are written that `genre train` and
`genre evaluate` read, TAXONOMY-train.csv and TAXONOMY-held-out.csv, and TAXONOMY-mapping.json, which says what
genres a label may be. Clips of one album, or of prompts that hardly differ, are one group and never in both tables.
RECORDINGS.md credits whatever may be trained on.
"""

import argparse
import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from corpus.grooves import COMPATIBLE
from genre.datasets import genre_of
from genre.labels import ACOUSTICSENSE16, CCMUSIC16, Taxonomy

HELD_OUT = 0.25  # of the groups
PER_LABEL = 80  # times the root of the genres that a label may be: what the weights of its training clips add up to
PER_GROUP = 220  # what those of CCMusic's labels within one of GROUPS add up to, else real music means pop
WEIGHT_MAX = 6.0  # of a clip before groups are balanced, so that a label with few clips stays below that
GENERATED, RECORDED = "ai-generated", "recorded"  # domains; the first is also an origin
TWINS = 0.9  # prompts more alike than this, as difflib counts, are one group

CREDITS = """# Music by others that the embedded weights learned from

Beside the rendered clips, with the text that their sources give them. Written by `python -m corpus.real`. None of it is
in this repository.

"""
TABLE = "| Clip | Title or tags | Source | Licence |\n|---|---|---|---|\n"

CLASSIC = ("symphony", "opera", "solo", "chamber")
ELECTRONIC = ("contemporary_dance_pop", "dance_pop")
ROCK = ("adult_alternative_rock", "uplifting_anthemic_rock", "soft_rock")
POP = (
    "pop_vocal_ballad", "adult_contemporary", "teen_pop", "classic_indie_pop", "chamber_cabaret_and_art_pop",
    "soul_or_r_and_b", "acoustic_pop",
)  # fmt: skip
# Which of the sixteen genres a coarse label covers; for measuring too.
GROUPS = {"classical": CLASSIC, "electronic": ELECTRONIC, "rock": ROCK, "pop": POP}
# What a clip may be in CCMusic's genres that is only known in AcousticSense's, which tell pop and jazz from R&B. The
# fewer sets share a genre the better: the one that most of them share becomes the answer for whatever is recorded.
CCMUSIC_OF: dict[str, tuple[str, ...]] = {
    "classical": CLASSIC, "electronic": ELECTRONIC, "rock": ROCK, "r_and_b": ("soul_or_r_and_b",),
    "pop": tuple(genre_id for genre_id in POP if genre_id != "soul_or_r_and_b"),
    "disco": ("dance_pop",), "folk": ("acoustic_pop", "classic_indie_pop"), "country": ("acoustic_pop", "soft_rock"),
    "metal": ("uplifting_anthemic_rock", "adult_alternative_rock"),
    "blues": ("adult_alternative_rock", "soul_or_r_and_b"),
    "jazz": ("adult_contemporary", "chamber_cabaret_and_art_pop"),
}  # fmt: skip
# Words of a prompt or title that say more than the empty label beside them: pattern, CCMusic's, AcousticSense's genres.
WORDS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (r"power ballad.*acoustic guitar|ukulele|^folk$", ("acoustic_pop",), ("folk", "pop", "country")),
    (r"romantic love song", ("pop_vocal_ballad", "adult_contemporary", "soft_rock"), ("pop", "r_and_b")),
    (r"^a funk song", ("soul_or_r_and_b", "dance_pop"), ("r_and_b", "disco")),
    (r"hear in clubs|slow dance music", ELECTRONIC, ("electronic", "disco")),
    (r"hip-hop/pop|lo-fi", (), ("hip_hop", "electronic")),
    (r"string orchestra|\(orchestra|uplifting orchestra|orchestral trailer|symphony_of_strings|overture",
     ("symphony",), ("classical",)),
    (r"solo trumpet", ("solo",), ("classical", "jazz")),
    (r"background music/ambient", ("contemporary_dance_pop",), ("electronic",)),
    (r"jazz/electronic", (), ("jazz", "electronic")),
)  # fmt: skip


def choices(row: Mapping[str, str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the genre ids that a clip may be; none where nothing is known."""
    fine, coarse = (genre_of(row[t.id], t) if row[t.id] else None for t in (CCMUSIC16, ACOUSTICSENSE16))
    of_words = next((rule[1:] for rule in WORDS if re.search(rule[0], row["text"].strip().lower())), ((), ()))
    if taxonomy is CCMUSIC16:
        return (fine,) if fine else CCMUSIC_OF.get(coarse or "", of_words[0])
    return (coarse,) if coarse else COMPATIBLE[fine] if fine else of_words[1]


def groups(rows: Sequence[Mapping[str, str]]) -> list[tuple[str, bool]]:
    """Return the group of each clip and whether it is held out.

    A clip's name is the folder it comes from, or a generated clip's prompt; names that hardly differ are one group,
    which is called by the first of them and held out where the hash of every one of them says so.
    """
    names = [
        row["text"].strip().lower().rstrip(" .") if row["origin"] == GENERATED else Path(row["file"]).parts[0]
        for row in rows
    ]
    group_of: dict[str, str] = {}
    for name in sorted(set(names)):
        alike = (other for other in group_of if SequenceMatcher(None, other, name).ratio() > TWINS)
        group_of[name] = group_of.get(next(alike, ""), name)
    held = {group: all(_held_out(name) for name in group_of if group_of[name] == group) for group in group_of.values()}
    return [(group_of[name], held[group_of[name]]) for name in names]


def _held_out(name: str) -> bool:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") < HELD_OUT * 2**32


def tables(
    rows: Sequence[Mapping[str, str]], source: Path, taxonomy: Taxonomy
) -> tuple[list[dict[str, str]], list[dict[str, str]], dict[str, tuple[str, ...]]]:
    """Return the training rows, the held-out rows and the mapping of labels."""
    known = [
        (row, ids, group, held)
        for row, (group, held) in zip(rows, groups(rows), strict=True)
        if (ids := choices(row, taxonomy))
    ]
    mapping = {"+".join(ids): ids for _, ids, _, _ in known}
    counts = Counter("+".join(ids) for _, ids, _, held in known if not held)
    weights = {
        "+".join(ids): min(WEIGHT_MAX, PER_LABEL * len(ids) ** 0.5 / max(1, counts["+".join(ids)]))
        for _, ids, _, _ in known
    }
    for members in GROUPS.values() if taxonomy is CCMUSIC16 else ():
        within = [label for label, ids in mapping.items() if set(ids) <= set(members)]
        if total := sum(counts[label] * weights[label] for label in within):
            weights |= {label: weights[label] * PER_GROUP / total for label in within}
    sides: tuple[list[dict[str, str]], list[dict[str, str]]] = ([], [])
    for row, ids, group, held in known:
        label = "+".join(ids)
        domain = GENERATED if row["origin"] == GENERATED else RECORDED
        entry = {"path": str((source / row["file"]).resolve()), "label": label, "group": group, "domain": domain,
                 "weight": f"{weights[label]:.3f}"}  # fmt: skip
        sides[held].append(entry)
    return *sides, mapping


def credits_of(rows: Sequence[Mapping[str, str]]) -> str:
    """Return who made what is trained on and under which licence, in Markdown."""
    taught = [
        row
        for row, (_, held) in zip(rows, groups(rows), strict=True)
        if not held and any(choices(row, taxonomy) for taxonomy in (CCMUSIC16, ACOUSTICSENSE16))
    ]
    generated: Counter[tuple[str, str]] = Counter()
    lines = []
    for row in taught:
        if row["origin"] == GENERATED:
            generated[row["source"], row["licence"]] += 1
        else:
            cells = (Path(row["file"]).stem, row["text"].strip(), row["source"], row["licence"])
            lines.append(f"| {' | '.join(cell.replace('|', ';') for cell in cells)} |")
    many = [
        f"{count} AI-generated clips of {source} ({licence})." for (source, licence), count in sorted(generated.items())
    ]
    return CREDITS + "\n".join(many) + "\n\n" + TABLE + "\n".join(sorted(lines)) + "\n"


def main() -> None:
    """Parse the command line and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="folder of recordings and labels.csv")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.source / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    (args.out / "RECORDINGS.md").write_text(credits_of(rows), encoding="utf-8")
    for taxonomy in (CCMUSIC16, ACOUSTICSENSE16):
        train, held, mapping = tables(rows, args.source, taxonomy)
        for name, side in (("train", train), ("held-out", held)):
            with (args.out / f"{taxonomy.id}-{name}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, ("path", "label", "group", "domain", "weight"))
                writer.writeheader()
                writer.writerows(side)
        (args.out / f"{taxonomy.id}-mapping.json").write_text(json.dumps(mapping, indent=2) + "\n")
        print(f"{taxonomy.id}: {len(train)} clips to train on, {len(held)} held out, of {len(rows)}")


if __name__ == "__main__":
    main()
