// What only the browser can know or do: the language people want, why a recording cannot be made or sent, and where
// the answer is. Runs before the page is drawn. Words are in texts.py; this only says which of them apply.
(() => {
  const STORED = "genre-language";
  const PENDING_MS = 5000; // then it is shown as it is
  const SOUND = /\.(wav|flac|mp3|ogg|oga|opus|m4a|mp4|webm|aac|aif|aiff|wma|mka|mkv|mov)$/i;
  const root = document.documentElement;

  // --- language

  const stored = () => {
    try {
      return localStorage.getItem(STORED);
    } catch {
      return null; // storage may be switched off; the browser's language is then asked every time
    }
  };

  const wanted = () => {
    const tags = [stored(), ...(navigator.languages || [navigator.language])];
    const known = tags.map((tag) => /^(zh|en)\b/i.exec(tag || "")).find(Boolean);
    return known ? known[1].toLowerCase() : "en";
  };

  // Gradio's own buttons follow the browser's language; its module can be asked to follow the page's.
  const chrome = async (language) => {
    const core = performance.getEntriesByType("resource").find((entry) => /\/core-[^/]*\.js$/.test(entry.name));
    if (core) (await import(core.name)).changeLocale?.(language === "zh" ? "zh-CN" : "en");
  };

  const adopt = (language, remember) => {
    root.lang = language === "zh" ? "zh-CN" : "en";
    root.classList.remove("g-pending");
    chrome(language).catch(() => {});
    if (!remember) return;
    try {
      localStorage.setItem(STORED, language);
    } catch {}
  };

  // The page arrives piece by piece and in English; it is shown when it is whole and in the right language.
  root.lang = wanted() === "zh" ? "zh-CN" : "en";
  root.classList.add("g-pending");
  setTimeout(() => root.classList.remove("g-pending"), PENDING_MS);

  // --- notices

  const notice = (name) => {
    for (const other of [...root.classList]) if (other.startsWith("g-notice-")) root.classList.remove(other);
    if (name) root.classList.add(`g-notice-${name}`);
  };

  if (!window.isSecureContext) {
    notice("insecure");
  } else if (navigator.mediaDevices) {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    // What makes speech clear takes music apart, so the browser is asked to leave the sound alone.
    const untouched = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    navigator.mediaDevices.getUserMedia = async ({ audio, ...others }) => {
      try {
        const stream = await ask({ ...others, audio: audio && { ...(audio === true ? {} : audio), ...untouched } });
        notice("");
        return stream;
      } catch (error) {
        notice(error.name === "NotFoundError" ? "microphone-missing" : "microphone-denied");
        throw error;
      }
    };
  }

  // --- files: refused here in the page's language, before Gradio does it in its own

  const help = () => document.querySelector("#scripted")?.dataset || {};
  const limit = () => Number(help().maxBytes || Infinity);
  const isSound = (file) => file.type.startsWith("audio/") || SOUND.test(file.name);

  const refused = (file) => {
    const reason = !isSound(file) ? "not-audio" : file.size > limit() ? "too-big" : "";
    notice(reason);
    return Boolean(reason);
  };

  const give = (input, file) => {
    const files = new DataTransfer();
    // Browsers call a webm or mp4 with nothing but sound in it a video, which Gradio would not take here.
    files.items.add(file.type.startsWith("audio/") ? file : new File([file], file.name, { type: "audio/mpeg" }));
    input.files = files.files;
  };

  document.addEventListener(
    "change",
    (event) => {
      const input = event.target;
      const file = input.files?.[0];
      if (!file || !input.closest(".g-recording")) return;
      if (refused(file)) {
        event.stopImmediatePropagation();
        input.value = "";
      } else if (!file.type.startsWith("audio/")) {
        give(input, file);
      }
    },
    true,
  );

  document.addEventListener(
    "drop",
    (event) => {
      const zone = event.target.closest?.(".g-recording");
      const file = event.dataTransfer?.files[0];
      if (!zone || !file || (isSound(file) && file.type.startsWith("audio/") && file.size <= limit())) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
      const input = zone.querySelector("input[type=file]");
      if (refused(file) || !input) return;
      give(input, file);
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    true,
  );

  // Gradio has only English for the two small buttons that choose between file and microphone, and no words for
  // the time while an answer is on its way.
  const label = () => {
    const words = help();
    document.querySelectorAll(".g-recording .source-selection button").forEach((button) => {
      const word = button === button.parentElement.firstElementChild ? words.file : words.microphone;
      if (!word || button.dataset.word === word) return;
      button.dataset.word = word;
      button.setAttribute("aria-label", word);
    });
    if (words.working) root.style.setProperty("--g-working", JSON.stringify(words.working));
  };
  new MutationObserver(label).observe(root, { childList: true, subtree: true });

  // Its upload areas, recorder and player read their words only when they are made, if they have any but English; to
  // make them anew would lose what somebody is recording.
  const SPEAKING = ":is(.g-recording, #library-files) :is(button, select, option)";
  const NUMBER = /\d[\d.]*/;

  const turn = () => {
    const words = JSON.parse(help().gradio || "[]");
    const turned = (said) => {
      const known = said.replace(NUMBER, "{number}").toLowerCase();
      const pair = words.find((pair) => pair.some((word) => word.toLowerCase() === known));
      return pair?.[root.lang === "en" ? 0 : 1].replace("{number}", said.match(NUMBER)?.[0]);
    };
    for (const part of document.querySelectorAll(SPEAKING)) {
      for (const name of ["aria-label", "title"]) {
        const said = part.getAttribute(name) || "";
        const word = turned(said);
        if (word && word !== said) part.setAttribute(name, word);
      }
      const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const said = texts.currentNode.data.trim();
        const word = turned(said);
        if (word && word !== said) texts.currentNode.data = word;
      }
    }
  };
  const changes = { childList: true, subtree: true, attributeFilter: ["aria-label", "lang"] };
  new MutationObserver(turn).observe(root, changes);

  // --- the answer: on a narrow screen it is below what was clicked

  const show = (id = "answer") => {
    const answer = document.getElementById(id);
    const box = answer?.getBoundingClientRect();
    if (!box || (box.top >= 0 && box.top < innerHeight * 0.6)) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    answer.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  };

  // --- the spectrogram: time and pitch under the pointer or by the arrow keys, and how strong its veil is

  const VEIL = "--g-veil";
  const STEP = 0.01; // of the time that is shown
  const between = (low, value, high) => Math.min(Math.max(value, low), high);

  const clock = (seconds, unit, last) =>
    last < 120
      ? `${seconds.toFixed(2)} ${unit}`
      : `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;

  const read = (plot, across, row) => {
    const pitches = JSON.parse(plot.dataset.pitches);
    const [start, seconds] = [Number(plot.dataset.start), Number(plot.dataset.seconds)];
    const place = { across: between(0, across, 1), row: between(0, row, pitches.length - 1) };
    Object.assign(plot.dataset, place);
    plot.classList.add("g-pointed");
    plot.style.setProperty("--g-across", `${100 * place.across}%`);
    plot.style.setProperty("--g-down", `${100 * (1 - (place.row + 0.5) / pitches.length)}%`);
    const words = `${clock(start + place.across * seconds, plot.dataset.unit, start + seconds)} · ${pitches[place.row]}`;
    plot.closest("figure").parentElement.querySelector(".g-readout").textContent = words;
  };

  const point = (event) => {
    const plot = event.target;
    if (!plot.classList?.contains("g-plot")) return;
    const box = plot.getBoundingClientRect();
    const rows = JSON.parse(plot.dataset.pitches).length;
    read(plot, (event.clientX - box.left) / box.width, Math.floor((1 - (event.clientY - box.top) / box.height) * rows));
  };
  for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, point);
  document.addEventListener("pointerout", ({ target, relatedTarget }) => {
    if (target !== relatedTarget) target.classList?.remove("g-pointed"); // else the cross has come under the pointer
  });

  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  document.addEventListener("keydown", (event) => {
    const plot = event.target.matches?.("figure.g-picture") && event.target.querySelector(".g-plot");
    const move = MOVES[event.key];
    if (!plot || !move || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const { across = 0.5, row = JSON.parse(plot.dataset.pitches).length / 2 } = plot.dataset;
    const steps = event.shiftKey ? 10 : 1;
    read(plot, Number(across) + move[0] * steps * STEP, Math.floor(Number(row)) + move[1] * steps);
    const figure = event.target; // on a narrow screen the place may be out of sight
    const left = plot.offsetLeft + Number(plot.dataset.across) * plot.offsetWidth;
    figure.scrollLeft = between(left - figure.clientWidth + 40, figure.scrollLeft, left - 40);
  });

  document.addEventListener("input", (event) => {
    if (event.target.closest(".g-strength")) root.style.setProperty(VEIL, event.target.value / 100);
  });
  const keepVeil = () => {
    const chosen = root.style.getPropertyValue(VEIL);
    if (chosen) for (const slider of document.querySelectorAll(".g-strength input")) slider.value = 100 * chosen;
  };
  new MutationObserver(keepVeil).observe(root, { childList: true, subtree: true });

  window.genre = { wanted, adopt, show };
})();
