// The one WebSocket to the gateway that served this page: handshake, requests, events, reconnecting.
// Its address is never taken from anywhere but `location.host`.

import { prove } from "./identity.js";

const CLIENT = { id: "openclaw-control-ui", version: "1", mode: "webchat" };
const ROLE = "operator";
const SCOPES = ["operator.admin", "operator.approvals", "operator.pairing"];
const FIRST_RETRY_MS = 800;
const RETRY_GROWTH = 1.7;
const MAX_RETRY_MS = 15_000;
/** Longer than any answer the gateway gives at once; turns are reported by events. */
const REQUEST_TIMEOUT_MS = 30_000;
/** After so many intervals without any frame, not even a `tick`, the line is taken for dead. */
const MAX_SILENT_TICKS = 2.5;
/** Close code for "the gateway goes away on purpose". */
const RESTARTING = 1012;

/** The gateway answered with an error. */
class GatewayError extends Error {
  /** @param {WireError} [error] */
  constructor(error = {}) {
    super(error.message || "The gateway gave no reason.");
    this.retryAfterMs = error.retryAfterMs;
    this.temporary = Boolean(error.retryable ?? error.retryAfterMs ?? error.code === "UNAVAILABLE");
    /** The credential was turned down: the protocol has no code for that, only this documented prefix. */
    this.unauthorized = error.code === "NOT_PAIRED" || this.message.startsWith("unauthorized");
  }
}

/** The connection went away before the answer came. */
export class ConnectionLost extends Error {
  message = "The connection to the gateway was lost.";
}

