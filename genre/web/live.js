// The Live tab: sound goes from the microphone to the server, in order and a piece at a time, and what it answers onto
// the page. Gradio's own streaming would store every piece as a file, and lose some where the server is slow.
// Elements and words are in live_view.py; this only says what applies.
(() => {
  const SEND_SECONDS = 0.5; // of sound in a message; more where the server takes longer than that
  const HELD_SECONDS = 15; // of sound that may wait for a slow server; then the oldest is dropped
  const LATE_MS = 2500; // without an answer, after which that is said
  const GONE_MS = 15000; // after which it is given up
  const BEHIND_SECONDS = 1.5; // that the picture may be behind the sound before it jumps
  const METER_DB = 60;
  const FALL_DB = 1.5; // that the meter falls at most with every block of sound

  // Runs beside the page: makes blocks of 16-bit samples of what the microphone gives, two channels at most.
  const CAPTURE = `registerProcessor("genre-capture", class extends AudioWorkletProcessor {
    process([input]) {
      const channels = Math.min(2, input.length);
      if (!channels) return true;
      if (this.channels !== channels) {
        this.channels = channels;
        this.filled = 0;
        this.block = new Int16Array(2048 * channels);
      }
      for (let frame = 0; frame < input[0].length; frame++)
        for (let channel = 0; channel < channels; channel++)
          this.block[this.filled++] = Math.max(-1, Math.min(1, input[channel][frame])) * 32767;
      if (this.filled === this.block.length) {
        this.port.postMessage({ channels, samples: this.block });
        this.filled = 0;
        this.block = new Int16Array(2048 * channels);
      }
      return true;
    }
  });`;

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let server = null;
  let run = null; // one time of listening, from start to stop
  let session = ""; // names it to the server, also after it has ended
  let status = "";
  let reply = null; // the server's last
  let told = ""; // the genre that was read out last
  let level = -METER_DB;
  let picture = null; // {image, start, end} in seconds of sound
  let shown = 0; // second of sound at the picture's right edge

  const find = (selector) => document.querySelector(selector);
  const newSession = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  // --- what is shown; every one of these may be called at any time, also after Gradio has made the elements anew

  const paintEar = () => {
    const button = find(".g-live-button");
    if (!button) return;
    button.textContent = run ? button.dataset.stop : button.dataset.start;
    button.classList.toggle("g-live-on", Boolean(run));
    const line = find(".g-live-status");
    const words = line.dataset[status] || "";
    if (line.textContent !== words) line.textContent = words;
    line.classList.toggle("g-live-on", status === "listening");
    const remarks = (run && reply?.remarks) || [];
    document.querySelectorAll(".g-live-remarks [data-code]").forEach((remark) => {
      remark.hidden = !remarks.includes(remark.dataset.code);
    });
    const seconds = { heard: reply ? reply.end - reply.start : 0, whole: reply ? reply.whole : 0 };
    document.querySelectorAll("[data-live]").forEach((blank) => {
      blank.textContent = Math.floor(seconds[blank.dataset.live]);
    });
    paintLevel(true);
  };

  const paintLevel = (read) => {
    const meter = find(".g-live-level");
    if (!meter) return;
    const within = Math.max(-METER_DB, Math.min(0, level));
    meter.firstElementChild.style.width = `${100 * (1 + within / METER_DB)}%`;
    if (!read) return;
    meter.classList.toggle("g-live-over", Boolean(run && reply?.remarks.includes("clipped")));
    const words = run ? `${Math.round(within)} dB` : "–";
    meter.setAttribute("aria-valuenow", Math.round(within));
    meter.setAttribute("aria-valuetext", words);
    find(".g-live-decibels").textContent = words;
  };

  const paintBars = () => {
    const stage = find(".g-live-stage");
    if (!stage) return;
    const list = stage.querySelector(".g-bars");
    const rows = new Map([...list.children].map((row) => [row.dataset.genre, row]));
    const bars = (reply?.bars || []).filter(([genre]) => rows.has(genre)); // none of another model
    const order = bars.map(([genre]) => rows.get(genre));
    for (const row of rows.values()) row.hidden = !order.includes(row);
    order.forEach((row, place) => {
      if (list.children[place] !== row) list.insertBefore(row, list.children[place]);
      const probability = bars[place][1];
      const words = `${(100 * probability).toFixed(1)}%`;
      row.querySelector(".g-percent").textContent = words;
      const bar = row.querySelector(".g-bar");
      bar.setAttribute("aria-valuenow", (100 * probability).toFixed(1));
      bar.setAttribute("aria-valuetext", words);
      bar.firstElementChild.style.width = `${(100 * probability).toFixed(2)}%`;
    });
    const name = stage.querySelector(".g-live-name");
    const head = order.length ? order[0].querySelector(".g-name").innerHTML : run ? name.dataset.wait : name.dataset.empty;
    if (name.innerHTML !== head) name.innerHTML = head;
    name.nextElementSibling.textContent = order.length ? order[0].querySelector(".g-percent").textContent : "";
    stage.classList.toggle("g-live-waiting", !order.length);
    stage.classList.toggle("g-live-idle", !order.length && !run);
    stage.classList.toggle("g-live-still", Boolean(run && reply?.remarks.includes("silent")));
    const best = order.length ? order[0].dataset.genre : "";
    if (best && best !== told) stage.querySelector(".g-live-told").textContent = name.textContent;
    told = best;
  };

  const paintPicture = () => {
    const canvas = find(".g-live-picture canvas");
    if (!canvas?.clientWidth) return;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * devicePixelRatio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    if (!picture) return;
    const scale = width / reply.whole; // pixels a second
    const x = width - (shown - picture.start) * scale;
    pen.drawImage(picture.image, x, 0, (picture.end - picture.start) * scale, height);
  };

  const paint = () => {
    paintEar();
    paintBars();
    paintPicture();
  };

  // The picture moves on with the clock, a little behind the sound, up to what has arrived.
  const move = (before) => (now) => {
    if (!run) return;
    if (picture) {
      shown = Math.min(picture.end, Math.max(shown + (now - before) / 1000, picture.end - BEHIND_SECONDS));
      paintPicture();
    }
    requestAnimationFrame(move(now));
  };

  // --- to the server and back

  const base64 = (samples) => {
    const bytes = new Uint8Array(samples.buffer);
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
  };

  // Take what is held and has as many channels as its first block.
  const taken = (mine) => {
    const channels = mine.held[0]?.channels || 1;
    let count = mine.held.findIndex((block) => block.channels !== channels);
    if (count < 0) count = mine.held.length;
    const blocks = mine.held.splice(0, count);
    const samples = new Int16Array(blocks.reduce((sum, block) => sum + block.samples.length, 0));
    blocks.reduce((at, block) => (samples.set(block.samples, at), at + block.samples.length), 0);
    return { channels, samples };
  };

  const waiting = (mine) => mine.held.reduce((sum, { channels, samples }) => sum + samples.length / channels, 0) / mine.rate;

  const send = async (mine) => {
    if (mine.sent) {
      const waited = performance.now() - mine.sent;
      if (waited > GONE_MS && mine === run) stop("gone");
      else if (waited > LATE_MS && mine === run) say("late");
      return;
    }
    const last = mine.ended;
    const [lost, captured] = [mine.lost, performance.now()];
    const { channels, samples } = taken(mine);
    const length = samples.length / channels / mine.rate;
    mine.lost = 0;
    mine.sent = captured;
    try {
      const answer = await server.hear({
        session: mine.session,
        model: find(".g-live-stage")?.dataset.model,
        language: document.documentElement.lang.slice(0, 2),
        rate: mine.rate,
        channels,
        pcm: base64(samples),
        lost,
        last,
      });
      if (!answer) throw new Error("no answer"); // Gradio says no more of what went wrong
      mine.answered = performance.now();
      if (mine === run || last) await hear(mine, answer);
      document.dispatchEvent(new CustomEvent("genre-live", { detail: { captured, seconds: length } }));
    } catch (error) {
      console.warn(error);
      mine.lost = lost + length;
      if (performance.now() - mine.answered > GONE_MS && mine === run) stop("gone");
    } finally {
      mine.sent = 0;
    }
    if (mine.ended ? !last : waiting(mine) >= SEND_SECONDS) send(mine);
  };

  const hear = async (mine, answer) => {
    if (session !== mine.session) return; // started again meanwhile
    if (answer.refused) {
      if (mine === run) stop("stopped");
      find(".g-live-refused").innerHTML = answer.refused;
      return;
    }
    if (mine === run) status = answer.late ? "late" : "listening";
    if (answer.late) return paintEar();
    if (answer.picture) {
      const image = await createImageBitmap(await (await fetch(answer.picture)).blob()); // also in a hidden page
      if (session !== mine.session) return;
      picture?.image.close();
      picture = { image, start: answer.start, end: answer.end };
      if (calm.matches || !run || answer.end - shown > BEHIND_SECONDS) shown = answer.end;
    }
    reply = answer;
    paint();
  };

  // --- start and stop

  const say = (word) => {
    status = word;
    paintEar();
  };

  const start = async () => {
    const mine = { session: newSession(), held: [], lost: 0, sent: 0, answered: performance.now(), close: () => {} };
    [run, session, reply, picture, shown, told, level] = [mine, mine.session, null, null, 0, "", -METER_DB];
    find(".g-live-refused").replaceChildren();
    status = "opening";
    paint();
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const context = new AudioContext();
      mine.close = () => {
        stream.getTracks().forEach((track) => track.stop());
        context.close();
      };
      const code = URL.createObjectURL(new Blob([CAPTURE], { type: "text/javascript" }));
      await context.audioWorklet.addModule(code).finally(() => URL.revokeObjectURL(code));
      if (run !== mine) return mine.close();
      mine.rate = context.sampleRate;
      mine.answered = performance.now();
      const capture = new AudioWorkletNode(context, "genre-capture");
      capture.port.onmessage = ({ data }) => take(mine, data);
      context.createMediaStreamSource(stream).connect(capture).connect(context.destination);
      await context.resume();
      stream.getTracks().forEach((track) => track.addEventListener("ended", () => run === mine && stop("stopped")));
      if (run === mine && status === "opening") say("listening");
      requestAnimationFrame(move(performance.now()));
    } catch (error) {
      console.warn(error); // the page's script has said what is wrong with the microphone
      if (run === mine) stop("stopped");
    }
  };

  const stop = (word) => {
    const mine = run;
    run = null;
    mine.close();
    mine.ended = true;
    status = word;
    level = -METER_DB;
    paint();
    if (mine.rate && !mine.sent && word === "stopped") send(mine);
  };

  const take = (mine, block) => {
    if (run !== mine) return;
    const power = block.samples.reduce((sum, sample) => sum + sample * sample, 0) / block.samples.length;
    level = Math.max(10 * Math.log10(power / 32767 ** 2 + 1e-12), level - FALL_DB);
    paintLevel(false);
    mine.held.push(block);
    while (waiting(mine) > HELD_SECONDS) {
      const { channels, samples } = mine.held.shift();
      mine.lost += samples.length / channels / mine.rate;
    }
    if (waiting(mine) >= SEND_SECONDS) send(mine);
  };

  // --- what the tab's components call

  const live = (element, functions, watch) => {
    server = functions;
    element.addEventListener("click", (event) => {
      if (!event.target.closest(".g-live-button") || !navigator.mediaDevices) return;
      if (run) stop("stopped");
      else start();
    });
    watch("value", paint);
    paint();
  };

  Object.assign(window.genre, { live, liveAgain: paint, liveSession: () => session });
})();
