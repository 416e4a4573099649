/** Making elements: text is always text, never markup. */

type Child = Node | string | null | false;
type Handler = (event: Event) => void;

export function h(tag: string, attributes: Record<string, string | boolean | Handler | null> = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  element.append(...children.filter((child): child is Node | string => child !== null && child !== false));
  return element;
}

export function button(label: string, onClick: () => void, more: Record<string, string> = {}): HTMLElement {
  return h("button", { type: "button", click: onClick, ...more }, label);
}

const SIGNS: Record<string, string> = {
  check: '<circle cx="24" cy="24" r="21"/><path d="M14 25l7 7 13-15" stroke-width="5.5"/>',
  ring: '<circle cx="24" cy="24" r="21" stroke-dasharray="9 6.2"/><path d="M15 25l6 6 12-14"/>',
  twins:
    '<rect x="4" y="4" width="27" height="27" rx="3"/><path d="M38 17h3a3 3 0 0 1 3 3v21a3 3 0 0 1-3 3H20a3 3 0 0 1-3-3v-3"/><path d="M13 13h9v9h-9z"/>',
  clock: '<circle cx="24" cy="24" r="21"/><path d="M24 12v13l9 6" stroke-width="5"/>',
  pause: '<rect x="4" y="4" width="40" height="40" rx="8"/><path d="M18 15v18M30 15v18" stroke-width="6"/>',
  return:
    '<path d="M15.5 3h17L45 15.5v17L32.5 45h-17L3 32.5v-17z"/><path d="M20 14l-7 7 7 7M14 21h14a6 6 0 0 1 0 13h-6" stroke-width="4.5"/>',
  bar: '<circle cx="24" cy="24" r="21"/><path d="M10 24h28" stroke-width="8" stroke-linecap="butt"/>',
  cross: '<path d="M15.5 3h17L45 15.5v17L32.5 45h-17L3 32.5v-17z"/><path d="M16 16l16 16M32 16L16 32" stroke-width="6"/>',
  pencil: '<path d="M31 6l11 11-24 24-13 2 2-13z"/><path d="M26 11l11 11"/>',
};
const ASKING =
  '<rect x="3" y="3" width="42" height="42" rx="12"/><path d="M17 18a7 7 0 1 1 9.5 6.6c-1.8.7-2.5 2-2.5 4.4" stroke-width="5"/><path d="M24 36v.5" stroke-width="6"/>';

/** One shape for each sign: colour is never alone. */
export function sign(name: string): Element {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="0 0 48 48" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round">${SIGNS[name] ?? ASKING}</svg>`;
  return holder.content.firstElementChild as Element;
}
