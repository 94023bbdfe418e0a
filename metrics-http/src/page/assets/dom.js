// Creates and updates elements. Text from the program is never parsed as markup.

/** Creates an element with attributes, and children that are elements or text. */
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

/** Sets the text of an element if it differs, which most texts do not from one second to the next. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Creates a box that explains why a view is empty, and how to change that. */
export function empty(title, text, code) {
  return el(
    "div",
    { class: "empty" },
    el("p", { class: "empty-title" }, title),
    text ? el("p", {}, text) : null,
    code ? el("pre", {}, el("code", {}, code)) : null,
  );
}

/** The value of a custom property of the style sheet, such as a colour. */
export function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
