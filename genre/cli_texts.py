"""What the command line says, in English and in Chinese; what it shares with the page is in `genre.web.texts`."""

from genre.labels import Language

CLI: dict[str, dict[Language, str]] = {
    # --- help
    "app": {
        "en": "Tell which musical genre a recording is, and show why.",
        "zh": "判断一段录音属于哪种音乐流派，并给出依据。",
    },
    "version": {"en": "Print the version and exit.", "zh": "显示版本号并退出。"},
    "classify": {
        "en": "Tell the genre of each file. The exit code is 1 if any of them failed.",
        "zh": "判断每个文件的流派。只要有一个文件失败，退出码即为 1。",
    },
    "files": {
        "en": "Recordings: wav, flac, mp3, ogg, opus, m4a, mp4, webm.",
        "zh": "录音文件：wav、flac、mp3、ogg、opus、m4a、mp4、webm。",
    },
    "model": {"en": "Name of a model, or a folder that holds one.", "zh": "模型名称，或存放模型的文件夹。"},
    "clip_seconds": {"en": "Seconds to hear.", "zh": "分析的秒数。"},
    "whole": {
        "en": "Hear each file to its end, up to an hour; --clip-seconds is then ignored.",
        "zh": "分析到文件末尾（最长一小时）；此时忽略 --clip-seconds。",
    },
    "start": {
        "en": "Seconds into the file at which hearing begins.",
        "zh": "从文件的第几秒开始分析。",
    },
    "lang": {
        "en": "Language of genres and headings: en or zh; by default the terminal's.",
        "zh": "流派名称与标题的语言：en 或 zh；默认跟随终端。",
    },
    "top": {"en": "How many genres to show.", "zh": "显示前几个流派。"},
    "json": {"en": "Print one JSON array with a row per file.", "zh": "输出一个 JSON 数组，每个文件一行。"},
    "csv": {
        "en": "Print CSV with a line per file and rank.",
        "zh": "输出 CSV，每个文件的每个名次一行。",
    },
    "spectrogram": {
        "en": "Draw what was heard as a PNG; of several files, OUT-NAME.png for each.",
        "zh": "把分析的片段画成 PNG；有多个文件时逐个写成 OUT-NAME.png。",
    },
    "models": {
        "en": "List the models that are here, and those that can be downloaded.",
        "zh": "列出本机已有的模型，以及可以下载的模型。",
    },
    "download": {
        "en": "Download one checkpoint that CCMusic published.",
        "zh": "下载一个 CCMusic 公开的权重。",
    },
    "name": {"en": "A name that `genre models` lists.", "zh": "`genre models` 列出的名称。"},
    "hub": {
        "en": "Where to look first: huggingface or modelscope; by default GENRE_HUB.",
        "zh": "优先从哪里下载：huggingface 或 modelscope；默认取 GENRE_HUB。",
    },
    "serve": {"en": "Serve the page and the HTTP interface.", "zh": "启动网页与 HTTP 接口。"},
    "host": {
        "en": "Address to listen on, 0.0.0.0 for every one; by default GENRE_HOST or 127.0.0.1.",
        "zh": "监听地址，0.0.0.0 表示全部；默认取 GENRE_HOST 或 127.0.0.1。",
    },
    "port": {
        "en": "Port to listen on; by default GENRE_PORT or 7860.",
        "zh": "监听端口；默认取 GENRE_PORT 或 7860。",
    },
    "warmup": {
        "en": "Do now what is slow the first time.",
        "zh": "提前完成首次运行的慢步骤。",
    },
    # --- answers
    "error": {"en": "error: {message}", "zh": "错误：{message}"},
    "one_format": {"en": "--json and --csv exclude each other.", "zh": "--json 与 --csv 不能同时使用。"},
    "bad_picture": {
        "en": "{path} must end in .png and lie in a folder that exists.",
        "zh": "{path} 须以 .png 结尾，且所在文件夹必须存在。",
    },
    "picture_failed": {"en": "{path} could not be written: {reason}.", "zh": "无法写入 {path}：{reason}。"},
    "downloadable": {
        "en": "CCMusic publishes more; `genre download NAME` brings one here: {names}",
        "zh": "CCMusic 还公开了以下模型，可用 `genre download NAME` 下载：{names}",
    },
    "downloaded": {"en": "{name} is here and ready: {path}", "zh": "{name} 已就绪：{path}"},
    "shadowed": {
        "en": "The name {name} alone still means the model that was here before; this one is --model {reference}",
        "zh": "单写 {name} 仍指原有的模型；要用刚下载的这一个，请加 --model {reference}",
    },
    "warm": {
        "en": "Warm after {total:.1f} s: {load:.1f} s to load {model}, {answer:.1f} s to answer once.",
        "zh": "预热用时 {total:.1f} 秒：加载 {model} {load:.1f} 秒，首次回答 {answer:.1f} 秒。",
    },
}
