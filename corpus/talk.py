"""People talking, for telling speech from music: espeak-ng reads in many languages and voices, and talkers meet.

The text is the first article of the Universal Declaration of Human Rights, and numbers, which espeak-ng reads in every
language. Languages and voices are split, so that what is measured was never heard in training.
"""

import io
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr

from corpus.synth import SAMPLE_RATE

# Language of espeak-ng: the article.
TRAIN_TEXTS = {
    "en-us": "All human beings are born free and equal in dignity and rights. They are endowed with reason and "
    "conscience and should act towards one another in a spirit of brotherhood.",
    "en-gb": "All human beings are born free and equal in dignity and rights. They are endowed with reason and "
    "conscience and should act towards one another in a spirit of brotherhood.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt "
    "und sollen einander im Geist der Brüderlichkeit begegnen.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de "
    "conscience et doivent agir les uns envers les autres dans un esprit de fraternité.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y "
    "conciencia, deben comportarse fraternalmente los unos con los otros.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di ragione e di "
    "coscienza e devono agire gli uni verso gli altri in spirito di fratellanza.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de "
    "consciência, devem agir uns para com os outros em espírito de fraternidade.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd met verstand en "
    "geweten, en behoren zich jegens elkander in een geest van broederschap te gedragen.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i "
    "sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve "
    "birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.",
    "cmn": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 "
    "부여받았으며 서로 형제애의 정신으로 행동하여야 한다.",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है "
    "और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
    "sw": "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa. Wote wamejaliwa akili na dhamiri, hivyo yapasa "
    "watendeane kindugu.",
    "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki ja "
    "omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím a mají "
    "spolu jednat v duchu bratrství.",
}
HELD_OUT_TEXTS = {
    "ru": "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и совестью и "
    "должны поступать в отношении друг друга в духе братства.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter. De har utrustats med förnuft och samvete och "
    "bör handla gentemot varandra i en anda av gemenskap.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με "
    "λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης.",
    "hu": "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek, ésszel és "
    "lelkiismerettel bírván, egymással szemben testvéri szellemben kell hogy viseltessenek.",
    "vi": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền. Mọi con người đều được tạo hóa "
    "ban cho lý trí và lương tâm và cần phải đối xử với nhau trong tình bằng hữu.",
    "id": "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama. Mereka dikaruniai akal dan "
    "hati nurani dan hendaknya bergaul satu sama lain dalam semangat persaudaraan.",
    "ro": "Toate ființele umane se nasc libere și egale în demnitate și în drepturi. Ele sunt înzestrate cu rațiune și "
    "conștiință și trebuie să se comporte unele față de altele în spiritul fraternității.",
    "yue": "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。",
}
TRAIN_VOICES = (
    "", "m1", "m2", "m3", "m5", "m7", "f1", "f2", "f4", "whisper", "croak", "klatt2", "klatt4", "Andy", "Annie",
    "Michael", "Denis", "belinda", "ed", "grandma", "john", "linda", "norbert", "steph",
)  # fmt: skip
HELD_OUT_VOICES = (
    "m4", "m6", "m8", "f3", "f5", "whisperf", "klatt3", "Mario", "Alicia", "edward", "grandpa", "victor", "zac",
)  # fmt: skip
FAILURES_MAX = 5  # espeak-ng 1.51 falls over some sentences in voices with an echo; others go on
PAUSE_SECONDS = (0.1, 1.6)
SCENES = {"one": 0.6, "two": 0.2, "several": 0.12, "crowd": 0.08}  # how many talk, and how often


@dataclass(frozen=True)
class Talker:
    """One voice of espeak-ng and how it speaks."""

    language: str
    variant: str  # of the voice; empty for its own
    pace: int  # words a minute
    pitch: int  # 0-99
    melody: int  # percent of the usual intonation
    gap: int  # 10 ms between words


def talker(rng: np.random.Generator, held_out: bool, language: str | None = None) -> Talker:
    """Draw a talker; held-out ones have languages and voices of their own."""
    texts, voices = (HELD_OUT_TEXTS, HELD_OUT_VOICES) if held_out else (TRAIN_TEXTS, TRAIN_VOICES)
    return Talker(
        language or str(rng.choice(list(texts))), str(rng.choice(voices)), int(rng.integers(110, 260)),
        int(rng.integers(10, 90)), int(rng.choice([30, 100, 100, 160, 220])), int(rng.choice([0, 0, 0, 3, 10])),
    )  # fmt: skip


def speak(who: Talker, seconds: float, rng: np.random.Generator, pauses: float = 0.5) -> np.ndarray:
    """Return what somebody says, float32 mono [n] at SAMPLE_RATE, RMS 0.1; a share of sentences is followed by a pause.

    RuntimeError: espeak-ng is missing or does not know the voice.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise RuntimeError("espeak-ng is missing: install Debian's package espeak-ng.")
    sentences = (TRAIN_TEXTS | HELD_OUT_TEXTS)[who.language].replace("。", "。 ").replace(". ", ".| ").split("|")
    voice = f"{who.language}+{who.variant}" if who.variant else who.language
    settings = ["-s", str(who.pace), "-p", str(who.pitch), "-g", str(who.gap)]
    total, parts, length, failures = round(seconds * SAMPLE_RATE), [], 0, 0
    while length < total:
        words = f"{rng.choice(sentences)} {rng.integers(2, 99_999)}"
        marked = f'<prosody range="{who.melody}%">{words}</prosody>'
        command = [program, "-m", "--stdout", "-v", voice, *settings, "--", marked]
        found = subprocess.run(command, capture_output=True, check=False)
        if found.returncode < 0 and failures < FAILURES_MAX:
            failures += 1
            continue
        if found.returncode:
            raise RuntimeError(f"espeak-ng does not speak {voice}: {found.stderr.decode(errors='replace').strip()}")
        sound, rate = soundfile.read(io.BytesIO(found.stdout), dtype="float32")
        parts.append(soxr.resample(np.trim_zeros(sound), rate, SAMPLE_RATE))
        if rng.random() < pauses:
            parts.append(np.zeros(round(rng.uniform(*PAUSE_SECONDS) * SAMPLE_RATE), np.float32))
        length = sum(len(part) for part in parts)
    return _levelled(np.concatenate(parts)[:total])


def conversation(seconds: float, rng: np.random.Generator, held_out: bool, language: str | None = None) -> np.ndarray:
    """Return a scene of SCENES, float32 mono [n] at SAMPLE_RATE, RMS 0.1."""
    scene = str(rng.choice(list(SCENES), p=list(SCENES.values())))
    if scene == "one":
        return speak(talker(rng, held_out, language), seconds, rng, float(rng.random()))
    if scene == "two":  # who does not talk is heard a little, as in one room
        turns = rng.random(int(seconds / 2) + 1) < 0.5
        first = np.repeat(turns, 2 * SAMPLE_RATE)[: round(seconds * SAMPLE_RATE)].astype(np.float32)
        voices = [speak(talker(rng, held_out, language), seconds, rng) for _ in range(2)]
        return _levelled(voices[0] * (0.02 + first) + voices[1] * (1.02 - first))
    count = int(rng.integers(2, 5)) if scene == "several" else int(rng.integers(7, 13))
    return _levelled(np.sum([speak(talker(rng, held_out, language), seconds, rng) for _ in range(count)], axis=0))


def _levelled(sound: np.ndarray) -> np.ndarray:
    return np.asarray(sound * (0.1 / max(1e-9, float(np.sqrt(np.mean(np.square(sound)))))), np.float32)
