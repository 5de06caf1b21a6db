/**
 * Just enough to build pages by hand: make an element, replace children, keep a keyed list in step without throwing
 * away rows that a reader has focused. Text always goes in as text nodes, so nothing from the network becomes markup.
 */

/** What an element may be made of. */
export type Child = Node | string | null;

/** Attributes by name; `class`, `aria-*` and `data-*` included. False and null leave the attribute out. */
export type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** Makes an element. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Sets, changes or removes attributes. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Changes an element's text only when it differs, so that screen readers are not told twice. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** The element with this id. Throws when the page and its script disagree. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

/** How a keyed list draws and redraws one of its items. */
export interface KeyedDrawing<Item, Row extends HTMLElement> {
  readonly key: (item: Item) => string;
  readonly make: (item: Item) => Row;
  readonly update: (row: Row, item: Item) => void;
}

/** Keeps the children of `parent` in step with a list of items. */
export type KeyedList<Item> = (items: readonly Item[]) => void;

/** A list that keeps one row per key: rows move and change but are not made again. */
export function keyedList<Item, Row extends HTMLElement>(
  parent: HTMLElement,
  drawing: KeyedDrawing<Item, Row>,
): KeyedList<Item> {
  let rows = new Map<string, Row>();
  return (items) => {
    const focused = document.activeElement;
    const wanted = new Set(items.map(drawing.key));
    for (const [key, row] of rows) if (!wanted.has(key)) row.remove();
    const kept = new Map<string, Row>();
    let at: Element | null = parent.firstElementChild;
    for (const item of items) {
      const key = drawing.key(item);
      const row = rows.get(key) ?? drawing.make(item);
      kept.set(key, row);
      drawing.update(row, item);
      if (row === at) at = at.nextElementSibling;
      else parent.insertBefore(row, at);
    }
    rows = kept;
    // A moved element loses focus; give it back to whoever had it.
    if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  };
}

/** A stacked bar of shares. Its widths are set once a draw; the words beside it carry the meaning. */
export function stackedBar(parts: readonly { readonly className: string; readonly amount: number }[]): HTMLElement {
  const total = parts.reduce((sum, part) => sum + part.amount, 0);
  const bar = el("div", { class: "stack", "aria-hidden": "true" });
  for (const part of parts) {
    if (part.amount <= 0) continue;
    const piece = el("span", { class: part.className });
    piece.style.width = `${(part.amount / total) * 100}%`;
    bar.append(piece);
  }
  return bar;
}
