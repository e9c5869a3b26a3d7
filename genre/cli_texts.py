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
    "unsure_below": {
        "en": "Probability, 0 to 1, under which the first genre is marked as unsure; by default the model's own.",
        "zh": "首位流派的概率（0–1）低于此值时标为把握不大；默认取模型自带的值。",
    },
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
    "inspect": {
        "en": "Show which tensor of a file goes where in which network. The exit code is 1 if it does not fit.",
        "zh": "显示权重文件中的每个张量对应哪个网络的哪一层。若不匹配，退出码为 1。",
    },
    "inspected": {
        "en": "A file of weights (safetensors or PyTorch), a folder that holds one, or the name of a model.",
        "zh": "权重文件（safetensors 或 PyTorch）、存放它的文件夹，或模型名称。",
    },
    "json_inspected": {"en": "Print one JSON object with every tensor.", "zh": "输出一个含全部张量的 JSON 对象。"},
    "import": {
        "en": "Make a model of weights that others trained, whatever their layers are called. Nothing is overwritten.",
        "zh": "用他人训练的权重（层名不限）生成模型文件夹。不会覆盖已有内容。",
    },
    "imported": {
        "en": "A file of weights (safetensors or PyTorch), or a folder that holds one.",
        "zh": "权重文件（safetensors 或 PyTorch），或存放它的文件夹。",
    },
    "import_name": {
        "en": "Name of the model, which then lies among your own: in the first folder of GENRE_MODELS, else in models/ "
        "of the repository, else in the cache.",
        "zh": "模型名称；模型存入 GENRE_MODELS 的第一个文件夹，否则存入仓库的 models/，再否则存入缓存。",
    },
    "import_out": {"en": "Model folder to write, instead of --name.", "zh": "要写入的模型文件夹，代替 --name。"},
    "import_backbone": {
        "en": "Network, such as resnet18 or vit_b_16; by default told from the shapes.",
        "zh": "网络，如 resnet18、vit_b_16；默认由各层形状判断。",
    },
    "import_head": {
        "en": "Its last layers: as CCMusic publishes them, or a single one; by default told from the shapes.",
        "zh": "分类头：CCMusic 公开的结构，或单个线性层；默认由各层形状判断。",
    },
    "import_taxonomy": {
        "en": "The classes in the order of the outputs: ccmusic16, acousticsense16, or a JSON file with a list of "
        "names, or with a taxonomy as in config.json.",
        "zh": "按输出顺序排列的类别：ccmusic16、acousticsense16，或 JSON 文件（名称列表，或 config.json 中的写法）。",
    },
    "import_transform": {
        "en": "What the network sees of the sound: cqt, mel or chroma; by default what the name ends in (…_mel).",
        "zh": "网络所看的频谱：cqt、mel 或 chroma；默认取名称的结尾（…_mel）。",
    },
    "import_rendering": {
        "en": "How it is drawn: magma as CCMusic does, or gray.",
        "zh": "频谱的画法：magma（与 CCMusic 相同）或 gray。",
    },
    "import_image_size": {
        "en": "Pixels of an image's side; by default 224, of inception_v3 299.",
        "zh": "图像边长（像素）；默认为 224，inception_v3 为 299。",
    },
    "import_imagenet": {
        "en": "The images were normalised with ImageNet's mean and deviation; by default with 0.5 and 0.5.",
        "zh": "训练时图像按 ImageNet 的均值与标准差归一化；默认均为 0.5。",
    },
    "import_temperature": {
        "en": "What divides the logits before the softmax; by default nothing.",
        "zh": "softmax 之前除以的温度；默认不除。",
    },
    "import_trained_on": {"en": "What they learned from, in words.", "zh": "用文字说明权重从什么数据学得。"},
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
    "mcp": {
        "en": "Also offer classify and similar as tools of the Model Context Protocol, at /mcp.",
        "zh": "同时在 /mcp 以 MCP（模型上下文协议）工具的形式提供识别与相似度比较。",
    },
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
    "evaluate": {
        "en": "Measure a model on recordings whose genre is known.",
        "zh": "用已知流派的录音测量模型的效果。",
    },
    "labelled": {
        "en": "A folder with one sub-folder per genre, or a CSV with the columns path and label, and optionally group "
        "and split.",
        "zh": "每个流派一个子文件夹的文件夹，或含 path、label 列（可选 group、split 列）的 CSV。",
    },
    "split": {
        "en": "Only the rows of a CSV whose split is this: train, validation or test; by default those of test where "
        "there are any, else all.",
        "zh": "只取 CSV 中 split 列为此值的行：train、validation 或 test；默认有 test 就只取 test，否则全取。",
    },
    "mapping": {
        "en": "JSON or CSV that says which genres each coarse label may be.",
        "zh": "说明每个粗粒度标签对应哪些流派的 JSON 或 CSV 文件。",
    },
    "out": {
        "en": "Folder for a report, pictures, figures and a row per file; a stopped evaluation goes on there.",
        "zh": "把指标、图、逐文件的表和报告写入此文件夹；中断后再次运行可继续。",
    },
    "fit_temperature": {
        "en": "Also fit the temperature that makes the probabilities honest, and show what it does.",
        "zh": "另外拟合使概率可信的温度，并显示其效果。",
    },
    "save_temperature": {
        "en": "Write the fitted temperature into the model's config.json.",
        "zh": "把拟合的温度写入模型的 config.json。",
    },
    "compare": {
        "en": "Ask several models about one recording, and say how far they agree. The exit code is 1 if any of them "
        "could not answer.",
        "zh": "用多个模型分析同一段录音，并说明结果有多一致。只要有一个模型无法回答，退出码即为 1。",
    },
    "file": {
        "en": "A recording: wav, flac, mp3, ogg, opus, m4a, mp4, webm.",
        "zh": "录音文件：wav、flac、mp3、ogg、opus、m4a、mp4、webm。",
    },
    "compared": {
        "en": "Name of a model, or a folder that holds one; give it again for each, {least} to {most} in all. By "
        "default {default}.",
        "zh": "模型名称，或存放模型的文件夹；每个模型写一次，共 {least} 至 {most} 个。默认为 {default}。",
    },
    "json_comparison": {"en": "Print one JSON object.", "zh": "输出一个 JSON 对象。"},
    "out_comparison": {
        "en": "Draw the spectrograms and answers side by side as a PNG.",
        "zh": "把频谱图与结果并排画成 PNG。",
    },
    "explain": {
        "en": "Say what decided an answer: the seconds and the register that spoke for it; --out draws them.",
        "zh": "说明判断依据：起决定作用的时段与音区；--out 可画成图。",
    },
    "explain_out": {
        "en": "Draw the spectrogram as a PNG, what did not count veiled; of several genres, OUT-GENRE.png for each.",
        "zh": "把频谱图画成 PNG，并遮暗不起作用的部分；有多个流派时逐个写成 OUT-流派.png。",
    },
    "explain_genre": {
        "en": "Genre to explain, however unlikely, as an id of the model's taxonomy; may be given again. By default "
        "the most likely one.",
        "zh": "要说明的流派（模型分类体系中的 id，不论概率高低），可多次给出；默认为最可能的流派。",
    },
    "explain_top": {"en": "Explain that many of the most likely genres.", "zh": "说明最可能的前几个流派。"},
    "explain_strength": {
        "en": "How dark the veil over what did not count is, 0 to 1.",
        "zh": "对不起作用部分的遮暗程度，0 到 1。",
    },
    "json_figures": {"en": "Print the figures as one JSON object.", "zh": "以一个 JSON 对象输出指标。"},
    "train": {
        "en": "Train a model on your own recordings. The same command goes on where it was stopped; the exit code is 1 "
        "if recordings had to be left out.",
        "zh": "用自己的录音训练模型。中断后再次运行同一命令即可继续；若有录音无法使用，退出码为 1。",
    },
    "train_source": {
        "en": "A folder with one sub-folder per genre; or a CSV with the columns path and label, and optionally group "
        "(or artist, album), split, weight, domain and label_zh; or a data set of the Hugging Face Hub: "
        "hub:OWNER/NAME, or its folder.",
        "zh": "每个流派一个子文件夹的文件夹；或含 path、label 列的 CSV（可选 group（或 artist、album）、split、weight、"
        "domain、label_zh 列）；或 Hugging Face Hub 数据集：hub:OWNER/NAME 或其文件夹。",
    },
    "train_out": {"en": "Model folder to write.", "zh": "要写入的模型文件夹。"},
    "train_backbone": {
        "en": "Network, such as resnet18, mobilenet_v3_small or vgg19_bn; by default that of --from, else resnet18.",
        "zh": "网络，如 resnet18、mobilenet_v3_small、vgg19_bn；默认取 --from 的网络，否则为 resnet18。",
    },
    "train_transform": {
        "en": "What the network sees of the sound: cqt, mel or chroma; by default that of --from, else cqt.",
        "zh": "网络所看的频谱：cqt、mel 或 chroma；默认取 --from 的，否则为 cqt。",
    },
    "train_taxonomy": {
        "en": "The classes: a built-in taxonomy, or own for those of the labels; by default the built-in one that "
        "knows every label (as id, English or Chinese name) if --from has it or each of its genres occurs, else own.",
        "zh": "类别：内置的分类体系，或 own 表示直接用标签；若某个内置体系认得全部标签（id、英文名或中文名），"
        "且 --from 的模型采用它或其每个流派都出现，则默认取它，否则为 own。",
    },
    "train_names": {
        "en": "CSV with the columns label and label_zh: Chinese names for classes of your own.",
        "zh": "含 label、label_zh 列的 CSV：自定类别的中文名。",
    },
    "train_from": {
        "en": "Weights to start from: a model by name or folder, imagenet, or scratch; by default the embedded model "
        "of the same network and spectrogram where there is one, whatever its classes, else scratch.",
        "zh": "起始权重：模型名称或文件夹、imagenet 或 scratch（随机）；默认取网络与频谱相同的内置模型"
        "（类别可以不同），没有则为 scratch。",
    },
    "train_frozen": {
        "en": "Train the last layers only: fast, and enough where the genres are like those of the starting model.",
        "zh": "只训练最后几层：速度快，适合与起始模型的流派相近的情形。",
    },
    "train_epochs": {
        "en": "Times that every recording is shown; by default 10,000 by the number of recordings, from 12 to 60. Two "
        "thirds are done at half the image size.",
        "zh": "每段录音展示的次数；默认为 10000 除以录音数，介于 12 与 60 之间。其中三分之二以一半的图像边长进行。",
    },
    "train_image_size": {
        "en": "Pixels of an image's side; by default that of --from, with --frozen that of the model to start from, "
        "else 224 (inception_v3: 299).",
        "zh": "图像边长（像素）；默认取 --from 的，--frozen 时取起始模型的，否则为 224（inception_v3 为 299）。",
    },
    "train_batch_size": {"en": "Images per step.", "zh": "每步的图像数。"},
    "train_learning_rate": {
        "en": "Highest rate of the schedule; by default 0.001 from scratch, 0.0005 from a model, 0.005 with --frozen.",
        "zh": "学习率的最高值；默认从头训练为 0.001，从已有模型为 0.0005，--frozen 为 0.005。",
    },
    "train_validation": {
        "en": "Share of each genre's recordings, in whole groups (albums, artists), that is kept to choose the best "
        "epoch by, where no row has the split validation.",
        "zh": "每个流派留作挑选最佳轮次的录音比例（以专辑、艺人等整组留出）；CSV 中有 split 为 validation 的行时不用。",
    },
    "train_clip_seconds": {"en": "Seconds of each recording to learn from.", "zh": "每段录音用于学习的秒数。"},
    "train_seed": {"en": "Seed of everything random.", "zh": "随机数种子。"},
    "train_run": {
        "en": "Folder for the state of the run, its curves and confusion matrix, and clips.csv, which tells what was "
        "held out; by default the model folder's name with .run.",
        "zh": "存放训练状态、曲线、混淆矩阵及 clips.csv（标明留出的片段）的文件夹；默认为模型文件夹名加 .run。",
    },
    "train_subset": {"en": "Subset of a data set of the Hub.", "zh": "Hub 数据集的子集。"},
    "train_label_column": {
        "en": "Column of a Hub data set that has the genres; by default the one with the most classes.",
        "zh": "Hub 数据集中表示流派的列；默认取类别最多的一列。",
    },
    "train_group_column": {
        "en": "Column of a Hub data set that tells which recording, artist or album a row is of, so that none is both "
        "learned from and checked on; by default group, artist or album, where there is one.",
        "zh": "Hub 数据集中表示每行所属录音、艺人或专辑的列，同一组不会既用于学习又用于检验；"
        "默认取 group、artist 或 album 列（若有）。",
    },
    "train_licence": {"en": "Licence of the weights, for the model folder.", "zh": "写入模型文件夹的权重许可证。"},
    "listen": {
        "en": "Listen to a microphone and tell the genre while the music plays, until Ctrl-C.",
        "zh": "聆听麦克风，边播放边判断流派，按 Ctrl-C 结束。",
    },
    "device": {
        "en": "Number or name of a device that --list-devices shows; by default the system's.",
        "zh": "--list-devices 列出的设备编号或名称；默认取系统的默认设备。",
    },
    "list_devices": {"en": "List the devices that can be listened with.", "zh": "列出可用的输入设备。"},
    "listen_seconds": {
        "en": "Seconds of sound after which to stop; by default not before Ctrl-C.",
        "zh": "听满多少秒后停止；默认直到按 Ctrl-C。",
    },
    "listen_every": {"en": "Seconds between two updates.", "zh": "两次更新之间的秒数。"},
    "json_lines": {
        "en": "Print one JSON object a line for each update, and the ordinary row at the end.",
        "zh": "每次更新输出一行 JSON，最后一行为普通结果。",
    },
    "device_facts": {"en": "{channels} channels, {rate} Hz", "zh": "{channels} 声道，{rate} Hz"},
    "device_default": {"en": "default", "zh": "默认"},
    "listening": {"en": "Listening to {source}; Ctrl-C stops", "zh": "正在聆听 {source}，按 Ctrl-C 结束"},
    "overruns": {
        "en": "The machine was too busy: sound was lost {count} times.",
        "zh": "机器太忙，声音丢失 {count} 次。",
    },
    # --- timeline
    "timeline": {
        "en": "Follow a long recording: where there is music, and of which genre.",
        "zh": "跟踪一段长录音：哪里有音乐，各是什么流派。",
    },
    "timeline_file": {
        "en": "A recording of up to {hours:g} hours.",
        "zh": "录音文件，最长 {hours:g} 小时。",
    },
    "timeline_json": {"en": "Print one JSON object.", "zh": "输出一个 JSON 对象。"},
    "timeline_csv": {"en": "Print CSV with a line per segment.", "zh": "输出 CSV，每段一行。"},
    "timeline_audacity": {"en": "Print a label track for Audacity.", "zh": "输出 Audacity 标签轨。"},
    "timeline_chapters": {
        "en": "Print chapters for ffmpeg (ffmetadata).",
        "zh": "输出 ffmpeg 用的章节（ffmetadata）。",
    },
    "timeline_out": {
        "en": "Write to this file; without one of the options above its ending says what: {endings}.",
        "zh": "写入此文件；没有上述选项时，由扩展名决定格式：{endings}。",
    },
    "timeline_hop": {
        "en": "Seconds from one window of the network to the next.",
        "zh": "网络相邻两次聆听窗口的间隔（秒）。",
    },
    "timeline_smoothing": {
        "en": "Seconds that a segment is expected to last: more makes fewer segments, 0 does not smooth.",
        "zh": "预期每段持续的秒数：越大段数越少，0 表示不平滑。",
    },
    "timeline_one_format": {
        "en": "--json, --csv, --audacity and --chapters exclude each other.",
        "zh": "--json、--csv、--audacity 与 --chapters 不能同时使用。",
    },
    "timeline_bad_out": {
        "en": "{path} must end in one of {endings}, or one of --json, --csv, --audacity and --chapters say what it is.",
        "zh": "{path} 须以 {endings} 之一结尾，或用 --json、--csv、--audacity、--chapters 之一指明格式。",
    },
    "timeline_no_folder": {"en": "The folder of {path} does not exist.", "zh": "{path} 所在的文件夹不存在。"},
    "timeline_hearing": {"en": "Looking for music", "zh": "正在寻找音乐"},
    "timeline_naming": {"en": "Naming genres", "zh": "正在识别流派"},
    "timeline_stopped": {
        "en": "Stopped. Nothing was written.",
        "zh": "已停止，没有写入任何结果。",
    },
    "timeline_written": {"en": "Written: {path}", "zh": "已写入：{path}"},
    # --- answers
    "train_out_taken": {
        "en": "{out} has something in it already that does not come from the run in {run}; choose another --out.",
        "zh": "{out} 中已有内容，且不是 {run} 中的训练所写；请换一个 --out。",
    },
    "train_run_taken": {
        "en": "{run} has something in it already that no training has left there, or its recipe.json is damaged; "
        "choose another --run.",
        "zh": "{run} 中已有并非训练所写的内容，或其 recipe.json 已损坏；请换一个 --run。",
    },
    "train_run_in_out": {
        "en": "{run} cannot keep the run: it is, or lies in, the model folder {out}; choose another --run.",
        "zh": "{run} 不能用来存放训练状态：它就是模型文件夹 {out}，或位于其中；请换一个 --run。",
    },
    "train_out_unusable": {
        "en": "{out} cannot be the model folder: {place} is no folder, or may not be written to; choose another --out.",
        "zh": "{out} 不能作为模型文件夹：{place} 不是文件夹或不可写；请换一个 --out。",
    },
    "train_no_source": {
        "en": "{source} does not exist; give a folder with one sub-folder per genre, a CSV, or for a data set of the "
        "Hugging Face Hub hub:OWNER/NAME.",
        "zh": "{source} 不存在；请给出每个流派一个子文件夹的文件夹、CSV，或 Hugging Face Hub 数据集 hub:OWNER/NAME。",
    },
    "train_not_hub": {
        "en": "{source} is no data set of the Hub (hub:OWNER/NAME), so --subset, --label-column and --group-column "
        "have no meaning; leave them out.",
        "zh": "{source} 不是 Hub 数据集（hub:OWNER/NAME），--subset、--label-column 与 --group-column 无效，请去掉。",
    },
    "train_unpacking": {"en": "Unpacking the data set", "zh": "正在取出数据集"},
    "train_drawing": {"en": "Computing spectrograms", "zh": "正在计算频谱"},
    "train_fitting": {"en": "Training", "zh": "正在训练"},
    "train_plan": {
        "en": "{clips} recordings, {genres} genres ({taxonomy}); {backbone} on {transform}, starting from {begun}; "
        "epochs: {epochs}; {sizes}.",
        "zh": "{clips} 段录音，{genres} 个流派（{taxonomy}）；{backbone} + {transform}，起始权重 {begun}；"
        "{epochs} 轮，{sizes}。",
    },
    "train_epoch": {
        "en": "epoch {epoch} of {epochs}, {size} px: loss {loss:.3f}, validation {accuracy:.1%}, {seconds:.0f} s",
        "zh": "第 {epoch}/{epochs} 轮，{size} px：损失 {loss:.3f}，验证 {accuracy:.1%}，{seconds:.0f} 秒",
    },
    "train_stopped": {
        "en": "Stopped. The same command goes on after the last whole epoch.",
        "zh": "已停止。再次运行同一命令，会从最后一个完整的轮次继续。",
    },
    "train_measuring": {"en": "Measuring", "zh": "正在测量"},
    "train_unmeasured": {
        "en": "The model is in {out} and can be used; its accuracy is not measured yet. The same command measures it.",
        "zh": "模型已写入 {out}，可以使用；但准确率尚未测量。再次运行同一命令即可测量。",
    },
    "train_done": {
        "en": "The model is in {out}: it tells {accuracy:.1%} of {clips} held-out clips right ({interval}). Its curves "
        "and confusion matrix, and clips.csv with what was held out, are in {run}.\n"
        "Try it: genre classify FILE --model {model}",
        "zh": "模型已写入 {out}：{clips} 段留出的片段中判断正确的占 {accuracy:.1%}（{interval}）。"
        "曲线、混淆矩阵，以及标明留出片段的 clips.csv 在 {run}。\n"
        "试用：genre classify 文件 --model {model}",
    },
    # Facts that travel with a trained model.
    "trained_from_model": {
        "en": "{clips} clips of {source}, starting from the weights of {model}",
        "zh": "{source} 的 {clips} 个片段，以 {model} 的权重为起点",
    },
    "trained_from_imagenet": {
        "en": "{clips} clips of {source}, starting from weights trained on ImageNet",
        "zh": "{source} 的 {clips} 个片段，以 ImageNet 权重为起点",
    },
    "trained_from_scratch": {
        "en": "{clips} clips of {source}, starting from random weights",
        "zh": "{source} 的 {clips} 个片段，从随机权重开始",
    },
    "train_measured_on": {
        "en": "{clips} held-out clips of the same source (used to choose the epoch; {interval})",
        "zh": "同一来源留出的 {clips} 个片段（曾用于选择训练轮次；{interval}）",
    },
    "train_cuts": {
        "en": "; the rows name no recording, so that cuts of one may be both learned from and checked on",
        "zh": "；数据集未注明各行所属的录音，同一录音的片段可能既用于学习又用于检验",
    },
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
    "out_taken": {
        "en": "{out} has something in it already that no evaluation has left there; choose another --out.",
        "zh": "{out} 中已有并非测量所写的内容；请换一个 --out。",
    },
    "out_would_overwrite": {
        "en": "{path} would be written over, which is what is read; choose another --out.",
        "zh": "{path} 是要读取的文件，会被覆盖；请换一个 --out。",
    },
    "hearing": {"en": "Hearing", "zh": "正在分析"},
    "only_test": {
        "en": "Only the rows of split test are measured: {count} of {clips}. --split chooses others.",
        "zh": "只测量 split 为 test 的行：共 {clips} 行，其中 {count} 行。可用 --split 另行指定。",
    },
    "stopped": {
        "en": "Stopped after {done} of {total} clips. What was heard is kept: the same command goes on from there.",
        "zh": "已停止：分析了 {total} 个片段中的 {done} 个。结果已保留，再次运行同一命令即可继续。",
    },
    "stopped_unkept": {
        "en": "Stopped after {done} of {total} clips; nothing is kept. With --out FOLDER it could go on later.",
        "zh": "已停止：分析了 {total} 个片段中的 {done} 个，没有保留。加上 --out 文件夹 便可以后继续。",
    },
    "gone_on": {
        "en": "Heard by an earlier call: {known} of {total} clips.",
        "zh": "{total} 个片段中有 {known} 个在之前的运行中已分析过。",
    },
    "some_failed": {
        "en": "Could not be heard, and in no figure: {failed} of {total} clips.",
        "zh": "{total} 个片段中有 {failed} 个无法读取，未计入指标。",
    },
    "unwritable": {"en": "{path} cannot be written: {reason}.", "zh": "无法写入 {path}：{reason}。"},
    "written": {"en": "The report is in {path}", "zh": "报告已写入 {path}"},
    "temperature_saved": {
        "en": "{path} has the temperature {temperature:.4g} now.",
        "zh": "已把温度 {temperature:.4g} 写入 {path}。",
    },
    # --- models inspect, models import
    "inspect_fits": {
        "en": "{file}: {backbone}, {head} head, {classes} classes; tensors found: {ways}",
        "zh": "{file}：{backbone}，{head} 分类头，{classes} 类；张量的对应方式：{ways}",
    },
    "inspect_nearest": {
        "en": "{file}: does not fit; nearest is {backbone}, {head} head, {classes} classes. What is wrong:",
        "zh": "{file}：不匹配；最接近的是 {backbone}，{head} 分类头，{classes} 类。问题如下：",
    },
    "inspect_key": {"en": "in the network", "zh": "网络中"},
    "inspect_shape": {"en": "shape", "zh": "形状"},
    "inspect_type": {"en": "type", "zh": "类型"},
    "inspect_source": {"en": "in the file", "zh": "文件中"},
    "inspect_how": {"en": "found", "zh": "对应方式"},
    "inspect_more": {"en": "… and {count} more; --json shows all.", "zh": "……另有 {count} 行；--json 可显示全部。"},
    "how_name": {"en": "by name", "zh": "同名"},
    "how_prefix": {"en": "by name after a prefix", "zh": "去前缀后同名"},
    "how_shape": {"en": "by shape", "zh": "形状唯一"},
    "how_numbers": {"en": "by the numbers in the names", "zh": "按名称中的编号"},
    "how_order": {"en": "by order", "zh": "按顺序"},
    "how_made": {"en": "not in the file, not needed", "zh": "文件中没有，也不需要"},
    "how_None": {"en": "not looked for", "zh": "未继续查找"},
    "problem_missing": {"en": "missing", "zh": "缺失"},
    "problem_unexpected": {"en": "nothing wants it", "zh": "网络中没有"},
    "problem_shape": {"en": "another shape", "zh": "形状不同"},
    "problem_type": {"en": "another type", "zh": "类型不同"},
    "problem_alike": {"en": "cannot be told apart", "zh": "无法区分"},
    "problem_contradictory": {"en": "names and order disagree", "zh": "名称与顺序矛盾"},
    "import_where": {
        "en": "Give either --name or --out.",
        "zh": "请给出 --name 或 --out 其中之一。",
    },
    "import_bad_name": {
        "en": "{name} cannot be a model's name: letters, digits, _ . + - and at most 100 of them, a letter or digit "
        "first.",
        "zh": "{name} 不能作为模型名称：只能用文字、数字、_ . + -，至多 100 个字符，且以文字或数字开头。",
    },
    "import_classes": {
        "en": "{path} tells {found} classes apart, {taxonomy} has another number; give the classes with --taxonomy.",
        "zh": "{path} 区分 {found} 个类别，与 {taxonomy} 的类别数不同；请用 --taxonomy 给出类别。",
    },
    "import_no_transform": {
        "en": "Neither --transform nor the end of the name {name} says what the network sees; give --transform cqt, "
        "mel or chroma.",
        "zh": "--transform 与名称 {name} 的结尾都未说明网络所看的频谱；请给出 --transform cqt、mel 或 chroma。",
    },
    "import_bad_size": {
        "en": "{backbone} takes images of {low} to {high} pixels a side; choose another --image-size.",
        "zh": "{backbone} 接受边长 {low} 至 {high} 像素的图像；请换一个 --image-size。",
    },
    "import_unstated": {"en": "not stated", "zh": "未注明"},
    "import_origin": {
        "en": "{what}; imported from {file}, SHA-256 {digest}…",
        "zh": "{what}；导入自 {file}，SHA-256 {digest}……",
    },
    "import_unmeasured": {"en": "not measured by this project", "zh": "本项目未测量"},
    "import_heard": {
        "en": "It will see {transform} in {rendering}, {image_size} px, and answer with {taxonomy}. config.json has "
        "this and more; `genre evaluate` measures whether it is right.",
        "zh": "模型的输入为 {transform}（{rendering}，{image_size} px），类别为 {taxonomy}。"
        "以上及其他参数见 config.json；是否正确可用 `genre evaluate` 测量。",
    },
    "import_done": {
        "en": "The model is in {folder}. Try it: genre classify FILE --model {model}",
        "zh": "模型已写入 {folder}。试用：genre classify 文件 --model {model}",
    },
    "import_shadows": {
        "en": "The name {name} alone means this one from now on; the other is --model {reference}",
        "zh": "单写 {name} 今后指这一个；另一个请用 --model {reference}",
    },
    # --- batch
    "batch": {
        "en": "Tell the genre of a whole library; the same command goes on where it was stopped. The exit code is 1 if "
        "any recording failed.",
        "zh": "判断整个音乐库的流派；中断后再次运行同一命令即可继续。只要有录音失败，退出码即为 1。",
    },
    "batch_paths": {
        "en": "Folders, recordings, patterns in quotes ('music/**/*.flac'), addresses (s3://bucket/music), playlists "
        "(m3u, m3u8), or - for a list on standard input.",
        "zh": "文件夹、录音文件、加引号的通配符（'music/**/*.flac'）、地址（s3://bucket/music）、播放列表（m3u、m3u8），"
        "或 - 表示从标准输入读取列表。",
    },
    "batch_out": {
        "en": "File of rows to write or go on with: .jsonl, .csv or .parquet. Beside the latter two lies NAME.jsonl, "
        "which keeps what is known.",
        "zh": "要写入或接着写的结果文件：.jsonl、.csv 或 .parquet。后两种旁边会有 NAME.jsonl，用来保存已有结果。",
    },
    "batch_windows": {
        "en": "What is heard of each: its first --clip-seconds, the middle ones, or all, up to an hour.",
        "zh": "每个录音分析哪一部分：开头或中间的 --clip-seconds 秒，或全部（最长一小时）。",
    },
    "batch_workers": {
        "en": "Processes that decode and draw; by default as many as there are processors.",
        "zh": "解码与制图的进程数；默认等于处理器数。",
    },
    "batch_size": {"en": "Windows that the network gets at once.", "zh": "网络一次处理的窗口数。"},
    "batch_seconds": {"en": "Longest that one recording may take.", "zh": "每个录音最多允许的处理秒数。"},
    "batch_engine": {
        "en": "What works: the processes of this machine, or Ray (pip install '.[ray]') on one or many.",
        "zh": "由什么执行：本机进程（local），或一台至多台机器上的 Ray（pip install '.[ray]'）。",
    },
    "batch_address": {
        "en": "The Ray cluster to use; without one, Ray runs on this machine for as long as the command.",
        "zh": "要使用的 Ray 集群；不给出时，Ray 在本机运行，随命令结束而停止。",
    },
    "batch_update": {
        "en": "Also hear again what has changed since (size or time of change).",
        "zh": "大小或修改时间有变化的录音重新分析。",
    },
    "batch_retry": {"en": "Also hear again what failed before.", "zh": "之前失败的录音重新分析。"},
    "batch_null": {
        "en": "The list on standard input is separated by NUL, as find -print0 writes it.",
        "zh": "标准输入的列表以 NUL 分隔（如 find -print0 的输出）。",
    },
    "batch_report": {
        "en": "Where the report goes; by default the name of --out with .html.",
        "zh": "报告的位置；默认与 --out 同名，扩展名为 .html。",
    },
    "batch_no_report": {"en": "Write no report.", "zh": "不写报告。"},
    "batch_searching": {"en": "Searching: {count} found", "zh": "正在查找：已找到 {count} 个"},
    "batch_progress": {
        "en": "{done}/{total} · {rate:.0f}/min · failed: {failed}",
        "zh": "{done}/{total} · {rate:.0f} 个/分 · 失败 {failed}",
    },
    "batch_nothing": {
        "en": "There are no recordings in {paths} (files left out because of their names: {skipped}).",
        "zh": "{paths} 中没有录音（因扩展名略过的文件：{skipped} 个）。",
    },
    "batch_other_model": {
        "en": "{path} has answers of {known} ({known_digest}), and these would be of {model} ({digest}); choose "
        "another --out.",
        "zh": "{path} 中是 {known}（{known_digest}）的结果，与 {model}（{digest}）不同；请换一个 --out。",
    },
    "batch_report_taken": {
        "en": "{path} is there already and no report on a library; choose another --report, or --no-report.",
        "zh": "{path} 已存在，且不是音乐库报告；请换一个 --report，或加 --no-report。",
    },
    "batch_table_taken": {
        "en": "{path} is there already, but not {journal}, which it was made from; choose another --out.",
        "zh": "{path} 已存在，但没有生成它的 {journal}；请换一个 --out。",
    },
    "batch_stopped": {
        "en": "Stopped after {done} of {total} recordings. The same command goes on from there. Rows: {out}",
        "zh": "已停止：{total} 个录音中完成 {done} 个。再次运行同一命令即可继续。结果：{out}",
    },
    "batch_done": {
        "en": "Recordings: {total}; heard now: {heard} ({rate:.0f} a minute), known before: {known}, failed: {failed}. "
        "Left out: {skipped} by name, {repeated} as repeated.\nRows: {out}",
        "zh": "录音 {total} 个：本次分析 {heard} 个（每分钟 {rate:.0f} 个），之前已有 {known} 个，失败 {failed} 个。"
        "略过：扩展名不符 {skipped} 个，重复 {repeated} 个。\n结果：{out}",
    },
    # --- tags
    "batch_write_tags": {
        "en": "Write the first genre into the genre tag of each file; what was there is kept in NAME.tags.jsonl.",
        "zh": "把首位流派写入各文件的流派标签；原来的内容保存在 NAME.tags.jsonl 中。",
    },
    "batch_dry_run": {
        "en": "Hear and write rows, show what each genre tag would become, and write no tag.",
        "zh": "照常分析并写入结果，只显示各流派标签将如何改变，不写标签。",
    },
    "batch_tags_above": {
        "en": "Probability, 0 to 1, that the first genre must reach to be written; by default the one under which the "
        "model calls its answer unsure. What does not sound like music is never written.",
        "zh": "首位流派的概率（0–1）达到此值才写入；默认为模型判为“把握不大”的界限。听起来不像音乐的一律不写。",
    },
    "batch_only_missing": {
        "en": "Write only into files that state no genre yet.",
        "zh": "只写入尚无流派标签的文件。",
    },
    "batch_tag_words": {
        "en": "YAML file with your words for our genres, such as soft_rock: Rock; the others have their English names.",
        "zh": "YAML 文件，给出各流派在标签中的写法，如 soft_rock: Rock；未列出的用英文名。",
    },
    "batch_tags_unasked": {
        "en": "--tags-above and --only-missing go with --write-tags or --dry-run.",
        "zh": "--tags-above 和 --only-missing 须与 --write-tags 或 --dry-run 合用。",
    },
    "tags": {"en": "Take written genre tags back.", "zh": "撤销写入的流派标签。"},
    "tags_undo": {
        "en": "Give the files of a journal back as they were before `genre batch --write-tags`, to the last byte. The "
        "exit code is 1 if any was left alone.",
        "zh": "把日志中的文件恢复到 `genre batch --write-tags` 之前的样子，逐字节相同。有文件未恢复时退出码为 1。",
    },
    "tags_journal": {
        "en": "What was kept: NAME.tags.jsonl beside the rows.",
        "zh": "结果旁边的 NAME.tags.jsonl。",
    },
    "tags_files": {"en": "Only these files; by default all.", "zh": "只恢复这些文件；默认全部。"},
    "tags_force": {
        "en": "Of a file that has changed since, put the old genre back and keep the rest.",
        "zh": "文件之后又有改动时，只恢复原来的流派，其余保留。",
    },
    "tags_unknown": {"en": "{file}: {journal} has no entry for it.", "zh": "{file}：{journal} 中没有它的记录。"},
    "tags_undoing": {"en": "Restoring", "zh": "正在恢复"},
    "tags_stopped": {"en": "Stopped. The same command goes on from here.", "zh": "已停止。再次运行同一命令即可继续。"},
    "tags_undone": {
        "en": "Files restored: {restored}; as they were already: {already}; left alone: {refused}.",
        "zh": "已恢复 {restored} 个文件；已是原样的 {already} 个；未恢复的 {refused} 个。",
    },
    "tags_writing": {"en": "Tags", "zh": "写标签"},
    "tags_summary": {"en": "{first} Left as they are: {others}.", "zh": "{first}保持原样：{others}。"},
    "tags_written": {"en": "Tags written: {count}.", "zh": "已写标签 {count} 个。"},
    "tags_would": {"en": "Tags that would be written: {count}.", "zh": "将写标签 {count} 个。"},
    "tags_same": {"en": "the same already {count}", "zh": "已是该流派 {count} 个"},
    "tags_kept": {"en": "with a genre of their own {count}", "zh": "已有流派 {count} 个"},
    "tags_unsure": {"en": "unsure {count}", "zh": "把握不大 {count} 个"},
    "tags_not_music": {"en": "not music {count}", "zh": "不像音乐 {count} 个"},
    "tags_changed": {
        "en": "changed since they were heard {count} (--update hears them again)",
        "zh": "分析后有改动 {count} 个（--update 可重新分析）",
    },
    "tags_unsupported": {"en": "of a kind whose tags are not written {count}", "zh": "不支持写标签的格式 {count} 个"},
    "tags_refused": {"en": "refused {count}", "zh": "无法写入 {count} 个"},
    "tags_kept_in": {
        "en": "To undo: genre tags undo {journal}",
        "zh": "撤销：genre tags undo {journal}",
    },
    # --- similar
    "similar": {
        "en": "Tell whether two recordings may be the same, or which recordings of a folder are most like one. The "
        "exit code is 1 if anything could not be heard, 2 for wrong arguments, 130 if it was stopped.",
        "zh": "判断两段录音是否可能相同，或在文件夹中查找最相似的录音。有文件无法读取时退出码为 1，参数有误为 2，"
        "被中断为 130。",
    },
    "similar_files": {"en": "Two recordings; with --in, one.", "zh": "两段录音；与 --in 合用时为一段。"},
    "similar_in": {
        "en": "Folder to search, with all its folders. Its index is built once and then kept up to date.",
        "zh": "要查找的文件夹（含子文件夹）。索引只需建立一次，之后自动更新。",
    },
    "similar_top": {"en": "How many recordings of the folder to show.", "zh": "显示文件夹中的前几个录音。"},
    "similar_index": {
        "en": "File of the index; by default one in GENRE_CACHE.",
        "zh": "索引文件；默认存放在 GENRE_CACHE 中。",
    },
    "similar_start": {
        "en": "Seconds into the recordings that are given at which hearing begins; those of the folder are heard from "
        "their beginning.",
        "zh": "从所给录音的第几秒开始分析；文件夹中的录音总是从头分析。",
    },
    "similar_usage": {
        "en": "Give two recordings, or one with --in FOLDER; --index goes with --in.",
        "zh": "请给出两段录音，或一段录音加 --in 文件夹；--index 须与 --in 合用。",
    },
    "similar_indexing": {"en": "Building the index", "zh": "正在建立索引"},
    "similar_stopped": {
        "en": "Stopped: {done} of {total} new recordings are in the index. The same command goes on from there.",
        "zh": "已停止：{total} 个新录音中有 {done} 个已编入索引。再次运行同一命令即可继续。",
    },
    "similar_failed": {
        "en": "Recordings of the folder that cannot be heard, and are not searched: {count}. --json says why.",
        "zh": "文件夹中有 {count} 个录音无法读取，未参与查找；原因见 --json。",
    },
    "similar_searched": {
        "en": "Most like it in {folder}, of {recordings} recordings (new {new}, changed {changed}, gone {gone}):",
        "zh": "{folder} 的 {recordings} 个录音中与它最相似的（新增 {new}，变动 {changed}，消失 {gone}）：",
    },
    "similar_none": {"en": "There is no other recording.", "zh": "没有其他录音。"},
    "similar_cosine_column": {"en": "cosine", "zh": "余弦"},
    "similar_ssim_column": {"en": "SSIM", "zh": "频谱 SSIM"},
    "similar_recording": {"en": "recording", "zh": "录音"},
    "similar_columns": {
        "en": "Ordered by cosine: how alike the network finds them. SSIM: how alike the spectrograms are at the best "
        "lag; over {threshold} is possibly the same source.",
        "zh": "按余弦（神经网络认为的相似程度）排序。SSIM 为最吻合处频谱图的相似度，"
        "高于 {threshold} 可能出自同一来源。",
    },
    "warm": {
        "en": "Warm after {total:.1f} s: {load:.1f} s to load {model}, {answer:.1f} s to answer once.",
        "zh": "预热用时 {total:.1f} 秒：加载 {model} {load:.1f} 秒，首次回答 {answer:.1f} 秒。",
    },
}
