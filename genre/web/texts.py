"""Every word the page says, in English and in Chinese.

One entry per sentence, so that a missing translation is a failing test and not a half-translated page.
Names of genres are not here: they travel with a model's taxonomy. The rooms below speak English only;
`reasons` gives their errors in both languages.
"""

import re

from genre.labels import Language

TEXTS: dict[str, dict[Language, str]] = {
    # --- the frame
    "title": {"en": "What genre is this?", "zh": "这是什么流派？"},
    "lead": {
        "en": "Record a few seconds or drop in a file. The sound becomes a picture of its pitches over time, "
        "and a network trained to see reads the genre from it.",
        "zh": "录几秒钟，或放入一个文件。声音会变成一张“音高—时间”图，再由一个擅长看图的神经网络读出流派。",
    },
    "language": {"en": "Language", "zh": "语言"},
    "privacy": {
        "en": "Your recording is analysed on the machine that serves this page and goes nowhere else; "
        "it is deleted within {hours} h.",
        "zh": "录音只在提供本页面的机器上分析，不会传到别处，并在 {hours} 小时内删除。",
    },
    "about": {
        "en": "genre {version} · MIT licence · also a command, a Python function and an HTTP interface",
        "zh": "genre {version} · MIT 许可 · 也可用命令行、Python 或 HTTP 接口调用",
    },
    # --- readiness
    "waiting": {"en": "Getting ready: loading the network…", "zh": "正在准备：加载神经网络……"},
    "ready": {"en": "Ready", "zh": "已就绪"},
    "not_ready": {"en": "Not ready: {reason}", "zh": "尚未就绪：{reason}"},
    # --- giving a recording
    "audio": {"en": "Your recording", "zh": "你的录音"},
    "audio_help": {
        "en": "Drop a file, choose one, or press the microphone. 5–30 s of music is enough. "
        "wav, mp3, flac, ogg, opus, m4a, webm · at most {megabytes} MB.",
        "zh": "拖入文件、选择文件，或点麦克风录音。5–30 秒音乐就够了。"
        "支持 wav、mp3、flac、ogg、opus、m4a、webm，最大 {megabytes} MB。",
    },
    "source_file": {"en": "File", "zh": "文件"},
    "source_microphone": {"en": "Microphone", "zh": "麦克风"},
    "clip_seconds": {"en": "Length (s)", "zh": "时长（秒）"},
    "clip_seconds_info": {"en": "{low}–{high} seconds are heard", "zh": "分析其中 {low}–{high} 秒"},
    "start": {"en": "Start (s)", "zh": "起点（秒）"},
    "start_info": {"en": "skip what comes before", "zh": "跳过之前的部分"},
    "top": {"en": "top", "zh": "top"},
    "classify": {"en": "Tell me the genre", "zh": "识别流派"},
    "examples": {"en": "Or listen to an example", "zh": "或者试试示例"},
    # --- notices of the browser
    "insecure": {
        "en": "This page came over plain http from another machine, and browsers then lock the microphone. "
        "Open it as http://localhost, or serve it over https. Files work as they are.",
        "zh": "本页面是从另一台机器经 http 打开的，浏览器因此禁用麦克风。"
        "请改用 http://localhost 打开，或改用 https 提供服务。上传文件不受影响。",
    },
    "microphone_denied": {
        "en": "The browser does not let this page use the microphone. Click the icon left of the address, set "
        "“Microphone” to “Allow”, and record again; or drop in a file.",
        "zh": "浏览器不允许本页面使用麦克风。请点击地址栏左侧的图标，把“麦克风”设为“允许”，"
        "然后重新录音；也可以直接放入文件。",
    },
    "microphone_missing": {
        "en": "No microphone was found. Plug one in, or choose one in the system's sound settings; or drop in a file.",
        "zh": "没有找到麦克风。请插好麦克风，或在系统声音设置里选择一个；也可以直接放入文件。",
    },
    "upload_too_big": {
        "en": "This file is larger than {megabytes} MB and was not uploaded. Cut out the part you want to hear about "
        "(30 seconds are enough), or save it as mp3.",
        "zh": "文件超过 {megabytes} MB，未上传。请截取想识别的片段（30 秒足够），或另存为 mp3。",
    },
    "upload_not_audio": {
        "en": "This is not a sound file, so it was not uploaded. Give wav, mp3, flac, ogg, opus, m4a or webm.",
        "zh": "这不是声音文件，未上传。请使用 wav、mp3、flac、ogg、opus、m4a 或 webm。",
    },
    # --- the model
    "model": {"en": "Model", "zh": "模型"},
    "origin_embedded": {"en": "embedded", "zh": "内置"},
    "origin_dropped-in": {"en": "your own file", "zh": "自己的模型"},
    "origin_hub": {"en": "CCMusic, downloaded", "zh": "CCMusic，已下载"},
    "origin_absent": {"en": "CCMusic, not downloaded", "zh": "CCMusic，未下载"},
    "trained_on": {"en": "trained on {what}", "zh": "训练数据：{what}"},
    "measured": {"en": "{percent} right on {what}", "zh": "准确率 {percent}（{what}）"},
    "measured_nowhere": {"en": "accuracy not measured here", "zh": "未在此测过准确率"},
    "licence": {"en": "licence: {what}", "zh": "许可：{what}"},
    "not_stated": {"en": "not stated", "zh": "未注明"},
    "absent": {
        "en": "Published by CCMusic under the MIT licence, but not on this machine yet. Download it once; "
        "after that it works offline.",
        "zh": "由 CCMusic 以 MIT 许可发布，但尚未在这台机器上。下载一次，之后可离线使用。",
    },
    "download": {"en": "Download {name}", "zh": "下载 {name}"},
    "downloading": {"en": "Downloading {name}: {done} of {total} MB", "zh": "正在下载 {name}：{done} / {total} MB"},
    "download_begins": {"en": "Downloading {name}: asking the hub…", "zh": "正在下载 {name}：正在连接……"},
    "downloaded": {"en": "{name} is here and ready.", "zh": "{name} 已下载，可以使用。"},
    # --- the answer
    "empty_title": {"en": "The answer appears here", "zh": "结果会显示在这里"},
    "empty": {
        "en": "Up to five genres with their probabilities, what the network saw, and how far to trust it.",
        "zh": "最可能的五个流派及其概率、网络所“看到”的图，以及结果有多可信。",
    },
    "working": {"en": "Listening…", "zh": "正在聆听……"},
    "answer": {"en": "Answer", "zh": "结果"},
    "bars": {"en": "Most likely genres", "zh": "最可能的流派"},
    "heard": {"en": "{source}, heard from {start} to {end}", "zh": "{source}，分析了 {start}–{end}"},
    "windows": {"en": "Over time: {count} windows", "zh": "随时间变化：{count} 个片段"},
    "windows_time": {"en": "Time", "zh": "时间"},
    "windows_genre": {"en": "Most likely", "zh": "最可能"},
    "windows_probability": {"en": "Probability", "zh": "概率"},
    "windows_note": {
        "en": "The network hears one window at a time; the answer is the mean of all windows.",
        "zh": "网络每次听一个片段，最终结果是各片段的平均。",
    },
    "answered_by": {"en": "Answered by {model}", "zh": "由 {model} 得出"},
    "took": {
        "en": "{total} s in all: decoding {decode}, picture {spectrogram}, network {network}",
        "zh": "共 {total} 秒：解码 {decode}，制图 {spectrogram}，网络 {network}",
    },
    "fingerprint": {"en": "weights sha256 {digest}…", "zh": "权重 sha256 {digest}…"},
    "as_json": {"en": "Save as JSON", "zh": "保存为 JSON"},
    "as_csv": {"en": "Save as CSV", "zh": "保存为 CSV"},
    "show_spectrogram": {"en": "Show the spectrogram", "zh": "显示频谱图"},
    "spectrogram_info": {
        "en": "The picture the network looks at: bright is loud",
        "zh": "网络所看的图：越亮表示越响",
    },
    "spectrogram_alt": {
        "en": "Spectrogram from {start} to {end}: time runs to the right, pitch upward, brighter is louder.",
        "zh": "{start}–{end} 的频谱图：横轴为时间，纵轴为音高，越亮表示越响。",
    },
    # --- warnings of a Prediction, by code
    "warning_unsure": {
        "en": "Not sure: the first answer is under {percent}. Take it as a guess. A longer or cleaner passage, "
        "without speech and noise, often helps.",
        "zh": "把握不大：首位概率低于 {percent}，结果仅供参考。换一段更长、更干净、没有说话声和噪声的音乐通常会更好。",
    },
    "warning_short": {
        "en": "Short: the network hears more than this at once, so the sound was repeated to fill its window. "
        "Twelve seconds or more are better.",
        "zh": "录音较短：不足网络一次所听的长度，已重复补足。建议录十二秒以上。",
    },
    "warning_quiet": {
        "en": "Very quiet: move closer to the source or raise the microphone's level.",
        "zh": "声音很小：请靠近声源，或调高麦克风音量。",
    },
    "warning_clipped": {
        "en": "Overdriven: many samples are at full scale. Lower the level or move away from the source.",
        "zh": "声音过载：大量采样已达满幅。请降低音量，或离声源远一些。",
    },
    "warning_dc": {
        "en": "The recording had a constant offset, which was removed. A faulty microphone or cable can cause this.",
        "zh": "录音带有直流偏移，已去除。可能是麦克风或线缆的问题。",
    },
    "warning_nonfinite": {
        "en": "Some samples were not numbers and were replaced by silence.",
        "zh": "部分采样不是有效数值，已按静音处理。",
    },
    "warning_truncated": {
        "en": "The file breaks off before its end; the answer is about the part that could be read.",
        "zh": "文件不完整，结果只针对能读出的部分。",
    },
    # --- errors
    "error_title": {"en": "That did not work", "zh": "没有成功"},
    "error_nothing": {
        "en": "There is no recording yet. Record, drop in a file, or pick an example.",
        "zh": "还没有录音。请先录音、放入文件，或选择一个示例。",
    },
    "error_gone": {
        "en": "This recording is no longer on the server. Give it again.",
        "zh": "这段录音已从服务器删除，请重新提供。",
    },
    "error_number": {
        "en": "“{name}” is {value}; give a number from {low} to {high}.",
        "zh": "“{name}”为 {value}；请填 {low} 到 {high} 之间的数。",
    },
    "error_language": {
        "en": "Unknown language {value!r}; choose one of: {known}.",
        "zh": "未知语言 {value!r}；可选：{known}。",
    },
    "error_model": {
        "en": "No model named {name!r} on this machine; there are: {known}.",
        "zh": "这台机器上没有名为 {name!r} 的模型；现有：{known}。",
    },
    "error_model_absent": {
        "en": "{name} is not on this machine yet. Press “Download {name}”, or choose another model.",
        "zh": "{name} 尚未下载。请点“下载 {name}”，或改选其他模型。",
    },
    "error_no_model": {
        "en": "No model is on this machine yet. Choose one and press “Download”.",
        "zh": "这台机器上还没有模型。请选择一个并点“下载”。",
    },
    "error_url": {
        "en": "Links are not fetched: nothing leaves this machine. Give the file itself.",
        "zh": "本服务不抓取链接（任何数据都不离开本机），请直接提供文件。",
    },
    "error_unexpected": {
        "en": "Something went wrong here, not with your recording. The server's log says more.",
        "zh": "服务器内部出错，与你的录音无关。详情见服务器日志。",
    },
    "error_audio": {"en": "This recording cannot be analysed.", "zh": "这段录音无法分析，请换一段或另存为 wav 再试。"},
    "error_weights": {
        "en": "This model cannot be used. Choose another one.",
        "zh": "这个模型无法使用，请改选其他模型。",
    },
    "error_download": {
        "en": "The download did not succeed. What has arrived is kept; check the network and try again.",
        "zh": "下载没有成功，已下载的部分会保留。请检查网络后重试。",
    },
    "error_details": {"en": "Details", "zh": "详情"},
}


