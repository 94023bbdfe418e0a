// Tables of any length: only the visible rows are in the document.

import { el, say } from "./dom.js";

/** Height of a row in pixels. */
const ROW_HEIGHT = 40;
/** Rows drawn beyond each edge, so that scrolling does not expose a gap before the next draw. */
const OVERSCAN = 6;

/**
 * A table with sortable columns.
 *
 * A column is `{ title, value, text, numeric, width, wide, note, draw }`: `value` returns the sort key
 * of a row, `text` the displayed text; a `wide` column is hidden on a phone. `open` is called with a
 * row when its first cell, a button, is pressed.
 */
export class Table {
  #columns;
  #rows = [];
  #sort;
  #open;
  #key;
  #chosen = null;
  #pool = [];
  #body = el("div", { class: "rows", role: "rowgroup" });
  #spacer = el("div", { class: "spacer", role: "presentation" });
  #heads;
  #emptyNote;

  constructor({ label, columns, sort, open, key, none }) {
    this.#columns = columns;
    this.#sort = sort ?? null;
    this.#open = open;
    this.#key = key ?? ((row) => row);
    this.#heads = columns.map((column, at) => this.#head(column, at));
    this.#emptyNote = el("p", { class: "none dim" }, none ?? "Nothing to show");
    // The head scrolls with the body, so that a scroll bar narrows both equally.
    this.#body.append(el("div", { class: "row head", role: "row" }, ...this.#heads.map((head) => head.cell)), this.#spacer);
    this.root = el(
      "div",
      { class: "table card", role: "table", "aria-label": label },
      this.#body,
      this.#emptyNote,
    );
    const template = (some) => some.map((column) => column.width ?? "minmax(4.75rem, 1fr)").join(" ");
    this.root.style.setProperty("--columns", template(columns));
    this.root.style.setProperty("--columns-phone", template(columns.filter((column) => !column.wide)));
    this.#body.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(this.#body);
    this.#updateHeads();
  }

  update(rows) {
    this.#rows = this.#sorted(rows);
    this.root.setAttribute("aria-rowcount", String(rows.length + 1));
    this.#spacer.style.height = `${rows.length * ROW_HEIGHT}px`;
    this.#emptyNote.hidden = rows.length > 0;
    this.#draw();
  }

  /** Highlights the row with this key, whose details are open. */
  choose(key) {
    this.#chosen = key;
    this.#draw();
  }

  #head(column, at) {
    const classes = `cell${column.numeric ? " numeric" : ""}${column.wide ? " wide" : ""}`;
    const attributes = { class: classes, role: "columnheader", title: column.note };
    if (!column.value) return { cell: el("div", attributes, column.title) };
    const button = el("button", { class: "sort", type: "button", onclick: () => this.#sortBy(at) }, column.title);
    return { cell: el("div", attributes, button) };
  }

  #sortBy(at) {
    const isSame = this.#sort?.at === at;
    // Numbers are sorted in descending order first.
    const down = isSame ? !this.#sort.down : Boolean(this.#columns[at].numeric);
    this.#sort = { at, down };
    this.#updateHeads();
    this.update(this.#rows);
  }

  #updateHeads() {
    this.#heads.forEach(({ cell }, at) => {
      if (this.#sort?.at === at) {
        cell.setAttribute("aria-sort", this.#sort.down ? "descending" : "ascending");
      } else {
        cell.removeAttribute("aria-sort");
      }
    });
  }

  #sorted(rows) {
    if (!this.#sort) return rows;
    const { at, down } = this.#sort;
    const { value } = this.#columns[at];
    const direction = down ? -1 : 1;
    // Unknown values are last in both directions.
    const compare = ([a], [b]) => {
      const isUnknown = (it) => it === null || it === undefined || Number.isNaN(it);
      if (isUnknown(a) || isUnknown(b)) return isUnknown(a) - isUnknown(b);
      if (typeof a === "string") return direction * a.localeCompare(b);
      return direction * (a - b);
    };
    return rows.map((row) => [value(row), row]).sort(compare).map(([, row]) => row);
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.#body.scrollTop / ROW_HEIGHT) - OVERSCAN);
    const fits = Math.ceil(this.#body.clientHeight / ROW_HEIGHT) + 2 * OVERSCAN;
    const shown = this.#rows.slice(first, first + fits);
    while (this.#pool.length < shown.length) this.#pool.push(this.#createLine());
    this.#pool.forEach((line, i) => {
      const row = shown[i];
      line.root.hidden = row === undefined;
      if (row !== undefined) this.#fill(line, row, first + i);
    });
  }

  #createLine() {
    const line = { row: null };
    line.cells = this.#columns.map((column, at) => {
      const classes = `cell${column.numeric ? " numeric" : ""}${column.wide ? " wide" : ""}`;
      const cell = el("div", { class: classes, role: "cell" });
      if (at > 0 || !this.#open) return { cell, inner: cell };
      const inner = el("button", { class: "open", type: "button", onclick: () => this.#open(line.row) });
      cell.append(inner);
      return { cell, inner };
    });
    line.root = el("div", { class: "row", role: "row" }, ...line.cells.map(({ cell }) => cell));
    if (this.#open) {
      // A pointer can press the whole row; the button is for keyboards and screen readers.
      line.root.classList.add("opens");
      line.root.addEventListener("click", (event) => {
        if (!event.target.closest("button")) this.#open(line.row);
      });
    }
    this.#body.append(line.root);
    return line;
  }

  #fill(line, row, at) {
    line.row = row;
    line.root.style.transform = `translateY(${(at + 1) * ROW_HEIGHT}px)`;
    line.root.setAttribute("aria-rowindex", String(at + 2));
    line.root.classList.toggle("chosen", this.#chosen !== null && this.#key(row) === this.#chosen);
    this.#columns.forEach((column, i) => {
      const { inner } = line.cells[i];
      if (column.draw) {
        column.draw(inner, row);
      } else {
        say(inner, column.text(row));
      }
    });
  }
}

/** Fills a cell with a name and secondary text. */
export function twoTexts(cell, name, more) {
  if (cell.childElementCount !== 2) {
    cell.replaceChildren(el("span", { class: "name" }), el("span", { class: "dim more" }));
  }
  say(cell.children[0], name);
  say(cell.children[1], more);
  cell.title = more ? `${name} · ${more}` : name;
}
