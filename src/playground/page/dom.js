// Builds elements. Text is always inserted as text: nothing from a request or response becomes HTML here.

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] `class`, `for`, and `aria-…` become attributes, `on` listeners
 * @param {...(Node | string | undefined | false)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    } else if (name === "class" || name === "for" || name.includes("-")) made.setAttribute(name, String(value));
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== undefined && child !== false));
  return made;
}

/** Replaces an element's children. */
export function fill(id, ...children) {
  document.getElementById(id).replaceChildren(...children.filter(Boolean));
}
