// Making elements. Whatever comes from the program goes in as text, never as markup.

/** An element with attributes, and children that are elements or text. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets a text where it differs: most do not from one second to the next. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** A box that says why there is nothing to see, and what would change that. */
export function empty(title, text, code) {
  return el(
    "div",
    { class: "empty" },
    el("p", { class: "empty-title" }, title),
    text ? el("p", {}, text) : null,
    code ? el("pre", {}, el("code", {}, code)) : null,
  );
}

/** A colour or another custom property of the style sheet. */
export function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
