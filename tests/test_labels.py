"""The order of a taxonomy is the order of a network's outputs, so it is written down here a second time."""

import re

import pytest

from genre.errors import ModelError
from genre.labels import ACOUSTICSENSE16, CCMUSIC16, LANGUAGES, TAXONOMIES, display, taxonomy

CCMUSIC16_NAMES = {
    "symphony": "交响乐",
    "opera": "歌剧",
    "solo": "独奏",
    "chamber": "室内乐",
    "pop_vocal_ballad": "流行抒情",
    "adult_contemporary": "成人当代",
    "teen_pop": "青少年流行",
    "contemporary_dance_pop": "现代舞曲",
    "dance_pop": "舞曲流行",
    "classic_indie_pop": "独立流行",
    "chamber_cabaret_and_art_pop": "艺术流行",
    "soul_or_r_and_b": "灵魂乐",
    "adult_alternative_rock": "成人另类摇滚",
    "uplifting_anthemic_rock": "励志摇滚",
    "soft_rock": "软摇滚",
    "acoustic_pop": "原声流行",
}
CCMUSIC16_IDS = list(CCMUSIC16_NAMES)
ACOUSTICSENSE16_IDS = (
    "blues, classical, jazz, folk, pop, electronic, disco, rock, "
    "hip_hop, rap, metal, r_and_b, reggae, world, latin, country"
)


def test_the_order_of_the_published_checkpoints():
    assert [(genre.id, genre.zh) for genre in CCMUSIC16.genres] == list(CCMUSIC16_NAMES.items())
    assert ", ".join(ACOUSTICSENSE16.ids) == ACOUSTICSENSE16_IDS


def test_the_coarser_levels_of_ccmusic():
    members = {group: [g.id for g in CCMUSIC16.genres if g.group == group] for group in CCMUSIC16.groups}
    assert members == {
        "symphony": ["symphony"],
        "opera": ["opera"],
        "solo": ["solo"],
        "chamber": ["chamber"],
        "pop": CCMUSIC16_IDS[4:7],
        "dance_and_house": CCMUSIC16_IDS[7:9],
        "indie": CCMUSIC16_IDS[9:11],
        "soul_or_r_and_b": ["soul_or_r_and_b"],
        "rock": CCMUSIC16_IDS[12:16],
    }
    assert [genre.top for genre in CCMUSIC16.genres] == ["classic"] * 4 + ["non_classic"] * 12


@pytest.mark.parametrize("taxonomy_id", TAXONOMIES)
def test_every_genre_has_one_id_and_a_name_in_each_language(taxonomy_id):
    genres = taxonomy(taxonomy_id).genres
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", genre.id) for genre in genres)
    for names in ([genre.id for genre in genres], *([display(g, language) for g in genres] for language in LANGUAGES)):
        assert len(set(names)) == len(genres) == 16
        assert all(names)


def test_display_speaks_both_languages():
    symphony = CCMUSIC16["symphony"]
    assert (display(symphony, "en"), display(symphony, "zh")) == ("Symphony", "交响乐")


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(ModelError, match="ccmusic16, acousticsense16"):
        taxonomy("gtzan10")
    with pytest.raises(ModelError, match=r"polka.*symphony, opera"):
        CCMUSIC16["polka"]
