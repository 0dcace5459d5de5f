// Where an answer came from: results of `memory_search`, and citations such as `notes/a.md#L3-L9` in its text.

import { h, part } from "./dom.js";

/** More chips than this under one answer help nobody. */
const MAX_CHIPS = 12;
/** `Source: path#L3`, or a bare `path#L3-L9`; a path inside a web address does not count. */
const CITATION =
  /(?:Sources?:\s*`?([^\n#`]{1,300}?)|(?<![\p{L}\p{N}/:.])([\p{L}\p{N}_][^\s#`()[\],;:]{0,300}))#L(\d+)(?:-L?(\d+))?/gu;

/** Takes the lines that do nothing but cite out of a text. @param {string} text */
export function splitCitations(text) {
  /** @type {Source[]} */
  const cited = [];
  let fenced = false;
  const kept = text.split("\n").filter((line) => {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const found = fenced ? [] : [...line.matchAll(CITATION)];
    for (const [, named, bare, start, end] of found) {
      const path = (named ?? bare ?? "").trim();
      cited.push({ path, startLine: Number(start), endLine: Number(end ?? start), cited: true });
    }
    return !found.length || /[\p{L}\p{N}]/u.test(line.replace(CITATION, ""));
  });
  return { text: kept.join("\n").trimEnd(), cited };
}

/** @param {any} result of a `memory_search`: `{content, details}` of a tool event or a `toolResult` message */
export function searchResults(result) {
  const details = result?.details?.results ? result.details : parsed(result?.content);
  /** @type {any[]} */
  const rows = Array.isArray(details?.results) ? details.results : [];
  return { sources: rows.filter((row) => row?.path).map(fromRow), problem: details?.error ? String(details.error) : "" };
}

/** @param {any} content */
function parsed(content) {
  try {
    return JSON.parse(Array.isArray(content) ? content[0]?.text : content);
  } catch {
    return null; // Cut short, or prose.
  }
}

/** @param {any} row @returns {Source} */
function fromRow({ path, startLine = 1, endLine = startLine, snippet = "" }) {
  // With citations on, the snippet repeats its own address in the last line.
  const { text } = splitCitations(String(snippet));
  return { path: String(path), startLine, endLine, excerpt: { startLine, endLine, snippet: text }, cited: false };
}

/** One list without repetitions; a citation borrows the excerpt found around it. @param {Source[]} sources */
export function mergeSources(sources) {
  /** @type {Source[]} */
  const merged = [];
  for (const source of sources) {
    const { path, startLine, endLine } = source;
    const same = merged.find((other) => other.path === path && other.startLine <= endLine && startLine <= other.endLine);
    if (same) same.excerpt ??= source.excerpt;
    else merged.push({ ...source });
  }
  return merged;
}

/** @param {Lines} range */
function lines({ startLine, endLine }) {
  return endLine > startLine ? `lines ${startLine}–${endLine}` : `line ${startLine}`;
}

/** @param {Source[]} sources */
export function chips(sources) {
  const items = sources.slice(0, MAX_CHIPS).map((source) => {
    const props = { type: "button", class: source.cited ? "chip cited" : "chip", "data-path": source.path };
    const path = h("span", { class: "clip" }, source.path);
    return h("li", {}, h("button", { ...props, click: () => open(source) }, path, h("small", {}, lines(source))));
  });
  return h("ul", { class: "sources", "aria-label": "Sources" }, ...items);
}

/** Shows a source at the side. @param {Source} source */
function open({ path, excerpt, ...range }) {
  part("source-path").textContent = path;
  part("source-lines").textContent = lines(excerpt ?? range);
  part("source-text").textContent =
    excerpt?.snippet || "The answer names these lines but did not bring their text. Open the file in the workspace.";
  part("source").showPopover();
}
