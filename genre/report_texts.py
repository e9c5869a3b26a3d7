"""The words of the pictures and of the report on a measured model, in English and in Chinese."""

from genre.labels import Language

REPORT: dict[str, dict[Language, str]] = {
    # --- pictures
    "plot_true": {"en": "true", "zh": "真实类别"},
    "plot_answered": {"en": "answered", "zh": "预测类别"},
    "plot_row_share": {"en": "share of the row", "zh": "占该行的比例"},
    "plot_confidence": {"en": "confidence of the answer", "zh": "回答的置信度"},
    "plot_accuracy": {"en": "share right", "zh": "正确比例"},
    "plot_clips": {"en": "clips", "zh": "片段数"},
    "plot_honest": {"en": "right as often as it claims", "zh": "置信度与正确比例一致"},
    "plot_gap": {"en": "gap between confidence and share right", "zh": "置信度与正确比例之差"},
    "plot_epoch": {"en": "epoch", "zh": "轮次"},
    "plot_loss": {"en": "training loss", "zh": "训练损失"},
    "plot_validation": {"en": "validation accuracy", "zh": "验证集准确率"},
    "plot_pixels": {"en": "{size} px", "zh": "{size} 像素"},
    "picture_confusion": {
        "en": "{model}: confusion matrix (clips: {clips})",
        "zh": "{model}：{clips} 个片段的混淆矩阵",
    },
    "picture_reliability": {"en": "{model}: confidence and share right", "zh": "{model}：置信度与正确比例"},
    "picture_reliability_after": {
        "en": "{model}: the same with a fitted temperature",
        "zh": "{model}：拟合温度之后",
    },
    # --- figures: a name, and what it says
    "figure_compatible": {"en": "Compatible with the label", "zh": "与标签相容"},
    "figure_compatible_help": {
        "en": "The first answer is one of the genres that the label allows.",
        "zh": "首个回答属于标签所允许的流派之一。",
    },
    "figure_top1": {"en": "Right (top-1)", "zh": "top-1 准确率"},
    "figure_top1_help": {"en": "The first answer is the true genre.", "zh": "首个回答就是真实流派。"},
    "figure_top3": {"en": "Among the first three (top-3)", "zh": "top-3 准确率"},
    "figure_top3_help": {
        "en": "The true genre is one of the first three answers.",
        "zh": "真实流派在前三个回答之中。",
    },
    "figure_macro_f1": {"en": "Macro F1", "zh": "宏平均 F1"},
    "figure_macro_f1_help": {
        "en": "Precision and recall in one number, averaged over the genres: a rare one weighs as much as any.",
        "zh": "把精确率和召回率合成一个数，再对各流派取平均：稀少的流派与常见的流派权重相同。",
    },
    "figure_group_accuracy": {"en": "Right group of genres", "zh": "大类准确率"},
    "figure_group_accuracy_help": {
        "en": "Probabilities are summed within each group of the taxonomy; the largest sum is the right group.",
        "zh": "把同一大类内各流派的概率相加，总和最大的正是正确的大类。",
    },
    "figure_top_level_accuracy": {"en": "Right at the top level", "zh": "顶层类别准确率"},
    "figure_top_level_accuracy_help": {
        "en": "The same for the coarsest classes of the taxonomy.",
        "zh": "同上，按分类体系中最粗的类别计算。",
    },
    "figure_top_level_balanced": {"en": "The same, balanced", "zh": "同上（均衡）"},
    "figure_top_level_balanced_help": {
        "en": "The mean of the coarsest classes' recalls, so that each weighs the same.",
        "zh": "最粗类别召回率的平均值，各类别权重相同。",
    },
    "figure_coarse_accuracy": {"en": "Right coarse label", "zh": "粗粒度标签准确率"},
    "figure_coarse_accuracy_help": {
        "en": "Probabilities are summed over the genres of each label of the mapping; the largest sum is right.",
        "zh": "按对照表把每个粗粒度标签所含流派的概率相加，总和最大的正是正确的标签。",
    },
    "figure_coarse_macro_f1": {"en": "Macro F1 of the coarse labels", "zh": "粗粒度标签的宏平均 F1"},
    "figure_coarse_macro_f1_help": {
        "en": "As above, each coarse label weighing the same.",
        "zh": "同上，各粗粒度标签权重相同。",
    },
    "figure_confidence": {"en": "Mean confidence", "zh": "平均置信度"},
    "figure_confidence_help": {
        "en": "What the model claims: the probability of its first answer.",
        "zh": "模型自己的说法：首个回答的概率。",
    },
    "figure_calibration_error": {"en": "Calibration error (ECE)", "zh": "校准误差（ECE）"},
    "figure_calibration_error_help": {
        "en": "How far confidence and share right are apart, over 15 bins. 0% is honest.",
        "zh": "置信度与正确比例平均相差多少（分 15 档）。0% 表示置信度可信。",
    },
    "figure_brier": {"en": "Brier score", "zh": "Brier 分数"},
    "figure_brier_help": {
        "en": "Squared distance between the probabilities and the truth: 0 is best, 2 is worst.",
        "zh": "概率与真实情况之差的平方和：0 最好，2 最差。",
    },
    "figure_log_loss": {"en": "Log loss", "zh": "对数损失"},
    "figure_log_loss_help": {
        "en": "Mean of −ln of the probability that the truth was given: 0 is best.",
        "zh": "真实类别所得概率的负自然对数的平均值：0 最好。",
    },
    # --- tables
    "column_figure": {"en": "Figure", "zh": "指标"},
    "column_value": {"en": "Value", "zh": "数值"},
    "column_interval": {"en": "95% interval", "zh": "95% 区间"},
    "column_clips": {"en": "Clips", "zh": "片段数"},
    "column_genre": {"en": "Genre", "zh": "流派"},
    "column_label": {"en": "Label", "zh": "标签"},
    "column_answered": {"en": "Answered", "zh": "预测数"},
    "column_answer": {"en": "Answer", "zh": "回答"},
    "column_recall": {"en": "Recall", "zh": "召回率"},
    "column_precision": {"en": "Precision", "zh": "精确率"},
    "column_f1": {"en": "F1", "zh": "F1"},
    "column_file": {"en": "File", "zh": "文件"},
    "column_probability": {"en": "Probability", "zh": "概率"},
    "column_reason": {"en": "Reason", "zh": "原因"},
    # --- the report
    "title": {"en": "How well {model} tells genres", "zh": "{model} 的识别效果"},
    "measured": {
        "en": "Measured on {source}. Clips: {heard} of {clips}; groups: {groups}. {how}",
        "zh": "数据来自 {source}：共 {clips} 个片段，分析了其中 {heard} 个，分属 {groups} 组。{how}",
    },
    "heard_seconds": {"en": "Of each, {seconds:g} s were heard.", "zh": "每个片段分析 {seconds:g} 秒。"},
    "heard_whole": {"en": "Each was heard to its end.", "zh": "每个片段都分析到结尾。"},
    "fingerprint": {"en": "weights sha256 {digest}", "zh": "权重 sha256 {digest}"},
    "summary": {
        "en": "{what}: {value} ({interval}). By chance it would be {chance}; the same answer every time could reach "
        "{constant}.",
        "zh": "{what}：{value}（{interval}）。随机猜测为 {chance}；始终给出同一个回答最高可达 {constant}。",
    },
    "learned": {
        "en": "Clips of split train or validation: {count} of {clips}. A model trained on this table has learned from "
        "these or was chosen by them, and its figures are then better than it is.",
        "zh": "{clips} 个片段中有 {count} 个属于 train 或 validation。用这张表训练的模型学习过它们，"
        "或据它们挑选，指标因此会偏高。",
    },
    "learned_by_this": {
        "en": "{model} has learned from {count} of these {clips} clips or was chosen by them, and its figures are then "
        "better than it is.",
        "zh": "这 {clips} 个片段中有 {count} 个是 {model} 学习过、或据以挑选的，指标因此会偏高。",
    },
    "few_groups": {
        "en": "With fewer than {enough} groups (here: {groups}) intervals are rough, and fewer than {least} give none.",
        "zh": "少于 {enough} 组（这里是 {groups} 组）时区间只是粗略的；少于 {least} 组时不给出区间。",
    },
    "interval_words": {"en": "95% interval {interval}", "zh": "95% 区间 {interval}"},
    "no_interval": {"en": "too few groups for an interval", "zh": "组数太少，无法给出区间"},
    "nothing_heard": {
        "en": "No clip could be heard, so nothing can be said. The reasons are below.",
        "zh": "没有任何片段可以读取，因此无法给出任何结论。原因见下。",
    },
    "figures": {"en": "Figures", "zh": "指标"},
    "confusion": {"en": "What is taken for what", "zh": "哪些流派被混淆"},
    "confusion_help": {
        "en": "A row is what the clips are, with their number; a column is what the model said. "
        "The diagonal is what it got right.",
        "zh": "每一行是真实类别（括号内为片段数），每一列是预测类别。对角线上是答对的片段。",
    },
    "confusion_alt": {
        "en": "Confusion matrix; the table of genres has the same in numbers.",
        "zh": "混淆矩阵；流派表中有相应的数字。",
    },
    "reliability": {"en": "Can its probabilities be believed?", "zh": "概率可信吗？"},
    "overconfident": {
        "en": "It claims {confidence} on average and is right in {accuracy}: it believes in itself too much.",
        "zh": "平均置信度 {confidence}，实际正确率 {accuracy}：过于自信。",
    },
    "underconfident": {
        "en": "It claims {confidence} on average and is right in {accuracy}: it is better than it believes.",
        "zh": "平均置信度 {confidence}，实际正确率 {accuracy}：低估了自己。",
    },
    "balanced": {
        "en": "It claims {confidence} on average and is right in {accuracy}: with these clips, the difference may be "
        "chance.",
        "zh": "平均置信度 {confidence}，实际正确率 {accuracy}：就这些片段而言，差别可能出于偶然。",
    },
    "reliability_alt": {
        "en": "Reliability diagram: share right against confidence, with the number of clips below.",
        "zh": "可靠性图：正确比例与置信度的关系，下方为片段数。",
    },
    "temperature": {
        "en": "A temperature of {temperature:.3g} (now {present:.3g}) would take the log loss from {loss:.3f} to "
        "{loss_after:.3f} and the calibration error from {error} to {error_after}. Each half of the groups was judged "
        "by a temperature fitted on the other half.",
        "zh": "温度设为 {temperature:.3g}（现为 {present:.3g}），对数损失会从 {loss:.3f} 变为 {loss_after:.3f}，"
        "校准误差会从 {error} 变为 {error_after}。各组分成两半，每一半都用另一半拟合出的温度来评判。",
    },
    "temperature_useless": {
        "en": "No temperature is worth keeping: the one that fits these clips is {temperature:.3g} (now "
        "{present:.3g}), but on the half of the groups that it was not fitted on the log loss goes from {loss:.3f} to "
        "{loss_after:.3f}, and the calibration error from {error} to {error_after}.",
        "zh": "没有值得保留的温度：拟合这些片段得到 {temperature:.3g}（现为 {present:.3g}），但在未用于拟合的那一半组上"
        "，对数损失从 {loss:.3f} 变为 {loss_after:.3f}，校准误差从 {error} 变为 {error_after}。",
    },
    "temperature_unknown": {
        "en": "These clips determine no temperature: there are too few groups of them, or hardly any is told wrong or "
        "hardly any right.",
        "zh": "这些片段无法确定温度：组数太少，或者几乎全对、几乎全错。",
    },
    "per_genre": {"en": "Genre by genre", "zh": "逐个流派"},
    "per_coarse": {"en": "Coarse label by coarse label", "zh": "逐个粗粒度标签"},
    "per_class_help": {
        "en": "Recall: of the clips of this genre, how many were told right, and its 95% interval. Precision: of the "
        "clips said to be this genre, how many are.",
        "zh": "召回率：属于该流派的片段中答对的比例，下方为 95% 区间。精确率：被答为该流派的片段中确实属于它的比例。",
    },
    "mistakes": {"en": "Worst mistakes", "zh": "最严重的错误"},
    "mistakes_help": {
        "en": "Wrong answers with the highest probability, at most {count}. Some may be wrong labels.",
        "zh": "概率最高的错误回答，最多列出 {count} 个。其中也可能有标签本身的错误。",
    },
    "no_mistakes": {"en": "None.", "zh": "没有。"},
    "failures": {"en": "Could not be heard", "zh": "无法读取的文件"},
    "method": {"en": "How it was measured", "zh": "测量方法"},
    "method_text": {
        "en": "Every clip went the way that a user's recording goes. Clips of one work are not independent, so that "
        "intervals count groups of them. Shares: Wilson's interval (1927) with the effective number of clips (Kish "
        "1965; Korn & Graubard 1998). Macro F1 and Brier score: percentile bootstrap, {rounds} rounds over whole "
        "groups (Efron & Tibshirani 1993; Davison & Hinkley 1997). Calibration error: 15 bins of equal width (Naeini "
        "et al. 2015; Guo et al. 2017). Seeds are fixed: the same clips give the same figures. genre {version}.",
        "zh": "每个片段都与用户的录音走同一条处理流程。同一作品的片段并不独立，因此区间按组计算。比例：以有效片段数"
        "（Kish 1965；Korn & Graubard 1998）计算的 Wilson 区间（1927）。宏平均 F1 与 Brier 分数：以整组片段为单位"
        "重抽样 {rounds} 次的百分位自助法（Efron & Tibshirani 1993；Davison & Hinkley 1997）。校准误差：15 个等宽区间"
        "（Naeini 等 2015；Guo 等 2017）。"
        "随机种子固定，同样的片段得到同样的数字。"
        "genre {version}。",
    },
    # --- the report on a library
    "library_title": {"en": "The genres of a library", "zh": "音乐库的流派"},
    "library_rows": {
        "en": "Rows: {path}. Written by genre {version}.",
        "zh": "逐条结果：{path}。由 genre {version} 生成。",
    },
    "library_model": {
        "en": "Answered by {model}, trained on: {what}.",
        "zh": "由 {model} 得出，训练数据：{what}。",
    },
    "library_lead": {
        "en": "Recordings with an answer: {heard}. The most frequent genre is {genre}: {share}.",
        "zh": "得出结果的录音：{heard} 个。最常见的流派是{genre}：{share}。",
    },
    "library_no_lead": {
        "en": "No recording has an answer. The reasons are below.",
        "zh": "没有任何录音得出结果。原因见下。",
    },
    "library_counts": {"en": "Counts", "zh": "概况"},
    "library_heard": {"en": "with an answer", "zh": "有结果"},
    "library_failed": {"en": "could not be heard", "zh": "无法读取"},
    "library_unsure": {"en": "unsure", "zh": "把握不大"},
    "library_not_music": {"en": "do not sound like music", "zh": "听起来不像音乐"},
    "library_short": {"en": "shorter than what the network hears at once", "zh": "短于网络一次所听的长度"},
    "library_quiet": {"en": "very quiet", "zh": "声音很小"},
    "library_clipped": {"en": "overdriven", "zh": "声音过载"},
    "library_dc": {"en": "with a constant offset", "zh": "带直流偏移"},
    "library_nonfinite": {"en": "with samples that were not numbers", "zh": "含无效采样"},
    "library_truncated": {"en": "broken off", "zh": "文件不完整"},
    "library_genres": {"en": "Genres", "zh": "流派"},
    "library_genres_help": {
        "en": "How many recordings have each genre as their first answer, and how probable it was on average.",
        "zh": "以各流派为首个回答的录音数，以及该回答的平均概率。",
    },
    "library_doubtful": {"en": "Listen to these", "zh": "建议试听"},
    "library_doubtful_help": {
        "en": "The least sure answers first, at most {count}. They play from where the recordings are, so they are "
        "silent when this page is moved elsewhere.",
        "zh": "按把握从小到大排列，最多 {count} 个。播放的是原处的文件，本页面移到别处后无法播放。",
    },
    "library_tags": {"en": "What the files say of themselves", "zh": "与文件标签对照"},
    "library_tags_help": {
        "en": "The genre that a file states against our first answer, in bold where both say the same. The {count} "
        "most frequent tags are shown; nobody has checked them.",
        "zh": "文件自带的流派标签与首个回答的对照，一致处为粗体。最多列出 {count} 个最常见的标签；标签本身未经核对。",
    },
    "library_tags_agreed": {
        "en": "Of {total} recordings whose tag is a genre that the model knows, {agreed} got that answer ({share}).",
        "zh": "标签属于模型所知流派的录音有 {total} 个，其中 {agreed} 个得到同样的回答（{share}）。",
    },
    "library_tags_unknown": {
        "en": "Tags that are none of the model's genres: {count}; and what was answered most often.",
        "zh": "不属于模型流派的标签：{count} 种，及最常见的回答。",
    },
    "library_failures_help": {
        "en": "At most {count}; the rows have all of them.",
        "zh": "最多列出 {count} 个，全部见逐条结果。",
    },
    "column_count": {"en": "Recordings", "zh": "录音数"},
    "column_what": {"en": "What", "zh": "项目"},
    "column_share": {"en": "Share", "zh": "比例"},
    "column_confidence": {"en": "Sure", "zh": "把握"},
    "column_answers": {"en": "Answers", "zh": "回答"},
    "column_listen": {"en": "Listen", "zh": "试听"},
    "column_tag": {"en": "Tag", "zh": "标签"},
}


def words(key: str, language: Language, **values: object) -> str:
    """Return one sentence in one language, with its blanks filled."""
    return REPORT[key][language].format(**values)
