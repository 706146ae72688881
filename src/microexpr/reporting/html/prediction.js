// Moves the player, and with it the line in the charts; repeats a micro-expression slowly, with its magnified face.
// A click on an interval or a chart jumps there. Loads nothing.
(() => {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const { fps, frames, numbers, positions, expressions } = read("player"), images = read("images"), faces = read("faces");
  const [stage, picture, magnified, slider, play, speed, time] =
    ["stage", "picture", "magnified", "slider", "play", "speed", "time"].map((id) => document.getElementById(id));
  const all = (selector) => [...document.querySelectorAll(selector)];
  const heads = all(".head"), cards = all(".expression"), repeats = all(".repeat");
  const curves = all(".reading").map((reading) => {
    const polygon = document.getElementById(reading.dataset.curve), { digits = 1 } = reading.dataset;
    const points = polygon.getAttribute("points").split(" ").slice(1, -1).map((point) => point.split(",").map(Number));
    const height = polygon.ownerSVGElement.viewBox.baseVal.height;
    return { reading, points, value: (y) => (1 - y / height).toFixed(digits) };
  });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let at = 0, clock = 0, started = null, repeated = null;

  // The last position in sorted values that is not above one.
  function last(values, value) {
    let low = 0, high = values.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (values[middle] <= value) low = middle; else high = middle - 1;
    }
    return low;
  }

  const position = (frame) => last(numbers, frame);
  const within = (frame, { onset, offset }) => onset <= frame && frame <= offset;

  function show(index) {
    at = Math.min(Math.max(index, 0), numbers.length - 1);
    const frame = numbers[at], x = (positions[at] + 0.5) / frames;
    picture.src = images[at];
    slider.value = at;
    time.value = `${(positions[at] / fps).toFixed(2)} s, frame ${frame}`;
    slider.setAttribute("aria-valuetext", time.value);
    for (const head of heads) {
      for (const end of ["x1", "x2"]) head.setAttribute(end, x * head.ownerSVGElement.viewBox.baseVal.width);
    }
    for (const { reading, points, value } of curves) {
      reading.textContent = value(points[Math.min(Math.floor(x * points.length), points.length - 1)][1]);
    }
    const current = expressions.findIndex((expression) => within(frame, expression));
    cards.forEach((card, i) => card.classList.toggle("now", i === current));
    const face = faces[current]?.[frame - expressions[current].onset];
    if (face) magnified.src = face;
    magnified?.classList.toggle("away", !face);
    if (repeated && !within(frame, repeated)) repeat(null);
  }

  function pause() {
    cancelAnimationFrame(clock);
    clock = 0;
    play.textContent = "Play";
  }

  function step(now) {
    started ??= { now, place: positions[at] };
    let place = started.place + (now - started.now) / 1000 * fps * speed.value;
    if (repeated && place >= positions[position(repeated.offset)] + 1) {
      place = positions[position(repeated.onset)];
      started = { now, place };
    }
    const index = last(positions, place);
    if (index !== at) show(index);
    if (place >= frames) pause(); else clock = requestAnimationFrame(step);
  }

  function start() {
    if (at === numbers.length - 1) show(0);
    started = null;
    play.textContent = "Pause";
    clock = requestAnimationFrame(step);
  }

  // Marks an expression as repeated at a tenth of its speed, or none.
  function repeat(expression) {
    if (expression || repeated) speed.value = expression ? "0.1" : "1";
    repeated = expression;
    started = null;
    for (const button of repeats) button.setAttribute("aria-pressed", expressions[button.dataset.expression] === expression);
  }

  // A user who wants less motion sees the apex, until play is pressed.
  function begin(expression) {
    pause();
    repeat(expression);
    show(position(still.matches ? expression.apex : expression.onset));
    if (!still.matches) start();
    stage.scrollIntoView({ block: "nearest" });
  }

  function jump(frame) {
    pause();
    repeat(null);
    show(position(frame));
  }

  const move = (by) => { pause(); show(at + by); };
  const toggle = () => (clock ? pause() : start());

  // The micro-expression after or before the one that is shown.
  function neighbour(by) {
    const frame = repeated ? repeated.onset : numbers[at];
    const others = expressions.filter(({ onset }) => by * (onset - frame) > 0);
    return others.at(by > 0 ? 0 : -1);
  }

  const keys = {
    " ": toggle,
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    Escape: () => { pause(); repeat(null); },
  };
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || target.closest("select, .wide")) return;
    if (key === " " && target.closest("button, a, summary")) return;
    const other = event.shiftKey && key.startsWith("Arrow") ? neighbour(key === "ArrowRight" ? 1 : -1) : null;
    const action = other ? () => begin(other) : event.shiftKey ? null : keys[key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  play.addEventListener("click", toggle);
  speed.addEventListener("change", () => { started = null; });
  slider.addEventListener("input", () => { pause(); show(+slider.value); });
  document.getElementById("back").addEventListener("click", () => move(-1));
  document.getElementById("on").addEventListener("click", () => move(1));
  for (const button of repeats) {
    const expression = expressions[button.dataset.expression];
    (button.closest(".expression") ?? button).addEventListener("click", () => {
      if (repeated === expression && clock) { pause(); repeat(null); } else begin(expression);
    });
  }
  for (const button of all(".jump")) {
    button.addEventListener("click", () => {
      jump(+button.dataset.frame);
      stage.scrollIntoView({ block: "nearest" });
    });
  }
  for (const chart of all(".chart")) {
    chart.addEventListener("click", (event) => {
      const box = chart.getBoundingClientRect(), frame = (event.clientX - box.left) / box.width * frames;
      const expression = expressions.find((one) => within(Math.floor(frame), one));
      if (expression) begin(expression); else jump(frame);
    });
  }
  show(position(expressions[0]?.apex ?? 0));
})();
