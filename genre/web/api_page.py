"""The page that tells people what `/v1` takes and gives: made of the OpenAPI document, without scripts or network."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from genre.labels import Language
from genre.web.texts import text

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid #8886; border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.2rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8884; }
h2 { margin-top: 2.2rem; }
.method { color: #0f766e; }
@media (prefers-color-scheme: dark) { .method { color: #5eead4; } }
td:last-child { overflow-wrap: anywhere; }
"""
CURL = {
    "/classify": "curl -F file=@song.mp3 -F top=3 {base}/classify",
    "/models": "curl {base}/models",
    "/health": "curl {base}/health",
}

# The document speaks English; a test holds that all it says is here.
CHINESE = {
    "Tell the genre of a recording": "识别录音的流派",
    "List the models that can answer": "列出可用的模型",
    "Say whether the server answers": "查询服务器是否就绪",
    "Successful Response": "成功",
    "The form cannot be read.": "表单无法读取。",
    "The token is missing or wrong.": "缺少令牌，或令牌不对。",
    "A page of another site has sent it.": "请求由其他网站的网页发出。",
    "No such model, or no such address.": "模型或地址不存在。",
    "The body came too slowly.": "请求体上传过慢。",
    "The recording is too large.": "录音过大。",
    "The body is not multipart/form-data.": "请求体不是 multipart/form-data。",
    "The recording cannot be heard, or a field is wrong.": "录音无法分析，或字段有误。",
    "An error of the server.": "服务器内部出错。",
    "Too many wait, or the model's weights cannot be used; see Retry-After.": "排队已满或模型不可用；见 Retry-After。",
    "The server's disk is full.": "服务器磁盘已满。",
    "Not yet, or without a model.": "尚未就绪，或没有模型。",
    "The recording.": "录音文件。",
    "One of /v1/models; where it is left out, the default one.": "/v1/models 之一；省略时用默认模型。",
    "Seconds that are heard.": "分析的秒数。",
    "Seconds into the file at which hearing begins.": "从文件的第几秒开始分析。",
    "How many genres.": "返回前几个流派。",
    "Language of errors.": "错误说明的语言。",
    "Where the weights come from that gave an answer.": "得出结果的权重来自何处。",
    "Share of right answers, 0 to 1; null where it was not measured.": "准确率，0–1；未测过则为 null。",
    "A class of a model's taxonomy.": "模型分类体系中的一类。",
    "A genre with its probability, the mean over all windows.": "流派及其概率（各片段的平均）。",
    "What one stretch of the recording sounds like; seconds into the file.": "一个片段的结果；时间为文件中的秒数。",
    "How long each step took.": "各步骤的耗时（秒）。",
    "The answer for one recording.": "一段录音的结果。",
    "The file's name as it was sent.": "上传时的文件名。",
    "The most likely first.": "按概率从高到低。",
    "not_music and unsure say that the answer is not to be trusted.": "出现 not_music 或 unsure 时，结果不可信。",
    "How much the sound is like music at all.": "声音有多像音乐。",
    "A model that can answer now.": "当前可用的一个模型。",
    "What to give as the field model.": "填入 model 字段的值。",
    "Every model that can answer now.": "当前可用的全部模型。",
    "Whether the server answers already, and how busy it is.": "服务器是否就绪、有多忙。",
    "Requests of programs that wait for their turn.": "排队中的程序请求数。",
    "Requests of programs that are worked on.": "处理中的程序请求数。",
    "What went wrong.": "出错原因。",
    "Stable, for programs.": "固定不变，供程序判断。",
    "For people: what, and what to do.": "供人阅读：出了什么问题，该怎么办。",
    "The body of every answer that is not a success.": "所有失败响应的内容。",
}


def page(document: Mapping[str, Any], prefix: str, port: int, language: Language) -> str:
    """Return the page for an OpenAPI document whose paths lie under a prefix, on a port of this machine."""
    other, tongue = ("zh", "中文") if language == "en" else ("en", "English")
    parts = [
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_say('api_title', language)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{_say('api_title', language)} {escape(document['info']['version'])}</h1>",
        f'<p>{_say("api_lead", language)} <a href="{prefix}/openapi.json">openapi.json</a> · '
        f'<a href="?lang={other}" lang="{other}">{tongue}</a></p>',
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts += _operation(prefix, port, path, method, operation, language)
    parts.append(f"<h2>{_say('api_objects', language)}</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{_told(schema, language)}</p>')
        parts += _properties(schema, language)
    return "".join([*parts, "</body></html>"])


def _operation(
    prefix: str, port: int, path: str, method: str, operation: Mapping[str, Any], language: Language
) -> Iterator[str]:
    yield f'<h2><code><span class="method">{method.upper()}</span> {prefix}{escape(path)}</code></h2>'
    yield f"<p>{_told(operation, language, 'summary')}</p>"
    if path in CURL:
        yield f"<pre><code>{escape(CURL[path].format(base=f'http://127.0.0.1:{port}{prefix}'))}</code></pre>"
    for body in operation.get("requestBody", {}).get("content", {}).values():
        yield f"<h3>{_say('api_form', language)}</h3>"
        yield from _properties(body["schema"], language)
    yield f"<h3>{_say('api_answers', language)}</h3><table>"
    for status, answer in operation["responses"].items():
        schemas = [kind.get("schema", {}) for kind in answer.get("content", {}).values()]
        shown = ", ".join(_type(schema) for schema in schemas)
        yield f"<tr><th>{escape(status)}</th><td>{shown}</td><td>{_told(answer, language)}</td></tr>"
    yield "</table>"


def _properties(schema: Mapping[str, Any], language: Language) -> Iterator[str]:
    heads = "".join(f"<th>{_say(key, language)}</th>" for key in ("api_name", "api_type", "api_meaning"))
    yield f"<table><tr>{heads}</tr>"
    for name, field in schema.get("properties", {}).items():
        required = name in schema.get("required", ()) and "file" in schema["properties"]  # of answers, all are there
        limits = [f"{field['minimum']:g}–{field['maximum']:g}"] if "minimum" in field else []
        limits += [f"= {field['default']}"] if "default" in field else []
        limits += [_say("api_required", language)] if required else []
        told = " · ".join([*filter(None, [_told(field, language)]), *map(escape, limits)])
        yield f"<tr><td><code>{escape(name)}</code></td><td>{_type(field)}</td><td>{told}</td></tr>"
    yield "</table>"


def _type(schema: Mapping[str, Any]) -> str:
    """Return a schema in a few words of HTML; objects are links to where they stand."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type(schema['items'])}]"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"{{string: {_type(schema['additionalProperties'])}}}"
    return escape(schema.get("format") or schema.get("type", ""))


def _told(thing: Mapping[str, Any], language: Language, key: str = "description") -> str:
    english = thing.get(key, "")
    return escape(CHINESE.get(english, english) if language == "zh" else english)


def _say(key: str, language: Language) -> str:
    return escape(text(key, language))