# What the rooms below say, recognised by their words; a test makes each of these errors happen.
CHINESE_REASONS: tuple[tuple[str, str], ...] = (
    (r"the file is empty", "文件是空的。请选择有声音的文件。"),
    (
        r"not sound that can be read",
        "这不是可读的声音文件，或文件已损坏。请使用 wav、mp3、flac、ogg、opus、m4a、mp4 或 webm，并确认它能正常播放。",
    ),
    (r"no sound track in it", "文件里没有声音，只有画面或文字。请选择带音轨的文件。"),
    (r"sampling rate is (?P<rate>\d+) Hz", "采样率为 {rate} Hz，超出支持范围。请转换到 8000–192000 Hz。"),
    (r"it has (?P<count>\d+) channels", "文件有 {count} 个声道，太多了。请混音为较少的声道。"),
    (r"only (?P<seconds>[\d.]+) s of sound", "只读到 {seconds} 秒声音，至少需要 1 秒。请录长一些，或把起点提前。"),
    (r"samples are not numbers", "大部分采样不是有效数值。请重新导出文件。"),
    (r"nothing to hear", "这里是静音，没有可听的内容。请检查麦克风或录音，或换一个片段。"),
    (r"before start=(?P<start>[\d.e+]+) s", "声音在起点（{start} 秒）之前就结束了。请把起点提前。"),
)


def reasons(message: str, otherwise: str) -> dict[Language, str]:
    """Return an error of the rooms below in every language; `otherwise` is the entry for one not known here."""
    for pattern, words in CHINESE_REASONS:
        if found := re.search(pattern, message):
            return {"en": message, "zh": words.format(**found.groupdict())}
    return {"en": message, "zh": TEXTS[otherwise]["zh"]}


def text(key: str, language: Language, **values: object) -> str:
    """Return one sentence in one language, with its blanks filled."""
    return TEXTS[key][language].format(**values)
