// Asks the server for what is new, once a second, and keeps the last quarter of an hour.

const VERSION = 1;
const STEP = 1000;
/** Without the credentials that an address may have in it, which `fetch` refuses. */
const HERE = location.origin + location.pathname;
/** Points that are kept: a quarter of an hour. */
const MOST = 15 * 60;

/** What the program measures, as far as this page has seen it. */
export class Feed extends EventTarget {
  families = [];
  functions = [];
  points = [];
  links = [];
  program = null;
  build = [];
  /** `connecting`, `live`, `paused` or `lost`. */
  state = "connecting";
  trouble = "";

  #known = { run: "", edition: 0, since: 0 };
  /** Where the server's families and functions stand in ours: another run may have another order. */
  #familySlots = [];
  #functionSlots = [];
  #familyAt = new Map();
  #functionAt = new Map();
  #timer = 0;
  #failures = 0;

  start() {
    this.#ask();
  }

  pause() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#become("paused");
  }

  resume() {
    this.#become("connecting");
    this.#ask();
  }

  get latest() {
    return this.points[this.points.length - 1] ?? null;
  }

  family(name) {
    const at = this.#familyAt.get(name);
    return at === undefined ? null : this.families[at];
  }

  /** The points of so many seconds before the last one. */
  since(seconds) {
    const from = (this.latest?.time ?? 0) - seconds;
    let first = this.points.length;
    while (first > 0 && this.points[first - 1].time >= from) first -= 1;
    return this.points.slice(first);
  }

  /** Some series of a family, as they are now. */
  async series(query) {
    const response = await fetch(`${HERE}-/page/series?${new URLSearchParams(query)}`, {
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }

  async #ask() {
    const began = performance.now();
    try {
      const response = await fetch(`${HERE}-/page/feed?${new URLSearchParams(this.#known)}`, {
        signal: AbortSignal.timeout(10_000),
      });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const answer = await response.json();
      if (answer.version !== VERSION) throw new Error("the server has another version; load the page again");
      this.#take(answer);
      this.#failures = 0;
      this.trouble = "";
      if (this.state !== "paused") this.#become("live");
    } catch (error) {
      this.#failures += 1;
      this.trouble = error.message;
      if (this.state !== "paused") this.#become("lost");
    }
    if (this.state === "paused") return;
    // A server that is gone is asked less often, up to every eight seconds.
    const pause = this.#failures > 0 ? STEP * 2 ** Math.min(this.#failures - 1, 3) : STEP - (performance.now() - began);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), Math.max(50, pause));
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  #take(answer) {
    const { run, edition, about } = answer;
    if (about) this.#learn(about, answer.links ?? []);
    const since = this.#known.run === run ? this.#known.since : 0;
    // After a pause, two questions may be on their way, and both be answered with the same points.
    const fresh = answer.points.filter((point) => point.number > since);
    this.points.push(...fresh.map((point) => this.#inOurOrder(point, run)));
    if (this.points.length > MOST) this.points.splice(0, this.points.length - MOST);
    const last = fresh[fresh.length - 1];
    this.#known = { run, edition, since: last?.number ?? since };
    if (last || about) this.dispatchEvent(new Event("points"));
  }

  #learn(about, links) {
    this.program = about.program;
    this.build = about.build;
    this.links = links;
    this.#familySlots = about.families.map((family) => slot(this.families, this.#familyAt, family.name, family));
    this.#functionSlots = about.functions.map((it) =>
      slot(this.functions, this.#functionAt, `${it.module}\n${it.function}`, it),
    );
  }

  #inOurOrder(point, run) {
    const byFamily = (column) => inOrder(column, this.#familySlots);
    const byFunction = (column) => inOrder(column, this.#functionSlots);
    const { functions } = point;
    return {
      run,
      time: point.time,
      took: point.took,
      series: byFamily(point.series),
      totals: byFamily(point.totals),
      histograms: inKeys(point.histograms, this.#familySlots),
      overflowed: point.overflowed,
      failedRequests: point.failed_requests,
      functions: {
        calls: byFunction(functions.calls),
        ok: byFunction(functions.ok),
        errors: byFunction(functions.errors),
        inFlight: byFunction(functions.in_flight),
        durations: inKeys(functions.durations, this.#functionSlots),
      },
    };
  }
}

/** Where something stands among ours; new ones go to the end. */
function slot(all, places, key, thing) {
  let at = places.get(key);
  if (at === undefined) {
    at = all.length;
    places.set(key, at);
  }
  all[at] = { ...thing, at };
  return at;
}

function inOrder(column, slots) {
  if (column.every((_, i) => slots[i] === i)) return column;
  const out = [];
  column.forEach((value, i) => (out[slots[i]] = value));
  return out;
}

function inKeys(things, slots) {
  return new Map(Object.entries(things).map(([at, thing]) => [slots[Number(at)], thing]));
}
