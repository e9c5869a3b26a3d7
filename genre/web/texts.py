"""Every word the page says, in English and in Chinese.

One entry per sentence, so that a missing translation is a failing test and not a half-translated page.
Names of genres are not here: they travel with a model's taxonomy. The rooms below speak English only;
`reasons` gives their errors in both languages.
"""

from genre.error_texts import chinese
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
    "tab_recognise": {"en": "Recognise", "zh": "识别"},
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
    # Gradio's own English words: the page's script knows them by these.
    "gradio_record": {"en": "Record", "zh": "录制"},
    "gradio_stop": {"en": "Stop", "zh": "停止"},
    "gradio_resume": {"en": "Resume", "zh": "继续"},
    "gradio_play": {"en": "Play", "zh": "播放"},
    "gradio_pause": {"en": "Pause", "zh": "暂停"},
    "gradio_device": {"en": "Select input device", "zh": "选择输入设备"},
    "gradio_clear": {"en": "Clear", "zh": "清除"},
    "gradio_volume": {"en": "Adjust volume", "zh": "调节音量"},
    "gradio_reset": {"en": "Reset audio", "zh": "恢复完整录音"},
    "gradio_trim": {"en": "Trim audio to selection", "zh": "裁剪到所选部分"},
    "gradio_trim_now": {"en": "Trim", "zh": "裁剪"},
    "gradio_cancel": {"en": "Cancel", "zh": "取消"},
    "gradio_speed": {"en": "Adjust playback speed to {number}x", "zh": "以 {number} 倍速播放"},
    "gradio_back": {"en": "Skip backwards by {number} seconds", "zh": "后退 {number} 秒"},
    "gradio_forward": {"en": "Skip forward by {number} seconds", "zh": "前进 {number} 秒"},
    "gradio_no_device": {"en": "No microphone found", "zh": "找不到麦克风"},
    "gradio_drop": {"en": "Drop Audio Here", "zh": "将音频拖放到此处"},
    "gradio_drop_file": {"en": "Drop File Here", "zh": "将文件拖放到此处"},
    "gradio_drop_or": {"en": "- or -", "zh": "- 或 -"},
    "gradio_drop_click": {"en": "Click to Upload", "zh": "点击上传"},
    "gradio_drop_label": {"en": "Drop an audio file here to upload", "zh": "将音频文件拖放到此处以上传"},
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
    "calibrated": {
        "en": "probabilities calibrated (temperature {temperature:.3g})",
        "zh": "概率已校准（温度 {temperature:.3g}）",
    },
    "not_calibrated": {"en": "probabilities not calibrated", "zh": "概率未校准"},
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
    "lessons": {"en": "For the classroom: major and minor", "zh": "课堂示例：大调与小调"},
    "lesson_major": {"en": "C major", "zh": "C 大调"},
    "lesson_minor": {"en": "C minor", "zh": "C 小调"},
    # --- what decided the answer, and how to read the picture
    "show_decided": {"en": "Show what decided it", "zh": "显示判断依据"},
    "decided_info": {
        "en": "Where in the picture the network found its answer",
        "zh": "网络依据图中哪些部分作出判断",
    },
    "decided_genre": {"en": "What spoke for", "zh": "查看哪个流派的依据"},
    "deciding": {"en": "Looking for what decided it…", "zh": "正在寻找判断依据……"},
    "decided_by": {"en": "What spoke most for {genre}", "zh": "最支持“{genre}”的部分"},
    "decided_region": {"en": "{start}–{end} s, {pitch}", "zh": "{start}–{end} 秒，{pitch}"},
    "decided_nothing": {
        "en": "Nothing in this recording spoke for {genre}.",
        "zh": "这段录音中没有支持“{genre}”的部分。",
    },
    "decided_note": {
        "en": "What stays lit counted, what is veiled did not; the numbers mark what counted most. The edges are soft: "
        "the network looks in patches of about a second and half an octave or more.",
        "zh": "亮处起了作用，被遮暗处没有；编号框标出作用最大的部分。边界只是大致的："
        "网络以约一秒、半个八度或更大的小块来看图。",
    },
    "strength": {"en": "Veil", "zh": "遮暗程度"},
    "second": {"en": "s", "zh": "秒"},
    "readout_hint": {
        "en": "Point at the picture, or select it and use the arrow keys, to read time and pitch.",
        "zh": "指向图中某处，或选中图片后按方向键，可读出时间和音高。",
    },
    "read_title": {"en": "How to read this picture", "zh": "怎样读这张图"},
    "read_axes_cqt": {
        "en": "Time runs to the right, pitch upwards, an octave from line to line. The brighter, the louder.",
        "zh": "横轴是时间，纵轴是音高，相邻两条横线相隔一个八度。越亮表示越响。",
    },
    "read_axes_mel": {
        "en": "Time runs to the right, pitch upwards in hertz, high tones closer together, as the ear hears them. "
        "The brighter, the louder.",
        "zh": "横轴是时间，纵轴是频率（赫兹），按人耳听感排列，高音更密。越亮表示越响。",
    },
    "read_axes_chroma": {
        "en": "Time runs to the right. Each row is one of the twelve notes, in whichever octave it sounds. "
        "The brighter, the more of it is there.",
        "zh": "横轴是时间。每一行是十二个音之一，不论在哪个八度。越亮表示该音越强。",
    },
    "read_drum": {
        "en": "An upright line: a drum or a click, all pitches at one moment.",
        "zh": "竖线：鼓声或敲击，瞬间包含所有音高。",
    },
    "read_held": {
        "en": "A level band: a held note. The bands above it, ever closer together, are its overtones.",
        "zh": "横条：持续的音。它上方越来越密的横条是泛音。",
    },
    "read_glide": {"en": "A slanting line: a glide, such as a slide or a siren.", "zh": "斜线：滑音，例如滑弦或警笛。"},
    "read_voice": {
        "en": "Wavy bands: vibrato, most often a voice or strings.",
        "zh": "波浪形横条：颤音，多为人声或弦乐。",
    },
    "read_bass": {
        "en": "At the bottom: the bass. At the top: cymbals and hiss.",
        "zh": "最下方：低音。最上方：镲片和嘶声。",
    },
    "read_class": {
        "en": "Level bands that begin and end together: a chord. The rows tell which.",
        "zh": "同时开始和结束的横条：和弦。看是哪几行，就知道是哪个和弦。",
    },
    # --- listening live
    "tab_live": {"en": "Live", "zh": "实时"},
    "live_help": {
        "en": "Start, and let music play near the microphone. There is an early answer after three seconds; from the "
        "eleventh on the network hears the last eleven, twice a second.",
        "zh": "点“开始聆听”，并在麦克风旁播放音乐。三秒后给出初步结果；满十一秒后，网络每秒两次分析最近的十一秒。",
    },
    "live_private": {
        "en": "What the microphone hears stays in memory: it is analysed and never stored.",
        "zh": "麦克风听到的声音只在内存中分析，不会保存。",
    },
    "live_start": {"en": "Start listening", "zh": "开始聆听"},
    "live_stop": {"en": "Stop", "zh": "停止"},
    "live_opening": {"en": "Waiting for the microphone…", "zh": "正在等待麦克风……"},
    "live_listening": {"en": "Listening", "zh": "正在聆听"},
    "live_stopped": {"en": "Stopped", "zh": "已停止"},
    "live_late": {"en": "The server is slow to answer…", "zh": "服务器响应缓慢……"},
    "live_gone": {
        "en": "The server does not answer any more. Check that it runs, then start again.",
        "zh": "服务器没有响应。请确认它仍在运行，然后重新开始。",
    },
    "live_level": {"en": "Level", "zh": "电平"},
    "live_wait": {"en": "The first answer comes after three seconds of sound", "zh": "听满三秒声音后给出初步结果"},
    "live_empty": {"en": "Nothing heard yet", "zh": "尚未开始聆听"},
    "live_bars": {"en": "Most likely genres just now", "zh": "当前最可能的流派"},
    "live_spectrogram": {
        "en": "Spectrogram of the last seconds: time runs to the right, pitch upward, brighter is louder.",
        "zh": "最近几秒的频谱图：横轴为时间，纵轴为音高，越亮表示越响。",
    },
    "live_keep": {"en": "Keep this result", "zh": "保存这个结果"},
    "live_source": {"en": "Live", "zh": "实时"},
    "live_nothing": {
        "en": "There is nothing to keep yet. Start listening, and wait for the first answer.",
        "zh": "还没有可保存的结果。请先开始聆听，等第一个结果出现。",
    },
    "live_full": {
        "en": "Too many people are listening here at the moment. Try again in a minute.",
        "zh": "目前同时聆听的人太多，请一分钟后再试。",
    },
    "live_broken": {
        "en": "This is not what the page sends. Reload it and start again.",
        "zh": "数据格式不正确。请刷新页面后重新开始。",
    },
    # Remarks beside a live answer, by code.
    "live_early": {"en": "early: {heard} of {whole} s", "zh": "初步：{heard} / {whole} 秒"},
    "live_silent": {"en": "silence", "zh": "静音"},
    "live_clipped": {"en": "overdriven", "zh": "过载"},
    "live_not_music": {"en": "does not sound like music", "zh": "不像音乐"},
    "live_unsure": {"en": "not sure", "zh": "把握不大"},
    "live_quiet": {"en": "very quiet", "zh": "声音很小"},
    "live_dc": {"en": "constant offset", "zh": "直流偏移"},
    "live_nonfinite": {"en": "broken samples", "zh": "含无效采样"},
    "unsure_below": {"en": "Mark as unsure below (%)", "zh": "低于此概率（%）视为把握不大"},
    "unsure_below_info": {
        "en": "the first answer's probability; each model has its own default",
        "zh": "指首位答案的概率；默认值随模型而定",
    },
    "not_music": {"en": "This does not sound like music", "zh": "这听起来不像音乐"},
    # --- warnings of a Prediction, by code
    "warning_not_music": {
        "en": "No music is heard in this, rather speech, noise or hum. The genres are only what it resembles most.",
        "zh": "没有听出音乐，更像是说话声、噪声或嗡嗡声。所列流派只是与它最接近的。",
    },
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
    # --- comparing models
    "tab_compare": {"en": "Compare", "zh": "对比"},
    "compare_models": {"en": "Models", "zh": "模型"},
    "compare_models_info": {
        "en": "{low} to {high}, which then hear the same recording",
        "zh": "选 {low} 至 {high} 个，分析同一段录音",
    },
    "compare_ask": {"en": "Compare", "zh": "开始对比"},
    "compare_empty_title": {"en": "The answers appear here, side by side", "zh": "各模型的结果会并排显示在这里"},
    "compare_empty": {
        "en": "What each model sees and answers, where they agree, and how far.",
        "zh": "每个模型看到什么、答案是什么，哪里一致，相差多少。",
    },
    "compare_and": {"en": ", ", "zh": "、"},
    "compare_or": {"en": "; ", "zh": "；"},
    "compare_answers": {"en": "Answers of the models", "zh": "各模型的结果"},
    "compare_agreement": {"en": "Agreement", "zh": "一致程度"},
    "compare_agree": {"en": "They agree: {genre} ({models}).", "zh": "结论一致：{genre}（{models}）。"},
    "compare_differ": {"en": "They disagree: {answers}.", "zh": "结论不同：{answers}。"},
    "compare_says": {"en": "{genre} ({models})", "zh": "{genre}（{models}）"},
    "compare_same_group": {
        "en": "These genres are neighbours: their taxonomy puts them in one group.",
        "zh": "这些流派相近，在分类体系中属于同一组。",
    },
    "compare_shared": {
        "en": "Among the first {count} of every model: {genres}.",
        "zh": "每个模型的前 {count} 名里都有：{genres}。",
    },
    "compare_shared_none": {
        "en": "No genre is among the first {count} of every model.",
        "zh": "没有一个流派同时进入每个模型的前 {count} 名。",
    },
    "compare_widest": {
        "en": "They differ most on {genre}: {most} with {most_model}, {least} with {least_model}.",
        "zh": "分歧最大的是{genre}：{most_model} 为 {most}，{least_model} 为 {least}。",
    },
    "compare_divergence": {
        "en": "Divergence {value} ({models})",
        "zh": "分歧度 {value}（{models}）",
    },
    "compare_scale": {
        "en": "0 means the same probabilities, 1 nothing in common. For scale, with two genres: 60 : 40 against "
        "40 : 60 is {near}, 90 : 10 against 10 : 90 is {far}. (Jensen–Shannon divergence, base 2, divided by its "
        "largest value; Lin 1991)",
        "zh": "0 表示概率完全相同，1 表示毫无共同之处。以两个流派为例：60 : 40 对 40 : 60 为 {near}，"
        "90 : 10 对 10 : 90 为 {far}。（詹森–香农散度，以 2 为底，除以其最大值；Lin 1991）",
    },
    "compare_pairs": {
        "en": "Closest are {near} ({near_value}), farthest apart {far} ({far_value}).",
        "zh": "最接近的是 {near}（{near_value}），相差最远的是 {far}（{far_value}）。",
    },
    "compare_pair": {"en": "{one} and {other}", "zh": "{one} 与 {other}"},
    "compare_taxonomies": {
        "en": "These models know different genres: {families}. Probabilities of different genres cannot be set against "
        "each other, so there is no number between those models.",
        "zh": "这些模型认得的流派不同：{families}。不同流派的概率无法相互比较，因此它们之间没有分歧度。",
    },
    "compare_one_answer": {
        "en": "Only {model} has answered, so there is nothing to compare.",
        "zh": "只有 {model} 给出了结果，无从对比。",
    },
    "compare_no_answer": {"en": "No model has answered.", "zh": "没有模型给出结果。"},
    "compare_loaded": {"en": "loaded in {seconds} s", "zh": "加载 {seconds} 秒"},
    "compare_kept": {"en": "loaded before", "zh": "此前已加载"},
    "compare_drawn": {"en": "spectrogram and picture {seconds} s", "zh": "频谱与制图 {seconds} 秒"},
    "compare_drawn_shared": {
        "en": "picture {seconds} s (the spectrogram is that of {model})",
        "zh": "制图 {seconds} 秒（频谱与 {model} 相同）",
    },
    "compare_asked": {"en": "network {seconds} s", "zh": "网络 {seconds} 秒"},
    "compare_total": {
        "en": "{total} s in all; decoded once, in {decode} s",
        "zh": "共 {total} 秒；只解码一次，用时 {decode} 秒",
    },
    "error_compared": {
        "en": "Choose {low} to {high} different models to compare.",
        "zh": "请选择 {low} 至 {high} 个不同的模型进行对比。",
    },
    # --- the timeline
    "tab_timeline": {"en": "Timeline", "zh": "时间线"},
    "timeline_audio": {"en": "A long recording", "zh": "一段长录音"},
    "timeline_help": {
        "en": "A concert, a radio programme, a podcast: up to two hours and {megabytes} MB. "
        "The command “genre timeline” follows up to 24 hours.",
        "zh": "音乐会、广播节目、播客等，最长两小时、{megabytes} MB。命令 genre timeline 最长可处理 24 小时的录音。",
    },
    "timeline_ask": {"en": "Draw the timeline", "zh": "生成时间线"},
    "timeline_stop": {"en": "Stop", "zh": "停止"},
    "timeline_waiting": {"en": "Waiting for a free place…", "zh": "排队等待中……"},
    "timeline_hearing": {"en": "Looking for music: {done} of {total}", "zh": "正在寻找音乐：{done} / {total}"},
    "timeline_hearing_on": {"en": "Looking for music: {done}", "zh": "正在寻找音乐：{done}"},
    "timeline_naming": {
        "en": "Naming genres: {done} of {total} of music",
        "zh": "正在识别流派：音乐 {done} / {total}",
    },
    "timeline_empty_title": {"en": "The timeline appears here", "zh": "时间线会显示在这里"},
    "timeline_empty": {
        "en": "Where there is music and of which genre, where somebody speaks, and where it is silent.",
        "zh": "哪里有音乐、各是什么流派，哪里在说话，哪里是静音。",
    },
    "timeline_stopped": {"en": "Stopped. Nothing was kept.", "zh": "已停止，没有保留任何结果。"},
    "timeline_answer": {"en": "Timeline", "zh": "时间线"},
    "timeline_heard": {
        "en": "{source}, {seconds} long, {music} of it music",
        "zh": "{source}，全长 {seconds}，其中音乐 {music}",
    },
    "timeline_count": {"en": "Segments: {count}", "zh": "共 {count} 段"},
    "timeline_player": {"en": "The recording", "zh": "录音"},
    "timeline_unplayable": {
        "en": "The recording cannot be played: this browser does not know its format, or it has left the server.",
        "zh": "无法播放这段录音：此浏览器不支持其格式，或录音已从服务器删除。",
    },
    "timeline_place": {"en": "Place in the recording", "zh": "播放位置"},
    "timeline_legend": {"en": "What the colours mean", "zh": "颜色说明"},
    "timeline_table": {"en": "Segments", "zh": "各段列表"},
    "timeline_what": {"en": "Genre", "zh": "流派"},
    "timeline_from": {"en": "Play from {begin}, to {end}", "zh": "从 {begin} 播放（到 {end}）"},
    "as_audacity": {"en": "Save labels for Audacity", "zh": "保存 Audacity 标签"},
    "as_chapters": {"en": "Save chapters for ffmpeg", "zh": "保存 ffmpeg 章节"},
    "timeline_unsure": {
        "en": "Genres under {percent} are guesses.",
        "zh": "概率低于 {percent} 的流派仅供参考。",
    },
    # --- a library
    "tab_library": {"en": "Library", "zh": "音乐库"},
    "library_files": {"en": "Recordings, or a zip of them", "zh": "录音文件，或 zip 压缩包"},
    "library_help": {
        "en": "At most {files} recordings at once, {megabytes} MB for each file; the first 30 seconds of each are "
        "heard. A folder on this machine is quicker with the command genre batch.",
        "zh": "一次最多 {files} 个录音，每个文件最大 {megabytes} MB；分析每个录音的前 30 秒。"
        "本机的文件夹用命令 genre batch 更快。",
    },
    "library_ask": {"en": "Tell me the genres", "zh": "识别流派"},
    "library_stop": {"en": "Stop", "zh": "停止"},
    "library_wanted": {"en": "Show only (name, genre or remark)", "zh": "筛选（文件名、流派或备注）"},
    "library_order": {"en": "Order", "zh": "排序"},
    "library_order_given": {"en": "as given", "zh": "按提供的顺序"},
    "library_order_name": {"en": "by name", "zh": "按文件名"},
    "library_order_genre": {"en": "by genre", "zh": "按流派"},
    "library_order_probability": {"en": "surest first", "zh": "把握大的在前"},
    "library_order_unsure": {"en": "least sure first", "zh": "把握小的在前"},
    "library_empty_title": {"en": "The table appears here", "zh": "表格会显示在这里"},
    "library_empty": {
        "en": "A line for each recording, as soon as it is heard, to sort, filter and save.",
        "zh": "每分析完一个录音就增加一行，可以排序、筛选和保存。",
    },
    "library_table": {"en": "Recordings and their genres", "zh": "录音及其流派"},
    "library_file": {"en": "File", "zh": "文件"},
    "library_genre": {"en": "Genre", "zh": "流派"},
    "library_probability": {"en": "Probability", "zh": "概率"},
    "library_noticed": {"en": "Remarks", "zh": "备注"},
    "library_hearing": {
        "en": "Heard {done} of {total}; failed: {failed}",
        "zh": "已分析 {done} / {total} 个，失败 {failed} 个",
    },
    "library_done": {"en": "All {total} heard; failed: {failed}", "zh": "{total} 个全部完成，失败 {failed} 个"},
    "library_stopped": {
        "en": "Stopped after {done} of {total}; failed: {failed}",
        "zh": "已停止：完成 {done} / {total} 个，失败 {failed} 个",
    },
    "library_beyond": {
        "en": "Only the first {limit} are heard; left out: {count}. Give the rest afterwards.",
        "zh": "只分析前 {limit} 个，其余 {count} 个未分析，请稍后再提供。",
    },
    "library_skipped": {
        "en": "Files in the zip that are no recordings, and left out: {count}.",
        "zh": "压缩包中有 {count} 个文件不是录音，已略过。",
    },
    "library_none_shown": {"en": "No line fits what is to be shown.", "zh": "没有符合筛选条件的行。"},
    "library_as_jsonl": {"en": "Save as JSON lines", "zh": "保存为 JSON Lines"},
    "library_as_csv": {"en": "Save as CSV", "zh": "保存为 CSV"},
    "library_unsure": {"en": "unsure", "zh": "把握不大"},
    "library_not_music": {"en": "not like music", "zh": "不像音乐"},
    "library_short": {"en": "short", "zh": "较短"},
    "library_quiet": {"en": "quiet", "zh": "声音小"},
    "library_clipped": {"en": "overdriven", "zh": "过载"},
    "library_dc": {"en": "offset removed", "zh": "已去除直流偏移"},
    "library_nonfinite": {"en": "bad samples", "zh": "有无效采样"},
    "library_truncated": {"en": "broken off", "zh": "不完整"},
    "library_nothing": {
        "en": "There are no recordings in what was given. Drop sound files, or a zip with sound files in it.",
        "zh": "所提供的文件中没有录音。请放入声音文件，或含声音文件的 zip。",
    },
    "library_zip_large": {
        "en": "It unpacks to more than is taken here. Give the recordings themselves, or several smaller archives.",
        "zh": "解压后过大。请直接提供录音，或分成几个较小的压缩包。",
    },
    "library_zip_damaged": {
        "en": "This archive, or the recording in it, is damaged. Pack it again as an ordinary zip.",
        "zh": "压缩包或其中的录音已损坏。请重新打包为普通 zip。",
    },
    "library_zip_encrypted": {
        "en": "It is locked with a password. Pack it without one.",
        "zh": "有密码保护。请去掉密码后重新打包。",
    },
    "library_zip_method": {
        "en": "It is packed in a way that is not read here. Pack it again as an ordinary zip (deflate).",
        "zh": "压缩方式不受支持。请重新打包为普通 zip（deflate）。",
    },
    # --- similar recordings
    "tab_similar": {"en": "Similar", "zh": "相似"},
    "similar_a": {"en": "First recording (A)", "zh": "第一段录音（A）"},
    "similar_b": {"en": "Second recording (B)", "zh": "第二段录音（B）"},
    "similar_example": {"en": "or an example", "zh": "或选一个示例"},
    "similar_ask": {"en": "Compare A and B", "zh": "比较 A 与 B"},
    "similar_more": {"en": "Examples like A", "zh": "与 A 相似的示例"},
    "similar_help": {
        "en": "Is one a copy of the other: another codec, level or beginning? And how alike do they sound? A folder of "
        "your own is searched by the command {command}.",
        "zh": "一段是否为另一段的副本（编码、音量或起点不同）？听起来又有多相似？"
        "要在自己的文件夹中查找，请用命令 {command}。",
    },
    "similar_empty_title": {"en": "The comparison appears here", "zh": "比较结果会显示在这里"},
    "similar_empty": {
        "en": "Give two recordings to see whether they may be the same one, or one to find the examples most like it.",
        "zh": "提供两段录音，看它们是否可能相同；或只提供一段，找出与它最相似的示例。",
    },
    "similar_answer": {"en": "How alike A and B are", "zh": "A 与 B 的相似程度"},
    "similar_same": {"en": "Possibly the same source: look again", "zh": "可能出自同一来源，请再核对"},
    "similar_other": {"en": "No sign of the same source", "zh": "没有同源的迹象"},
    "similar_together": {
        "en": "They agree best where both begin together, over {overlap} s.",
        "zh": "两者同时开始时最吻合，重合 {overlap} 秒。",
    },
    "similar_after": {
        "en": "They agree best where B begins {seconds} s after A, over {overlap} s.",
        "zh": "B 比 A 晚 {seconds} 秒开始时最吻合，重合 {overlap} 秒。",
    },
    "similar_before": {
        "en": "They agree best where B begins {seconds} s before A, over {overlap} s.",
        "zh": "B 比 A 早 {seconds} 秒开始时最吻合，重合 {overlap} 秒。",
    },
    "similar_ssim": {"en": "Spectrograms (SSIM)", "zh": "频谱图（SSIM）"},
    "similar_ssim_info": {
        "en": "How alike the pictures of the sound are where they agree best; 1 is the same. Over {threshold} speaks "
        "for one source, whatever the codec, level or beginning. A record played in a room, or at another speed, may "
        "stay under it.",
        "zh": "声音的图像在最吻合处有多相似，1 为相同。高于 {threshold} 表示可能同源，与编码、音量、起点无关；"
        "在房间里外放再录，或变速播放的，可能低于此值。",
    },
    "similar_cosine": {"en": "Sound (cosine)", "zh": "听感（余弦）"},
    "similar_cosine_info": {
        "en": "How alike the network {model} finds them; 1 is the same. Two pieces of one kind may come close to 1, "
        "too, so it is no sign of a copy.",
        "zh": "神经网络 {model} 认为它们有多相似，1 为相同。同类的两首曲子也可能接近 1，因此不能据此判断是副本。",
    },
    "similar_pictures": {
        "en": "The part that both have: what is one above the other sounds at the same time.",
        "zh": "两者重合的部分：上下对齐处为同一时刻的声音。",
    },
    "similar_alike": {"en": "The examples most like {source}", "zh": "与 {source} 最相似的示例"},
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
    # --- programs; the keys are the codes of `/v1/*`
    "api_unauthorised": {
        "en": "This server asks for a token. Send it as “Authorization: Bearer TOKEN”.",
        "zh": "本服务需要令牌。请以“Authorization: Bearer 令牌”的形式发送。",
    },
    "api_other_site": {
        "en": "A page of another site may send nothing here. Use this server's own page, or a program.",
        "zh": "不接受其他网站的网页发来的请求。请使用本服务器的网页，或通过程序访问。",
    },
    "api_bad_request": {
        "en": "The form cannot be read: {reason} Send multipart/form-data, as curl -F file=@song.mp3 does.",
        "zh": "无法读取表单：{reason} 请发送 multipart/form-data，例如 curl -F file=@song.mp3。",
    },
    "api_not_a_form": {
        "en": "The body is not a form. Send multipart/form-data, as curl -F file=@song.mp3 does.",
        "zh": "请求体不是表单。请发送 multipart/form-data，例如 curl -F file=@song.mp3。",
    },
    "api_not_found": {
        "en": "There is nothing at this address; /v1/docs tells what there is.",
        "zh": "此地址不存在；可用的接口见 /v1/docs。",
    },
    "api_method_not_allowed": {
        "en": "This address does not take that method; /v1/docs tells which it takes.",
        "zh": "此地址不支持该请求方法；可用的方法见 /v1/docs。",
    },
    "api_too_slow": {
        "en": "The recording came too slowly. Send it again, or a shorter or more compressed one.",
        "zh": "录音上传过慢。请重新发送，或改用更短、压缩率更高的文件。",
    },
    "api_too_large": {
        "en": "The recording is larger than {megabytes} MB. Cut out the part that matters, or save it as mp3.",
        "zh": "录音超过 {megabytes} MB。请截取需要的片段，或另存为 mp3。",
    },
    "api_missing_file": {
        "en": "The form has no file named “file”, or more than one. Send one, as curl -F file=@song.mp3 does.",
        "zh": "表单中没有名为“file”的文件，或不止一个。请只发送一个，例如 curl -F file=@song.mp3。",
    },
    "api_unknown_field": {
        "en": "The form has a field “{name}”, or has it twice; it may have each of: {known}.",
        "zh": "表单中的字段“{name}”未知或重复；可用字段（各一次）：{known}。",
    },
    "api_busy": {
        "en": "Too many requests are waiting. Try again in a few seconds.",
        "zh": "等待中的请求过多，请几秒后再试。",
    },
    "api_disk_full": {
        "en": "The server's disk is full, so the recording could not be kept while it is analysed. Try again later.",
        "zh": "服务器磁盘已满，无法暂存录音。请稍后再试。",
    },
    "api_internal_error": {
        "en": "Something went wrong here, not with your request. The server's log says more.",
        "zh": "服务器内部出错，与你的请求无关。详情见服务器日志。",
    },
    "api_title": {"en": "genre for programs", "zh": "genre 程序接口"},
    "api_lead": {
        "en": "Send a recording, get its genre as JSON. Errors have a status, a stable code and words. "
        "The same document for programs:",
        "zh": "发送录音，得到 JSON 格式的流派结果。出错时返回状态码、固定的错误代码和说明。供程序读取的同一文档：",
    },
    "api_form": {"en": "Form", "zh": "表单"},
    "api_answers": {"en": "Answers", "zh": "响应"},
    "api_objects": {"en": "Objects", "zh": "对象"},
    "api_name": {"en": "Name", "zh": "名称"},
    "api_type": {"en": "Type", "zh": "类型"},
    "api_meaning": {"en": "Meaning", "zh": "含义"},
    "api_required": {"en": "required", "zh": "必填"},
}


def reasons(message: str, otherwise: str) -> dict[Language, str]:
    """Return an error of the rooms below in every language; `otherwise` is the entry for one that has no Chinese."""
    return {"en": message, "zh": chinese(message) or TEXTS[otherwise]["zh"]}


def text(key: str, language: Language, **values: object) -> str:
    """Return one sentence in one language, with its blanks filled."""
    return TEXTS[key][language].format(**values)
