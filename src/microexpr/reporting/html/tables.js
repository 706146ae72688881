// Sorts tables by a column, filters the leaderboard by text and kind. Without it the tables are whole, in their order.
(() => {
  "use strict";
  const names = new Intl.Collator("en", { numeric: true });
  const text = (row, column) => row.cells[column].textContent.trim();

  function compare(a, b) {
    const [x, y] = [parseFloat(a.replace("−", "-")), parseFloat(b.replace("−", "-"))];
    return Number.isNaN(x) || Number.isNaN(y) ? names.compare(a, b) : x - y;
  }

  function sort(table, head) {
    const column = Number(head.dataset.column), body = table.tBodies[0];
    const other = { ascending: "descending", descending: "ascending" };
    const order = head.ariaSort ? other[head.ariaSort] : head.dataset.first;
    const sign = order === "ascending" ? 1 : -1;
    const rows = [...body.rows].map((row) => [text(row, column), row]);
    const empty = ([cell]) => cell === "–" || cell === "";
    rows.sort((a, b) => empty(a) - empty(b) || sign * compare(a[0], b[0]));  // without a figure: last in both orders
    body.append(...rows.map(([, row]) => row));
    table.querySelectorAll("th[aria-sort]").forEach((one) => one.removeAttribute("aria-sort"));
    head.ariaSort = order;
  }

  for (const head of document.querySelectorAll(".sortable th[data-column]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head.closest("table"), head));
  }

  for (const search of document.querySelectorAll("[data-search]")) {
    const id = search.dataset.search, rows = [...document.getElementById(id).tBodies[0].rows];
    const kind = document.querySelector(`[data-kind="${id}"]`), count = document.querySelector(`[data-count="${id}"]`);
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const name = row.querySelector("th").textContent.toLowerCase();
        const suits = !kind.value || row.dataset.kinds.split(" ").includes(kind.value);
        row.hidden = !suits || !words.every((word) => name.includes(word));
      }
      count.value = `${rows.filter((row) => !row.hidden).length} of ${rows.length} methods`;
    };
    search.addEventListener("input", filter);
    kind.addEventListener("change", filter);
    search.form.addEventListener("submit", (event) => event.preventDefault());
    filter();  // a browser that goes back keeps what was typed
  }
})();
