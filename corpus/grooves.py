"""The popular genres of both taxonomies as tables that a musician could argue with.

Every figure is a range or a weighted choice; what is not here (key, reverb, coding, noise) is drawn alike for all
genres, so that nothing but the music tells the class. Programs are General MIDI, counted from 0.
"""

from dataclasses import dataclass

PIANO, BRIGHT_PIANO, RHODES, DX_PIANO, HARPSICHORD, CELESTA, GLOCKENSPIEL, VIBES = 0, 1, 4, 5, 6, 8, 9, 11
DRAWBAR, ROCK_ORGAN, CHURCH_ORGAN, ACCORDION, HARMONICA = 16, 18, 19, 21, 22
NYLON, STEEL, JAZZ_GUITAR, CLEAN, MUTED, OVERDRIVE, DISTORTION = 24, 25, 26, 27, 28, 29, 30
ACOUSTIC_BASS, FINGER_BASS, PICK_BASS, FRETLESS, SLAP, SYNTH_BASS, SYNTH_BASS_2 = 32, 33, 34, 35, 36, 38, 39
VIOLIN, CELLO, PIZZICATO, HARP, STRINGS, SLOW_STRINGS, SYNTH_STRINGS, CHOIR = 40, 42, 45, 46, 48, 49, 50, 52
TRUMPET, TROMBONE, MUTE_TRUMPET, BRASS, SYNTH_BRASS, SOPRANO_SAX, ALTO_SAX, TENOR_SAX = 56, 57, 59, 61, 62, 64, 65, 66
OBOE, CLARINET, FLUTE, WHISTLE = 68, 71, 73, 78
SQUARE, SAW, FIFTHS, WARM_PAD, POLY_PAD, SWEEP_PAD, NEW_AGE = 80, 81, 86, 89, 90, 95, 88
BOWED_PAD, HALO_PAD, CRYSTAL, ATMOSPHERE, ECHOES = 92, 94, 98, 99, 102
SITAR, BANJO, SHAMISEN, KOTO, KALIMBA, SHANAI, STEEL_DRUMS = 104, 105, 106, 107, 108, 111, 114
MANDOLIN, MARIMBA, PAN_FLUTE, SHAKUHACHI = 25, 12, 75, 77  # General MIDI has no mandolin; steel strings come nearest
STANDARD, ROOM, POWER, ELECTRONIC, TR808, JAZZ_KIT, BRUSH = 0, 8, 16, 24, 25, 32, 40
VOICE_HIGH, VOICE_LOW, VOICE_SPOKEN = -1, -2, -3  # sung by voice.py or spoken by speech.py, not by a SoundFont


@dataclass(frozen=True)
class Style:
    """How one genre is played."""

    grooves: tuple[str, ...]  # MMA's names
    tempo: tuple[int, int]  # quarter notes a minute
    moods: tuple[str, ...]  # keys of harmony.PROGRESSIONS
    leads: dict[int, float]  # program (or voice): weight
    kits: tuple[int, ...]
    keyboards: tuple[int, ...]
    guitars: tuple[int, ...]
    basses: tuple[int, ...]
    pads: tuple[int, ...]
    drums_db: tuple[float, float]  # level of the drums in the mix
    lead_db: tuple[float, float]
    drumless: float = 0.1  # chance that nobody drums at all
    pad: float = 0.4  # chance of a held pad in the chorus
    density: tuple[float, float] = (1.0, 2.0)  # melody notes a second
    register: tuple[int, int] = (57, 76)  # where the lead sings, MIDI
    harmony: float = 0.3  # chance that choruses are sung in thirds
    vibrato: tuple[float, float] = (10.0, 40.0)  # cents
    effort: tuple[float, float] = (0.3, 0.7)
    wall: tuple[float, float] = (0.0, 0.0)  # chance of power chords, and in verses too
    drive: tuple[float, float] = (0.0, 0.0)  # dB into the amplifier
    arpeggio: float = 0.0  # chance of a running eighth- or sixteenth-note figure
    pump: float = 0.0  # chance that the kick ducks everything else
    sweep: float = 0.0  # chance of a filter that opens and closes, where half the chance of `club` is not enough
    club: float = 0.0  # chance that our own four-on-the-floor replaces MMA's drums and bass
    octave_bass: float = 0.0
    strum: float = 0.0  # chance of an added strummed guitar
    skank: float = 0.0  # chance of short chords on the off-beats
    swing: float = 0.0  # chance that the lead lags behind the beat
    melisma: float = 0.0  # share of notes that turn into runs


