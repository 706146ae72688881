// Moves the player, and with it the line in the charts; a click on an interval or a chart jumps there. Loads nothing.
(() => {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const { fps, frames, numbers } = read("player"), images = read("images");
  const [picture, slider, play, speed, time] = ["picture", "slider", "play", "speed", "time"].map((id) => document.getElementById(id));
  const heads = [...document.querySelectorAll(".head")], expressions = [...document.querySelectorAll(".expression")];
  let at = 0, clock = 0, started = null;

  // The position of the last image that is not after a frame.
  function position(frame) {
    let low = 0, high = numbers.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (numbers[middle] <= frame) low = middle; else high = middle - 1;
    }
    return low;
  }

  function show(index) {
    at = Math.min(Math.max(index, 0), numbers.length - 1);
    const frame = numbers[at];
    picture.src = images[at];
    slider.value = at;
    time.value = `${(frame / fps).toFixed(2)} s, frame ${frame}`;
    slider.setAttribute("aria-valuetext", time.value);
    for (const head of heads) {
      const x = (frame + 0.5) / frames * head.ownerSVGElement.viewBox.baseVal.width;
      head.setAttribute("x1", x);
      head.setAttribute("x2", x);
    }
    for (const expression of expressions) {
      expression.classList.toggle("now", expression.dataset.onset <= frame && frame <= +expression.dataset.offset);
    }
  }

  function pause() {
    cancelAnimationFrame(clock);
    clock = 0;
    play.textContent = "Play";
  }

  function step(now) {
    started ??= { now, frame: numbers[at] };
    const frame = started.frame + (now - started.now) / 1000 * fps * speed.value;
    const index = position(frame);
    if (index !== at) show(index);
    if (frame >= frames) pause(); else clock = requestAnimationFrame(step);
  }

  function start() {
    if (at === numbers.length - 1) show(0);
    started = null;
    play.textContent = "Pause";
    clock = requestAnimationFrame(step);
  }

  play.addEventListener("click", () => (clock ? pause() : start()));
  speed.addEventListener("change", () => { started = null; });
  slider.addEventListener("input", () => { pause(); show(+slider.value); });
  document.getElementById("back").addEventListener("click", () => { pause(); show(at - 1); });
  document.getElementById("on").addEventListener("click", () => { pause(); show(at + 1); });
  for (const button of document.querySelectorAll(".jump")) {
    button.addEventListener("click", () => {
      pause();
      show(position(+button.dataset.frame));
      picture.scrollIntoView({ block: "nearest" });
    });
  }
  for (const chart of document.querySelectorAll(".chart")) {
    chart.addEventListener("click", (event) => {
      const box = chart.getBoundingClientRect();
      pause();
      show(position((event.clientX - box.left) / box.width * frames));
    });
  }
  show(0);
})();
