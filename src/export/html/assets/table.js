// Tables that are sorted by a click on a header, and searched.

/** What a cell is sorted by: its number where it has one. */
function key(row, column) {
  const cell = row.cells[column];
  const number = cell.dataset.sort;
  return number === undefined ? cell.textContent : number === "" ? null : Number(number);
}

/** What a cell can be ranked with: its like. */
function group(row, column) {
  return row.cells[column].dataset.group ?? "";
}

/** What is absent comes last, whatever the direction. */
function compared(one, other, direction) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one === "number" && typeof other === "number") return direction * (one - other);
  return direction * String(one).localeCompare(String(other), "en", { numeric: true });
}

function sortBy(table, column, direction) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  rows.sort((one, other) => compared(group(one, column), group(other, column), 1)
    || compared(key(one, column), key(other, column), direction));
  body.append(...rows);
  [...table.tHead.rows[0].cells].forEach((cell, index) => {
    if (index !== column) cell.removeAttribute("aria-sort");
    else cell.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  });
}

function sortable(table) {
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    button.addEventListener("click", () =>
      sortBy(table, column, cell.getAttribute("aria-sort") === "ascending" ? -1 : 1));
    cell.append(button);
  });
}

/** Shows the rows that hold every word. */
function searchable(table, input, found) {
  input.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    found.textContent = `${count(shown)} of ${count(rows.length)}`;
  });
}
