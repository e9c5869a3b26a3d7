"""What errors say, in Chinese.

The rooms below raise errors in English, as Python does; here every sentence that is raised has its Chinese, found by
its fixed words, and a test finds those that have none. What a field holds may be a sentence of its own; what is put
together elsewhere, such as the tensors that do not fit a network, or comes from a library, stays as it is.
"""

import errno
import os
from collections.abc import Iterator
from functools import cache
from string import Formatter

from genre.labels import Language

COLON = ": "  # behind the name of a file
SEMICOLON = "; "  # between the parts of a list
DEPTH = 3  # of sentences in sentences: names of files come from strangers, and can be made to look like many
CHINESE: dict[str, str] = {
    # --- recordings
    "the file is empty. Choose one with sound in it.": "文件是空的。请选择有声音的文件。",
    "this is not sound that can be read, or it is damaged. Give wav, flac, mp3, ogg, opus, m4a, mp4 or webm, and check "
    "that it plays.": "这不是可读的声音文件，或文件已损坏。请使用 wav、mp3、flac、ogg、opus、m4a、mp4 或 webm，"
    "并确认它能正常播放。",
    "there is no sound track in it. Choose a file with sound.": "文件里没有声音，只有画面或文字。请选择带音轨的文件。",
    "its sampling rate is {rate} Hz. Convert it to one from {low} to {high} Hz.": "采样率为 {rate} Hz，超出支持范围。"
    "请转换到 {low}–{high} Hz。",
    "it has {count} channels. Mix it to {most} or fewer.": "文件有 {count} 个声道，太多了。请混音为不超过 {most} "
    "个声道。",
    "only {seconds} s of sound can be read; {least} s is the least. Choose a longer recording.": "只读到 {seconds} "
    "秒声音，至少需要 {least} 秒。请选择更长的录音。",
    "only {seconds} s of sound can be read after start={start} s; {least} s is the least. Choose a longer recording or "
    "an earlier start.": "从起点（{start} 秒）起只读到 {seconds} 秒声音，至少需要 {least} 秒。请选择更长的录音，"
    "或把起点提前。",
    "most of its samples are not numbers (NaN or infinite). Export it again.": "大部分采样不是有效数值。"
    "请重新导出文件。",
    "there is nothing to hear, only silence. Check the recording or choose another part.": "这里是静音，"
    "没有可听的内容。请检查麦克风或录音，或换一个片段。",
    "the sound ends before start={start} s. Choose an earlier start.": "声音在起点（{start} 秒）之前就结束了。"
    "请把起点提前。",
    "it is longer than the {minutes} minutes that are read whole. Choose a length and a start.": "录音超过 {minutes} "
    "分钟，无法整段读取。请设定时长和起点。",
    "it is longer than the {hours} hours that can be followed. Cut it, or give a part of it.": "录音超过 {hours} 小时，"
    "太长了。请截取一部分，或只给出其中一段。",
    "there is no such file. Check the path.": "没有这个文件。请检查路径。",
    "this is a folder. Choose a file in it.": "这是一个文件夹。请选择其中的文件。",
    "this is not an ordinary file. Save the sound to a file first.": "这不是普通文件。请先把声音存为文件。",
    "permission to read it is missing. Change its permissions, or copy it.": "没有读取权限。请修改权限，或复制一份。",
    "the file cannot be opened ({error}). Check the path.": "文件无法打开（{error}）。请检查路径。",
    "a {kind} is not sound. Give a path, bytes, or (rate, array).": "{kind} 不是声音。请给出路径、bytes 或 (采样率, "
    "数组)。",
    "this is not (rate, array). Give the rate in Hz and the samples.": "这不是 (采样率, 数组)。请给出以 Hz "
    "计的采样率和采样。",
    "the rate {rate} is not a whole number. Give it in Hz.": "采样率 {rate} 不是整数。请以 Hz 为单位给出。",
    "samples of type {kind} are not sound. Give integers or floats.": "类型为 {kind} 的采样不是声音。"
    "请给出整数或浮点数。",
    "an array of shape {shape} is not sound. Give [n] or [n, channels].": "形状为 {shape} 的数组不是声音。请给出 [n] "
    "或 [n, 声道数]。",
    "start={start} is out of range; give 0 to {high} seconds.": "start={start} 超出范围；请给出 0 到 {high} 秒。",
    "seconds={seconds} is out of range; give up to {high}, or None.": "seconds={seconds} 超出范围；最多为 {high}，或 "
    "None。",
    "clip_seconds={seconds} is out of range; give {low} to {high} seconds, or None for "
    "the whole file.": "clip_seconds={seconds} 超出范围；请给出 {low} 到 {high} 秒，整个文件则为 None。",
    "{what}={value} is out of range; give {low} to {high} seconds.": "{what}={value} 超出范围；请给出 {low} 到 {high} "
    "秒。",
    "Too little to tell music by: give one row of at least {seconds} s of samples.": "太短，无法判断是否为音乐："
    "请给出一行至少 {seconds} 秒的采样。",
    "A spectrogram needs one row of finite samples; these have shape {shape}.": "频谱图需要一行有限数值的采样；"
    "给出的形状为 {shape}。",
    "too little sound to compare; {seconds} s are the least. Choose a longer recording or another part.": "声音太少，"
    "无法比较，至少需要 {seconds} 秒。请换更长的录音或其他片段。",
    "it is not a picture that can be read ({error}).": "这不是可读的图片（{error}）。",
    # --- addresses
    "it is longer than the {megabytes} MB that are read from afar. Cut it.": "超过可从远处读取的 {megabytes} MB。"
    "请截短。",
    "there is no such file. Check the address.": "没有这个文件。请检查地址。",
    "it cannot be read ({error}). Check the address, and that you may read it.": "无法读取（{error}）。请检查地址，"
    "并确认有读取权限。",
    # --- microphone
    "the library PortAudio is not on this machine. Install it: apt-get install libportaudio2 (Debian, Ubuntu), dnf "
    "install portaudio (Fedora), brew install portaudio (macOS).": "这台机器上没有 PortAudio 库。安装方法：apt-get "
    "install libportaudio2（Debian、Ubuntu），dnf install portaudio（Fedora），brew install portaudio（macOS）。",
    "there is no device to listen with. Plug in a microphone and look with: genre listen --list-devices. Where "
    "PulseAudio or PipeWire runs (arecord finds nothing, pactl does): apt-get install "
    "libasound2-plugins.": "没有可用的录音设备。请接上麦克风，再用 genre listen --list-devices 查看。若系统使用 "
    "PulseAudio 或 PipeWire（arecord 找不到设备而 pactl 能找到）：apt-get install libasound2-plugins。",
    "no device is called {name}. Choose one of: {known}.": "没有名为 {name} 的设备。可选：{known}。",
    "more than one device is called {name}. Choose one of: {known}.": "名为 {name} 的设备不止一个。可选：{known}。",
    "{name} cannot be opened ({error}). Close what else uses it, or choose another one from: genre listen "
    "--list-devices.": "{name} 无法打开（{error}）。请关闭占用它的程序，或从 genre listen --list-devices 中另选一个。",
    "{name} gives no sound any more. Check that it is plugged in and not suspended, then start again.": "{name} "
    "不再有声音。请确认设备已接好、未被挂起，然后重新开始。",
    # --- libraries
    "nothing matches this pattern. Check it.": "没有与此模式相符的文件。请检查。",
    "the folder cannot be read ({error}).": "文件夹无法读取（{error}）。",
    "there is nothing at this address. Check it.": "此地址没有内容。请检查。",
    "this is too long for a playlist. Give the folder instead.": "播放列表过长。请改为给出文件夹。",
    "this is an address. Only files are heard; save it to one first.": "这是网址，只能识别文件。请先保存为文件。",
    "it took its process down ({ended}): the file is damaged in a way that its decoder does not survive, or there was "
    "not enough memory. Leave it out, or convert it.": "它使读取进程崩溃（{ended}）：文件的损坏超出解码器的承受能力，"
    "或内存不足。请不处理它，或先转换格式。",
    "the playlist cannot be read ({error}). Check the path.": "播放列表无法读取（{error}）。请检查路径。",
    "it took longer than {seconds} s. Allow more, or leave it out.": "用时超过 {seconds} 秒。请放宽时限，或不处理它。",
    "The processes that read recordings cannot be started: {count} ended before they began, for want of memory, or "
    'because a script does its work outside of `if __name__ == "__main__":`.': "读取录音的进程无法启动：{count} "
    '个进程尚未开始就已结束，可能是内存不足，或脚本没有把工作放在 `if __name__ == "__main__":` 之内。',
    "{path} cannot be used: {error}. Choose another --out.": "{path} 无法使用：{error}。请换一个 --out。",
    "{path} cannot be written to: {error}. The rows before are kept: make room, and run the same "
    "command again.": "{path} 无法写入：{error}。之前的结果已保留：请腾出空间，再运行同一命令。",
    "Another run writes to {path}; wait until it has ended, or choose another --out.": "另一个任务正在写入 {path}；"
    "请等它结束，或换一个 --out。",
    "{path}, line {number}, is no row of a library; choose another --out.": "{path} 第 {number} 行不是曲库结果；"
    "请换一个 --out。",
    "{out} must end in one of {formats}: that says what is written.": "{out} 须以 {formats} 之一结尾，"
    "由此决定写入的格式。",
    "Parquet is written with pyarrow, which is not installed: pip install pyarrow, or choose a name in .jsonl or "
    ".csv.": "写入 Parquet 需要 pyarrow，但尚未安装：pip install pyarrow，或改用 .jsonl、.csv 结尾的名称。",
    "--engine ray needs Ray ({error}): pip install '.[ray]'": "--engine ray 需要 Ray（{error}）：pip install '.[ray]'",
    "Ray gets nowhere with {count} recordings ({error}). The rows so far are kept: look after the cluster, and run the "
    "same command again.": "Ray 无法处理剩下的 {count} 段录音（{error}）。已有的结果会保留：请检查集群，"
    "再运行同一命令。",
    "The cluster at {address} cannot be reached ({error}). Check that it runs, and has the same "
    "Ray and Python.": "无法连接 {address} 的集群（{error}）。请确认它在运行，且 Ray 和 Python 的版本相同。",
    "Ray cannot be started here ({error}).": "无法在此启动 Ray（{error}）。",
    "{folder} is not a folder; give one with recordings in it.": "{folder} 不是文件夹；请给出含有录音的文件夹。",
    "{folder} holds no recordings (files of other kinds: {skipped}).": "{folder} 里没有录音（其他类型的文件："
    "{skipped}）。",
    "{file} cannot be written: {error}. Make room there, or choose another place.": "{file} 无法写入：{error}。"
    "请腾出空间，或换一个位置。",
    "{file} is an index of something else ({different}): of {other}. Choose another place, or delete it to build it "
    "anew.": "{file} 是其他内容的索引（{different}）：{other}。请换一个位置，或删除后重建。",
    "Another run brings {file} up to date; try again when it has ended.": "另一个任务正在更新 {file}；"
    "请等它结束后再试。",
    "{file} is not an index of recordings, or damaged ({error}). Delete it, or choose another place.": "{file} "
    "不是录音索引，或已损坏（{error}）。请删除它，或换一个位置。",
    # --- tags
    "this is no ordinary file.": "这不是普通文件。",
    "the file is read-only. Give yourself permission to write it first.": "文件为只读。请先取得写入权限。",
    "the file has {count} names (hard links), of which one alone would be written.": "文件有 {count} 个名称（硬链接），"
    "只有其中一个会被写入，因此不写。",
    "its sound or other tags would not stay as they are. Mend the file first.": "写入会改动其声音或其他标签。"
    "请先修复文件。",
    "{error}. The file is as it was.": "{error}。文件保持原样。",
    "another program has just written it. Try again.": "另一个程序刚写过它。请重试。",
    "the journal does not fit the file.": "日志与文件不符。",
    "its sound cannot be compared ({error}).": "无法比对其声音（{error}）。",
    "it has changed since. With --force it gets its old genre, and keeps the rest.": "文件此后被改过。用 --force "
    "可恢复原来的流派，其余保持不变。",
    "its tags hold something that would be lost. Mend them with a tag editor first.": "其标签中有会丢失的内容。"
    "请先用标签编辑器修复。",
    "the genre would read back as {said}. Choose another word.": "写入后流派会读成 {said}。请换一个词。",
    "tags of such files are not written; those of {supported} are.": "不支持写入此类文件的标签；支持 {supported}。",
    "its tags cannot be written ({error}).": "无法写入其标签（{error}）。",
    "its tags cannot be read ({error}).": "无法读取其标签（{error}）。",
    "The journal of tags {path} cannot be used: {error}.": "标签日志 {path} 无法使用：{error}。",
    "Another run uses {path}; wait until it has ended.": "另一个任务正在使用 {path}；请等它结束。",
    "{path}, line {number}, is not of a journal of tags; choose another file.": "{path} 第 {number} 行不属于标签日志；"
    "请选择其他文件。",
    "{path} is too long for a map of genres; the most are {count} bytes.": "{path} 作为流派对照表过大；最多 {count} "
    "字节。",
    "{path} must be a map from genres to words, a line for each, such as `soft_rock: Rock`.": "{path} "
    "须为流派到用词的对照表，每行一条，例如 `soft_rock: Rock`。",
    "the word for {genre} is no text: {word}. Put quotes around it.": "{genre} 的用词不是文本：{word}。请加上引号。",
    "the word for {genre} must be one line of 1 to {count} letters, without {sign}.": "{genre} 的用词须为一行、1 到 "
    "{count} 个字符，且不含 {sign}。",
    "{path} is no YAML: {error}": "{path} 不是 YAML：{error}",
    "there is no genre {genre}; there are: {known}.": "没有流派 {genre}；现有：{known}。",
    "{genre} has two words; give it one.": "{genre} 有两个用词；请只给一个。",
    # --- models
    "There is no model {name} here. Models here: {known}; {remedy}.": "这里没有模型 {name}。现有：{known}；{remedy}。",
    "get it with: genre download {name}": "可下载：genre download {name}",
    "those that can be downloaded: {known}. A folder is given with a slash: ./{name}": "可下载的有：{known}。"
    "文件夹须带斜杠：./{name}",
    "There is no published model {name}; published: {known}.": "没有名为 {name} 的已发布模型；已发布：{known}。",
    "{name} could not be downloaded ({causes}). Try again later, or fetch {one} or {other} by other means and save it "
    "as {path}.": "{name} 下载失败（{causes}）。请稍后重试，或用其他方式取得 {one} 或 {other}，存为 {path}。",
    "{hub} ({address}) answered with status {status}": "{hub}（{address}）返回状态 {status}",
    "{hub} ({address}) answered with another range than asked for": "{hub}（{address}）返回的不是所要的那一段",
    "{hub} ({address}) closed the connection early": "{hub}（{address}）提前断开了连接",
    "{hub} ({address}) did not answer with a list of files": "{hub}（{address}）没有返回文件列表",
    "{hub} ({address}) did not send the file it announced (its SHA-256 differs)": "{hub}（{address}）"
    "发来的不是所公布的文件（SHA-256 不同）",
    "{hub} ({address}) does not have {path}": "{hub}（{address}）没有 {path}",
    "{hub} ({address}) failed: {error}": "{hub}（{address}）失败：{error}",
    "{hub} ({address}) sent a file that is not a checkpoint of {name}: {error}": "{hub}（{address}）发来的文件不是 "
    "{name} 的检查点：{error}",
    "{hub} ({address}) states no size and SHA-256 of the file, so it is not a "
    "published checkpoint": "{hub}（{address}）没有说明文件大小和 SHA-256，因此不是已发布的检查点",
    "{here} of {size} bytes arrived and are kept for the next try": "已到达 {here}/{size} 字节，会保留到下次重试",
    "{target} holds files that were put there by hand; move them away to download {name}.": "{target} "
    "里有手动放入的文件；要下载 {name}，请先移走。",
    "The disk of {place} has {free} MiB free and this download needs {needed} MiB. Make room there, or choose another "
    "folder with GENRE_CACHE.": "{place} 所在磁盘剩余 {free} MiB，此次下载需要 {needed} MiB。请腾出空间，或用 "
    "GENRE_CACHE 另选文件夹。",
    "{name} cannot be stored in {cache}: {error}. Make room there, or choose another folder with "
    "GENRE_CACHE.": "{name} 无法存入 {cache}：{error}。请腾出空间，或用 GENRE_CACHE 另选文件夹。",
    "{weights} is not the file that {config} describes (its SHA-256 differs). Restore it, or put your own weights "
    "beside it as {name}.": "{weights} 不是 {config} 所描述的文件（SHA-256 不同）。请恢复原文件，或把自己的权重以 "
    "{name} 为名放在旁边。",
    "{folder} is not a model folder.": "{folder} 不是模型文件夹。",
    "{folder} is not a model folder. Give the folder that holds it.": "{folder} 不是模型文件夹。请给出包含它的文件夹。",
    "{folder} holds neither {one} nor {other}; put one of them there.": "{folder} 里既没有 {one}，也没有 {other}；"
    "请放入其中之一。",
    "The folder name {name} does not say what its checkpoint is. Without a {config} it must be BACKBONE_TRANSFORM, "
    "with one of {backbones} and one of {transforms}, for example resnet50_mel.": "从文件夹名 {name} "
    "看不出是什么检查点。没有 {config} 时，名称须为 网络_变换，网络为 {backbones} 之一，变换为 {transforms} 之一，例如 "
    "resnet50_mel。",
    '{path} is not a model configuration of "format": {format}; update this program or the file.': "{path} 不是 "
    '"format": {format} 的模型配置；请更新本程序或该文件。',
    '"taxonomy" needs at least two genres with different ids, all of them texts.': '"taxonomy" 至少需要两个流派，id '
    "须为互不相同的文本。",
    '"taxonomy" must be one of {known}, or an object with "id" and "genres", each a name, or an object with "id", "en" '
    'and optionally "zh", "group", "top".': '"taxonomy" 须为 {known} 之一，或含 "id" 和 "genres" 的对象；'
    '每个流派为名称，或含 "id"、"en" 及可选的 "zh"、"group"、"top" 的对象。',
    "{path} names {weights} as the weights, but it is not there; put it into {folder}.": "{path} 指定的权重 {weights} "
    "不存在；请放入 {folder}。",
    '"weights"."file" must name a file in {folder}.': '"weights"."file" 须为 {folder} 中的文件。',
    '"{key}" is {value}; it must be one of: {known}.': '"{key}" 为 {value}；可选：{known}。',
    '"weights"."{key}" is {value}; it must be text.': '"weights"."{key}" 为 {value}；须为文本。',
    '"{key}" is {value}; it must be {range}, or null.': '"{key}" 为 {value}；须为 {range}，或 null。',
    "{path} cannot be read: {error}.": "{path} 无法读取：{error}。",
    "{path} cannot be written: {error}.": "{path} 无法写入：{error}。",
    "Unknown taxonomy {name}; known: {known}.": "未知的分类体系 {name}；现有：{known}。",
    "Taxonomy {name} has no genre {genre}; it has: {known}.": "分类体系 {name} 没有流派 {genre}；现有：{known}。",
    "Unknown head {name}; known: {known}.": "未知的输出层 {name}；现有：{known}。",
    "Unknown backbone {name}; known: {known}.": "未知的网络 {name}；现有：{known}。",
    "A model needs at least 2 classes, not {count}.": "模型至少需要 2 个类别，而不是 {count} 个。",
    "The ImageNet weights of {backbone} cannot be fetched ({error}). They come from torchvision's server; try again "
    "with the network there, or start from another model or from scratch.": "无法取得 {backbone} 的 ImageNet "
    "权重（{error}）。它们来自 torchvision 的服务器；请联网后重试，或从其他模型、从头开始训练。",
    "Spectrogram std is {value}; its numbers must be above 0.": "频谱图的 std 为 {value}；各数须大于 0。",
    "Spectrogram n_bins {bins} reaches {top} Hz, past half the sample rate.": "频谱图的 n_bins {bins} 到达 {top} Hz，"
    "超过采样率的一半。",
    "The spectrogram of a config.json must be an object, not {kind}.": "config.json 中的 spectrogram 须为对象，而不是 "
    "{kind}。",
    "Unknown spectrogram keys: {unknown}; known: {known}.": "未知的频谱图参数：{unknown}；现有：{known}。",
    "Spectrogram {name} {value} is not known; choose one of: {known}.": "频谱图的 {name} 为 {value}，无法识别；可选："
    "{known}。",
    "Spectrogram {name} is {value}; it must be a whole number of at least 1.": "频谱图的 {name} 为 {value}；须为不小于 "
    "1 的整数。",
    "Spectrogram {name} is {value}; it must be a number above 0.": "频谱图的 {name} 为 {value}；须为大于 0 的数。",
    "Spectrogram {name} is {value}; it must be three numbers.": "频谱图的 {name} 为 {value}；须为三个数。",
    "There is no checkpoint file {path}.": "没有检查点文件 {path}。",
    "{path} is empty; copy or download it again.": "{path} 是空的；请重新复制或下载。",
    "{path} is not a complete safetensors file ({error}); copy or download it again.": "{path} 不是完整的 safetensors "
    "文件（{error}）；请重新复制或下载。",
    "{path} is a zip archive but not a state dict saved by PyTorch, or it is damaged; copy or "
    "download it again.": "{path} 是 zip 归档，但不是 PyTorch 保存的 state dict，或已损坏；请重新复制或下载。",
    "{path} is not a PyTorch checkpoint, or it is cut off; copy or download it again.": "{path} 不是 PyTorch 检查点，"
    "或不完整；请重新复制或下载。",
    "{path} is refused: it holds Python objects ({names}), not only tensors. Such a file can run any code when it is "
    "opened, so it is never opened here. {remedy}": "拒绝读取 {path}：它不只含张量，还含 Python 对象（{names}）。"
    "这类文件打开时可以执行任意代码，因此不会打开。{remedy}",
    "{path} holds a value of type {kind}, not a filled state dict. {remedy}": "{path} 里是 {kind} 类型的值，"
    "不是有内容的 state dict。{remedy}",
    "{path} is not a state dict: its key {key} is not text. {remedy}": "{path} 不是 state dict：其键 {key} 不是文本。"
    "{remedy}",
    "{path} is not a plain state dict: {key} is a value of type {kind}, not a tensor. A state dict inside it is looked "
    "for under {names} and the like; save yours alone with torch.save.": "{path} 不是单纯的 state dict：{key} 是 "
    "{kind} 类型的值，不是张量。会在 {names} 等键下寻找其中的 state dict；请用 torch.save 单独保存它。",
    'If you trust it, convert it once in the environment that made it: torch.save(torch.load("old.pt", '
    'weights_only=False).state_dict(), "save.pt"), or with ["state_dict"] instead of .state_dict() where the file is a '
    "dict.": '若信任它，可在生成它的环境中转换一次：torch.save(torch.load("old.pt", weights_only=False).state_dict(), '
    '"save.pt")；若文件是 dict，则用 ["state_dict"] 代替 .state_dict()。',
    "{path} holds several state dicts ({names}); save the one that you mean alone.": "{path} 含有多个 state "
    "dict（{names}）；请单独保存所需的那个。",
    "the tensor {key} is sparse, quantised by PyTorch or empty; save it dense.": "张量 {key} 是稀疏的、由 PyTorch "
    "量化的或空的；请保存为稠密张量。",
    "{source} does not fit this model ({backbone}, {head} head): {reasons}. {remedy}.": "{source} "
    "与此模型（{backbone}，{head} 输出层）不符：{reasons}。{remedy}。",
    "Check that the folder's name, config.json or --backbone and --head state what it "
    "was saved from": "请检查文件夹名、config.json 或 --backbone 和 --head 是否与保存时的网络一致",
    'It has the {head} head: state "head": "{head}" in a config.json, or use `genre models import`': "它用的是 {head} "
    '输出层：请在 config.json 中写明 "head": "{head}"，或使用 `genre models import`',
    "{reason} `genre models inspect` shows every tensor.": "{reason}用 `genre models inspect` 可查看每个张量。",
    "{name} is not what this network computes for {key}; it is of another one.": "{name} 与此网络为 {key} 算出的不同，"
    "属于另一个网络。",
    "{name} is not finite; its training diverged, or the file is damaged.": "{name} 含有非有限数值；训练已发散，"
    "或文件已损坏。",
    "{name} holds values under 0, so it is not the variance {key}.": "{name} 含有负值，因此不是方差 {key}。",
    "The scales of {key} do not fit its {shape} values: the file is damaged.": "{key} 的缩放系数与其 {shape} 个值不符："
    "文件已损坏。",
    "{weights} answers with what are not numbers: it is damaged, or its training diverged.": "{weights} "
    "的输出不是有效数值：文件已损坏，或训练已发散。",
    "{path} should hold one file of weights ({kinds}), but has {names}; name it.": "{path} "
    "应只有一个权重文件（{kinds}），但有 {names}；请指明是哪个。",
    "{source} fits several networks: {names}. Say which it is.": "{source} 与多种网络相符：{names}。请指明是哪种。",
    "{folder} exists already and is left as it is; choose another name, or move it away.": "{folder} 已存在，保持不变；"
    "请换一个名称，或先移走它。",
    "{folder} cannot be written: {error}.": "{folder} 无法写入：{error}。",
    "{name} is embedded in this program, which never changes it; copy {folder} and give the copy.": "{name} "
    "随本程序附带，不会被修改；请复制 {folder}，再给出副本。",
    "{folder} has no {config}, which is where a temperature is kept; write one first.": "{folder} 没有存放温度的 "
    "{config}；请先写一个。",
    "Models given: {count}; give {low} to {high} to compare.": "给出了 {count} 个模型；请给出 {low} 到 {high} "
    "个来比较。",
    "The model {name} is given twice; give different ones to compare.": "模型 {name} 给了两次；"
    "请给出不同的模型来比较。",
    "No model has answered, so there is nothing to draw: {error}": "没有模型给出结果，无可绘制：{error}",
    "{name} knows no genre {genre}; it knows: {known}.": "{name} 没有流派 {genre}；现有：{known}。",
    "top={top} is out of range; give 1 to {most}.": "top={top} 超出范围；请给出 1 到 {most}。",
    "unsure_below={value} is out of range; give 0 to 1.": "unsure_below={value} 超出范围；请给出 0 到 1。",
    # --- settings
    "GENRE_DEVICE=cuda, but torch finds no CUDA device here; use auto or cpu.": "GENRE_DEVICE=cuda，但 torch "
    "在此找不到 CUDA 设备；请用 auto 或 cpu。",
    "{name}={value} is out of range; give a number from {low} to {high}.": "{name}={value} 超出范围；请给出 {low} 到 "
    "{high} 之间的数。",
    "{name}={value} is not a whole number; give one from {low} to {high}.": "{name}={value} 不是整数；请给出 {low} 到 "
    "{high} 之间的整数。",
    "{name}={value} is not known; choose one of: {known}.": "{name}={value} 无法识别；可选：{known}。",
    "{name} cannot be sent in a header; use letters, digits and signs of ASCII, no spaces.": "{name} 无法放入请求头；"
    "请只用 ASCII 的字母、数字和符号，不含空格。",
    "The page cannot be served on {host}:{port} ({error}). Stop what uses that port, or choose another one with --port "
    "or GENRE_PORT.": "无法在 {host}:{port} 提供网页（{error}）。请停止占用该端口的程序，或用 --port、GENRE_PORT "
    "另选端口。",
    "The server has stopped; the lines above say why.": "服务器已停止；原因见上面的输出。",
    "genre serve --mcp needs the MCP SDK, version 2 or newer ({error}). Install it: pip install 'genre[mcp]', or pip "
    "install '.[mcp]' in a clone.": "genre serve --mcp 需要 MCP SDK 第 2 版或更新版本（{error}）。安装：pip install "
    "'genre[mcp]'，在克隆的仓库中则为 pip install '.[mcp]'。",
    # --- tables and folders of recordings with labels
    "{source} holds no recordings; it needs a sub-folder per genre, or rows.": "{source} 里没有录音；"
    "需要每个流派一个子文件夹，或表格中的行。",
    "{source} holds no recordings of split {split}; give it rows of that, or leave it out.": "{source} 里没有 {split} "
    "划分的录音；请补上这样的行，或去掉此项。",
    "{source} is a folder, and only a CSV with a column split has a split {split}.": "{source} 是文件夹，只有带 split "
    "列的 CSV 才有划分 {split}。",
    "{source} does not exist; give a folder with one sub-folder per genre, or a CSV.": "{source} 不存在；"
    "请给出每个流派一个子文件夹的文件夹，或 CSV。",
    "{path} gives no genres.": "{path} 没有给出流派。",
    "{path} gives no genres for {label}.": "{path} 没有给出 {label} 的流派。",
    '{path} must be an object {{"label": ["genre_id", …]}}.': '{path} 须为对象 {{"标签": ["流派 id", …]}}。',
    "{path} is not JSON: {error}.": "{path} 不是 JSON：{error}。",
    "Not understood as genres of {name}: {unknown}. It has: {known}. Rename the labels, or map each to one or more of "
    "these genres.": "无法对应到 {name} 的流派：{unknown}。现有：{known}。请改标签名，"
    "或把每个标签对应到其中一个或几个流派。",
    "{missing} does not exist.": "{missing} 不存在。",
    "{table} is not a CSV in UTF-8; in a spreadsheet, save it as “CSV UTF-8”.": "{table} 不是 UTF-8 的 CSV；"
    "请在电子表格中另存为“CSV UTF-8”。",
    "the column {absent} is missing; its first line has: {header}.": "缺少列 {absent}；首行有：{header}。",
    "{table}, line {line}: the path or the label is empty.": "{table} 第 {line} 行：路径或标签为空。",
    "{table}, line {line}: split is {split}; it must be {known}, or empty.": "{table} 第 {line} 行：split 为 {split}；"
    "须为 {known}，或留空。",
    "weight is {text}; it must be a number above 0 and up to {most}.": "weight 为 {text}；须为大于 0、不超过 {most} "
    "的数。",
    "{path}, line {line}: {label} is called {one} and {other}.": "{path} 第 {line} 行：{label} 有 {one} 和 {other} "
    "两个名称。",
    "The labels {one} and {other} would both be {genre}: only a number before the name tells them apart. If they are "
    'one genre, call them the same; if they are two, write it as in "80s pop".': "标签 {one} 和 {other} 都会成为 "
    '{genre}：只有名称前的数字不同。若是同一流派，请用同一名称；若是两个，请写成 "80s pop" 这样。',
    "{path}, which is {also} too, has the {fact} {one} and {other}; choose one.": "{path}（即 {also}）的 {fact} 既是 "
    "{one} 又是 {other}；请选定一个。",
    "{path} has the {fact} {one} and {other}; choose one.": "{path} 的 {fact} 既是 {one} 又是 {other}；请选定一个。",
    # --- data sets of the Hub
    "{source} is no data set of the Hugging Face Hub; they are written hub:OWNER/NAME.": "{source} 不是 Hugging Face "
    "Hub 的数据集；写法为 hub:OWNER/NAME。",
    "To read the data set {source}, install the library for that: pip install 'datasets>=4'.": "读取数据集 {source} "
    "需要安装：pip install 'datasets>=4'。",
    "The data set {source} cannot be loaded ({error}: {reason}). Check its name, --subset and the network, or give a "
    "folder with one sub-folder per genre, or a CSV.": "无法加载数据集 {source}（{error}：{reason}）。请检查名称、"
    "--subset 和网络，或给出每个流派一个子文件夹的文件夹，或 CSV。",
    "{source} has no split called {known}; it has: {others}.": "{source} 没有名为 {known} 的划分；现有：{others}。",
    "{source} has no column of sounds, nor one of pictures called {transform}; its columns are: {names}.": "{source} "
    "没有声音列，也没有名为 {transform} 的图片列；其列为：{names}。",
    "{source} has no column of class labels; choose one with --label-column: {known}.": "{source} 没有类别标签列；请用 "
    "--label-column 选择：{known}。",
    "{source} has no column {name}; choose one with --label-column: {known}.": "{source} 没有列 {name}；请用 "
    "--label-column 选择：{known}。",
    "{source} has no column {name} besides that of the genres; choose one of: {others}.": "{source} 除流派列外没有列 "
    "{name}；可选：{others}。",
    "{folder} holds another data set, or another part of it; choose another run folder.": "{folder} 里是其他数据集，"
    "或其另一部分；请换一个训练文件夹。",
    "{source} cannot be written to {folder}: {error}.": "{source} 无法写入 {folder}：{error}。",
    "{file} is damaged; delete {folder} and start again.": "{file} 已损坏；请删除 {folder} 后重新开始。",
    "A row of split {split} names a file of this machine, {path}; that is not read.": "划分 {split} "
    "中有一行指向本机文件 {path}；不会读取。",
    # --- training
    "There is only one genre, {name}; a model needs at least two to learn.": "只有一个流派 {name}；模型至少要学两个。",
    "There is only one genre to learn; a model needs clips of at least two.": "只有一个流派可学；"
    "模型至少需要两个流派的片段。",
    "Only the last layer would learn, on top of random weights; choose a model to start from.": "只有最后一层会学习，"
    "而其余权重是随机的；请选择一个起始模型。",
    "Unknown taxonomy {name}; choose one of: {known}, {own}.": "未知的分类体系 {name}；可选：{known}、{own}。",
    "There is no clip to learn from: {stated}. Give rows of split train, or leave it empty.": "没有可供学习的片段："
    "{stated}。请给出 split 为 train 的行，或留空。",
    "Too few clips of {names}: a genre needs at least two groups (albums, artists, single recordings), one to learn "
    "from and one to check on. Add recordings of it, or leave it out.": "{names} 的片段太少："
    "每个流派至少需要两组（专辑、艺人或单独的录音），一组用于学习，一组用于检验。请补充录音，或去掉该流派。",
    "{backbone} takes images of {fits} pixels, not {size}.": "{backbone} 接受 {fits} 像素的图像，而不是 {size}。",
    "The labels {one} and {other} are one genre written in two ways; choose one.": "标签 {one} 和 {other} "
    "是同一流派的两种写法；请选定一种。",
    "{name} has the {what} {has}, not {wish}; leave that out, or start from scratch.": "{name} 的 {what} 为 {has}，"
    "而不是 {wish}；请去掉此项，或从头训练。",
    "{folder} cannot be made: {error}.": "{folder} 无法创建：{error}。",
    "None of the clips could be read; the log has the reasons.": "没有一个片段可读；原因见日志。",
    "The images cannot be kept in {cache}: {error}. Make room there.": "图像无法存入 {cache}：{error}。请腾出空间。",
    "A process that computed images died, for want of memory, or because the script that started it does its work "
    'outside of `if __name__ == "__main__":`. Start again: it goes on from here.': "计算图像的进程意外结束，"
    '可能是内存不足，或启动脚本没有把工作放在 `if __name__ == "__main__":` 之内。请重新开始：会从此处继续。',
    "{path} cannot be read: {error}; remove it to begin anew.": "{path} 无法读取：{error}；删除它即可重新开始。",
    "{file} is damaged ({error}); delete {path} and start again.": "{file} 已损坏（{error}）；请删除 {path} "
    "后重新开始。",
    "{run} has no {name} yet: the run has not finished an epoch at full size.": "{run} 还没有 {name}："
    "训练尚未完成一轮全尺寸的 epoch。",
    "{path} has something in it already that no run has left there, or its {name} is damaged; choose another run "
    "folder.": "{path} 里已有不属于训练的内容，或其 {name} 已损坏；请换一个训练文件夹。",
    "Another process is training in {path}; wait until it has ended, or choose another run folder.": "另一个进程正在 "
    "{path} 中训练；请等它结束，或换一个训练文件夹。",
    "{path} cannot be a run folder: {error}.": "{path} 不能作为训练文件夹：{error}。",
    "{path} holds a run of something else ({differences}). Go on with what it was started with, or choose another run "
    "folder, or delete this one.": "{path} 里是另一次训练（{differences}）。请用开始时的设置继续，或换一个训练文件夹，"
    "或删除它。",
    "{file} cannot be written: {error}. Make room, and start again: it goes on after the last epoch "
    "that was kept.": "{file} 无法写入：{error}。请腾出空间后重新开始：会从最后保存的 epoch 之后继续。",
    "The weights of the clips are so small that an epoch shows none of them; raise them.": "片段的权重太小，一个 epoch "
    "中一个都不会出现；请调大。",
    "Clips of the split {names} are not to be trained on; leave them out.": "划分 {names} 的片段不能用于训练；请去掉。",
    "No clip is left to validate on; a genre needs clips of at least two groups.": "没有留下用于验证的片段；"
    "每个流派至少需要两组片段。",
    "The training in {folder} diverged in epoch {epoch}; start another run with a lower learning rate.": "{folder} "
    "中的训练在第 {epoch} 个 epoch 发散；请以更低的学习率另行训练。",
    "{initial} is not a checkpoint of {backbone}: {count} of its layers' tensors are missing or of another shape "
    "({names}).": "{initial} 不是 {backbone} 的检查点：其各层有 {count} 个张量缺失或形状不同（{names}）。",
}
SYSTEM = {
    errno.ENOSPC: "磁盘已满",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许此操作",
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EEXIST: "文件已存在",
    errno.ENOTDIR: "不是文件夹",
    errno.EISDIR: "是文件夹",
    errno.EROFS: "文件系统为只读",
    errno.ENAMETOOLONG: "文件名过长",
    errno.EIO: "输入输出错误",
    errno.EADDRINUSE: "地址已被占用",
}


