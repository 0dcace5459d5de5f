// The list of sessions at the side.

import { h, part, shortTime } from "./dom.js";
import { withoutEnvelope } from "./turns.js";

/** Older sessions are left out: nobody scrolls that far. */
const MAX_SESSIONS = 200;
/** Markdown that only clutters a preview. */
const MARKS = /[#*`>]+/g;

/** The key as the gateway stores it. @param {string} key @param {SessionDefaults} defaults */
export function canonicalKey(key, { defaultAgentId, mainKey, mainSessionKey }) {
  const lower = key.toLowerCase();
  if (lower === "main" || lower === mainKey) return mainSessionKey;
  return lower.startsWith("agent:") || lower === "global" ? lower : `agent:${defaultAgentId}:${lower}`;
}

export class SessionList {
  /** @type {SessionRow[]} newest first */
  rows = [];
  /** Provider and model of sessions that have not answered yet. */
  defaults = { modelProvider: "", model: "" };
  mainKey = "";

  /** @param {Call} request @param {(key: string) => void} choose */
  constructor(request, choose) {
    this.request = request;
    this.choose = choose;
  }

  async load() {
    const params = { includeDerivedTitles: true, includeLastMessage: true, limit: MAX_SESSIONS };
    const { sessions, defaults } = await this.request("sessions.list", params);
    this.defaults = defaults ?? this.defaults;
    this.rows = sessions;
  }

  /** @param {string} key */
  title(key) {
    const row = this.rows.find((known) => known.key === key);
    if (row?.label || key === this.mainKey) return row?.label || "Main chat";
    if (!row) return "New chat";
    return row.displayName || withoutEnvelope(row.derivedTitle ?? "") || key.split(":").slice(2).join(":") || key;
  }

  /** @param {string} current key of the open session, listed even before its first message */
  render(current) {
    const missing = new Set([current, this.mainKey].filter((key) => !this.rows.some((row) => row.key === key)));
    const rows = [...Array.from(missing, (key) => /** @type {SessionRow} */ ({ key })), ...this.rows];
    part("sessions").replaceChildren(...rows.map((row) => h("li", {}, this.#entry(row, current))));
  }

  /** @param {SessionRow} row @param {string} current */
  #entry({ key, lastMessagePreview = "", lastChannel, updatedAt }, current) {
    const from = lastChannel && lastChannel !== "webchat" ? `${lastChannel}: ` : "";
    return h(
      "button",
      { type: "button", class: "session", "aria-current": String(key === current), "data-key": key, click: () => this.choose(key) },
      h("span", { class: "clip" }, this.title(key)),
      h("small", {}, updatedAt ? shortTime(updatedAt) : ""),
      h("small", { class: "clip" }, from + withoutEnvelope(lastMessagePreview.replace(MARKS, "")) || "No messages yet"),
    );
  }
}
