// What needs no script is in the page already; this adds a theme switch, sorting and CSV, and nothing is fetched.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = () => root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;

  const button = (text, label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", () => act(made));
    return made;
  };

  const theme = button("", "", (self) => {
    root.dataset.theme = dark() ? "light" : "dark";
    name(self);
  });
  const name = (self) => { self.textContent = dark() ? "Light page" : "Dark page"; };
  theme.className = "theme";
  name(theme);
  document.querySelector("header").prepend(theme);

  // A dash is no number and goes last whichever way a column is sorted.
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const number = parseFloat(text.replaceAll(",", "").replace("∞", "1e308"));
    return { text, number };
  };
  const sort = (table, column, numeric, rising) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({ row, key: value(row, column) }));
    rows.sort((a, b) => {
      if (!numeric) return rising * a.key.text.localeCompare(b.key.text, "en", { numeric: true });
      const [left, right] = [a.key.number, b.key.number];
      if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) - Number.isNaN(right);
      return rising * (left - right);
    });
    body.append(...rows.map((entry) => entry.row));
  };

  const quoted = (text) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const csv = (table) => {
    const head = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.name);
    const body = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
    return [head, ...body].map((cells) => cells.map(quoted).join(",")).join("\n") + "\n";
  };
  const save = (table, title) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv" }));
    link.download = `${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  for (const table of document.querySelectorAll("table")) {
    const title = table.caption.textContent.trim();
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const unit = cell.querySelector("small");
      const word = cell.firstChild.textContent.trim();
      cell.dataset.name = unit ? `${word} (${unit.textContent})` : word;
      const sorter = button(word, "", () => {
        const rising = cell.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", rising > 0 ? "ascending" : "descending");
        sort(table, column, cell.classList.contains("number"), rising);
      });
      sorter.className = "sorter";
      cell.firstChild.replaceWith(sorter);
    });
    const saver = button("CSV", `Save ${title} as CSV`, () => save(table, title));
    saver.className = "csv";
    table.closest(".table").before(saver);
  }
})();
