// This browser's device key, and the token the gateway gave it. Both live in IndexedDB, which browsers keep apart per
// origin: no other gateway or page sees them. The private key cannot be exported.

const ALGORITHM = { name: "Ed25519" };

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {ArrayBuffer} bytes */
function base64url(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @returns {Promise<Identity>} */
async function makeIdentity() {
  if (!isSecureContext) throw new Error("Browsers keep keys only for https:// and http://127.0.0.1.");
  const keys = /** @type {CryptoKeyPair} */ (
    await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]).catch(() => {
      throw new Error("Ed25519 keys need Chrome 137, Firefox 129, Safari 17.5, or later.");
    })
  );
  const raw = await crypto.subtle.exportKey("raw", keys.publicKey);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
  const deviceId = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { keys, deviceId, publicKey: base64url(raw) };
}

/** Keeps the key and the token between visits. */
export class Vault {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
  }

  static async open() {
    const request = indexedDB.open("openclaw", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("device");
    return new Vault(await done(request));
  }

  /** Made on the first call. @returns {Promise<Identity>} */
  async identity() {
    const fresh = (await done(this.#store("readonly").get("identity"))) ?? (await makeIdentity());
    // Two tabs may get here together: inside one transaction the first wins, and the second adopts its key.
    const store = this.#store("readwrite");
    const winner = await done(store.get("identity"));
    if (!winner) await done(store.put(fresh, "identity"));
    return winner ?? fresh;
  }

  /** @returns {Promise<string | undefined>} */
  token() {
    return done(this.#store("readonly").get("token"));
  }

  /** @param {string | undefined} token */
  setToken(token) {
    return done(this.#store("readwrite").put(token, "token"));
  }

  /** @param {IDBTransactionMode} mode */
  #store(mode) {
    return this.database.transaction("device", mode).objectStore("device");
  }
}

/** Proof, for `connect`, that this browser holds the key. @param {Identity} identity @param {ConnectClaims} claims */
export async function prove({ keys, deviceId, publicKey }, { clientId, clientMode, role, scopes, secret, nonce }) {
  const signedAt = Date.now();
  const text = ["v2", deviceId, clientId, clientMode, role, scopes.join(","), signedAt, secret, nonce].join("|");
  const signature = await crypto.subtle.sign(ALGORITHM, keys.privateKey, new TextEncoder().encode(text));
  return { id: deviceId, publicKey, signature: base64url(signature), signedAt, nonce };
}
