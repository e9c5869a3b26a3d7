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
    "warm": {
        "en": "Warm after {total:.1f} s: {load:.1f} s to load {model}, {answer:.1f} s to answer once.",
        "zh": "预热用时 {total:.1f} 秒：加载 {model} {load:.1f} 秒，首次回答 {answer:.1f} 秒。",
    },
}
