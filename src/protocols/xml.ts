/**
 * Just enough XML to write it safely. Strings come from catalogs that people type, so everything is escaped, and what
 * XML 1.0 cannot carry at all (most control characters, lone surrogates, U+FFFE and U+FFFF) is taken out.
 */

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&apos;"],
  // Written as references, or a reader would turn them into plain spaces and line feeds; the last two are line ends
  // to readers that follow XML 1.1.
  ["\t", "&#9;"],
  ["\n", "&#10;"],
  ["\r", "&#13;"],
  ["\u0085", "&#133;"],
  ["\u2028", "&#8232;"],
]);

/** The text without what XML 1.0 forbids (section 2.2); a lone surrogate becomes U+FFFD. */
export function legalXmlText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these control characters are exactly what must go
  return text.toWellFormed().replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, "");
}

/** Text safe inside an element and inside a quoted attribute. */
export function escapeXml(text: string): string {
  return legalXmlText(text).replace(/[&<>"'\t\n\r\u0085\u2028]/g, (letter) => ESCAPES.get(letter) ?? "");
}

/** An element. `attributes` keep their order; `content` is already XML. Requires: names that need no escaping. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, content: string): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return `<${name}${written.join("")}${content === "" ? "/>" : `>${content}</${name}>`}`;
}

/** An element that holds only text. */
export function textElement(
  name: string,
  text: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  return element(name, attributes, escapeXml(text));
}
