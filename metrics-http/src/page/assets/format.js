// Formats numbers with three digits and a suitable unit.

/** Displayed for an unknown value. */
const NONE = "–";

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Three significant digits, without an exponent. */
export function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1000) return plain.format(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return trimmed(value.toFixed(1));
  if (size >= 0.001) return trimmed(value.toPrecision(3));
  return value.toExponential(1);
}

function trimmed(text) {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

function scaled(value, steps, space = " ") {
  const size = Math.abs(value);
  const [step, name] = steps.find(([step]) => size >= step) ?? steps[steps.length - 1];
  return `${digits(value / step)}${space}${name}`.trimEnd();
}

function known(value) {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** A count: in full below 100,000, else with a prefix such as k or M. */
export function count(value) {
  if (!known(value)) return NONE;
  if (Math.abs(value) < 100_000) {
    return Number.isInteger(value) ? plain.format(value) : digits(value);
  }
  return scaled(value, [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]);
}

/** All digits of a whole number. */
export function whole(value) {
  return plain.format(value);
}

/** A rate per second. */
export function rate(value) {
  return known(value) ? `${count(Math.abs(value) >= 100 ? Math.round(value) : value)}/s` : NONE;
}

export function seconds(value) {
  if (!known(value)) return NONE;
  if (value === 0) return "0 s";
  return scaled(value, [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]]);
}

export function bytes(value) {
  if (!known(value)) return NONE;
  return scaled(value, [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]]);
}

/** A ratio in percent. */
export function share(value) {
  if (!known(value)) return NONE;
  const percent = value * 100;
  if (percent !== 0 && Math.abs(percent) < 0.01) return "< 0.01 %";
  return `${percent >= 99.5 && percent < 100 ? percent.toFixed(2) : digits(percent)} %`;
}

/** A duration in two units, such as `3 d 4 h` or `2 min 5 s`. */
export function age(value) {
  if (!known(value)) return NONE;
  const whole = Math.max(0, Math.floor(value));
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).map(([amount, name]) => `${amount} ${name}`).join(" ");
}

/** The formatting function for a unit. */
export function byUnit(unit) {
  switch (unit) {
    case "seconds":
      return seconds;
    case "bytes":
      return bytes;
    case "ratio":
      return share;
    default:
      return count;
  }
}

/** The unit of a family: declared, or the suffix of its name. */
export function unitOf(family) {
  if (family.unit) return family.unit;
  const name = family.name.replace(/_total$/, "");
  return ["seconds", "bytes", "ratio"].find((unit) => name.endsWith(`_${unit}`)) ?? null;
}

/** The time of day. */
export function clock(time) {
  const at = new Date(time * 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
