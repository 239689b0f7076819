"use strict";
// Column headings of sortable tables become buttons. The first row (none) and the mean stay where they are;
// missing entries sort last in both directions.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const original = [...body.rows];
  const numeric = headings.map((_, column) => original.some((row) => row.cells[column].dataset.value !== undefined));
  const value = (row, column) => {
    const cell = row.cells[column];
    if (!numeric[column]) return cell.textContent.trim().toLowerCase();
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  const sort = (column, direction) => {
    const fixed = (row) => row.classList.contains("baseline") || row.classList.contains("average");
    const rows = original.filter((row) => !fixed(row)).sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (x === null || y === null) return (x === null) - (y === null);
      return direction * (x < y ? -1 : x > y ? 1 : 0);
    });
    const first = original.filter((row) => row.classList.contains("baseline"));
    const last = original.filter((row) => row.classList.contains("average"));
    body.append(...first, ...rows, ...last);
  };
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    const arrow = document.createElement("span");
    arrow.className = "arrow";
    button.insertBefore(arrow, button.querySelector("small"));
    heading.append(button);
    button.addEventListener("click", () => {
      const before = heading.getAttribute("aria-sort");
      // numbers start with the highest, names with A; the third click gives the original order back
      const order = !numeric[column] ? ["ascending", "descending", null] : ["descending", "ascending", null];
      const next = order[(order.indexOf(before) + 1) % 3];
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      if (next === null) {
        body.append(...original);
        return;
      }
      heading.setAttribute("aria-sort", next);
      sort(column, next === "ascending" ? 1 : -1);
    });
  });
}
// On paper, everything is open.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll(".languages details")) part.open = true;
});
