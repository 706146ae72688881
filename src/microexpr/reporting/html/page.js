// Draws the charts once they come into sight, in the page's colours; moves films; marks the section. Loads nothing.
(() => {
  "use strict";
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const films = JSON.parse(document.getElementById("films").textContent);
  const charts = [...document.querySelectorAll("[data-chart]")];
  const finger = matchMedia("(pointer: coarse)"), phone = matchMedia("(max-width: 40rem)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function layout(figure) {
    const made = structuredClone(figure.layout);
    const ink = colour("--ink"), grid = colour("--grid");
    for (const name of Object.keys(made).filter((key) => /^[xy]axis/.test(key))) {
      Object.assign(made[name], { gridcolor: grid, zerolinecolor: grid, linecolor: colour("--edge") });
      if (phone.matches && made[name].type === "category") made[name].tickfont = { size: name[0] === "x" ? 8 : 9 };
    }
    for (const shape of made.shapes || []) {
      if (shape.type === "line" && shape.name !== "shown") shape.line.color = colour("--soft");
    }
    return Object.assign(made, {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true,
      font: { family: "system-ui, sans-serif", size: 12, color: ink },
      hoverlabel: { bgcolor: colour("--raised"), font: { color: ink } },
      modebar: { color: colour("--soft"), activecolor: ink, bgcolor: "rgba(0,0,0,0)" },
      dragmode: finger.matches ? false : "zoom",  // a finger scrolls the page; buttons zoom
    });
  }

  function draw(place) {
    const figure = figures[place.dataset.chart];
    const config = { displaylogo: false, displayModeBar: true, responsive: true, showSendToCloud: false, plotlyServerURL: "",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
    place.dataset.drawn = "yes";
    return Plotly.react(place, figure.data, layout(figure), config);
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !entry.target.dataset.drawn) draw(entry.target);
    }
  }, { rootMargin: "400px" });
  charts.forEach((place) => seen.observe(place));

  const redraw = () => charts.filter((place) => place.dataset.drawn).forEach(draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
    charts.forEach(draw);
  });
  addEventListener("afterprint", redraw);

  function show(number, at) {
    const film = films[number], frame = film.numbers[at], time = film.times[at];
    const words = film.timed ? `${frame}, ${Math.round(time)} ms` : `${frame}`;
    const picture = document.getElementById(`film-${number}`);
    picture.src = film.frames[at];
    picture.alt = picture.alt.replace(/frame \d+/, `frame ${frame}`);
    document.getElementById(`at-${number}`).value = words;
    const slider = document.getElementById(`frame-${number}`);
    slider.value = at;
    slider.setAttribute("aria-valuetext", `frame ${words}`);
    for (const kind of ["score", "aus"]) {
      const chart = figures[`${kind}-${number}`], line = chart.layout.shapes.length - 1;
      Object.assign(chart.layout.shapes[line], { x0: time, x1: time });
      const place = document.querySelector(`[data-chart="${kind}-${number}"]`);
      if (place.dataset.drawn) Plotly.relayout(place, { [`shapes[${line}].x0`]: time, [`shapes[${line}].x1`]: time });
    }
  }
  document.querySelectorAll("input[data-film]").forEach((slider) => {
    slider.addEventListener("input", () => show(slider.dataset.film, Number(slider.value)));
    show(slider.dataset.film, Number(slider.value));
  });
  document.querySelectorAll("button[data-film]").forEach((button) => {
    button.addEventListener("click", () => show(button.dataset.film, Number(button.dataset.at)));
  });

  // a link to what lies in a closed part opens it
  const reveal = (hash) => {
    const target = hash.length > 1 && document.getElementById(hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", () => reveal(location.hash));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link) reveal(link.hash);  // also a second click, which changes no hash
  });
  reveal(location.hash);

  // marks the section in sight
  const nav = document.querySelector("nav"), sections = [...document.querySelectorAll("main > section")];
  function mark() {
    const at = sections.findLast((section) => section.getBoundingClientRect().top < 120) || sections[0];
    for (const link of nav.querySelectorAll("a")) {
      if (link.hash !== `#${at.id}`) link.removeAttribute("aria-current");
      else if (link.ariaCurrent !== "true") {
        link.ariaCurrent = "true";
        nav.scrollLeft = link.offsetLeft - (nav.clientWidth - link.clientWidth) / 2;
      }
    }
  }
  addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
  mark();
})();