STYLES: dict[str, Style] = {
    "pop_vocal_ballad": Style(
        ("PianoBallad", "PianoBallad1", "PopBallad", "PopBallad1", "StringBallad", "8BeatBallad1", "8BeatBallad2",
         "8BeatBallad3", "16BeatBallad1", "16BeatBallad2", "16BeatBallad3", "OldieBallad", "Ballad", "Ballad68",
         "Ballad128", "BALD01", "BALD03", "68Ballad"),
        (54, 78), ("ballad", "ballad", "minor_ballad"),
        {VOICE_HIGH: 6, VOICE_LOW: 4, ALTO_SAX: 0.3, FLUTE: 0.3, VIOLIN: 0.3}, (STANDARD, ROOM, BRUSH),
        (PIANO, PIANO, DX_PIANO, BRIGHT_PIANO), (NYLON, STEEL, CLEAN), (FINGER_BASS, FRETLESS, ACOUSTIC_BASS),
        (STRINGS, SLOW_STRINGS, WARM_PAD, CHOIR), (-9, -3), (2, 6), drumless=0.35, pad=0.9, density=(0.7, 1.3),
        register=(55, 77), vibrato=(30, 60), effort=(0.3, 0.8), melisma=0.05,
    ),
    "adult_contemporary": Style(
        ("EasySwing", "Slow16Beat", "PopShuffle1", "PopShuffle2", "16Beat1", "16Beat2", "16Beat3", "16Shuffle1",
         "16Shuffle2", "SlowJazz", "BossaNova", "MellowJazz"),
        (80, 108), ("jazzy", "soft", "jazzy"),
        {VOICE_HIGH: 3, VOICE_LOW: 3, ALTO_SAX: 1.5, SOPRANO_SAX: 2, JAZZ_GUITAR: 1, FLUTE: 0.4, VIBES: 0.3},
        (STANDARD, STANDARD, JAZZ_KIT), (RHODES, DX_PIANO, DX_PIANO, VIBES), (CLEAN, JAZZ_GUITAR, NYLON),
        (FINGER_BASS, FRETLESS), (STRINGS, WARM_PAD, NEW_AGE), (-5, -1), (1, 4), drumless=0.05, pad=0.7,
        density=(1.0, 1.8), register=(54, 73), vibrato=(15, 35), effort=(0.2, 0.5), swing=0.5,
    ),
    "teen_pop": Style(
        ("8BeatPop1", "8BeatPop2", "8BeatPop3", "Pop", "WorldPop", "80sPop", "highfiveA", "highfiveB", "POP01", "POP02",
         "POP03", "POP04"),
        (112, 138), ("bright", "four_chords"),
        {VOICE_HIGH: 8, SQUARE: 1}, (ELECTRONIC, TR808), (BRIGHT_PIANO, DX_PIANO, CELESTA),
        (CLEAN, MUTED), (SYNTH_BASS, PICK_BASS, SYNTH_BASS_2), (POLY_PAD, SYNTH_STRINGS, SYNTH_BRASS),
        (-3, 1), (2, 5), drumless=0.0, pad=0.6, density=(1.6, 2.8), register=(62, 81), harmony=0.8, vibrato=(0, 12),
        effort=(0.6, 1.0), arpeggio=0.6, pump=0.1,
    ),
    "contemporary_dance_pop": Style(
        ("Trance", "Trance1", "Trance2", "House", "Dance1", "Dance2", "Techno", "Rave", "ElectricPop", "HOUS01",
         "HOUS02", "HOUS03", "TECH01", "TECH02", "TECH03", "DANC01", "DANC02", "TeamTechno", "Ambient1", "Ambient2"),
        (100, 142), ("club", "club", "minor_four"),
        {SAW: 3, SQUARE: 2, VOICE_HIGH: 3, FIFTHS: 1, POLY_PAD: 1}, (ELECTRONIC, TR808),
        (DX_PIANO, POLY_PAD, SAW), (MUTED, CLEAN), (SYNTH_BASS, SYNTH_BASS_2), (SWEEP_PAD, POLY_PAD, WARM_PAD),
        (-2, 3), (-5, 1), drumless=0.25, pad=0.7, density=(1.2, 3.3), register=(60, 84), vibrato=(0, 15),
        effort=(0.4, 0.9), arpeggio=0.85, pump=0.9, club=0.85,
    ),
    "dance_pop": Style(
        ("BoneyM", "BoneyMPlus", "DancePop1", "DancePop2", "DancePop3", "DiscoSoul", "8BeatDance", "DANC03", "DANC04",
         "LatinHouse", "FUNK01"),
        (106, 128), ("bright", "four_chords", "disco"),
        {VOICE_HIGH: 5, VOICE_LOW: 2, BRASS: 0.7, TENOR_SAX: 0.3, SYNTH_BRASS: 0.5}, (POWER, STANDARD),
        (BRIGHT_PIANO, PIANO, DX_PIANO), (CLEAN, MUTED), (FINGER_BASS, SLAP, PICK_BASS), (STRINGS, SYNTH_STRINGS),
        (-2, 2), (0, 3), drumless=0.0, pad=0.85, density=(1.3, 2.5), register=(57, 78), harmony=0.6, vibrato=(5, 25),
        effort=(0.5, 0.9), arpeggio=0.15, club=0.15, octave_bass=0.9,
    ),
    "classic_indie_pop": Style(
        ("FolkRock", "60sPop", "60sRock", "60sRock1", "PopRock1", "FolkRockPlus", "POP05", "ROCK01", "ROCK02",
         "8Beat3", "08Beat01", "08Beat02"),
        (120, 160), ("jangle", "four_chords", "modal"),
        {VOICE_LOW: 5, VOICE_HIGH: 3, GLOCKENSPIEL: 0.6, WHISTLE: 0.3, CLEAN: 0.8, TRUMPET: 0.3}, (ROOM, STANDARD),
        (DRAWBAR, GLOCKENSPIEL, CLEAN), (CLEAN, STEEL, CLEAN), (PICK_BASS, FINGER_BASS), (STRINGS, DRAWBAR),
        (-4, 0), (-2, 2), drumless=0.05, pad=0.25, density=(1.2, 2.1), register=(52, 70), harmony=0.35,
        vibrato=(0, 10), effort=(0.2, 0.5), wall=(0.15, 0.1), drive=(4, 10), arpeggio=0.85, strum=0.7,
    ),
    "chamber_cabaret_and_art_pop": Style(
        ("ShowTune", "ShowTune1", "Charleston", "Broadway", "BroadwayWaltz", "FrenchWaltz", "FrenchWaltz1",
         "VieneseWaltz", "Foxtrot", "SlowBroadway", "Tango", "RagTime", "Waltz", "GypsyJazz", "SoftShoe", "QuickStep"),
        (76, 168), ("chromatic", "chromatic", "minor_ballad"),
        {VOICE_LOW: 3, VOICE_HIGH: 4, ACCORDION: 1, CLARINET: 1, CELLO: 1, VIOLIN: 0.7, MUTE_TRUMPET: 0.5},
        (BRUSH, JAZZ_KIT), (PIANO, HARPSICHORD, ACCORDION, CELESTA), (NYLON, JAZZ_GUITAR, BANJO),
        (ACOUSTIC_BASS, ACOUSTIC_BASS, CELLO), (PIZZICATO, STRINGS, SLOW_STRINGS, OBOE), (-8, -3), (0, 4),
        drumless=0.6, pad=0.6, density=(1.1, 2.6), register=(52, 76), vibrato=(15, 60), effort=(0.3, 0.7),
    ),
    "soul_or_r_and_b": Style(
        ("R&B", "DSoul", "R&B-Ballad", "BVFunk", "BVFunkHorns", "Soul", "ModernR&B", "60sSoul",
         "8beatmotownA", "8beatmotownB", "Funk1", "Funk2", "RnB01", "RnB02", "RnB03", "MellowRB"),
        (60, 106), ("soul", "soul", "jazzy"),
        {VOICE_HIGH: 5, VOICE_LOW: 4, TENOR_SAX: 0.7, RHODES: 0.3}, (STANDARD, TR808, ROOM, TR808),
        (RHODES, DRAWBAR, RHODES, DX_PIANO), (CLEAN, MUTED, JAZZ_GUITAR), (FINGER_BASS, SLAP, SYNTH_BASS),
        (BRASS, STRINGS, WARM_PAD), (-4, 1), (1, 4), drumless=0.03, pad=0.6, density=(1.3, 2.8), register=(55, 77),
        harmony=0.4, vibrato=(20, 45), effort=(0.5, 0.9), swing=0.8, melisma=0.45,
    ),
    "adult_alternative_rock": Style(
        ("BasicRock", "BasicRock4", "PopRock2", "Rock1", "Rock2", "ShuffleRock", "Rock128", "rock1A",
         "rock1B", "ROCK03", "ROCK04", "ROCK05", "ROCK06", "W-RockMainA"),
        (80, 118), ("modal", "minor_four", "modal"),
        {VOICE_LOW: 6, VOICE_HIGH: 2, OVERDRIVE: 1.2, ROCK_ORGAN: 0.3}, (ROOM, STANDARD, POWER),
        (ROCK_ORGAN, DRAWBAR, PIANO), (CLEAN, STEEL, OVERDRIVE), (PICK_BASS, FINGER_BASS), (ROCK_ORGAN, WARM_PAD),
        (-3, 1), (-3, 1), drumless=0.0, pad=0.1, density=(1.0, 1.8), register=(48, 67), harmony=0.2, vibrato=(5, 20),
        effort=(0.4, 0.8), wall=(0.8, 0.5), drive=(5, 22), arpeggio=0.2, strum=0.35,
    ),
    "uplifting_anthemic_rock": Style(
        ("HeavyMetal", "metal1A", "metal1B", "DigitalRock", "ROCK07", "ROCK08",
         "PUNK01", "MTL01"),
        (124, 164), ("anthem", "four_chords", "anthem"),
        {VOICE_LOW: 5, VOICE_HIGH: 4, DISTORTION: 1.2}, (POWER, POWER, ROOM), (BRIGHT_PIANO, PIANO),
        (DISTORTION, OVERDRIVE), (PICK_BASS, PICK_BASS), (STRINGS, SYNTH_STRINGS, CHOIR), (-1, 3), (-3, 1),
        drumless=0.0, pad=0.9, density=(0.8, 1.6), register=(60, 77), harmony=0.85, vibrato=(10, 30),
        effort=(0.8, 1.0), wall=(0.95, 0.7), drive=(12, 34), arpeggio=0.5,
    ),
    "soft_rock": Style(
        ("SoftRock", "SoftRock1", "SoftRock2", "SlowRock", "slowrockA", "RockBallad", "8beat1A", "8beat2A",
         "16beat1A", "16Beat01", "08Beat03"),
        (68, 100), ("soft", "soft", "four_chords"),
        {VOICE_LOW: 5, VOICE_HIGH: 3, CLEAN: 0.8, OVERDRIVE: 0.5, TENOR_SAX: 0.4}, (STANDARD, ROOM),
        (PIANO, PIANO, DRAWBAR), (CLEAN, STEEL, CLEAN), (FINGER_BASS, PICK_BASS), (STRINGS, WARM_PAD, CHOIR),
        (-4, 0), (-1, 3), drumless=0.03, pad=0.5, density=(1.0, 1.8), register=(53, 73), harmony=0.9,
        vibrato=(10, 30), effort=(0.3, 0.6), wall=(0.3, 0.0), drive=(6, 14), arpeggio=0.3, strum=0.7,
    ),
    "acoustic_pop": Style(
        ("GuitarBallad", "GuitarBallad1", "Arpeggio8", "Arpeggio4", "FolkBallad", "FolkBallad1", "Folk", "FolkWalk",
         "Arpeggio68", "FolkArticulated", "BlueFolk"),
        (76, 128), ("jangle", "four_chords", "soft"),
        {VOICE_HIGH: 4, VOICE_LOW: 4, HARMONICA: 0.6, STEEL: 0.4, FLUTE: 0.3, WHISTLE: 0.3}, (BRUSH, ROOM),
        (STEEL, NYLON, PIANO), (STEEL, STEEL, NYLON), (ACOUSTIC_BASS, FINGER_BASS), (STRINGS, CELLO),
        (-11, -5), (0, 4), drumless=0.8, pad=0.15, density=(1.1, 2.0), register=(53, 74), harmony=0.4,
        vibrato=(5, 25), effort=(0.1, 0.4), strum=0.85, arpeggio=0.3,
    ),
}  # fmt: skip