export class Connection {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<string, Pending>} */ #pending = new Map();
  /** @type {string | null} */ #code = null;
  #attempts = 0;
  #failures = 0;
  #retryTimer = 0;
  #watchdog = 0;
  #lastHeard = 0;
  #online = false;
  #restarting = false;

  /** @param {import("./identity.js").Vault} vault @param {Listener} listener */
  constructor(vault, listener) {
    this.vault = vault;
    this.listener = listener;
  }

  /** Connects, and stays connected. @param {string | null} code the one-time code of the address */
  start(code) {
    this.#code = code;
    this.#failures = 0;
    this.#open();
  }

  /** Ends the pause before the next attempt. */
  retryNow() {
    if (this.#retryTimer) this.#open();
  }

  /** @type {Call} rejects with GatewayError or {@link ConnectionLost} */
  request = (method, params) => {
    return this.#online && this.#socket ? this.#send(this.#socket, method, params) : Promise.reject(new ConnectionLost());
  };

  /** Ends the present attempt and tells how things stand. @param {Status} status */
  #leave(status) {
    clearTimeout(this.#retryTimer);
    clearInterval(this.#watchdog);
    const socket = this.#socket;
    this.#retryTimer = 0;
    this.#socket = null;
    this.#online = false;
    socket?.close();
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new ConnectionLost());
    }
    this.#pending.clear();
    this.listener.status(status);
  }

  async #open() {
    const attempt = ++this.#attempts;
    const credential = await this.#credential();
    if (attempt !== this.#attempts) return;
    if (!credential) return this.#leave({ state: "refused", why: "unpaired", message: "" });
    this.#leave(this.#failures ? this.#away("") : { state: "connecting" });
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/`);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(socket, data);
    socket.onclose = ({ code }) => {
      this.#restarting ||= code === RESTARTING;
      if (socket === this.#socket) this.#retryLater("");
    };
  }

  /** A fresh code wins over the stored token: the user just asked for it. @returns {Promise<Proof | null>} */
  async #credential() {
    if (this.#code) return { kind: "code", value: this.#code };
    const value = await this.vault.token();
    return value ? { kind: "token", value } : null;
  }

  /** @param {WebSocket} socket @param {string} method @param {object} params @returns {Promise<any>} */
  #send(socket, method, params) {
    const id = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new GatewayError({ retryable: true, message: `The gateway did not answer ${method} in time.` }));
      }, REQUEST_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ type: "req", id, method, params }));
    });
  }

  /** @param {WebSocket} socket @param {string} text */
  #receive(socket, text) {
    if (socket !== this.#socket) return;
    this.#lastHeard = Date.now();
    const frame = JSON.parse(text);
    if (frame.event === "connect.challenge") this.#handshake(socket, frame.payload.nonce);
    else if (frame.type === "event") {
      this.#restarting ||= frame.event === "shutdown";
      this.listener.event(frame.event, frame.payload);
    }
    const pending = frame.type === "res" ? this.#pending.get(frame.id) : undefined;
    if (!pending) return;
    this.#pending.delete(frame.id);
    clearTimeout(pending.timer);
    if (frame.ok) pending.resolve(frame.payload ?? {});
    else pending.reject(new GatewayError(frame.error));
  }

  /** @param {WebSocket} socket @param {string} nonce */
  async #handshake(socket, nonce) {
    const credential = await this.#credential();
    if (!credential) return this.#open();
    try {
      const hello = await this.#connect(socket, nonce, credential);
      if (hello.auth?.deviceToken) await this.vault.setToken(hello.auth.deviceToken);
      if (socket === this.#socket) this.#welcome(hello);
    } catch (error) {
      if (socket !== this.#socket) return;
      socket.onclose = null; // The gateway hangs up after a refusal; that is no lost connection.
      if (error instanceof GatewayError) await this.#refused(error, credential);
      else this.#leave({ state: "refused", why: "browser", message: String(error) });
    }
  }

  /** @param {WebSocket} socket @param {string} nonce @param {Proof} credential @returns {Promise<Hello>} */
  async #connect(socket, nonce, { kind, value }) {
    const claims = { clientId: CLIENT.id, clientMode: CLIENT.mode, role: ROLE, scopes: SCOPES, secret: value, nonce };
    const device = await prove(await this.vault.identity(), claims);
    if (socket !== this.#socket) throw new ConnectionLost();
    if (kind === "code") this.#code = null; // Sent once, whatever becomes of it.
    return this.#send(socket, "connect", {
      minProtocol: 3,
      maxProtocol: 3,
      client: { ...CLIENT, platform: navigator.platform || "web" },
      role: ROLE,
      scopes: SCOPES,
      caps: ["tool-events"],
      auth: kind === "code" ? { pairingCode: value } : { token: value },
      device,
    });
  }

  /** @param {Hello} hello */
  #welcome(hello) {
    const interval = hello.policy?.tickIntervalMs ?? 30_000;
    this.#watchdog = setInterval(() => {
      if (Date.now() - this.#lastHeard > interval * MAX_SILENT_TICKS) this.#retryLater("");
    }, interval);
    this.#failures = 0;
    this.#restarting = false;
    this.#online = true;
    this.listener.status({ state: "online" });
    this.listener.hello(hello);
  }

  /** @param {GatewayError} error @param {Proof} credential */
  async #refused(error, { kind }) {
    const { message, temporary, unauthorized } = error;
    if (kind === "code") {
      // An old link in a browser that is paired already: the stored token still opens the door.
      if (await this.vault.token()) return this.#open();
      return this.#leave({ state: "refused", why: "code", message });
    }
    if (temporary) return this.#retryLater(message, error.retryAfterMs);
    if (unauthorized) await this.vault.setToken(undefined);
    this.#leave({ state: "refused", why: unauthorized ? "token" : "other", message });
  }

  /** @param {string} message @returns {Status} */
  #away(message) {
    return { state: this.#restarting ? "restarting" : "offline", message };
  }

  /** @param {string} message the gateway's reason, if it gave one @param {number} [pause] in milliseconds */
  #retryLater(message, pause = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * RETRY_GROWTH ** this.#failures)) {
    this.#failures += 1;
    this.#leave(this.#away(message));
    this.#retryTimer = setTimeout(() => this.#open(), pause);
  }
}