def chinese(message: str) -> str | None:
    """Return what an error says in Chinese, without the name of the file that stands before it; None: not known here.

    A name that the sentence itself begins with stays.
    """
    return next((said for _, said in _readings(message, DEPTH)), None)


def in_language(message: str, language: Language) -> str:
    """Return an error in this language; as it is where it is not known here, or in Chinese already."""
    return message if language == "en" else _whole(message, DEPTH)


def _whole(message: str, depth: int) -> str:
    return next((f"{place}：{said}" if place else said for place, said in _readings(message, depth)), message)


def _readings(message: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield what stands before a known sentence, such as a file's name, and its Chinese; the longest sentence first."""
    begin = 0
    while True:
        if (said := _said(message[begin:], depth)) is not None:
            yield message[:begin].removesuffix(COLON), said
        colon = message.find(COLON, begin)
        if colon < 0:
            return
        begin = colon + len(COLON)


def _said(sentence: str, depth: int) -> str | None:
    for literals, names, words in _sentences():
        values = _fields(sentence, literals)
        if values is not None:
            inner = [_inner(value, depth - 1) for value in values] if depth else values
            return words.format(**dict(zip(names, inner, strict=True)))
    return None


def _inner(value: str, depth: int) -> str:
    """Return a field with the sentences in it in Chinese; one that has none, such as a path, to the letter."""
    parts = value.split(SEMICOLON)
    said = [_whole(part, depth) for part in parts]
    return value if said == parts else "；".join(said)


@cache
def _sentences() -> list[tuple[list[str], list[str], str]]:
    """Return fixed words, fields and Chinese of every sentence; those with the most fixed words first."""
    found: list[tuple[list[str], list[str], str]] = [([os.strerror(code)], [], words) for code, words in SYSTEM.items()]
    for english, words in CHINESE.items():
        literals, names = [""], []
        for literal, name, _, _ in Formatter().parse(english):
            literals[-1] += literal
            if name is not None:
                literals.append("")
                names.append(name)
        found.append((literals, names, words))
    return sorted(found, key=lambda one: -sum(map(len, one[0])))


def _fields(sentence: str, literals: list[str]) -> list[str] | None:
    """Return what stands between the fixed words, each taken where it first comes; None: these are not its words.

    Takes time in proportion to the sentence, whatever it holds: names of files come from strangers.
    """
    first, *between = literals
    if not between:
        return [] if sentence == first else None
    *between, last = between
    begin, end = len(first), len(sentence) - len(last)
    if begin > end or not sentence.startswith(first) or not sentence.endswith(last):
        return None
    values = []
    for literal in between:
        found = sentence.find(literal, begin, end)
        if found < 0:
            return None
        values.append(sentence[begin:found])
        begin = found + len(literal)
    return [*values, sentence[begin:end]]
