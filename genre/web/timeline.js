// The timeline tab: its player, and what shows where it is. A click on the picture, the arrow keys on it, or a button of
// the table choose the place to hear. The elements are made in timeline_view.py; here they are only moved.
(() => {
  const STEP_SECONDS = 5; // of an arrow key
  const JUMP_SECONDS = 60; // of Page Up and Page Down

  let last = { source: "", time: 0, playing: false }; // what was heard, for when the answer is shown in another language

  const clock = (seconds) => {
    const whole = Math.floor(seconds);
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = (number) => String(number).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  };

  // `element` outlives the answers in it, so it listens for them; events of media do not bubble, but are captured.
  const timeline = (element, watch) => {
    const find = (what) => element.querySelector(what);
    const player = () => find("audio");
    const seconds = () => Number(find(".g-timeline")?.dataset.seconds || 0);

    const show = () => {
      const audio = player();
      const track = find(".g-track");
      if (!audio || !track || !seconds()) return;
      const time = Math.min(audio.currentTime, seconds());
      find(".g-playhead").style.left = `${(100 * time) / seconds()}%`;
      track.setAttribute("aria-valuenow", Math.floor(time));
      track.setAttribute("aria-valuetext", clock(time));
      const begun = time > 0 || !audio.paused;
      element.querySelectorAll("[data-start]").forEach((row) => {
        const here = begun && time >= Number(row.dataset.start) && time < Number(row.dataset.end);
        if (here) row.setAttribute("aria-current", "true");
        else row.removeAttribute("aria-current");
      });
      last = { source: audio.getAttribute("src"), time: audio.currentTime, playing: !audio.paused };
    };

    const seek = (time, play) => {
      const audio = player();
      if (!audio) return;
      audio.currentTime = Math.max(0, Math.min(time, seconds()));
      if (play) audio.play().catch(() => {}); // what cannot be played has said so
      show();
    };

    element.addEventListener("click", (event) => {
      const row = event.target.closest(".g-play")?.closest("[data-start]");
      if (row) return seek(Number(row.dataset.start), true);
      const track = event.target.closest(".g-track");
      if (!track) return;
      const box = track.getBoundingClientRect();
      seek(((event.clientX - box.left) / box.width) * seconds(), true);
    });

    element.addEventListener("keydown", (event) => {
      if (!event.target.matches?.(".g-track") || !player()) return;
      const now = player().currentTime;
      const places = {
        ArrowLeft: now - STEP_SECONDS,
        ArrowRight: now + STEP_SECONDS,
        ArrowDown: now - STEP_SECONDS,
        ArrowUp: now + STEP_SECONDS,
        PageDown: now - JUMP_SECONDS,
        PageUp: now + JUMP_SECONDS,
        Home: 0,
        End: seconds(),
      };
      if (event.key in places) seek(places[event.key], false);
      else if (event.key === " " || event.key === "Enter") player().paused ? player().play().catch(() => {}) : player().pause();
      else return;
      event.preventDefault();
    });

    for (const name of ["timeupdate", "seeking", "seeked", "play", "pause"]) element.addEventListener(name, show, true);
    element.addEventListener("error", () => (find(".g-unplayable").hidden = false), true);

    const again = () => {
      const audio = player();
      if (!audio || !last.time || audio.getAttribute("src") !== last.source) return;
      const { time, playing } = last;
      audio.currentTime = time;
      if (playing) audio.play().catch(() => {});
    };
    watch("value", again);
  };

  window.genre.timeline = timeline;
})();
