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

  const help = () => document.querySelector("#recording-help")?.dataset || {};
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
      if (!file || !input.closest("#recording")) return;
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
      const zone = event.target.closest?.("#recording");
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
    document.querySelectorAll("#recording .source-selection button").forEach((button, place) => {
      const word = [words.file, words.microphone][place];
      if (!word || button.dataset.word === word) return;
      button.dataset.word = word;
      button.setAttribute("aria-label", word);
    });
    if (words.working) root.style.setProperty("--g-working", JSON.stringify(words.working));
  };
  new MutationObserver(label).observe(root, { childList: true, subtree: true });

  // --- the answer: on a narrow screen it is below what was clicked

  const show = () => {
    const answer = document.querySelector("#answer");
    const box = answer?.getBoundingClientRect();
    if (!box || (box.top >= 0 && box.top < innerHeight * 0.6)) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    answer.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  };

  window.genre = { wanted, adopt, show };
})();