# Ten more for AcousticSense's sixteen; classical, pop, electronic, disco, rock and R&B are played by the styles above.
MORE_STYLES: dict[str, Style] = {
    "blues": Style(
        ("Blues", "Blues1", "SlowBlues", "FastBlues", "Blues128", "Blues68", "CountryBlues", "BLUS01", "BLUS02",
         "BLUS03", "BLUS04", "BLUS05", "ShuffleBoggie", "BoggieWoggie"),
        (62, 136), ("blues",), {VOICE_LOW: 4, VOICE_HIGH: 1, OVERDRIVE: 3, HARMONICA: 2, CLEAN: 1, PIANO: 0.5},
        (STANDARD, ROOM, BRUSH), (PIANO, DRAWBAR, ROCK_ORGAN), (CLEAN, STEEL, JAZZ_GUITAR),
        (FINGER_BASS, ACOUSTIC_BASS), (DRAWBAR, BRASS), (-5, 0), (0, 4), drumless=0.2, pad=0.15, density=(1.4, 3.0),
        register=(50, 70), vibrato=(15, 45), effort=(0.5, 0.9), drive=(8, 18), swing=0.7, melisma=0.15,
    ),
    "jazz": Style(
        ("Swing", "Swing1", "SlowJazz", "MellowJazz", "ModernJazz", "JazzWaltz", "BeBop", "BigBand", "NiteJazz",
         "JazzCombo", "EasySwing", "FastSwing", "JazzGuitar", "DescendingJazz", "Dixie", "04JAZZ01", "04JAZZ02"),
        (72, 220), ("jazzy",),
        {TENOR_SAX: 3, ALTO_SAX: 2, TRUMPET: 2, MUTE_TRUMPET: 1.5, PIANO: 2, JAZZ_GUITAR: 2, VIBES: 1, CLARINET: 1,
         TROMBONE: 1, VOICE_HIGH: 1.2, VOICE_LOW: 0.6}, (JAZZ_KIT, BRUSH, JAZZ_KIT), (PIANO, PIANO, VIBES),
        (JAZZ_GUITAR,), (ACOUSTIC_BASS,), (BRASS, STRINGS), (-7, -1), (0, 4), drumless=0.15, pad=0.1,
        density=(1.6, 5.0), register=(52, 76), harmony=0.15, vibrato=(15, 40), effort=(0.2, 0.6), swing=0.8,
        melisma=0.25,
    ),
    "folk": Style(
        ("Folk", "FolkWalk", "FolkArticulated", "FolkBallad", "HillCountry", "Arpeggio8", "Arpeggio68",
         "68March", "GuitarBallad", "BlueFolk", "Waltz1"),
        (72, 140), ("jangle", "country", "drone"),
        {VOICE_LOW: 4, VOICE_HIGH: 4, VIOLIN: 1, FLUTE: 0.7, WHISTLE: 0.7, ACCORDION: 0.7, HARMONICA: 0.7},
        (BRUSH, ROOM), (STEEL, NYLON, ACCORDION), (STEEL, NYLON, BANJO, MANDOLIN), (ACOUSTIC_BASS,),
        (ACCORDION, CELLO), (-14, -8), (0, 4), drumless=0.85, pad=0.15, density=(1.2, 2.6), register=(52, 72),
        harmony=0.4, vibrato=(0, 20), effort=(0.2, 0.6), strum=0.55, arpeggio=0.3,
    ),
    "hip_hop": Style(
        ("HipHop", "HipHopPlus1", "Hip-Hop", "HIP01", "HIP02", "HIP03", "HIP05", "HIP07", "HIP09", "HIP11", "HIP13",
         "HIP15", "HIP17", "HIP19", "HIP21", "HIP23"),
        (78, 108), ("minor_four", "soul", "drone"),
        {VOICE_HIGH: 2, RHODES: 1.5, FLUTE: 0.7, STRINGS: 0.7, MUTED: 0.7, TRUMPET: 0.5, VIBES: 0.7}, (TR808, STANDARD),
        (RHODES, PIANO, DX_PIANO), (MUTED, JAZZ_GUITAR), (SYNTH_BASS, SYNTH_BASS_2, FINGER_BASS),
        (STRINGS, WARM_PAD, BRASS), (1, 5), (-6, -1), pad=0.3, drumless=0.0, density=(0.8, 2.0), register=(55, 76),
        vibrato=(5, 25), effort=(0.3, 0.6), swing=0.5,
    ),
    "rap": Style(
        ("HipHop", "HipHopPlus1", "Hip-Hop", "HIP02", "HIP04", "HIP06", "HIP08", "HIP10", "HIP12", "HIP14", "HIP16",
         "HIP18", "HIP20", "HIP22"),
        (78, 112), ("minor_four", "drone"), {VOICE_SPOKEN: 1}, (TR808, STANDARD), (RHODES, PIANO, DX_PIANO),
        (MUTED, CLEAN), (SYNTH_BASS, SYNTH_BASS_2), (STRINGS, WARM_PAD), (0, 4), (2, 6), pad=0.25, drumless=0.0,
        density=(2.0, 4.0),
    ),
    "metal": Style(
        ("HeavyMetal", "metal1A", "metal1B", "metal2A", "metal2B", "MTL01", "MTL02", "MTL03", "MTL04", "PUNK01"),
        (112, 190), ("metal",), {VOICE_LOW: 3, DISTORTION: 3, VOICE_HIGH: 1}, (POWER, ROOM), (ROCK_ORGAN,),
        (DISTORTION, OVERDRIVE), (PICK_BASS,), (STRINGS, POLY_PAD), (0, 4), (-4, 1), drumless=0.0, pad=0.1,
        density=(1.5, 5.0), register=(52, 74), harmony=0.15, vibrato=(15, 40), effort=(0.9, 1.0), wall=(1.0, 1.0),
        drive=(34, 50),
    ),
    "reggae": Style(
        ("Ska", "REGG01", "REGG02", "REGG03", "REGG04", "Calypso"),
        (66, 100), ("four_chords", "soft", "modal"),
        {VOICE_LOW: 5, VOICE_HIGH: 2, DRAWBAR: 0.7, TROMBONE: 0.7, ALTO_SAX: 0.5, STEEL_DRUMS: 0.4}, (STANDARD, ROOM),
        (DRAWBAR, PIANO, DRAWBAR), (CLEAN, MUTED), (FINGER_BASS, FRETLESS), (BRASS, DRAWBAR), (-3, 1), (-1, 3),
        drumless=0.0, pad=0.15, density=(1.0, 2.2), register=(52, 72), harmony=0.5, vibrato=(5, 20), effort=(0.3, 0.6),
        skank=1.0,
    ),
    "world": Style(
        ("Desert", "Beguine", "Tango", "Polka", "Bolero", "Samba", "Folk", "Rhumba", "Arpeggio68"),
        (70, 150), ("drone", "phrygian"),
        {SITAR: 2, KOTO: 1, SHAMISEN: 1, KALIMBA: 1, SHANAI: 1, PAN_FLUTE: 1.2, SHAKUHACHI: 1.2, STEEL_DRUMS: 0.5,
         MARIMBA: 0.7, ACCORDION: 0.5, VOICE_HIGH: 1.2, VOICE_LOW: 1, VIOLIN: 0.7, OBOE: 0.5}, (STANDARD, BRUSH),
        (KALIMBA, MARIMBA, KOTO, ACCORDION), (SITAR, NYLON, SHAMISEN), (ACOUSTIC_BASS, FRETLESS),
        (SITAR, PAN_FLUTE), (-8, -2), (1, 5), drumless=0.4, pad=0.3, density=(1.2, 4.0), register=(55, 79),
        vibrato=(10, 60), effort=(0.4, 0.9), melisma=0.4, arpeggio=0.35,
    ),
    "latin": Style(
        ("Salsa", "Samba", "Mambo", "ChaCha", "Rhumba", "Merengue", "BossaNova", "Son", "CubanGuitar", "Beguine",
         "SAMBA01", "SAMBA02", "BOSSA01", "Bolero", "Salsa1MainA", "Salsa2MainA"),
        (88, 190), ("latin", "jazzy"),
        {TRUMPET: 2.5, VOICE_LOW: 3, VOICE_HIGH: 3, FLUTE: 1, NYLON: 1, PIANO: 1, TROMBONE: 0.7}, (STANDARD, ROOM),
        (PIANO, NYLON), (NYLON, CLEAN), (ACOUSTIC_BASS, FINGER_BASS), (BRASS, STRINGS), (-4, 1), (0, 4), drumless=0.03,
        pad=0.25, density=(1.5, 3.4), register=(55, 76), harmony=0.5, vibrato=(10, 35), effort=(0.5, 0.9),
    ),
    "country": Style(
        ("CountrySwing", "CountrySwing1", "CountryBlues", "CountryWaltz", "SlowCountry", "HillCountry", "BlueGrass",
         "WesternSwing", "CNTR01", "CNTR02", "CNTR03", "CNTR04", "CNTRY"),
        (80, 160), ("country", "jangle"),
        {VOICE_LOW: 5, VOICE_HIGH: 3, VIOLIN: 1, STEEL: 0.7, HARMONICA: 0.5, CLEAN: 0.7}, (STANDARD, ROOM, BRUSH),
        (PIANO, STEEL), (STEEL, CLEAN, BANJO), (FINGER_BASS, ACOUSTIC_BASS), (VIOLIN, STRINGS), (-6, -2), (1, 4),
        drumless=0.12, pad=0.2, density=(1.3, 2.6), register=(52, 72), harmony=0.5, vibrato=(5, 30), effort=(0.4, 0.8),
        strum=0.5, arpeggio=0.25,
    ),
}  # fmt: skip

