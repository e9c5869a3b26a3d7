# docker build -t genre . && docker run --rm -p 7860:7860 genre
FROM python:3.11-slim-bookworm AS wheel
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libportaudio2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 genre

# What torch and gradio weigh is a layer of its own: a change to the code does not install them again.
RUN --mount=type=bind,source=requirements.txt,target=/requirements.txt \
    --mount=type=bind,source=constraints.txt,target=/constraints.txt \
    pip install --no-cache-dir -c /constraints.txt -r /requirements.txt
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    pip install --no-cache-dir --no-deps /wheel/*.whl

USER genre
WORKDIR /home/genre
ENV PYTHONUNBUFFERED=1 \
    GENRE_HOST=0.0.0.0 \
    NUMBA_CACHE_DIR=/home/genre/.cache/numba
# Compiles what librosa compiles (15 s) and shows that the embedded model answers.
RUN genre warmup

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"GENRE_PORT\", 7860)}/v1/health')"]
CMD ["genre", "serve"]
