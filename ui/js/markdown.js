// A small Markdown renderer. It builds DOM nodes and knows no HTML, so whatever a model writes stays text.
// Images become links: the page loads nothing from elsewhere.

import { h } from "./dom.js";

/** Lists, quotes and emphasis nested deeper than this stay plain text. */
const MAX_DEPTH = 8;
/** A longer paragraph is shown without inline marks: looking for unclosed ones takes quadratic time. */
const MAX_INLINE_CHARS = 20_000;

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])\s+(.*)$/;

const INLINE = new RegExp(
  [
    "\\\\(?<escaped>[\\\\`*_[\\]()#+.!|~>-])",
    "(?<tick>`+)(?<code>.+?)\\k<tick>(?!`)",
    "!?\\[(?<label>[^\\]\\n]*)\\]\\((?<href>[^()\\s]+(?:\\([^()\\s]*\\)[^()\\s]*)*)\\)",
    "(?<url>https?://[^\\s<>\"'`]*[^\\s<>\"'`.,;:!?)\\]*_])",
    "\\*\\*(?<strong>\\S.*?)\\*\\*",
    "\\*(?<em>[^\\s*][^*]*)\\*",
    "(?<!\\w)_(?<em2>[^\\s_][^_]*)_(?!\\w)",
  ].join("|"),
  "gs",
);

/** @param {string} text */
export function markdown(text) {
  return blocks(text.replaceAll("\r\n", "\n").replaceAll("\t", "    ").split("\n"), 0);
}

/** @param {string[]} lines @param {number} depth */
function blocks(lines, depth) {
  const out = document.createDocumentFragment();
  const rest = [...lines];
  while (rest.length) {
    if (rest[0]?.trim()) out.append(depth < MAX_DEPTH ? block(rest, depth) : rest.splice(0).join("\n"));
    else rest.shift();
  }
  return out;
}

/** Takes one block off the front. @param {string[]} rest not empty @param {number} depth @returns {Node} */
function block(rest, depth) {
  const line = rest[0] ?? "";
  const mark = FENCE.exec(line)?.[1];
  if (mark) {
    const end = rest.findIndex((other, at) => at > 0 && other.trim().startsWith(mark));
    const code = rest.splice(0, end < 0 ? rest.length : end + 1).slice(1, end < 0 ? undefined : -1);
    return h("pre", { tabindex: 0 }, h("code", {}, code.join("\n")));
  }
  if (RULE.test(line)) return rest.shift(), h("hr");
  const heading = HEADING.exec(line);
  if (heading?.[1]) {
    rest.shift();
    // The page has its own h1 and h2, so a message starts at h3.
    return h(heading[1].length < 3 ? "h3" : "h4", {}, inline(heading[2] ?? "", 0));
  }
  if (QUOTE.test(line)) {
    const inner = take(rest, (other) => QUOTE.test(other));
    return h("blockquote", {}, blocks(inner.map((other) => other.replace(QUOTE, "")), depth + 1));
  }
  if (ITEM.test(line)) return list(rest, depth);
  const text = [rest.shift() ?? "", ...take(rest, (other) => Boolean(other.trim()) && !startsBlock(other))];
  return h("p", {}, inline(text.map((other) => other.trim()).join("\n"), 0));
}

/** Takes lines off the front while they pass. @param {string[]} rest @param {(line: string) => boolean} passes */
function take(rest, passes) {
  const end = rest.findIndex((line) => !passes(line));
  return rest.splice(0, end < 0 ? rest.length : end);
}

/** @param {string} line */
function startsBlock(line) {
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line));
}

/** @param {string[]} rest @param {number} depth */
function list(rest, depth) {
  const marker = ITEM.exec(rest[0] ?? "")?.[2] ?? "";
  const ordered = /\d/.test(marker);
  const node = ordered ? h("ol", { start: parseInt(marker, 10) }) : h("ul");
  for (let item = ITEM.exec(rest[0] ?? ""); item; item = ITEM.exec(rest[0] ?? "")) {
    if (/\d/.test(item[2] ?? "") !== ordered || RULE.test(rest[0] ?? "")) break;
    const indent = new RegExp(`^ {${(item[1] ?? "").length + 2},}(?=\\S)`);
    rest.shift();
    const more = take(rest, (line) => indent.test(line) || (Boolean(line.trim()) && !startsBlock(line)));
    const width = Math.min(...more.map((line) => line.search(/\S/)).filter((column) => column > 1));
    const inner = [item[3] ?? "", ...more.map((line) => line.slice(Math.min(width, line.search(/\S/))))];
    node.append(h("li", {}, blocks(inner, depth + 1)));
    if (!rest[0]?.trim() && ITEM.test(rest[1] ?? "")) rest.shift();
  }
  return node;
}

/** @param {string} text @param {number} depth */
function inline(text, depth) {
  const out = document.createDocumentFragment();
  let at = 0;
  for (const match of depth < MAX_DEPTH && text.length < MAX_INLINE_CHARS ? text.matchAll(INLINE) : []) {
    out.append(text.slice(at, match.index), span(match[0], match.groups ?? {}, depth + 1));
    at = match.index + match[0].length;
  }
  out.append(text.slice(at));
  return out;
}

/** @param {string} whole @param {Record<string, string>} found groups of {@link INLINE} @param {number} depth */
function span(whole, { escaped, code, label, href, url, strong, em, em2 }, depth) {
  if (escaped) return escaped;
  if (code) return h("code", {}, code);
  if (strong) return h("strong", {}, inline(strong, depth));
  if (em || em2) return h("em", {}, inline(em || em2 || "", depth));
  const to = url || href || "";
  // Links lead to the web only: no `javascript:`, no `data:`, nothing on this gateway.
  if (!/^https?:\/\//i.test(to) || !URL.canParse(to)) return whole;
  return h("a", { href: to, target: "_blank", rel: "noopener noreferrer" }, url || inline(label || to, depth));
}
