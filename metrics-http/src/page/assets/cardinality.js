// Number of series in total and by metric, and how close each metric is to its cardinality limit.

import { el, say } from "./dom.js";
import { count, share } from "./format.js";
import { Table, twoTexts } from "./table.js";

export const title = "Cardinality";

export class Cardinality {
  root = el("div", { class: "view" });
  #feed;
  #tiles;
  #table;

  constructor(feed) {
    this.#feed = feed;
    const tile = (name) => {
      const value = el("div", { class: "value" }, "–");
      const note = el("div", { class: "dim note" }, " ");
      return { value, note, root: el("div", { class: "tile card" }, el("h2", {}, name), value, note) };
    };
    this.#tiles = { series: tile("Series"), families: tile("Metrics"), fullest: tile("Closest to its limit"), overflowed: tile("Overflowed") };
    this.#table = new Table({
      label: "Series of each metric",
      key: (row) => row.family.at,
      sort: { at: 1, down: true },
      columns: [
        {
          title: "Metric",
          width: "minmax(8rem, 4fr)",
          value: (row) => row.family.name,
          draw: (cell, row) => twoTexts(cell, row.family.name, row.family.labels.map((label) => label.name).join(", ")),
        },
        { title: "Series", numeric: true, value: (row) => row.series, text: (row) => count(row.series) },
        { title: "Share", numeric: true, wide: true, value: (row) => row.share, text: (row) => share(row.share) },
        { title: "Limit", numeric: true, wide: true, value: (row) => row.cap, text: (row) => count(row.cap) },
        { title: "Limit used", numeric: true, value: (row) => row.used, draw: (cell, row) => bar(cell, row.used) },
        { title: "Overflowed", numeric: true, wide: true, note: "label sets beyond the limit", value: (row) => row.overflowed, text: (row) => count(row.overflowed) },
      ],
    });
    this.root.append(el("div", { class: "tiles" }, ...Object.values(this.#tiles).map((it) => it.root)), this.#table.root);
  }

  update({ points }) {
    const last = points[points.length - 1];
    if (!last) return;
    const all = last.series.reduce((sum, it) => sum + (it ?? 0), 0);
    const rows = this.#feed.families.map((family) => {
      const series = last.series[family.at] ?? 0;
      const cap = family.max_series ?? null;
      return {
        family,
        series,
        cap,
        share: all > 0 ? series / all : null,
        used: cap ? series / cap : null,
        overflowed: last.overflowed[family.name] ?? (cap ? 0 : null),
      };
    });
    const fullest = rows.filter((row) => row.used !== null).sort((a, b) => b.used - a.used)[0];
    const overflowed = Object.values(last.overflowed).reduce((sum, it) => sum + it, 0);
    this.#setTile("series", count(all), "in an exposition");
    this.#setTile("families", count(this.#feed.families.length), "declared or collected");
    this.#setTile("fullest", fullest ? share(fullest.used) : "–", fullest ? fullest.family.name : "no metric has a limit");
    this.#setTile("overflowed", count(overflowed), "label sets counted as overflow", overflowed > 0 ? "bad" : "");
    this.#table.update(rows);
  }

  #setTile(name, value, note, mood = "") {
    const tile = this.#tiles[name];
    say(tile.value, value);
    say(tile.note, note);
    tile.root.dataset.mood = mood;
  }
}

function bar(cell, used) {
  if (used === null) {
    cell.replaceChildren("–");
    return;
  }
  if (cell.childElementCount !== 2) {
    cell.replaceChildren(el("span", { class: "meter" }, el("span", {})), el("span", { class: "meter-text" }));
  }
  cell.firstChild.firstChild.style.width = `${Math.min(100, used * 100)}%`;
  cell.firstChild.classList.toggle("full", used >= 0.9);
  say(cell.lastChild, share(used));
}
