// Puts the page together: one connection, one open session, the list at the side.

import { ChatView, notice } from "./chat.js";
import { Composer } from "./composer.js";
import { Connection, ConnectionLost } from "./connection.js";
import { Conversation } from "./conversation.js";
import { part, show } from "./dom.js";
import { showConnection, showGate, takePairingCode } from "./gate.js";
import { Vault } from "./identity.js";
import { canonicalKey, SessionList } from "./sessions.js";
import { SettingsBanner } from "./settings.js";

/** Under this name the tab remembers which session was open, for a reload. */
const OPEN_SESSION = "openclaw.session";
/** Provider name of answers that no language model wrote. */
const OFFLINE = "offline";

class App {
  /** @type {Map<string, Conversation>} */ #conversations = new Map();
  #key = "";
  #defaults = { defaultAgentId: "main", mainKey: "main", mainSessionKey: "agent:main:main" };
  #chat = new ChatView();
  #settings = new SettingsBanner();
  #composer = new Composer((text) => {
    this.#chat.follow();
    this.#current?.send(text);
  });

  /** @param {Vault} vault */
  constructor(vault) {
    this.connection = new Connection(vault, {
      status: (status) => this.#status(status),
      hello: (hello) => this.#hello(hello),
      event: (name, payload) => this.#event(name, payload),
    });
    this.sessions = new SessionList(this.connection.request, (key) => this.#open(key));
  }

  get #current() {
    return this.#conversations.get(this.#key);
  }

  /** @param {string | null} code */
  start(code) {
    /** @param {string} id @param {() => void} action */
    const on = (id, action) => part(id).addEventListener("click", action);
    on("new-chat", () => this.#open(`chat-${crypto.randomUUID().slice(0, 8)}`));
    on("menu", () => this.#drawer(true));
    on("shade", () => this.#drawer(false));
    on("stop", () => this.#stop());
    addEventListener("keydown", (event) => event.key === "Escape" && this.#escape());
    addEventListener("online", () => this.connection.retryNow());
    addEventListener("hashchange", () => {
      const fresh = takePairingCode();
      if (fresh) this.connection.start(fresh);
    });
    this.connection.start(code);
  }

  /** Runs something, and tells in the page what went wrong. @param {() => Promise<unknown>} action */
  async #try(action) {
    const trouble = part("trouble");
    trouble.replaceChildren();
    await action().catch((error) => {
      if (error instanceof ConnectionLost) return; // The status line tells, and everything is read again afterwards.
      trouble.replaceChildren(notice(error.message, () => this.#try(action)));
    });
  }

  /** @param {string} anyKey */
  #open(anyKey) {
    const key = canonicalKey(anyKey, this.#defaults);
    // Sessions without a run under way are read afresh when they are opened again.
    for (const [other, { runs }] of this.#conversations) if (other !== key && !runs.size) this.#conversations.delete(other);
    this.#key = key;
    sessionStorage.setItem(OPEN_SESSION, key);
    const conversation = this.#current ?? new Conversation(key, this.connection.request, () => this.#changed(conversation));
    if (!this.#current) conversation.load();
    this.#conversations.set(key, conversation);
    this.#drawer(false);
    this.sessions.render(key);
    this.#changed(conversation);
    this.#chat.follow();
    if (matchMedia("(pointer: fine)").matches) this.#composer.focus();
  }

  /** @param {Status} status */
  #status(status) {
    show("gate", status.state === "refused");
    show("app", status.state !== "refused");
    if (status.state === "refused") showGate(status, () => this.connection.start(null));
    else showConnection(status, () => this.connection.retryNow());
    this.#composer.online = status.state === "online";
  }

  /** @param {Hello} hello */
  #hello({ snapshot, server }) {
    this.#defaults = snapshot?.sessionDefaults ?? this.#defaults;
    this.sessions.mainKey = this.#defaults.mainSessionKey;
    part("version").textContent = server?.version ?? "";
    for (const conversation of this.#conversations.values()) conversation.resume();
    if (!this.#key) this.#open(sessionStorage.getItem(OPEN_SESSION) ?? this.#defaults.mainSessionKey);
    // What is wrong with the settings is in the answer to who may know, and not in what everybody hears.
    this.#try(async () => this.#settings.update((await this.connection.request("health", {})).config));
    this.#list();
  }

  /** @param {string} name @param {any} payload */
  #event(name, payload) {
    for (const conversation of this.#conversations.values()) {
      if (name === "chat") conversation.onChat(payload);
      if (name === "agent") conversation.onAgent(payload);
    }
    if (name === "health") this.#settings.update(payload.config);
    if (name === "config") this.#settings.told(payload);
    if (name === "chat" && payload.state !== "delta") this.#list();
  }

  #list() {
    this.#try(async () => {
      await this.sessions.load();
      this.sessions.render(this.#key);
      this.#changed(this.#current);
    });
  }

  /** @param {Conversation | undefined} conversation */
  #changed(conversation) {
    if (conversation?.key !== this.#key) return;
    part("title").textContent = this.sessions.title(this.#key);
    show("stop", conversation.busy);
    this.#model(conversation);
    this.#chat.render(conversation);
  }

  /** Who answers here. @param {Conversation} conversation */
  #model({ turns, runs }) {
    const answers = [...turns, ...Array.from(runs.values(), (run) => run.answer)];
    const last = answers.findLast((turn) => turn.kind === "answer" && turn.provider);
    const { modelProvider, model } = this.sessions.defaults;
    const [provider, name] = last?.kind === "answer" ? [last.provider, last.model] : [modelProvider, model];
    show("offline", provider === OFFLINE);
    show("model", provider !== OFFLINE);
    part("model").textContent = [provider, name].filter(Boolean).join("/");
  }

  #stop() {
    const conversation = this.#current;
    if (conversation?.busy) this.#try(() => conversation.abort());
  }

  /** @param {boolean} open the list of sessions on narrow screens */
  #drawer(open) {
    document.body.classList.toggle("drawer", open);
    part("menu").setAttribute("aria-expanded", String(open));
  }

  #escape() {
    if (document.querySelector(":popover-open")) return; // The browser closes these itself.
    if (document.body.classList.contains("drawer")) this.#drawer(false);
    else this.#stop();
  }
}

const code = takePairingCode();
try {
  new App(await Vault.open()).start(code);
} catch (error) {
  show("gate", true);
  showGate({ state: "refused", why: "browser", message: String(error) }, () => location.reload());
}
