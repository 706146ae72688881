"use strict";
const pairs = [...document.querySelectorAll(".pair")];
const store = "microexpr form " + document.querySelector(".blink img").src.length + " " + pairs.length;
let answers = {};
try { answers = JSON.parse(localStorage.getItem(store)) || {}; } catch { answers = {}; }
const show = () => {
  pairs.forEach((pair, i) => {
    pair.classList.toggle("done", i + 1 in answers);
    pair.querySelectorAll("input").forEach((input) => { input.checked = answers[i + 1] === input.dataset.side; });
  });
  document.getElementById("count").textContent = `${Object.keys(answers).length} of ${pairs.length} answered`;
  try { localStorage.setItem(store, JSON.stringify(answers)); } catch { /* a page opened from a disk may have none */ }
};
const answer = (i, side) => { answers[i + 1] = side; show(); };
pairs.forEach((pair, i) => pair.addEventListener("change", (event) => answer(i, event.target.dataset.side)));
document.addEventListener("keydown", (event) => {
  const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
  const i = pairs.findIndex((_, i) => !(i + 1 in answers));
  if (!side || i < 0 || event.target.id === "person") return;
  event.preventDefault();
  answer(i, side);
  pairs[Math.min(i + 1, pairs.length - 1)].scrollIntoView({ block: "center" });
});
document.getElementById("clear").addEventListener("click", () => { answers = {}; show(); });
document.getElementById("save").addEventListener("click", () => {
  const lines = pairs.map((_, i) => `${i + 1},${answers[i + 1] || ""}`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["pair,answer\n" + lines.join("\n") + "\n"], { type: "text/csv" }));
  const person = document.getElementById("person").value.replace(/[^A-Za-z0-9_-]/g, "");
  link.download = person ? `answers_${person}.csv` : "answers.csv";
  link.click();
});
show();