# Electronic music that is no dance, and rock without a wall of guitars: known by a coarse label, which COARSE tells.
COARSE_STYLES: dict[str, Style] = {
    "ambient": Style(
        ("Ambient1", "Ambient2", "Ambient3", "Arpeggio44", "StringBallad"), (46, 88),
        ("drone", "minor_four", "soft", "modal"),
        {NEW_AGE: 2, WARM_PAD: 2, POLY_PAD: 1, HALO_PAD: 1, CRYSTAL: 1, ECHOES: 1, VOICE_HIGH: 0.7, PIANO: 0.6},
        (TR808, ELECTRONIC), (WARM_PAD, HALO_PAD, BOWED_PAD, SWEEP_PAD), (CRYSTAL, ATMOSPHERE),
        (SYNTH_BASS_2, FRETLESS), (WARM_PAD, SWEEP_PAD, BOWED_PAD, HALO_PAD, NEW_AGE), (-10, -3), (-6, 1),
        drumless=0.85, pad=1.0, density=(0.2, 0.8), register=(55, 84), vibrato=(0, 15), effort=(0.2, 0.5),
        arpeggio=0.35, sweep=0.7,
    ),
    "downtempo": Style(
        ("TripHop", "TRIP01", "TRIP02", "TRIP03", "TRIP04", "Ambient1", "RnB04", "RnB07"), (66, 104),
        ("minor_four", "drone", "soul"),
        {NEW_AGE: 1, RHODES: 1, SQUARE: 1, SAW: 1, VOICE_HIGH: 1, FLUTE: 0.5, ECHOES: 0.7}, (TR808, ELECTRONIC),
        (RHODES, WARM_PAD, DX_PIANO), (MUTED, ATMOSPHERE), (SYNTH_BASS, SYNTH_BASS_2), (WARM_PAD, SWEEP_PAD, STRINGS),
        (-2, 3), (-6, 0), drumless=0.15, pad=0.8, density=(0.4, 1.5), register=(55, 79), vibrato=(0, 20),
        effort=(0.2, 0.6), arpeggio=0.5, pump=0.3, sweep=0.6,
    ),
    "chiptune": Style(
        ("80sPop", "Dance1", "ElectricPop", "8BeatPop2", "ROCK01", "Techno"), (104, 172),
        ("bright", "minor_four", "modal", "club"), {SQUARE: 4, SAW: 2, FIFTHS: 0.5}, (ELECTRONIC, TR808),
        (SQUARE, SAW), (SQUARE, SAW), (SYNTH_BASS, SQUARE), (SQUARE, POLY_PAD), (-4, 1), (-2, 2), drumless=0.2, pad=0.2,
        density=(1.5, 4.0), register=(60, 88), vibrato=(0, 15), arpeggio=0.9, sweep=0.1,
    ),
    "classic_rock": Style(
        ("BasicRock", "Rock1", "Rock2", "ROCK03", "ROCK05", "ROCK09", "ROCK12", "ROCK15", "ROCK18", "ROCK21", "ROCK24",
         "rock1A", "rock1B", "60sRock1", "8Beat3"),
        (84, 150), ("anthem", "modal", "blues", "four_chords", "minor_four"),
        {VOICE_LOW: 5, VOICE_HIGH: 3, DISTORTION: 1.5, OVERDRIVE: 1.5, ROCK_ORGAN: 0.5}, (STANDARD, ROOM, POWER),
        (ROCK_ORGAN, PIANO, DRAWBAR), (OVERDRIVE, CLEAN, OVERDRIVE, STEEL), (PICK_BASS, FINGER_BASS),
        (ROCK_ORGAN, STRINGS), (0, 5), (-3, 2), drumless=0.02, pad=0.1, density=(1.0, 2.4), register=(52, 74),
        harmony=0.3, vibrato=(5, 30), effort=(0.5, 1.0), wall=(0.3, 0.15), drive=(4, 22), strum=0.3, arpeggio=0.2,
    ),
    "rock_and_roll": Style(
        ("50sRock", "50sRock1", "60sRock", "ShuffleRock", "ROCK01", "ROCK10", "ROCK13", "RockBallad", "RockBallad1"),
        (76, 180), ("blues", "blues", "bright", "jangle"),
        {VOICE_LOW: 5, VOICE_HIGH: 2, OVERDRIVE: 2, TENOR_SAX: 0.7, PIANO: 0.5, HARMONICA: 0.7}, (STANDARD, ROOM),
        (PIANO, DRAWBAR), (OVERDRIVE, CLEAN), (PICK_BASS, FINGER_BASS), (DRAWBAR, BRASS), (-1, 4), (-2, 2),
        drumless=0.0, pad=0.1, density=(1.2, 2.8), register=(50, 72), harmony=0.25, vibrato=(5, 25), effort=(0.5, 1.0),
        wall=(0.1, 0.05), drive=(6, 20), strum=0.3,
    ),
    "punk_and_grunge": Style(
        ("PUNK01", "PUNK02", "MTL01", "Rock128", "ROCK16", "ROCK20", "ROCK25", "ROCK28", "DigitalRock", "metal2A"),
        (92, 196), ("modal", "minor_four", "metal", "four_chords"),
        {VOICE_LOW: 6, VOICE_HIGH: 3, DISTORTION: 1}, (ROOM, POWER, STANDARD), (ROCK_ORGAN, PIANO),
        (DISTORTION, OVERDRIVE, CLEAN), (PICK_BASS,), (STRINGS, ROCK_ORGAN), (1, 6), (-4, 1), drumless=0.0, pad=0.0,
        density=(0.8, 2.2), register=(50, 72), harmony=0.2, vibrato=(0, 15), effort=(0.6, 1.0), wall=(0.7, 0.3),
        drive=(8, 30), arpeggio=0.15, strum=0.2,
    ),
}  # fmt: skip
COARSE: dict[str, str] = {
    **dict.fromkeys(("ambient", "downtempo", "chiptune"), "electronic"),
    **dict.fromkeys(("classic_rock", "rock_and_roll", "punk_and_grunge"), "rock"),
}

# Which genres of AcousticSense a clip of the sixteen CCMusic genres may be; a set where both would be right.
COMPATIBLE: dict[str, tuple[str, ...]] = {
    "symphony": ("classical",), "opera": ("classical",), "solo": ("classical",), "chamber": ("classical",),
    "pop_vocal_ballad": ("pop",), "adult_contemporary": ("pop", "r_and_b", "jazz"), "teen_pop": ("pop",),
    "contemporary_dance_pop": ("electronic",), "dance_pop": ("disco",), "classic_indie_pop": ("pop", "rock"),
    "chamber_cabaret_and_art_pop": ("jazz", "pop", "world", "classical"), "soul_or_r_and_b": ("r_and_b",),
    "adult_alternative_rock": ("rock",), "uplifting_anthemic_rock": ("rock", "metal"), "soft_rock": ("rock", "pop"),
    "acoustic_pop": ("folk", "pop", "country"),
}  # fmt: skip
