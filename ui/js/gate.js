// What the page shows while it may not talk to the gateway, and the line that tells how the connection is.

import { h, part, show } from "./dom.js";

/** Title and explanation of each refusal. */
const WORDS = {
  unpaired: ["Pair this browser", "This browser has no key to your gateway yet."],
  code: ["This link no longer works", "Each link works once, within five minutes."],
  token: ["Pair this browser again", "The gateway no longer accepts this browser."],
  browser: ["This browser cannot be paired", "It lacks something that the page needs."],
  other: ["The gateway declined the connection", "It gave this reason:"],
};

/**
 * Takes the one-time code out of the address, so that it is not shown, bookmarked or sent again.
 * Nothing else in the address means anything to this page.
 */
export function takePairingCode() {
  const code = /^#pair=([\w.~-]{1,256})$/.exec(location.hash)?.[1] ?? null;
  if (location.hash || location.search) history.replaceState(null, "", location.pathname);
  return code;
}

/** @param {Refusal} refusal @param {() => void} retry */
export function showGate({ why, message }, retry) {
  const [title = "", lead = ""] = WORDS[why];
  const pairing = [
    h("p", {}, "In a terminal on the gateway's computer, run"),
    h("code", {}, "openclaw dashboard"),
    h("p", {}, "and open the address it prints in this browser."),
    h("p", { class: "quiet" }, "There is no password or token to paste: the address carries a one-time code."),
  ];
  const again = h("button", { type: "button", click: retry }, "Retry");
  part("gate-body").replaceChildren(
    h("h1", {}, title),
    h("p", {}, lead),
    message && h("p", { class: "notice" }, message),
    ...(why === "browser" || why === "other" ? [again] : pairing),
  );
}

/** @param {Status} status @param {() => void} retry */
export function showConnection(status, retry) {
  const line = part("status");
  const { state } = status;
  part("dot").dataset.state = state;
  part("dot").title = state === "online" ? "Connected" : "Not connected";
  show("status", state !== "online");
  if (state === "connecting") line.textContent = "Connecting to the gateway …";
  if (state !== "offline" && state !== "restarting") return;
  const what = state === "restarting" ? "The gateway is restarting." : "No connection to the gateway.";
  const text = `${what} ${status.message} What you type stays here.`;
  line.replaceChildren(h("span", {}, text), h("button", { type: "button", click: retry }, "Retry now"));
}
